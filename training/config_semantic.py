"""What `python -m training semantic` was asked for."""

from dataclasses import dataclass
from pathlib import Path

from training.errors import OptionError
from training.options import check_choices, check_ranges
from training.reconstruction import STATISTICS, Statistic

# Each further pass brings less, and ties small regions more to what is beside them.
DEFAULT_PASSES = 2


@dataclass(frozen=True, kw_only=True)
class SemanticConfig:
    """All that decides what `python -m training semantic` does.

    content_mask, style_mask: labels of the pictures' parts; both or none.
    layers: what the decoder must be of, such as ("relu3_1", "relu4_1"), joined; empty for what `decoders`
        are of, or else for relu3_1, and for a sheet for each that ships.
    decoders: checkpoints of `python -m training decoder`; empty for the one that ships.
    size: short side of the picture; None for the content's own. style_size: likewise, None for `size`.
    passes: how often features are decoded, each time corrected by what the painting before missed.
    polish: steps of the masked optimisation that follow, from the decoder's painting.
    steps: of the optimisation that --compare sets beside.
    """

    content: Path
    style: Path
    out: Path
    content_mask: Path | None = None
    style_mask: Path | None = None
    statistic: Statistic = "bn"
    layers: tuple[str, ...] = ()
    strength: float = 1.0
    passes: int = DEFAULT_PASSES
    polish: int = 0
    decoders: tuple[Path, ...] = ()
    size: int | None = None
    style_size: int | None = None
    steps: int = 500
    device: str = "auto"
    weights: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        check_ranges(self, {"strength": (0, 1), "passes": (1, 16)})
        check_ranges(self, {"polish": (0, 1_000_000), "steps": (1, 1_000_000)})
        for name in ("size", "style_size"):
            if getattr(self, name) is not None:
                check_ranges(self, {name: (64, 4096)})
        check_choices(self, {"statistic": STATISTICS, "device": ("auto", "cpu", "cuda")})
        if (self.content_mask is None) != (self.style_mask is None):
            raise OptionError("--content-mask and --style-mask go together: give both or none")
        if self.out.suffix.lower() != ".png":
            raise OptionError(f"the picture to write must end in .png, instead got {self.out.name!r}")
