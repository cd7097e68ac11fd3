"""What `python -m training evaluate` was asked for."""

from dataclasses import dataclass
from pathlib import Path

from training.config import Precision
from training.errors import OptionError
from training.options import check_choices, check_ranges

# How many photographs at which size.
Counts = tuple[tuple[int, int], ...]
# What two cores do in an hour; larger sizes are for those who ask.
REFERENCES: Counts = ((256, 2), (512, 1))
NOISE_RUNS: Counts = ((256, 1),)


@dataclass(frozen=True)
class EvaluateConfig:
    """All that decides what the judge does.

    Attributes:
        sizes: short sides that the photographs are judged at.
        references: by size, how many photographs are optimised for the gap closed.
        noise_runs: by size, how many are optimised from noise as well.
        steps: of L-BFGS, of each of these.
        photographs: how many are judged at all; None for every one of the folder.
        out: the folder of report.json, sheet.png and steps.png.
        cache: the folder of the references.
    """

    style: str
    content: Path
    style_image: Path
    out: Path
    sizes: tuple[int, ...] = (256, 512, 1024)
    references: Counts = ()
    noise_runs: Counts = ()
    steps: int = 500
    photographs: int | None = None
    speed_rounds: int = 3
    json: Path | None = None
    cache: Path | None = None
    weights: Path | None = None
    device: str = "auto"
    precision: Precision = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        check_ranges(self, {"steps": (1, 100_000), "speed_rounds": (0, 1000), "threads": (0, 1024)})
        check_choices(self, {"device": ("auto", "cpu", "cuda"), "precision": ("auto", "fp32", "bf16")})
        check_judged(self.sizes, self.photographs)

    def references_at(self, size: int) -> int:
        """Return how many photographs are optimised at a size."""
        return dict(self.references).get(size, 0)

    def noise_runs_at(self, size: int) -> int:
        """Return how many are optimised from noise at a size."""
        return dict(self.noise_runs).get(size, 0)


def check_judged(sizes: tuple[int, ...], photographs: int | None) -> None:
    """Raise OptionError unless there is something to judge, at sizes that can be judged."""
    for size in sizes:
        if not 64 <= size <= 4096:
            raise OptionError(f"--sizes must be between 64 and 4096, instead got {size}")
    if not sizes:
        raise OptionError("give at least one size")
    if photographs is not None and photographs < 1:
        raise OptionError(f"--photographs must be at least 1, instead got {photographs}")


def parse_counts(text: str | None, sizes: tuple[int, ...], option: str, otherwise: Counts) -> Counts:
    """Read `3`, the same at every size, or `256:4,512:2`, none at the sizes left out.

    Args:
        text: None for `otherwise`, as far as its sizes are judged.
        sizes: that are judged.
        option: the option's name, for errors.
        otherwise: what holds where nothing was typed.
    Raises:
        OptionError: if it is neither, or names a size that is not judged.
    """
    if text is None:
        return tuple((size, count) for size, count in otherwise if size in sizes)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        if len(parts) == 1 and ":" not in parts[0]:
            counts = [(size, int(parts[0])) for size in sizes]
        else:
            counts = [(int(size), int(count)) for size, _, count in (part.partition(":") for part in parts)]
    except ValueError as error:
        raise OptionError(f"{option} must be like 3 or 256:4,512:2, instead got {text!r}") from error
    for size, count in counts:
        if size not in sizes:
            raise OptionError(f"{option} names size {size}, which is not among the --sizes")
        if count < 0:
            raise OptionError(f"{option} must not be negative, instead got {count}")
    return tuple(counts)
