"""What `python -m training optimize` was asked for."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.config import Precision
from training.errors import OptionError
from training.feature_weights import NETWORKS
from training.optimization.descent import DescentMethod
from training.options import check_choices, check_ranges, plain
from training.style_loss import parse_style_loss

# By start, of losses that are relative to the style's and the content's own size (`training.style_loss`).
# In noise the style takes shape first: with as much of it as a photograph bears, the content never would.
DEFAULT_STYLE_WEIGHTS = {"content": 100.0, "noise": 10.0}
DEFAULT_SIZE = 512
# A side below the first cannot hold a layer's statistics, one beyond the second is a slip of the keyboard.
_SIZES = (16, 8192)
_RANGES: dict[str, tuple[float, float]] = {
    "scales": (1, 8),
    "steps": (1, 1_000_000),
    "tolerance": (0, 1.0),
    "content_weight": (0, 1e6),
    "tv_weight": (0, 1e6),
    "tv_gamma": (1e-3, 4.0),
    "redraw_every": (1, 1_000_000),
    "save_every": (1, 1_000_000),
}
_RANGES_IF_GIVEN: dict[str, tuple[float, float]] = {
    "size": _SIZES,
    "style_size": _SIZES,
    "style_weight": (0, 1e9),
    "balance": (0, 1e6),
    "learning_rate": (1e-7, 100.0),
}
_CHOICES = {
    "optimizer": ("lbfgs", "adam"),
    "init": ("content", "noise"),
    "original_colors": ("no", "luminance", "match"),
    "features": NETWORKS,
    "tv_form": ("squared", "absolute", "gamma"),
    "precision": ("auto", "fp32", "bf16"),
    "device": ("auto", "cpu", "cuda"),
}


@dataclass(frozen=True)
class OptimizeConfig:
    """All that decides what `python -m training optimize` does.

    Layers are written relu3_3, small:relu4_1 or relu1_1=0.5, a weight after the sign; None for those that
    `training.optimization.layers.default_layers` picks.

    style_images: one or more; style_shares: how much each counts, empty for alike.
    style_masks: one for each style picture, or none.
    sizes: short sides from coarse to fine; empty for `scales` sizes, each twice the one before, up to `size`.
    style_weight, balance: at most one of them; balance scales the style's gradient to the content's. None
        of them for `DEFAULT_STYLE_WEIGHTS`.
    """

    content: Path
    style_images: tuple[Path, ...]
    out: Path
    style_shares: tuple[float, ...] = ()
    size: int | None = None
    sizes: tuple[int, ...] = ()
    scales: int = 1
    style_size: int | None = None
    steps: int = 1000
    tolerance: float = 0.005
    optimizer: DescentMethod = "lbfgs"
    learning_rate: float | None = None
    loss: str = "gram"
    content_weight: float = 1.0
    style_weight: float | None = None
    balance: float | None = None
    tv_weight: float = 2.0
    tv_form: str = "squared"
    tv_gamma: float = 1.25
    features: str = "vgg19"
    content_layers: tuple[str, ...] | None = None
    style_layers: tuple[str, ...] | None = None
    init: str = "content"
    original_colors: str = "no"
    content_mask: Path | None = None
    style_masks: tuple[Path, ...] = ()
    ignored_labels: tuple[int, ...] = ()
    redraw_every: int = 20
    seed: int = 0
    precision: Precision = "auto"
    device: str = "auto"
    weights: Path | None = None
    run_dir: Path | None = None
    fresh: bool = False
    save_every: int = 50

    def __post_init__(self) -> None:
        """Refuse what makes no sense before the first step.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        check_ranges(self, _RANGES)
        check_ranges(self, {k: r for k, r in _RANGES_IF_GIVEN.items() if getattr(self, k) is not None})
        check_choices(self, _CHOICES)
        parse_style_loss(self.loss)
        self._check_sizes()
        self._check_weights()
        self._check_styles()
        if self.out.suffix.lower() != ".png":
            raise OptionError(f"the picture to write must end in .png, instead got {self.out.name!r}")

    def _check_sizes(self) -> None:
        for size in self.sizes:
            if not _SIZES[0] <= size <= _SIZES[1]:
                raise OptionError(f"--sizes must be between {_SIZES[0]} and {_SIZES[1]}, instead got {size}")
        if list(self.sizes) != sorted(set(self.sizes)):
            raise OptionError("--sizes must go up, as in 128,256,512")
        if self.sizes and (self.size is not None or self.scales != 1):
            raise OptionError("--sizes names every size: leave --size and --scales out")

    def _check_weights(self) -> None:
        if self.style_weight is not None and self.balance is not None:
            raise OptionError("--style-weight and --balance both say how much the style counts: give one")
        if self.balance is not None and self.content_weight == 0:
            raise OptionError("--balance needs a content to balance with: --content-weight is 0")
        if self.content_weight == 0 and (self.style_weight == 0 or self.balance == 0):
            raise OptionError("neither content nor style counts: there is nothing to paint")
        if self.tv_form != "gamma" and self.tv_gamma != OptimizeConfig.tv_gamma:
            raise OptionError("--tv-gamma only means something with --tv-form gamma")

    def _check_styles(self) -> None:
        count = len(self.style_images)
        if count == 0:
            raise OptionError("give a style picture")
        if self.style_shares and len(self.style_shares) != count:
            raise OptionError(
                f"{len(self.style_shares)} --style-share for {count} style pictures: give one each, "
                "the first for STYLE"
            )
        for share in self.style_shares:
            if not 0 < share <= 1e6:
                raise OptionError(f"--style-share must be above 0, instead got {share:g}")
        if (self.content_mask is None) != (not self.style_masks):
            raise OptionError("--content-mask and --style-mask go together: give both or none")
        if self.style_masks and len(self.style_masks) != count:
            raise OptionError(
                f"{len(self.style_masks)} --style-mask for {count} style pictures: give one each"
            )
        if self.ignored_labels and self.content_mask is None:
            raise OptionError("--ignore-label only means something with --content-mask")

    def shares(self) -> tuple[float, ...]:
        """Return how much each style picture counts; they sum to 1."""
        given = self.style_shares or (1.0,) * len(self.style_images)
        return tuple(share / sum(given) for share in given)

    def run_folder(self) -> Path:
        """Return the folder of curves, pictures on the way and the state to resume from."""
        return self.run_dir or self.out.with_suffix(".run")

    def identity(self) -> dict[str, Any]:
        """Return the options that decide the picture, as plain values: a resumed run must have the same.

        More steps or another tolerance may be asked for later: they only say when to stop.
        """
        passing = {
            "out",
            "device",
            "weights",
            "run_dir",
            "fresh",
            "save_every",
            "steps",
            "tolerance",
            "precision",
        }
        return {key: plain(value) for key, value in asdict(self).items() if key not in passing}
