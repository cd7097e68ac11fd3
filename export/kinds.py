"""The table of which kind of network goes to which target: the command, the docs and the tests read it.

Where a kind does not go, the table says why, and what to take instead: that is the line that the user reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from export.errors import ExportError
from export.targets import TARGETS, USUAL_SIZE_WH, ExportOptions, check_options

# What ships is typed so, as for `--mask`; a style of that name comes first.
PERSON_NAME = "person"
_NO_MASK_ON_CARDS = "a mask is found on the processor, beside the card that paints; take onnx"
_NO_STUDENT_ON_CARDS = "the student paints on the processor; take onnx"
_NO_STUDENT_ON_PHONES = (
    "a student takes masks and styles of as many regions as there are, which the converter cannot leave "
    "free; take ort, which phones run too"
)
_META = "a meta network writes networks; export what it writes of a picture: python -m export PICTURE --to {}"


@dataclass(frozen=True)
class Kind:
    """A kind of network.

    Args:
        about: what it does, as the docs say it.
        source: what is typed to export one.
        lacks: the targets that it does not go to, and why not, what to take instead included.
        one_size: targets that are made for one size of this kind, though they take any of others.
        multiple: the sides of its pictures must be multiples of this, whatever the target.
        usual_wh: width and height of a file for one size when none is asked for.
        paints: a picture in, a painting out; else its files hold something of their own, in one precision.
    """

    about: str
    source: str
    lacks: Mapping[str, str] = field(default_factory=dict)
    one_size: tuple[str, ...] = ()
    multiple: int = 1
    usual_wh: tuple[int, int] = USUAL_SIZE_WH
    paints: bool = True

    @property
    def targets(self) -> tuple[str, ...]:
        """Those that it goes to, in the order of their table."""
        return tuple(name for name in TARGETS if name not in self.lacks)


KINDS: dict[str, Kind] = {
    "transform": Kind("paints every frame, of any preset", "NAME, NAME.onnx, NAME.pt"),
    "picture": Kind("what the meta network writes for a picture", "PICTURE"),
    "texture": Kind(
        "paints a frame with strokes of noise, trained with --content", "NAME.pt", one_size=("ncnn",)
    ),
    "person": Kind(
        "finds people: a mask",
        "person, NAME.onnx, NAME.pt",
        lacks=dict.fromkeys(("tensorrt", "aoti"), _NO_MASK_ON_CARDS),
        multiple=16,
        usual_wh=(208, 128),  # at which a camera's wide frame is looked at
        paints=False,
    ),
    "student": Kind(
        "paints regions in a picture's styles: semantic",
        "NAME.onnx, NAME.pt",
        lacks=dict.fromkeys(("ncnn", "litert", "coreml"), _NO_STUDENT_ON_PHONES)
        | dict.fromkeys(("tensorrt", "aoti"), _NO_STUDENT_ON_CARDS)
        | {"web": "the page has no masks of a style picture's parts; take onnx, for --semantic"},
        paints=False,
    ),
    "meta": Kind(
        "writes a network for any picture",
        "NAME.npz, NAME.pt",
        lacks={name: _META.format(name) for name in TARGETS if name not in ("onnx", "checkpoint")},
        paints=False,
    ),
}


def kind_of(text: str) -> str:
    """Return the kind of what was typed, a name of `KINDS`; a style by its name or file is a transform.

    Raises:
        ExportError: if it is a checkpoint that cannot be read, or of a kind that is not exported.
        LivebrushError: if it is a file of ONNX that cannot be read.
    """
    path = Path(text)
    if path.suffix == ".pt":
        return _kind_of_checkpoint(path)
    if path.suffix == ".npz":
        return "meta"
    if path.suffix == ".onnx" and path.is_file():
        return _kind_of_onnx(path)
    from realtime.catalog import is_style

    if is_style(text):
        return "transform"
    return "person" if text == PERSON_NAME else "picture"


def check_kind(kind: str, name: str, asked: ExportOptions, *, is_dynamic: bool) -> ExportOptions:
    """Return the options as a target takes them for a kind of network.

    Args:
        kind, name: of the network and of the target.
        asked, is_dynamic: see `export.targets.check_options`.
    Raises:
        ExportError: if the kind does not go there, or not in this precision or size.
    """
    spec = KINDS[kind]
    if name in spec.lacks:
        raise ExportError(f"--to {name}: {spec.lacks[name]}")
    if not spec.paints and asked.precision:
        raise ExportError(f"a {kind} network is written in one precision; leave --precision out")
    sizes = "one" if name in spec.one_size else TARGETS[name].sizes
    return check_options(
        name, asked, is_dynamic=is_dynamic, sizes=sizes, multiple=spec.multiple, usual_wh=spec.usual_wh
    )


def _kind_of_checkpoint(path: Path) -> str:
    from training.checkpoint import load_checkpoint
    from training.errors import CheckpointError

    try:
        kind = str(load_checkpoint(path).get("kind"))
    except CheckpointError as error:
        raise ExportError(str(error)) from error
    if kind not in KINDS:
        raise ExportError(f"{path} holds a network of kind {kind}, which is not exported")
    return kind


def _kind_of_onnx(path: Path) -> str:
    from export.mask_contract import MASK_KEY
    from export.to_person import LABELS
    from realtime.mask_network import MaskContract
    from realtime.onnx_metadata import read_metadata
    from realtime.student import STUDENT_KEY

    notes = read_metadata(path)
    if STUDENT_KEY in notes:
        return "student"
    if MASK_KEY not in notes:
        return "transform"
    if MaskContract.read(path).labels != LABELS:
        raise ExportError(f"{path} is a network of torchvision's, written by: python -m export segmentation")
    return "person"


def matrix() -> list[tuple[str, ...]]:
    """Return the table as the docs have it: a row for each kind, its name first, a cell for each target."""
    return [(name, *(_cell(kind, target) for target in TARGETS)) for name, kind in KINDS.items()]


def _cell(kind: Kind, target: str) -> str:
    if target in kind.lacks:
        return "-"
    return "one size" if target in kind.one_size or TARGETS[target].sizes == "one" else "yes"
