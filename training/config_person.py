"""What `python -m training person` and `evaluate-person` were asked for."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.config import Precision
from training.errors import OptionError
from training.networks.person_net import MULTIPLE
from training.options import changes, check_choices, check_ranges, plain
from training.people import MACHINE
from training.person_networks import SMALL, TEACHER

_RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, 10_000_000),
    "batch_size": (2, 1024),  # one picture alone has no statistics for batch norm
    "area": (4096, 1 << 20),
    "learning_rate": (1e-7, 1.0),
    "average": (0, 0.99999),
    "checkpoint_minutes": (0, 1e4),
    "teacher_share": (0, 1),
    "sample_every": (1, 10_000_000),
}
_CHOICES = {
    "preset": (SMALL, TEACHER),
    "precision": ("auto", "fp32", "bf16"),
    "device": ("auto", "cpu", "cuda"),
}
# The schedule follows its new end when a run is gone on with for longer or shorter than was thought.
_PASSING = {
    "steps",
    "out",
    "device",
    "precision",
    "weights",
    "run_dir",
    "fresh",
    "checkpoint_minutes",
    "sample_every",
}


@dataclass(frozen=True, kw_only=True)
class PersonConfig:
    """All that decides what `python -m training person` does.

    people: a folder with labelled/ and, if there is one, machine/, each with images/ and masks/.
    content: a folder of photographs; the rooms and landscapes among them become backgrounds.
    also: a folder that `label-people` wrote: masks by an earlier network, and more backgrounds.
    weights: a folder with SqueezeNet's weights to begin with; None begins with none.
    init_from: a checkpoint of this command to begin with instead, on other pictures for instance.
    preset: small, which ships, or teacher, which labels photographs for it.
    teacher: a checkpoint, of preset teacher for instance, that looks at every sample, too; None for none.
    teacher_share: how much of the mask to learn is what it sees.
    area: pixels of a sample; its proportions change from step to step.
    average: share of the running average of the weights that each step keeps.
    """

    people: Path
    out: Path
    content: Path | None = None
    also: Path | None = None
    weights: Path | None = None
    init_from: Path | None = None
    preset: str = SMALL
    teacher: Path | None = None
    teacher_share: float = 0.5
    steps: int = 6000
    batch_size: int = 12
    area: int = 160 * 160
    learning_rate: float = 2e-3
    average: float = 0.997
    seed: int = 0
    precision: Precision = "auto"
    device: str = "auto"
    run_dir: Path | None = None
    fresh: bool = False
    checkpoint_minutes: float = 2.0
    sample_every: int = 250

    def __post_init__(self) -> None:
        """Refuse what makes no sense before the first step.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        check_ranges(self, _RANGES)
        check_choices(self, _CHOICES)
        if self.out.suffix != ".pt":
            raise OptionError(f"the checkpoint must end in .pt, instead got {self.out.name!r}")
        if self.weights is not None and self.init_from is not None:
            raise OptionError("--weights and --init-from both say what to begin with; give one of them")
        if self.also is not None and not (self.also / MACHINE).is_dir():
            raise OptionError(f"--also {self.also} holds no folder {MACHINE}: label-people makes one")

    def run_folder(self) -> Path:
        """Return the folder of logs, samples and the checkpoint to resume from."""
        return self.run_dir or self.out.with_suffix(".run")

    def identity(self) -> dict[str, Any]:
        """Return the options that decide the result, as plain values: a resumed run must have the same."""
        told = {"begins_with": "none" if self.weights is None else "squeezenet"}
        kept = {key: plain(value) for key, value in asdict(self).items() if key not in _PASSING}
        return {**kept, **told}

    def changes_since(self, was: Mapping[str, Any]) -> list[str]:
        """Name the options that decide the result and were others in `was`, an earlier `identity`."""
        now = self.identity()
        newer = ("begins_with", "also", "init_from", "preset", "teacher", "teacher_share")
        return changes(self, {key: now[key] for key in newer} | dict(was), now)

    def size(self, step: int) -> tuple[int, int]:
        """Return height and width of a step's samples: square, wide or tall in turn."""
        proportion = (1.0, 16 / 9, 3 / 4, 4 / 3)[step % 4]
        side = self.area**0.5 / MULTIPLE
        rows, columns = side / proportion**0.5, side * proportion**0.5
        return max(2, round(rows)) * MULTIPLE, max(2, round(columns)) * MULTIPLE


@dataclass(frozen=True, kw_only=True)
class EvaluatePersonConfig:
    """All that decides what `python -m training evaluate-person` measures.

    network: NAME.pt of a training, or NAME.onnx as exported.
    people: a folder with images/ and masks/.
    area: pixels at which the network looks; None for its own.
    sheet: a PNG of every picture and what was found; None for none.
    """

    network: Path
    people: Path
    area: int | None = None
    sheet: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        if self.area is not None:
            check_ranges(self, {"area": (4096, 1 << 20)})
        if self.network.suffix not in (".pt", ".onnx"):
            raise OptionError(f"the network must be NAME.pt or NAME.onnx, instead got {self.network.name!r}")
        if self.sheet is not None and self.sheet.suffix != ".png":
            raise OptionError(f"--sheet must end in .png, instead got {self.sheet.name!r}")


@dataclass(frozen=True, kw_only=True)
class LabelPeopleConfig:
    """All that decides what `python -m training label-people` does.

    networks: NAME.pt of a training, or NAME.onnx as exported; several vote.
    pictures: folders of photographs.
    people: the folder that the network was trained on: its pictures, test included, are left out.
    out: a new folder.
    keep_unsure: whether pictures whose views do not agree are kept, too, with the mean as a guess.
    precision, device: of checkpoints; exported graphs run on one core.
    threads: of the processor, of checkpoints; 0 for all cores.
    """

    networks: tuple[Path, ...]
    pictures: tuple[Path, ...]
    people: Path
    out: Path
    keep_unsure: bool = False
    precision: Precision = "auto"
    device: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        if not self.pictures:
            raise OptionError("give at least one folder of photographs with --pictures")
        check_choices(self, {name: _CHOICES[name] for name in ("precision", "device")})
        check_ranges(self, {"threads": (0, 1024)})
        for network in self.networks:
            if network.suffix not in (".pt", ".onnx"):
                raise OptionError(f"the network must be NAME.pt or NAME.onnx, instead got {network.name!r}")
        if not (self.people / "labelled").is_dir():
            raise OptionError(f"--people {self.people} holds no folder labelled")
