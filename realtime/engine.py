"""The one way to run a style's network, whatever runtime is below it.

`realtime.engine_table` is the only list of engines. Each one is a module of its own, the only importer of its
runtime, and is imported when it is chosen: a machine with one runtime never meets the other. Which
engines a style file can be opened in follows from its kind: ONNX in most, a .pt2 package in aoti.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from realtime.contract import StyleContract, read_contract
from realtime.engine_table import ENGINES as ENGINES
from realtime.errors import EngineError, MissingExtraError, OptionError
from realtime.onnx_metadata import ONNX_SUFFIX
from realtime.package_metadata import DEVICE_KEY, PACKAGE_SUFFIX, read_package_metadata
from realtime.shipped_hashes import check_shipped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from realtime.catalog import StyleEntry

PRECISIONS = ("auto", "fp32", "bf16", "fp16", "int8")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class EngineOptions:
    """What is asked of an engine.

    Args:
        engine: "auto" (the fastest installed) or a name from `ENGINES`.
        precision: of the arithmetic, one of `PRECISIONS`; "auto" is the engine's fastest whose
            pictures cannot be told from fp32.
        device: one of `DEVICES`.
        threads: how many the network may use; None for one per core this process may run on.
        keep_sizes: for how many sizes of picture an engine keeps what it made for each, the last ones used.
        looks_back: open the network of a style that may see its last painting, where the style has one and it
            runs; see `realtime.recurrent`.
    Raises:
        OptionError: for a name that is none of these, or fewer than one thread or size.
    """

    engine: str = "auto"
    precision: str = "auto"
    device: str = "auto"
    threads: int | None = None
    keep_sizes: int = 3
    looks_back: bool = False

    def __post_init__(self) -> None:
        _must_be_one_of("engine", self.engine, ("auto", *ENGINES))
        _must_be_one_of("precision", self.precision, PRECISIONS)
        _must_be_one_of("device", self.device, DEVICES)
        if self.threads is not None and not 1 <= self.threads <= 1024:
            raise OptionError(f"threads must be from 1 to 1024, got {self.threads}")
        if self.keep_sizes < 1:
            raise OptionError(f"an engine keeps one size at least, got {self.keep_sizes}")


@dataclass(frozen=True)
class EngineInfo:
    """What really runs, read back from the runtime rather than from the options.

    `provider` is the runtime's own name for what executes, such as "CUDAExecutionProvider" or "CPU".
    """

    name: str
    precision: str
    provider: str
    threads: int
    device: str


class Engine(Protocol):
    """A style's network, ready to paint. Used by one thread at a time; may be made in another."""

    @property
    def info(self) -> EngineInfo:
        """What really runs."""

    @property
    def contract(self) -> StyleContract:
        """What the style file promises."""

    def prepare(self, size_wh: tuple[int, int]) -> None:
        """Compile and warm up for pictures of this width and height, so that none waits later."""

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture: (H, W, 3) uint8 BGR -> the same shape, an array that the caller owns.

        The picture is only read. Memory of a painting that nobody holds any more is used again.

        Raises:
            EngineError: if the runtime fails on it.
        """

    def close(self) -> None:
        """Give back the runtime's memory; safe to call twice."""


class Begun(Protocol):
    """A painting that was begun; see `OverlappingEngine`."""

    def wait(self) -> NDArray[np.uint8]:
        """Wait for the painting and return it, as `Engine.infer` does; raises what that does."""


class OverlappingEngine(Engine, Protocol):
    """An engine that copies one picture in and another out while it paints a third."""

    in_flight: int
    """How many pictures may be begun and not waited for."""

    def start(self, image: NDArray[np.uint8]) -> Begun:
        """Begin to paint a picture, which nobody changes meanwhile, and return at once.

        Raises:
            EngineError: if the runtime fails on it, or too many are in flight.
        """


@runtime_checkable
class TimesNetwork(Protocol):
    """An engine that can tell what the network alone takes, without copies to its device and back."""

    def time_network(self, size_wh: tuple[int, int], pictures: int) -> list[float]:
        """Return milliseconds of each of this many paintings, one straight after the other."""


def engines_for(path: Path, *, at_once: bool = False) -> list[str]:
    """Return the names of the engines that open files of this kind, installed or not.

    Args:
        at_once: only those that paint on the processor without building anything first.
    """
    if path.suffix.lower() == PACKAGE_SUFFIX:
        return [name for name, spec in ENGINES.items() if spec.reads == PACKAGE_SUFFIX]
    return [
        name
        for name, spec in ENGINES.items()
        if (spec.reads == ONNX_SUFFIX or spec.exports)
        and not (at_once and (spec.on_card_only or spec.exports))
    ]


def open_engine(style: StyleEntry | Path, options: EngineOptions | None = None) -> Engine:
    """Open a style in the engine that was asked for, or in the fastest that is installed.

    "auto" takes onnxruntime where its CUDA provider really loads, else openvino, else onnxruntime on
    the CPU. A package (.pt2) has one engine, and runs on the device that it was compiled for; where that is
    a card and the processor is asked for, the ONNX file of the same name beside it is opened instead.

    Raises:
        StyleFileError, ContractError: if the style file cannot be used, or ships and is not what it was.
        MissingExtraError: if the engine, or any engine at all, is not installed.
        EngineError: if it does not offer the device or precision here.
    """
    options = options or EngineOptions()
    if options.looks_back and not isinstance(style, Path):
        from realtime.recurrent import steadied

        style = steadied(style, options)
    path, contract = (
        (style, read_contract(style)) if isinstance(style, Path) else (style.path, style.contract)
    )
    check_shipped(path)
    if options.precision == "int8" and contract.weights_precision != "int8":
        raise EngineError(
            f"int8 needs a quantised style file, and {path.name} holds {contract.weights_precision} "
            "weights; use --precision auto, or make one with: python -m export STYLE --precision int8"
        )
    if _is_for_a_card_only(path, options):
        path = _stand_in(path)
        options, contract = replace(options, engine="auto"), read_contract(path)
    return _load(choose_engine(options, path))(path, contract, options)


def choose_engine(options: EngineOptions, path: Path | None = None) -> str:
    """Return the name of the engine that these options get, without opening a style.

    Args:
        options: what is asked for.
        path: of the style file, whose kind decides; None for an ONNX file.
    Raises:
        MissingExtraError: if nothing that could run them is installed.
        EngineError: if the engine that is asked for opens files of another kind.
    """
    names = engines_for(path or Path(f"any{ONNX_SUFFIX}"))
    if options.engine != "auto":
        if path is not None and options.engine not in names:
            raise EngineError(
                f"{options.engine} opens {ENGINES[options.engine].reads} files, not {path.name}; "
                f"use --engine {' or '.join(names)}, or make one with: python -m export"
            )
        return options.engine
    if path is not None and path.suffix.lower() == PACKAGE_SUFFIX:
        return names[0]
    if options.device == "cuda" or (options.device == "auto" and _cuda_is_best(options.precision)):
        return "onnxruntime"
    offering = [
        name
        for name in ("openvino", "onnxruntime")
        if options.precision == "auto" or options.precision in ENGINES[name].precisions
    ]
    for name in offering:
        if is_installed(ENGINES[name].package):
            return name
    raise MissingExtraError(" or ".join(offering), "cpu")


def _is_for_a_card_only(path: Path, options: EngineOptions) -> bool:
    """Tell whether the processor is asked for to run a package that was compiled for a card."""
    if options.device != "cpu" or path.suffix.lower() != PACKAGE_SUFFIX:
        return False
    return read_package_metadata(path).get(DEVICE_KEY) == "cuda"


def _stand_in(path: Path) -> Path:
    """Return the ONNX file that paints on the processor what this package paints on a card."""
    stand_in = path.with_suffix(ONNX_SUFFIX)
    if not stand_in.is_file():
        raise EngineError(
            f"{path.name} was compiled for cuda and does not run on the processor; put {stand_in.name} "
            "beside it (python -m export CHECKPOINT --to onnx), or use --device cuda"
        )
    return stand_in


def may_take_card(options: EngineOptions) -> bool:
    """Tell whether these options, of an ONNX file, get a graphics card."""
    if options.device != "auto" or options.engine not in ("auto", "onnxruntime"):
        return options.device == "cuda"
    return _cuda_is_best(options.precision)


def _cuda_is_best(precision: str) -> bool:
    """Tell whether onnxruntime would get CUDA and offers the precision there.

    Looks for the provider's library first: importing onnxruntime costs a tenth of a second, which
    the many machines without a GPU shall not pay.
    """
    if precision not in ("auto", "fp32") or not is_installed("onnxruntime"):
        return False
    spec = importlib.util.find_spec("onnxruntime")
    folders = spec.submodule_search_locations if spec is not None else None
    if not any(list(Path(folder).glob("capi/*providers_cuda*")) for folder in folders or ()):
        return False
    from realtime.engine_onnxruntime import cuda_loads

    return cuda_loads()


def is_installed(package: str) -> bool:
    """Tell whether a package can be imported, without importing it."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # ValueError: sys.modules[package] is None, as tests set it
        return False


def default_threads() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


OpenStyle = Callable[[Path, StyleContract, EngineOptions], Engine]


def _load(name: str) -> OpenStyle:
    spec = ENGINES[name]
    if not is_installed(spec.package):
        raise MissingExtraError(spec.package, spec.extra)
    return cast(OpenStyle, importlib.import_module(spec.module).open_style)


def _must_be_one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise OptionError(f"{option} must be one of {', '.join(allowed)}; got {value!r}")
