"""TensorRT on an NVIDIA GPU: the only importer of `tensorrt` and of `cuda`, and only when a style is opened.

An engine is built once for a card, which takes a minute or so, and kept: its file's name has a hash of
whatever it cannot be used with otherwise (weights, card, driver, TensorRT, sizes, precision). Whoever wants
to paint meanwhile opens it by `realtime.engine_building`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.contract import StyleContract
from realtime.engine import EngineInfo, EngineOptions, is_installed
from realtime.engine_building import Progress, say_once
from realtime.errors import EngineError, MissingExtraError
from realtime.providers_onnxruntime import cache_dir, card
from realtime.tensorrt_build import Profile, build_plan, write_whole
from realtime.tensorrt_card import CardPainter
from realtime.tensors import input_shape, to_image, to_tensor
from realtime.typed_graph import PRECISIONS, typed_graph

NAME = "tensorrt"
EXTRA = "tensorrt"
Image = NDArray[np.uint8]
SizeWh = tuple[int, int]


class TensorRtEngine:
    """One style on TensorRT; see `realtime.engine.Engine`. Built by the first `prepare` or `infer`.

    Args:
        path: the style file, whose contract has been read already.
        options: precision "auto" is fp16.
    Raises:
        MissingExtraError: if tensorrt, CUDA's binding or onnx is not installed.
        EngineError: if there is no card, or the precision is not offered.
    """

    def __init__(self, path: Path, contract: StyleContract, options: EngineOptions) -> None:
        self.contract = contract
        self._says = f"{contract.name}: tensorrt builds its engine, once for this machine"
        self._path = path
        self._precision = _choose_precision(contract, options)
        self._trt, self._cuda = load_tensorrt()
        self._painters: dict[Profile, CardPainter] = {}

    @property
    def info(self) -> EngineInfo:
        """What runs."""
        version = f"TensorRT {self._trt.__version__}"
        return EngineInfo(NAME, self._precision, version, threads=1, device="cuda")

    def is_built(self, size_wh: SizeWh) -> bool:
        """Tell whether the engine for this size is in its file, so that nobody has to wait for it."""
        profile = Profile.of(self.contract, size_wh)
        return profile in self._painters or self._file(profile).is_file()

    def build(self, size_wh: SizeWh, progress: Progress) -> None:
        """Build the engine for this size and write its file, unless it is there.

        Raises:
            EngineError: if TensorRT cannot build it, or the file cannot be written.
        """
        profile = Profile.of(self.contract, size_wh)
        file = self._file(profile)
        if file.is_file():
            return
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            graph = typed_graph(self._path.read_bytes(), self._precision)
            timing = file.with_name(f"timing-{_digest(card(), self._trt.__version__)}.cache")
            strict = self._precision == "fp32"
            plan = build_plan(
                self._trt, graph, profile, timing_cache=timing, strict=strict, progress=progress
            )
            write_whole(file, plan)
        except OSError as error:
            raise EngineError(
                f"TensorRT's engines are kept in {file.parent}, which cannot be written: "
                f"{error.strerror or error}; name another folder in LIVEBRUSH_CACHE"
            ) from error

    def prepare(self, size_wh: SizeWh) -> None:
        """Build the engine if need be, load it, and paint once."""
        self.infer(np.zeros((size_wh[1], size_wh[0], 3), np.uint8))

    def infer(self, image: Image) -> Image:
        """Paint one picture: (H, W, 3) uint8 BGR -> the same shape, an array that the caller owns."""
        tensor = to_tensor(image, self.contract)
        return to_image(self._painter((image.shape[1], image.shape[0])).paint(tensor), self.contract)

    def time_network(self, size_wh: SizeWh, pictures: int) -> list[float]:
        """Return milliseconds of each painting, of pictures that are on the card; see `realtime.engine`."""
        return self._painter(size_wh).time_network(input_shape(self.contract, size_wh), pictures)

    def close(self) -> None:
        """Give the card's memory back."""
        for painter in self._painters.values():
            painter.close()
        self._painters.clear()

    def _painter(self, size_wh: SizeWh) -> CardPainter:
        profile = Profile.of(self.contract, size_wh)
        if profile not in self._painters:
            self.build(size_wh, say_once(self._says))
            self._painters[profile] = CardPainter(self._cuda, self._load(profile, size_wh))
        return self._painters[profile]

    def _load(self, profile: Profile, size_wh: SizeWh) -> Any:
        """Load an engine from its file; one that is damaged is built anew, once."""
        file = self._file(profile)
        engine = self._deserialise(file)
        if engine is None:
            file.unlink(missing_ok=True)
            self.build(size_wh, say_once(self._says))
            engine = self._deserialise(file)
        if engine is None:
            raise EngineError(f"TensorRT cannot load the engine that it has just built, {file}")
        return engine

    def _deserialise(self, file: Path) -> Any:
        log = self._trt.Logger(self._trt.Logger.INTERNAL_ERROR)  # a damaged file is no news for the screen
        return self._trt.Runtime(log).deserialize_cuda_engine(file.read_bytes())

    def _file(self, profile: Profile) -> Path:
        contract = self.contract
        parts = (contract.weights_sha256, contract.livebrush_version, card(), self._trt.__version__)
        key = _digest(*parts, str(profile), self._precision)
        return cache_dir() / "tensorrt" / f"{contract.name}-{self._precision}-{key}.engine"


open_style = TensorRtEngine


def load_tensorrt() -> tuple[Any, Any]:
    """Import TensorRT and CUDA's binding, and return them.

    Raises:
        MissingExtraError: if one of them is not installed.
        EngineError: if they do not load, or there is no card.
    """
    for package in ("tensorrt", "cuda", "onnx"):
        if not is_installed(package):
            raise MissingExtraError(package, EXTRA)
    try:
        import tensorrt
        from cuda.bindings import runtime as cuda
    except (ImportError, OSError) as error:  # OSError: a library of the driver is missing
        why = " ".join(str(error).split())[:200]
        raise EngineError(
            f'tensorrt does not load ({why}); get it with: pip install "livebrush[{EXTRA}]"'
        ) from error
    failure, cards = cuda.cudaGetDeviceCount()
    if int(failure) or not cards:
        raise EngineError("tensorrt finds no NVIDIA card here; use --engine auto, or --device cpu")
    return tensorrt, cuda


def _choose_precision(contract: StyleContract, options: EngineOptions) -> str:
    if options.device == "cpu":
        raise EngineError("tensorrt runs on NVIDIA cards only; use --engine auto, or --device cuda")
    if contract.dtype != "uint8" or contract.weights_precision == "int8":
        what = "in 8 bits" if contract.weights_precision == "int8" else "of floats"
        raise EngineError(
            f"tensorrt takes no graph {what}; export the style with: python -m export STYLE --to tensorrt"
        )
    if options.precision == "auto":
        return contract.weights_precision if contract.weights_precision in ("fp16", "bf16") else "fp16"
    if options.precision not in PRECISIONS:
        raise EngineError(f"tensorrt offers {', '.join(PRECISIONS)}, not {options.precision}")
    return options.precision


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
