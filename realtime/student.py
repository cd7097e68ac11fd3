"""The student: one network for any style picture, each region of a frame in the style of its own region.

    style picture + its masks ──student──> a vector of each region's style, once
    frame + its masks + those ──student──> painting

The file is one graph, made by `python -m export student.pt`, with all of these inputs: of what is not wanted
it gets next to nothing. Masks are uint8, 255 for inside, and those of a frame sum to 255.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.catalog import StyleEntry
from realtime.contract import INPUT_NAME, StyleContract
from realtime.engine import ENGINES, EngineOptions, choose_engine
from realtime.errors import ContractError, EngineError, StyleFileError
from realtime.onnx_metadata import read_metadata
from realtime.preprocess import resize
from realtime.style_maker import plain_name

if TYPE_CHECKING:
    from realtime.small_graph import Graph

STUDENT_KEY = "livebrush.student"
MASKS_NAME, STYLE_NAME = "masks", "style"
PICTURE_NAME, PICTURE_MASKS_NAME, VECTORS_NAME = "style_image", "style_masks", "vectors"
MOST_REGIONS = 16
# Sides of a style picture are multiples of this.
PICTURE_MULTIPLE = 16
# Shorter side of the style picture as the student looks at it: what its strokes are as large as.
STYLE_SIDE = 256
FILE_NAME = "student.onnx"

Image = NDArray[np.uint8]  # (H, W, 3) BGR
Alpha = NDArray[np.uint8]  # (H, W)
Vectors = NDArray[np.float32]  # (K, numbers)
# Of the smallest size that every part of the graph takes.
_RUN_GRAPHS = ("openvino", "onnxruntime")
_NO_PICTURE, _NO_MASKS = np.zeros((1, 64, 64, 3), np.uint8), np.full((1, 1, 64, 64), 255, np.uint8)


@dataclass(frozen=True)
class StudentPlan:
    """What the file says of itself.

    Args:
        contract: sizes, layout and cost, as of a style.
        numbers: that a region's style is said in.
    """

    contract: StyleContract
    numbers: int

    @classmethod
    def read(cls, file: Path) -> StudentPlan:
        """Read it from an ONNX file.

        Raises:
            StyleFileError: if the file is missing or damaged.
            ContractError: if it is no student.
        """
        text = read_metadata(file).get(STUDENT_KEY)
        if text is None:
            raise ContractError(f"{file} is no student; export one: python -m export student.pt --to onnx")
        try:
            plain = json.loads(text)
            plan = cls(StyleContract.from_json(plain["contract"]), int(plain["numbers"]))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ContractError(f"{file}: what it says of itself cannot be read ({error})") from error
        if not 1 <= plan.numbers <= 1 << 20:
            raise ContractError(f"{file}: {plan.numbers} numbers a region make no sense")
        return plan


def student_path() -> Path:
    """Return where the student is: in LIVEBRUSH_MODELS if there is one, else what was installed."""
    named = os.environ.get("LIVEBRUSH_MODELS")
    own = Path(named).expanduser() / FILE_NAME if named else None
    return own if own is not None and own.is_file() else Path(__file__).parent / "models" / FILE_NAME


@dataclass(frozen=True)
class StudentEntry(StyleEntry):
    """A style picture for the student.

    Args:
        image: the picture as the student sees it, (H, W, 3) uint8 BGR.
        alpha: which part of it is the first region, (H, W) uint8.
        plan: of the student.
        student: its file.
    """

    image: Image
    alpha: Alpha
    plan: StudentPlan
    student: Path


def student_entry(path: Path, image: Image, alpha: Alpha, student: Path) -> StudentEntry:
    """Return the style of a picture for the student.

    Args:
        path: of the style picture.
        image: the picture, (H, W, 3) uint8 BGR.
        alpha: which part of it is the first region, of any size.
        student: the student's file.
    Raises:
        StyleFileError, ContractError: if that cannot be used.
    """
    plan = StudentPlan.read(student)
    scale = STYLE_SIDE / min(image.shape[:2]) / PICTURE_MULTIPLE
    height, width = (PICTURE_MULTIPLE * max(4, round(side * scale)) for side in image.shape[:2])
    seen = np.ascontiguousarray(resize(image, (width, height)))
    part = np.asarray(cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    contract = replace(plan.contract, name=plain_name(path.stem), title=path.stem)
    return StudentEntry(path.stem, path, contract, False, seen, part, plan, student)


@dataclass(frozen=True)
class OpenStudent:
    """The graph of a student, and the name of what runs it, and its precision."""

    run: Graph
    engine: str
    precision: str


def open_student(file: Path, options: EngineOptions) -> OpenStudent:
    """Open the graph on the processor: in bf16 where OpenVINO has that, else in fp32.

    Raises:
        EngineError: if the device or the precision is not to be had.
        StyleFileError: if the file cannot be read.
    """
    if options.device == "cuda":
        raise EngineError("the student of --semantic runs on the processor; leave --device cuda out")
    if options.precision not in ("auto", "fp32", "bf16"):
        raise EngineError(
            f"the student of --semantic runs in fp32 or bf16, not in {options.precision}; leave "
            "--precision out"
        )
    name = choose_engine(replace(options, device="cpu"), file)
    if name not in _RUN_GRAPHS:
        raise EngineError(f"the student of --semantic runs in {' or '.join(_RUN_GRAPHS)}, not in {name}")
    try:
        model = file.read_bytes()
    except OSError as error:
        raise StyleFileError(f"{file} cannot be read: {error.strerror or error}") from error
    module = importlib.import_module(ENGINES[name].module)
    if name == "openvino":
        precision: str = module.choose_precision(options.precision)
        return OpenStudent(module.open_graph(model, options.threads, precision), name, precision)
    if options.precision == "bf16":
        raise EngineError(f"{name} runs the student of --semantic in fp32; take --engine openvino for bf16")
    return OpenStudent(module.open_graph(model, options.threads), name, "fp32")


def regions_of(alphas: Sequence[Alpha]) -> NDArray[np.uint8]:
    """Return masks for the graph, (1, K + 1, H, W): what the alphas mean, and what none of them means.

    Where alphas overlap, earlier ones are in front.
    """
    left = np.full(alphas[0].shape, 255, np.uint8)
    planes = []
    for alpha in alphas:
        planes.append(np.minimum(alpha, left))
        left = left - planes[-1]
    return np.stack([*planes, left])[None]


def measure_style(graph: Graph, plan: StudentPlan, image: Image, masks: NDArray[np.uint8]) -> Vectors:
    """Return the vectors of a style picture's regions.

    Args:
        image: sides multiples of `PICTURE_MULTIPLE`.
        masks: (1, K, H, W) uint8; an empty one gets the vector of the whole picture.
    """
    inputs: dict[str, NDArray[Any]] = {
        INPUT_NAME: _NO_PICTURE,
        MASKS_NAME: _NO_MASKS,
        STYLE_NAME: np.zeros((1, 1, plan.numbers), np.float32),
        PICTURE_NAME: np.ascontiguousarray(image)[None],
        PICTURE_MASKS_NAME: masks,
    }
    found: Vectors = graph(inputs)[1][0]
    return found


def paint_regions(graph: Graph, image: Image, masks: NDArray[np.uint8], style: Vectors) -> Image:
    """Paint one picture.

    Args:
        image: sides multiples of the contract's.
        masks: (1, K, H, W) uint8, which sum to 255.
        style: of each region, of `measure_style`.
    """
    inputs: dict[str, NDArray[Any]] = {
        INPUT_NAME: np.ascontiguousarray(image)[None],
        MASKS_NAME: masks,
        STYLE_NAME: style[None],
        PICTURE_NAME: _NO_PICTURE,
        PICTURE_MASKS_NAME: _NO_MASKS,
    }
    painted: Image = graph(inputs)[0][0]
    return painted
