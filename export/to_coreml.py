"""A style for Core ML, on iPhones and Macs: NAME.mlpackage, from an image to an image.

Core ML turns the camera's pixel buffer into RGB planes itself, and the painting back into one: the program
takes and gives levels. It is an ML program, from iOS 16 and macOS 13 on, the first with pixel_unshuffle.
"""

import importlib
from pathlib import Path
from typing import Any, cast

import torch

from export.errors import ExportError
from export.mobile import MobileGraph, example, of_size
from export.silence import silence
from export.source import Source, contract_of
from export.targets import ExportOptions
from export.to_onnx import WeightsPrecision, as_stored
from export.whole import written_whole
from realtime.contract import INPUT_NAME, METADATA_KEY, OUTPUT_NAME, StyleContract

# The one layer that adds up a whole picture, which passes the largest half.
NORM = "instance_norm"
_DATE_KEY = "com.github.apple.coremltools.conversion_date"


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write NAME.mlpackage, a folder, whole or not at all.

    Raises:
        ExportError: if coremltools cannot convert the network, or the package cannot be written.
    """
    assert options.size_wh is not None  # the table of targets says so
    graph = MobileGraph(of_size(source.network, options.size_wh)).eval()
    picture = example(options.size_wh)
    stored = Source(as_stored(source.network, cast(WeightsPrecision, options.precision)), source.content)
    # What the app gives and takes: an image of bytes.
    contract = contract_of(stored, options.precision, colour="RGB", only_wh=options.size_wh)
    try:
        with torch.no_grad(), silence():
            model = convert(graph, picture, options.precision)
    except Exception as error:  # a class of its own for each kind of failure
        raise ExportError(f"coremltools cannot convert {source.name}: {_last_line(error)}") from error
    _describe(model, contract)
    with written_whole(file) as part, silence():
        model.save(str(part))
    return []


def convert(graph: MobileGraph, picture: torch.Tensor, precision: str) -> Any:
    """Return coremltools' model of a graph, from an image to an image of the picture's size.

    Args:
        graph: in evaluation mode.
        picture: to trace it with, (1, 3, H, W).
        precision: fp16, with norms in fp32, or fp32.
    """
    ct = importlib.import_module("coremltools")
    trace: Any = torch.jit.trace  # which has no types
    halves = ct.transform.FP16ComputePrecision(op_selector=lambda layer: layer.op_type != NORM)
    return ct.convert(
        trace(graph, picture),
        inputs=[ct.ImageType(name=INPUT_NAME, shape=picture.shape, color_layout=ct.colorlayout.RGB)],
        outputs=[ct.ImageType(name=OUTPUT_NAME, color_layout=ct.colorlayout.RGB)],
        convert_to="mlprogram",
        compute_precision=halves if precision == "fp16" else ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.iOS16,
        skip_model_load=True,  # there is a runtime on a Mac only
    )


def _describe(model: Any, contract: StyleContract) -> None:
    """Say in the package what it paints, where Xcode shows it, and carry the contract."""
    model.short_description = f"{contract.title}, {contract.artist}, {contract.year}"
    model.author = "Livebrush"
    model.version = contract.livebrush_version
    model.input_description[INPUT_NAME] = "A camera's picture, upright"
    model.output_description[OUTPUT_NAME] = "The painting, of the same size"
    model.user_defined_metadata[METADATA_KEY] = contract.to_json()
    # The same network gives the same program on another day.
    del model.user_defined_metadata[_DATE_KEY]


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
