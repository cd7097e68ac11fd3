"""What each training command was asked for: one frozen dataclass a command, built once from the options."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from training.errors import OptionError
from training.feature_weights import NETWORKS
from training.networks.transform_net import PRESETS
from training.options import changes, check_choices, check_ranges, plain
from training.style_loss import parse_style_loss

Precision = Literal["auto", "fp32", "bf16"]
# The preset that learns from frame to frame.
RECURRENT = "recurrent"
LEAST_RECURRENT_CROP = 128  # half of it is the margin that a made camera moves in
# A learning rate, a size or a weight beyond these is a slip of the keyboard.
_RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, 10_000_000),
    "batch_size": (1, 1024),
    "crop_size": (64, 2048),
    "learning_rate": (1e-7, 1.0),
    "content_weight": (0, 1e6),
    "style_weight": (0, 1e6),
    "tv_weight": (0, 1e6),
    "tv_gamma": (1e-3, 4.0),
    "grid_weight": (0, 1e6),
    "light_jitter": (0, 1.0),
    "zoom": (1.0, 8.0),
    "devices": (1, 64),
    "workers": (0, 64),
    "checkpoint_minutes": (0, 1e4),
    "sample_every": (1, 10_000_000),
}
_CHOICES = {
    "features": NETWORKS,
    "tv_form": ("squared", "absolute", "gamma"),
    "optimizer": ("soap", "adam"),
    "precision": ("auto", "fp32", "bf16"),
    "device": ("auto", "cpu", "cuda"),
}


@dataclass(frozen=True)
class StyleCredits:
    """Whose picture it is; travels into the style file's contract."""

    name: str
    title: str
    artist: str
    year: str


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What every command asks that trains a network to paint.

    Layers are written relu3_3, of the network `features`, or small:relu4_1, of a network by name.
    """

    presets: ClassVar[tuple[str, ...]]

    content: Path | None
    out: Path
    preset: str
    steps: int = 4000
    batch_size: int = 4
    crop_size: int = 192
    content_weight: float = 1.0
    style_weight: float = 8.0
    loss: str = "gram"
    tv_weight: float = 0.05
    tv_form: str = "squared"
    tv_gamma: float = 1.25
    grid_weight: float = 0.0
    features: str = "vgg19"
    content_layers: tuple[str, ...] = ("relu3_3",)
    style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu3_4", "small:relu4_1")
    optimizer: str = "soap"
    learning_rate: float = 3e-3
    light_jitter: float = 0.0
    zoom: float = 1.0
    seed: int = 0
    precision: Precision = "auto"
    device: str = "auto"
    devices: int = 1
    workers: int = 0
    weights: Path | None = None
    init_from: Path | None = None
    samples: Path | None = None
    run_dir: Path | None = None
    fresh: bool = False
    checkpoint_minutes: float = 3.0
    sample_every: int = 250

    def __post_init__(self) -> None:
        """Refuse what makes no sense before the first step.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        check_ranges(self, _RANGES)
        check_choices(self, {"preset": self.presets, **_CHOICES})
        parse_style_loss(self.loss)
        if self.batch_size % self.devices:
            raise OptionError(f"--batch-size {self.batch_size} is no multiple of --devices {self.devices}")
        if self.content_weight == 0 and self.style_weight == 0:
            raise OptionError("--content-weight and --style-weight are both 0: there is nothing to learn")
        if self.style_weight > 0 and not self.style_layers:
            raise OptionError("--style-weight is above 0 but --style-layers is empty")
        if self.content_weight > 0 and not self.content_layers:
            raise OptionError("--content-weight is above 0 but --content-layers is empty")
        if self.tv_form != "gamma" and self.tv_gamma != TrainingConfig.tv_gamma:
            raise OptionError("--tv-gamma only means something with --tv-form gamma")
        if self.out.suffix != ".pt":
            raise OptionError(f"the checkpoint must end in .pt, instead got {self.out.name!r}")

    def run_folder(self) -> Path:
        """Return the folder of logs, samples and the checkpoint to resume from."""
        return self.run_dir or self.out.with_suffix(".run")

    def identity(self) -> dict[str, Any]:
        """Return the options that decide the result, as plain values: a resumed run must have the same."""
        passing = {
            "out",
            "credits",
            "device",
            "devices",
            "workers",
            "weights",
            "samples",
            "run_dir",
            "fresh",
            "checkpoint_minutes",
            "sample_every",
            "precision",
        }
        return {key: plain(value) for key, value in asdict(self).items() if key not in passing}

    def changes_since(self, was: Mapping[str, Any]) -> list[str]:
        """Name the options that decide the result and were others in `was`, an earlier `identity`.

        An option that the program did not have then had its default; before there was a choice of
        optimiser, it was Adam.
        """
        return changes(self, {"optimizer": "adam", **was}, self.identity())


@dataclass(frozen=True, kw_only=True)
class StyleTrainingConfig(TrainingConfig):
    """What every command asks that trains a network on one style picture."""

    style_image: Path
    credits: StyleCredits
    style_sizes: tuple[int, ...] = (384,)

    def __post_init__(self) -> None:
        """Refuse what makes no sense before the first step.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        super().__post_init__()
        for size in self.style_sizes:
            if not 64 <= size <= 4096:
                raise OptionError(f"--style-size must be between 64 and 4096, instead got {size}")
        if not self.style_sizes:
            raise OptionError("give at least one --style-size")


@dataclass(frozen=True, kw_only=True)
class TransformConfig(StyleTrainingConfig):
    """All that decides what `python -m training transform` does."""

    presets: ClassVar[tuple[str, ...]] = tuple(PRESETS)

    content: Path
    preset: str = "turbo"
    teacher: Path | None = None
    temporal_weight: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense before the first step.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        super().__post_init__()
        check_ranges(self, {"temporal_weight": (0, 1e6)})
        if self.preset == RECURRENT and not self.temporal_weight:
            raise OptionError("--preset recurrent learns to be steady: give --temporal-weight, such as 150")
        if self.preset == RECURRENT and self.crop_size < LEAST_RECURRENT_CROP:
            raise OptionError(
                f"--preset recurrent moves over its photographs: --crop-size must be {LEAST_RECURRENT_CROP} "
                f"or more, instead got {self.crop_size}"
            )
