"""Packages that torch has compiled (AOTInductor), on an NVIDIA GPU or the processor.

The only module of the runtime that imports `torch`, and only when a package is opened: torch is the runtime
of these packages as onnxruntime is of ONNX files. What a card takes is in `realtime.card_lanes`. Of a style
file a package is compiled when it is first asked for, see `realtime.engine_exported`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from realtime.card_lanes import CardRunner
from realtime.contract import StyleContract, read_contract
from realtime.engine import Engine, EngineInfo, EngineOptions, default_threads
from realtime.engine_exported import Exported, ExportedEngine, Paint
from realtime.errors import EngineError
from realtime.package_metadata import DEVICE_KEY, PACKAGE_SUFFIX, read_package_metadata
from realtime.tensors import to_tensor, unlocked

NAME = "aoti"
Image = NDArray[np.uint8]
SizeWh = tuple[int, int]


class AotiEngine:
    """One style as a package; see `realtime.engine.OverlappingEngine`.

    Args:
        path: the .pt2 file, whose contract has been read already; made by `export.to_aoti`, so it takes and
            gives (1, H, W, 3) uint8 BGR.
        options: device and precision "auto", or what the package was compiled for.
    Raises:
        EngineError: if it was compiled for another device or precision, the card is not there, or torch
            cannot load it.
    """

    def __init__(self, path: Path, contract: StyleContract, options: EngineOptions) -> None:
        self.contract = contract
        self._path = path
        torch = load_torch()
        self._device = _choose_device(torch, path, options)
        self._precision = _choose_precision(torch, path, contract, options, self._device)
        self._threads = options.threads or default_threads()
        self._runner: _Runner | None = None
        try:
            with no_word_of_cards():
                model = torch._inductor.aoti_load_package(
                    str(path),
                    # Its locks query events, which a CUDA graph forbids while it is recorded.
                    run_single_threaded=self._device == "cuda",
                )
            if self._device == "cuda":
                self._runner = CardRunner(torch, model)
            else:
                self._runner = _ProcessorRunner(torch, model, self._threads)
        except Exception as error:  # the loader raises RuntimeError, OSError and classes of its own
            raise EngineError(f"aoti cannot load {path}: {_one_line(error)}") from error

    @property
    def info(self) -> EngineInfo:
        """What really runs; `provider` tells a CUDA graph from launches one by one."""
        return EngineInfo(NAME, self._precision, self._open().provider, self._threads, device=self._device)

    @property
    def in_flight(self) -> int:
        """How many pictures may be begun and not waited for."""
        return self._open().in_flight

    def prepare(self, size_wh: SizeWh) -> None:
        """Take the card's memory for this width and height, and record the CUDA graph."""
        self.infer(np.zeros((size_wh[1], size_wh[0], 3), dtype=np.uint8))

    def infer(self, image: Image) -> Image:
        """Paint one picture: (H, W, 3) uint8 BGR -> the same shape, an array that the caller owns."""
        return self.start(image).wait()

    def start(self, image: Image) -> Painting:
        """Begin to paint a picture; see `realtime.engine.OverlappingEngine`."""
        runner = self._open()
        return Painting(self._path, runner, to_tensor(image, self.contract)[0])

    def time_network(self, size_wh: SizeWh, pictures: int) -> list[float]:
        """Return milliseconds of each painting, of pictures that are on the card; see `realtime.engine`."""
        self.contract.check_size(size_wh)
        try:
            return self._open().time_network(size_wh, pictures)
        except RuntimeError as error:
            raise _failure(self._path, error) from error

    def close(self) -> None:
        """Free the package and its memory on the card."""
        if self._runner is not None:
            self._runner.close()
        self._runner = None

    def _open(self) -> _Runner:
        if self._runner is None:
            raise EngineError(f"the engine of {self._path} is closed")
        return self._runner


def open_style(path: Path, contract: StyleContract, options: EngineOptions) -> Engine:
    """Open a package, or a style file of which one is compiled when it is first asked for.

    Raises:
        EngineError: as `AotiEngine` and `realtime.engine_exported.ExportedEngine`.
    """
    if path.suffix.lower() == PACKAGE_SUFFIX:
        return AotiEngine(path, contract, options)
    return ExportedEngine(compiled_here(options), path, contract, options)


def compiled_here(options: EngineOptions) -> Exported:
    """Return how a style file becomes a package: for the card, if there is one that may be used.

    Raises:
        EngineError: if torch does not load, or a card is asked for and not there.
    """
    torch = load_torch()
    has_card = torch.cuda.is_available()
    if options.device == "cuda" and not has_card:
        raise EngineError("aoti: torch finds no card here; use --device cpu")
    on_card = has_card and options.device != "cpu"
    # Of a folder that several machines share, none shall run another's instructions.
    machine = torch.cuda.get_device_name() if on_card else torch.backends.cpu.get_cpu_capability()
    precisions = ("fp16", "bf16", "fp32") if on_card else ("fp32", "bf16", "fp16")
    device = "cuda" if on_card else "cpu"
    return Exported(
        name=NAME,
        suffix=PACKAGE_SUFFIX,
        makers=("torch", "onnx"),
        by_size=True,
        precisions={name: name for name in precisions},
        provider="CUDA" if on_card else "CPU",
        load=_load_package,
        device=device,
        arguments=("--device", device),
        made_for=machine,
    )


def _load_package(file: Path, threads: int) -> Paint:
    engine = AotiEngine(file, read_contract(file), EngineOptions(threads=threads))
    return engine.infer


class Painting:
    """A painting that was begun; see `realtime.engine.Begun`."""

    def __init__(self, path: Path, runner: _Runner, picture: Image) -> None:
        self._path = path
        self._runner = runner
        try:
            self._ticket = runner.start(picture)
        except RuntimeError as error:
            raise _failure(path, error) from error

    def wait(self) -> Image:
        """Wait for the painting and return it."""
        try:
            return self._runner.finish(self._ticket)
        except RuntimeError as error:
            raise _failure(self._path, error) from error


class _Runner(Protocol):
    """What differs between a card and the processor. RuntimeError is what torch raises."""

    provider: str
    in_flight: int

    def start(self, picture: Image) -> Any:
        """Begin to paint (H, W, 3) uint8; return what `finish` wants."""

    def finish(self, ticket: Any) -> Image:
        """Return the painting."""

    def time_network(self, size_wh: SizeWh, pictures: int) -> list[float]:
        """Return milliseconds of each of this many paintings."""

    def close(self) -> None:
        """Give back memory."""


class _ProcessorRunner:
    """Paints at once, in the caller's thread and torch's own."""

    provider, in_flight = "CPU", 1

    def __init__(self, torch: Any, model: Any, threads: int) -> None:
        self._torch = torch
        self._model = model
        torch.set_num_threads(threads)

    def start(self, picture: Image) -> Image:
        with self._torch.inference_mode():
            painted = self._model(self._torch.from_numpy(unlocked(picture))[None])[0]
        image: Image = painted.numpy()  # memory that torch has made for it, and nobody else holds
        return image

    def finish(self, ticket: Image) -> Image:
        return ticket

    def time_network(self, size_wh: SizeWh, pictures: int) -> list[float]:
        import time

        picture = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
        times = []
        for _ in range(pictures):
            began = time.perf_counter()
            self.start(picture)
            times.append((time.perf_counter() - began) * 1000)
        return times

    def close(self) -> None:
        self._model = None


def load_torch() -> Any:
    """Import torch and return it.

    Raises:
        EngineError: if it does not load.
    """
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library below it is missing
        raise EngineError(
            f'torch does not load ({_one_line(error)}); get it with: pip install "livebrush[export]"'
        ) from error
    return torch


@contextmanager
def no_word_of_cards() -> Iterator[None]:
    """Let torch not warn on a machine without a card that there is none, when none is asked for."""
    logger = logging.getLogger("torch.utils.cpp_extension")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _choose_device(torch: Any, path: Path, options: EngineOptions) -> str:
    device = read_package_metadata(path).get(DEVICE_KEY, "cpu")
    if options.device not in ("auto", device):
        raise EngineError(
            f"{path.name} was compiled for {device}, not {options.device}; use --device {device}, or export "
            f"it again: python -m export CHECKPOINT --to aoti --device {options.device}"
        )
    if device == "cuda" and not torch.cuda.is_available():
        raise EngineError(
            f"{path.name} was compiled for cuda, and torch finds no card here; use --device cpu"
        )
    return device


def _choose_precision(
    torch: Any, path: Path, contract: StyleContract, options: EngineOptions, device: str
) -> str:
    compiled = contract.weights_precision
    if options.precision not in ("auto", compiled):
        raise EngineError(
            f"{path.name} was compiled in {compiled}, not {options.precision}; use --precision auto, or "
            f"export it again with --precision {options.precision}"
        )
    if device == "cpu":
        return compiled
    # Every picture has the same size: the best of all algorithms is worth looking for.
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.benchmark_limit = 0
    # TF32 keeps 10 bits of the factors: cannot be seen in 8-bit pictures, but is not fp32.
    torch.backends.cudnn.allow_tf32 = options.precision != "fp32"
    return "tf32" if (compiled, options.precision) == ("fp32", "auto") else compiled


def _failure(path: Path, error: Exception) -> EngineError:
    return EngineError(f"aoti failed on {path}: {_one_line(error)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
