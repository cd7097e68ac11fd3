"""What `python -m training evaluate-meta` was asked for."""

from dataclasses import dataclass
from pathlib import Path

from training.config import Precision
from training.config_evaluate import Counts, check_judged
from training.errors import OptionError
from training.options import check_choices, check_ranges

META_SUFFIXES = (".pt", ".npz")


@dataclass(frozen=True)
class EvaluateMetaConfig:
    """All that decides how a meta network is judged.

    Attributes:
        meta: a checkpoint NAME.pt, or the file that the runtime makes styles with, NAME.npz.
        styles: a folder of style pictures that it has not seen.
        content: a folder of photographs that it has not seen.
        out: the folder of report.json and sheet.png.
        sizes: short sides that the photographs are judged at.
        photographs: how many are judged in each style; None for every one of the folder.
        references: by size, how many photographs of each style are optimised for the gap closed.
        steps: of L-BFGS, of each of these.
        shown: photographs on the sheet.
        cache: the folder of the references.
    """

    meta: Path
    styles: Path
    content: Path
    out: Path
    sizes: tuple[int, ...] = (256, 512)
    photographs: int | None = None
    references: Counts = ()
    steps: int = 500
    shown: int = 6
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
        check_ranges(self, {"steps": (1, 100_000), "threads": (0, 1024), "shown": (1, 100)})
        check_choices(self, {"device": ("auto", "cpu", "cuda"), "precision": ("auto", "fp32", "bf16")})
        if self.meta.suffix not in META_SUFFIXES or not self.meta.is_file():
            raise OptionError(f"no meta network at {self.meta}: give a checkpoint .pt, or a meta.npz")
        check_judged(self.sizes, self.photographs)
