"""The options that every command has that trains a network on one style picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from training.commands.words import names, option

StyleImage = Annotated[Path, option("The picture whose style is learnt.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The checkpoint to write, NAME.pt.")]
Steps = Annotated[int, option("Training steps.")]
CropSize = Annotated[int, option("Side of the pictures practised on, in pixels.")]
StyleSize = Annotated[
    list[int] | None, option("Short side of the style picture; give it twice for two sizes. [384]")
]
ContentWeight = Annotated[float, option("How much the photograph counts.")]
StyleWeight = Annotated[float, option("How much the style counts.")]
Loss = Annotated[
    str, option("Style loss: gram, linear, poly, gaussian, bn, or a fusion such as bn:0.7+poly:0.3.")
]
TvWeight = Annotated[float, option("How much smoothness counts.")]
TvForm = Annotated[str, option("Total variation: squared, absolute or gamma.")]
TvGamma = Annotated[float, option("Exponent of the gamma form.")]
GridWeight = Annotated[float, option("How much a pattern of dots counts, repeated every 4 pixels.")]
Features = Annotated[str, option("Network whose features are compared: vgg19, vgg16 or small.")]
ContentLayers = Annotated[str | None, option("Layers, with commas. [relu3_3; small: relu3_1]")]
StyleLayers = Annotated[
    str | None,
    option(
        "Layers, with commas; small:relu4_1 is a layer of another network. "
        "[relu1_1,relu2_1,relu3_1,relu3_4 and relu4_1 of vgg19, or of small where vgg19 ends before; "
        "vgg16: relu1_2,relu2_2,relu3_3,relu4_3; small: relu1_1 to relu5_1]"
    ),
]
Optimizer = Annotated[str, option("soap (needs fewer steps) or adam (Johnson et al. 2016).")]
LearningRate = Annotated[float, option("The peak of the one-cycle schedule.")]
LightJitter = Annotated[float, option("Vary exposure by up to e^J, for dim rooms.")]
Zoom = Annotated[float, option("Enlarge crops by up to this, for soft pictures at large sizes.")]
Seed = Annotated[int, option("Weights, order and crops follow from it.")]
PrecisionOption = Annotated[str, option("auto, fp32 or bf16 (autocast).")]
Device = Annotated[str, option("auto, cpu or cuda.")]
Devices = Annotated[int, option("How many of them, through Lightning Fabric.")]
Workers = Annotated[int, option("Processes that read pictures.")]
Threads = Annotated[int, option("CPU threads; 0 for all cores.")]
Weights = Annotated[
    Path | None, option("Feature weights: a file or folder, before LIVEBRUSH_WEIGHTS and the download.")
]
InitFrom = Annotated[
    Path | None,
    option(
        "Weights to start from, a checkpoint; transform: also a meta network, decoder: one of other layers."
    ),
]
Samples = Annotated[Path | None, option("Photographs for the sample sheets.")]
RunDir = Annotated[Path | None, option("Logs, sheets and resume point. [OUT without .pt, .run]")]
Fresh = Annotated[bool, option("Begin anew though there is a checkpoint to resume.")]
CheckpointMinutes = Annotated[float, option("Minutes between two checkpoints.")]
SampleEvery = Annotated[int, option("Steps between two sample sheets.")]
Name = Annotated[str | None, option("The style's name. [the style picture's]")]
Title = Annotated[str | None, option("Title of the picture. [from its name]")]
Artist = Annotated[str, option("Who painted it.")]
Year = Annotated[str, option("When.")]
Debug = Annotated[bool, option("Show tracebacks.")]


def config_values(options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a command's options, by name, into the fields of its configuration.

    Raises:
        WeightsError: if there is no such folder of weights.
    """
    from training.config import StyleCredits
    from training.feature_weights import default_layers

    values = {key: value for key, value in options.items() if key not in ("threads", "debug")}
    name = values.pop("name") or values["style_image"].stem
    title = values.pop("title") or name.replace("_", " ").title()
    values["credits"] = StyleCredits(name, title, values.pop("artist"), values.pop("year"))
    values["style_sizes"] = tuple(values.pop("style_size") or (384,))
    usual = default_layers(values["features"], values["weights"])
    for key, layers in zip(("content_layers", "style_layers"), usual, strict=True):
        values[key] = layers if values[key] is None else names(values[key])
    return values
