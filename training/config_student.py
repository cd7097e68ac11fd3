"""What `python -m training student` was asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from training.config import TrainingConfig
from training.errors import OptionError
from training.networks.student_net import MULTIPLE
from training.networks.style_encoder import STYLE_MULTIPLE
from training.options import check_ranges


@dataclass(frozen=True, kw_only=True)
class StudentConfig(TrainingConfig):
    """All that decides what `python -m training student` does.

    styles: folders of paintings; each gives as many as the others.
    masked: share of the photographs that are painted in two styles, each in a region made by chance; the same
        share of the paintings gives the statistics of a region only.
    photographs: share of the styles that are other photographs.
    style_size: side of the paintings, pixels; 0 for `crop_size`.
    teacher: a meta network to learn to paint like; the losses then rest, and styles are of whole paintings.
    """

    presets: ClassVar[tuple[str, ...]] = ("student",)

    content: Path
    styles: tuple[Path, ...]
    masked: float = 0.6
    photographs: float = 0.05
    style_size: int = 0
    teacher: Path | None = None
    preset: str = "student"
    features: str = "small"
    content_layers: tuple[str, ...] = ("relu3_1",)
    style_layers: tuple[str, ...] = ("relu2_1", "relu3_1", "relu4_1")
    style_weight: float = 8.0
    content_weight: float = 1.0
    tv_weight: float = 0.02
    grid_weight: float = 100.0
    batch_size: int = 4
    crop_size: int = 112
    steps: int = 8000
    optimizer: str = "adam"
    learning_rate: float = 2e-3
    sample_styles: Path | None = None
    clip: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense before the first step.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        if self.devices > 1:
            raise OptionError("a student is trained on one device: leave --devices out")
        super().__post_init__()
        check_ranges(
            self,
            {
                "masked": (0, 1),
                "photographs": (0, 1),
                "clip": (0, 1e6),
                "style_size": (0, 1024),
            },
        )
        if not self.styles:
            raise OptionError("give at least one folder of paintings with --styles")
        for name, side, multiple in (
            ("crop-size", self.crop_size, MULTIPLE),
            ("style-size", self.painting_size, STYLE_MULTIPLE),
        ):
            if side % multiple:
                raise OptionError(
                    f"--{name} must be a multiple of {multiple} for a student, instead got {side}"
                )

    @property
    def painting_size(self) -> int:
        """Side of the paintings, pixels."""
        return self.style_size or self.crop_size

    def identity(self) -> dict[str, Any]:
        """As of every training, but for the number of steps: the schedule follows its new end."""
        return {key: value for key, value in super().identity().items() if key != "steps"}
