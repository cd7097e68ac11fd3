"""What `python -m training meta` was asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from training.config import TrainingConfig
from training.errors import OptionError
from training.feature_weights import PAPER_LAYERS, SMALL_LAYERS, available_layers
from training.feature_weights import default_layers as compared_layers
from training.networks.meta_net import META_PRESETS
from training.options import check_choices, check_ranges

_RANGES: dict[str, tuple[float, float]] = {
    "style_size": (64, 1024),
    "target_size": (0, 1024),
    "steps_per_style": (1, 10_000),
    "styles_per_step": (1, 256),
    "hidden": (1, 1024),
    "style_numbers": (0, 100_000),
    "measured_styles": (16, 100_000),
    "teach_steps": (0, 10_000_000),
    "teach_weight": (0, 1e6),
    "textures": (0, 1),
    "photographs": (0, 1),
    "vary": (0, 1),
    "clip": (0, 1e6),
}
_CHOICES = {"generate": ("paper", "more"), "encoder": ("vgg", "small")}


@dataclass(frozen=True, kw_only=True)
class MetaConfig(TrainingConfig):
    """All that decides what `python -m training meta` does.

    styles: folders of paintings; each gives as many styles as the others.
    generate: "paper": kernels; "more": the last convolution and the norms too.
    hidden: numbers that write one convolution.
    network: a trained transform network of the same preset, as which every style begins.
    encoder: "vgg": statistics of the feature network; "small": our own, which learns to give the same.
    encoder_from: a meta checkpoint whose small encoder is taken over, taught for the same style vectors.
    encoder_layers: whose statistics those are.
    style_numbers: length of a style vector: the directions in which styles differ most; 0 for all statistics.
    style_size: side of the style pictures as the encoder looks at them.
    target_size: their side where the loss compares with them; 0 for `style_size`.
    steps_per_style, styles_per_step: steps before the next styles, and how many share a batch.
    measured_styles: from how many the scale of the statistics is taken.
    teach_steps: the first so many teach the small encoder alone; teach_weight: how much it is taught later.
    textures, photographs: which share of the styles comes from chance, and from the content folder.
    vary: how much the styles' colours are varied.
    clip: the longest gradient that is followed as it is; 0 for any.
    """

    presets: ClassVar[tuple[str, ...]] = META_PRESETS

    styles: tuple[Path, ...]
    content: Path
    preset: str = "turbo"
    generate: str = "more"
    hidden: int = 128
    network: Path | None = None
    encoder: str = "vgg"
    encoder_from: Path | None = None
    encoder_layers: tuple[str, ...]
    style_numbers: int = 256
    style_size: int = 256
    target_size: int = 0
    batch_size: int = 8
    crop_size: int = 256
    steps_per_style: int = 20
    styles_per_step: int = 1
    measured_styles: int = 1000
    teach_steps: int = 0
    teach_weight: float = 1.0
    textures: float = 0.1
    photographs: float = 0.05
    vary: float = 1.0
    loss: str = "bn"
    style_weight: float = 8.0
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    clip: float = 5.0
    sample_styles: Path | None = None
    checkpoint_minutes: float = 10.0
    sample_every: int = 1000

    def __post_init__(self) -> None:
        """Refuse what makes no sense before the first step.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        super().__post_init__()
        check_ranges(self, _RANGES)
        check_choices(self, _CHOICES)
        if not self.styles:
            raise OptionError("give at least one folder of paintings with --styles")
        if self.network is not None and self.init_from is not None:
            raise OptionError("give --network or --init-from: a meta network has its shared network already")
        if 0 < self.target_size < self.style_size:
            raise OptionError(
                f"--target-size must be 0 or at least --style-size {self.style_size}, got {self.target_size}"
            )
        if self.encoder_from is not None and (self.encoder != "small" or self.init_from is None):
            raise OptionError("--encoder-from wants --encoder small, and --init-from for all the rest")
        if self.batch_size % self.styles_per_step:
            raise OptionError(
                f"--styles-per-step must divide --batch-size {self.batch_size}, "
                f"instead got {self.styles_per_step}"
            )
        if self.style_numbers >= self.measured_styles:
            raise OptionError(
                f"--style-numbers {self.style_numbers} must be below --measured-styles {self.measured_styles}"
            )
        if self.textures + self.photographs > 1:
            raise OptionError("--textures and --photographs are shares of the styles: more than 1 together")
        if self.encoder == "vgg" and self.teach_steps:
            raise OptionError("--teach-steps teaches an encoder: only with --encoder small")
        if self.devices > 1 and self.teach_steps:
            raise OptionError("--teach-steps works on one device: teach first, then go on with --init-from")
        if not self.encoder_layers:
            raise OptionError("--encoder-layers is empty: a style would be nothing")

    def identity(self) -> dict[str, Any]:
        """Return the options that decide the result, as plain values."""
        found = super().identity()
        return {key: value for key, value in found.items() if key != "sample_styles"}


def default_layers(features: str, weights: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Return the content, style and encoder layers for a feature network.

    The paper's, where the network is deep enough; the encoder then looks at what the style loss looks at.
    The small network has its own, and stands in for the encoder where VGG ends early.

    Raises:
        WeightsError: if the folder of weights does not exist.
    """
    content, style = compared_layers(features, weights)
    encoder = style
    if features == "vgg19":
        is_deep = "relu4_3" in available_layers(features, weights)
        encoder = PAPER_LAYERS if is_deep else SMALL_LAYERS
    return {"content_layers": content, "style_layers": style, "encoder_layers": encoder}
