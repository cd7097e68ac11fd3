"""What `python -m training evaluate-video` was asked for."""

from dataclasses import dataclass
from pathlib import Path

from training.clips import SMALLEST_SIDE
from training.errors import OptionError
from training.flow_estimators import FLOWS
from training.options import check_choices, check_ranges


@dataclass(frozen=True)
class EvaluateVideoConfig:
    """All that decides how a clip is judged.

    Attributes:
        style: a style's name, a style file .onnx or a checkpoint .pt; or a clip that is painted already.
        clip: a video file, or a folder of frames.
        frames: only so many, from the first on; None for all.
        size: the frames' shorter side, pixels; smaller clips keep theirs. Figures compare at one size.
        flow: auto, dis or raft.
        weights: RAFT's, a file or folder.
        device: where RAFT and a checkpoint run.
        threads: of the processor; 0 for all cores.
        json: file for the report.
        sheet: PNG for the pictures.
    """

    style: str
    clip: Path
    frames: int | None = None
    size: int = 360
    flow: str = "auto"
    weights: Path | None = None
    device: str = "auto"
    threads: int = 0
    json: Path | None = None
    sheet: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        check_ranges(self, {"size": (SMALLEST_SIDE, 4096), "threads": (0, 1024)})
        check_choices(self, {"flow": FLOWS, "device": ("auto", "cpu", "cuda")})
        if self.frames is not None and self.frames < 2:
            raise OptionError(
                f"--frames must be at least 2, for a frame is compared with the one before, "
                f"instead got {self.frames}"
            )
        for option, file, suffix in (("--json", self.json, ".json"), ("--sheet", self.sheet, ".png")):
            if file is None:
                continue
            if file.suffix.lower() != suffix:
                raise OptionError(f"{option} must end in {suffix}, instead got {file.name!r}")
            if not file.absolute().parent.is_dir():  # said now, not after minutes of painting
                raise OptionError(f"{option} {file}: there is no folder {file.parent}; make it first")
