"""onnxruntime on the processor or an NVIDIA GPU; the only importer of `onnxruntime`.

onnxruntime falls back to the processor without a word when CUDA does not load, so the session is
asked what it got. Constructing a session and running it release Python's lock.

On the processor a session takes any size, and reads and writes numpy's own memory. On a card there is a
session for each size, which can then record a CUDA graph: see `realtime.binding_onnxruntime`.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from realtime.binding_onnxruntime import BoundSession
from realtime.buffers import BufferPool
from realtime.contract import BEFORE_NAME, INPUT_NAME, OUTPUT_NAME, TRUST_NAME, StyleContract
from realtime.engine import EngineInfo, EngineOptions, default_threads
from realtime.errors import EngineError
from realtime.providers_onnxruntime import (
    CPU,
    CUDA,
    TENSORRT,
    TENSORRT_PRECISIONS,
    cuda_provider,
    tensorrt_provider,
)
from realtime.recurrent import PaintsAfter
from realtime.tensors import input_shape, nothing_before, to_image, to_tensor

NAME = "onnxruntime"
_INPUTS = (INPUT_NAME, BEFORE_NAME, TRUST_NAME)  # most graphs take the first only
_FATAL = 4  # log severity: every error reaches us as an exception; printing it twice helps nobody

# y = Identity(x) on one float, as ONNX: what a session is opened on to see whether CUDA loads.
_PROBE = bytes.fromhex(
    "0808"  # ir_version 8
    "3a2f"  # graph, 47 bytes:
    "0a100a017812017922084964656e74697479"  # node: Identity, x -> y
    "120170"  # name: p
    "5a0b0a017812060a0408011200"  # input: x, a float
    "620b0a017912060a0408011200"  # output: y, a float
    "42040a001011"  # opset 17
)


class OnnxRuntimeEngine(PaintsAfter):
    """One style on onnxruntime; see `realtime.engine.Engine`.

    Args:
        path: the style file, whose contract has been read already.
        options: device "auto" takes CUDA where it loads, "cuda" insists on it. There fp16 and bf16 go
            through TensorRT, which builds an engine for each size, once, in minutes.
        profile_folder: onnxruntime writes its own profile of every run into it; see `end_profile`.
    Raises:
        EngineError: if the device or precision is not offered here, or the file cannot be loaded.
    """

    def __init__(
        self,
        path: Path,
        contract: StyleContract,
        options: EngineOptions,
        *,
        profile_folder: Path | None = None,
    ) -> None:
        self._uses_tensorrt = options.device == "cuda" and options.precision in TENSORRT_PRECISIONS
        if options.precision not in ("auto", "fp32", "int8") and not self._uses_tensorrt:
            raise EngineError(f"onnxruntime offers fp32, not {options.precision}; see --engine openvino")
        if self._uses_tensorrt and TENSORRT not in ort.get_available_providers():
            raise EngineError(
                f"onnxruntime offers {options.precision} through TensorRT only, which this build has not; "
                "use --precision auto, or --engine aoti"
            )
        self.contract = contract
        self._path = path
        self._keep_sizes = options.keep_sizes
        self._precision = options.precision
        self._threads = options.threads or default_threads()
        self._profile_folder = profile_folder
        wants_cuda = cuda_loads() if options.device == "auto" else options.device == "cuda"
        wants_cuda = wants_cuda and _find_cuda()
        providers = [cuda_provider(options.precision, graph=False), CPU] if wants_cuda else [CPU]
        self._session: Any = self._open(_session_options(self._threads), providers)
        self._bound: OrderedDict[tuple[int, ...], BoundSession] = OrderedDict()
        self._buffers = BufferPool()
        self._provider = str(self._session.get_providers()[0])
        if options.device == "cuda" and self._provider != CUDA:
            raise EngineError(
                "onnxruntime did not get CUDA and fell back to the processor: "
                'pip install "livebrush[gpu]" in place of "livebrush[cpu]", or use --device cpu'
            )

    @property
    def info(self) -> EngineInfo:
        """What really runs, as the session says."""
        if self._provider == CUDA:
            cuda_options = self._session.get_provider_options()[CUDA]
            precision = "fp32" if cuda_options.get("use_tf32") == "0" else "tf32"
            if self._uses_tensorrt:
                precision = self._precision
            provider = next(reversed(self._bound.values())).provider if self._bound else self._provider
            return EngineInfo(NAME, precision, provider, self._threads, device="cuda")
        precision = "int8" if self.contract.weights_precision == "int8" else "fp32"
        return EngineInfo(NAME, precision, self._provider, self._threads, device="cpu")

    def prepare(self, size_wh: tuple[int, int]) -> None:
        """Run on this width and height: the first run allocates, CUDA picks kernels and records a graph."""
        for _ in range(1 if self._provider == CPU else 3):
            self.infer(np.zeros((size_wh[1], size_wh[0], 3), dtype=np.uint8))

    def _paint(self, image: NDArray[np.uint8], more: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Run the graph on a picture, and on what else it takes."""
        if self._session is None:
            raise EngineError(f"the engine of {self._path} is closed")
        tensor = to_tensor(image, self.contract)
        try:
            if self._provider == CPU or more:
                painted = self._buffers.take(tensor.shape, tensor.dtype)
                _run_by_address(self._session, (tensor, *more), painted)
            else:
                painted = self._bind((image.shape[1], image.shape[0]), tensor.dtype).run(tensor)
        except EngineError:
            raise
        except Exception as error:  # see above
            raise EngineError(f"onnxruntime failed on {self._path}: {_one_line(error)}") from error
        return to_image(painted, self.contract)

    def time_network(self, size_wh: tuple[int, int], pictures: int) -> list[float]:
        """Return milliseconds of each painting, of pictures that are where the network is."""
        image = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
        tensor = to_tensor(image, self.contract)
        painted = np.empty_like(tensor)
        if self._provider == CPU:
            taken = (tensor, *(nothing_before(image) if self.looks_back else ()))
            return _time(lambda: _run_by_address(self._session, taken, painted), pictures)
        return _time(self._bind(size_wh, tensor.dtype).run_in_place, pictures)

    def end_profile(self) -> Path:
        """Write the profile that `profile_folder` asked for to its end, and return the file: JSON."""
        return Path(self._session.end_profiling())

    def close(self) -> None:
        """Free the sessions."""
        self._session = None
        self._bound.clear()

    def _bind(self, size_wh: tuple[int, int], dtype: np.dtype[Any]) -> BoundSession:
        """Return the session of one size, with its memory on the card."""
        if size_wh in self._bound:
            self._bound.move_to_end(size_wh)
            return self._bound[size_wh]
        shape = input_shape(self.contract, size_wh)
        session, provider = self._open_for(size_wh)
        self._bound[size_wh] = BoundSession(ort, session, shape, dtype, "cuda", provider)
        while len(self._bound) > self._keep_sizes:
            self._bound.popitem(last=False)
        return self._bound[size_wh]

    def _open_for(self, size_wh: tuple[int, int]) -> tuple[Any, str]:
        """Return a session for one size, and what runs it.

        Raises:
            EngineError: if TensorRT was asked for and does not run it.
        """
        options = _session_options(self._threads)
        # The shapes in between become constants: nothing is left for the processor to work out.
        for name, side in zip(("width", "height"), size_wh, strict=True):
            options.add_free_dimension_override_by_name(name, side)
        cuda = cuda_provider(self._precision, graph=not self._uses_tensorrt)
        if self._uses_tensorrt:
            tensorrt = tensorrt_provider(self.contract, self._precision, size_wh)
            session = self._open(options, [tensorrt, cuda, CPU])
            if session.get_providers()[0] != TENSORRT:
                raise EngineError(
                    f"onnxruntime did not get TensorRT, which {self._precision} needs here: "
                    "pip install tensorrt-cu12, or use --precision auto"
                )
            return session, TENSORRT
        try:
            return self._open(options, [cuda, CPU]), f"{CUDA}, CUDA graph"
        except EngineError:  # not every node runs on the card, as a graph wants it
            return self._session, CUDA

    def _open(self, options: ort.SessionOptions, providers: list[Any]) -> Any:
        if self._profile_folder is not None:
            options.enable_profiling = True
            options.profile_file_prefix = str(self._profile_folder / "onnxruntime")
        try:
            return ort.InferenceSession(self._path, options, providers=providers)
        # onnxruntime raises a class of its own for each kind of failure, all below Exception.
        except Exception as error:
            raise EngineError(f"onnxruntime cannot load {self._path}: {_one_line(error)}") from error


open_style = OnnxRuntimeEngine


def open_graph(
    model: bytes, threads: int | None = None
) -> Callable[[Mapping[str, NDArray[Any]]], list[NDArray[Any]]]:
    """Open a small graph on the processor; see `realtime.small_graph`."""
    try:
        session = ort.InferenceSession(model, _session_options(threads or default_threads()), providers=[CPU])
    except Exception as error:  # see above
        raise EngineError(f"onnxruntime cannot run a graph: {_one_line(error)}") from error

    def run(inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        try:
            return [np.asarray(output) for output in session.run(None, dict(inputs))]
        except Exception as error:  # see above
            raise EngineError(f"onnxruntime cannot run a graph: {_one_line(error)}") from error

    return run


@lru_cache(maxsize=1)
def cuda_loads() -> bool:
    """Tell whether the CUDA provider really loads, by opening a session on it."""
    if not _find_cuda():
        return False
    try:
        session = ort.InferenceSession(_PROBE, _session_options(1), providers=[CUDA, CPU])
    except Exception:  # no driver, no device, a missing library: whatever it is, CUDA does not load
        return False
    return cast(str, session.get_providers()[0]) == CUDA


@lru_cache(maxsize=1)
def _find_cuda() -> bool:
    """Tell whether this onnxruntime was built with CUDA; if so load CUDA where pip has put it."""
    if CUDA not in ort.get_available_providers():
        return False
    # It reports on standard output, where --json is written; whether it worked, the session tells.
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        ort.preload_dlls()  # since onnxruntime 1.21
    return True


def _run_by_address(session: Any, taken: Sequence[NDArray[Any]], painted: NDArray[Any]) -> None:
    """Let onnxruntime read and write numpy's memory, and copy nothing where it computes on the processor."""
    binding = session.io_binding()
    inputs = zip(_INPUTS, taken, strict=False)
    bound = [(binding.bind_input, *one) for one in inputs] + [(binding.bind_output, OUTPUT_NAME, painted)]
    for bind, name, array in bound:
        bind(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
    session.run_with_iobinding(binding)


def _time(run: Callable[[], None], times: int) -> list[float]:
    """Return milliseconds of each run; the runtime waits for the card at the end of every one."""
    ms = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        ms.append((time.perf_counter() - began) * 1000)
    return ms


def _session_options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _FATAL
    # A waiting worker sleeps instead of spinning: capture and display need the core meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
