"""onnxruntime on the processor or an NVIDIA GPU; the only importer of `onnxruntime`.

onnxruntime falls back to the processor without a word when CUDA does not load, so the session is
asked what it got. Constructing a session and running it release Python's lock.
"""

from __future__ import annotations

import contextlib
import io
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from realtime.buffers import BufferPool
from realtime.contract import INPUT_NAME, OUTPUT_NAME, StyleContract
from realtime.engine import EngineInfo, EngineOptions, default_threads
from realtime.errors import EngineError
from realtime.tensors import to_image, to_tensor

NAME = "onnxruntime"
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
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


class OnnxRuntimeEngine:
    """One style on onnxruntime; see `realtime.engine.Engine`.

    Args:
        path: the style file, whose contract has been read already.
        options: device "auto" takes CUDA where it loads, "cuda" insists on it.
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
        if options.precision not in ("auto", "fp32"):
            raise EngineError(f"onnxruntime offers fp32, not {options.precision}; see --engine openvino")
        self.contract = contract
        self._path = path
        self._threads = options.threads or default_threads()
        wants_cuda = cuda_loads() if options.device == "auto" else options.device == "cuda"
        wants_cuda = wants_cuda and _find_cuda()
        # TF32 keeps 10 bits of the factors: cannot be seen in 8-bit pictures, but is not fp32.
        cuda = (CUDA, {"use_tf32": "0" if options.precision == "fp32" else "1"})
        session_options = _session_options(self._threads)
        if profile_folder is not None:
            session_options.enable_profiling = True
            session_options.profile_file_prefix = str(profile_folder / "onnxruntime")
        try:
            self._session: Any = ort.InferenceSession(
                path, session_options, providers=[cuda, CPU] if wants_cuda else [CPU]
            )
        # onnxruntime raises a class of its own for each kind of failure, all below Exception.
        except Exception as error:
            raise EngineError(f"onnxruntime cannot load {path}: {_one_line(error)}") from error
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
            return EngineInfo(NAME, precision, self._provider, self._threads, device="cuda")
        return EngineInfo(NAME, "fp32", self._provider, self._threads, device="cpu")

    def prepare(self, size_wh: tuple[int, int]) -> None:
        """Run once on this width and height: the first run allocates, and CUDA picks its kernels."""
        self.infer(np.zeros((size_wh[1], size_wh[0], 3), dtype=np.uint8))

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture: (H, W, 3) uint8 BGR -> the same shape, an array that the caller owns."""
        if self._session is None:
            raise EngineError(f"the engine of {self._path} is closed")
        tensor = to_tensor(image, self.contract)
        painted = self._buffers.take(tensor.shape, tensor.dtype)
        try:
            # By address: onnxruntime reads and writes numpy's memory, and copies nothing.
            binding = self._session.io_binding()
            for bind, name, array in (
                (binding.bind_input, INPUT_NAME, tensor),
                (binding.bind_output, OUTPUT_NAME, painted),
            ):
                bind(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
            self._session.run_with_iobinding(binding)
        except Exception as error:  # see above
            raise EngineError(f"onnxruntime failed on {self._path}: {_one_line(error)}") from error
        return to_image(painted, self.contract)

    def end_profile(self) -> Path:
        """Write the profile that `profile_folder` asked for to its end, and return the file: JSON."""
        return Path(self._session.end_profiling())

    def close(self) -> None:
        """Free the session."""
        self._session = None


open_style = OnnxRuntimeEngine


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
