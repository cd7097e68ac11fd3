"""What onnxruntime is told about an NVIDIA GPU: options of its CUDA and its TensorRT provider.

https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html
https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from realtime.contract import StyleContract
from realtime.errors import EngineError

CUDA, TENSORRT, CPU = "CUDAExecutionProvider", "TensorrtExecutionProvider", "CPUExecutionProvider"
Provider = tuple[str, dict[str, str]]
# What TensorRT runs; the CUDA provider runs the graph as it is, which is fp32.
TENSORRT_PRECISIONS = ("fp16", "bf16")


def cuda_provider(precision: str, *, graph: bool) -> Provider:
    """Return the CUDA provider with its options.

    Args:
        precision: "fp32" is strict; else factors are rounded to TF32, 10 bits, for the matrix units.
        graph: record a CUDA graph; wants one size, and memory that stays where it is.
    """
    strict = precision == "fp32"
    return CUDA, {
        # TF32 cannot be seen in 8-bit pictures, but is not fp32.
        "use_tf32": "0" if strict else "1",
        # Every picture has the same size: the best of all algorithms is worth looking for.
        "cudnn_conv_algo_search": "EXHAUSTIVE",
        "cudnn_conv_use_max_workspace": "1",
        # The matrix units' own layout; without them it only costs transpositions.
        "prefer_nhwc": "0" if strict else "1",
        "enable_cuda_graph": "1" if graph else "0",
    }


def tensorrt_provider(contract: StyleContract, precision: str, size_wh: tuple[int, int]) -> Provider:
    """Return the TensorRT provider with its options; its engine is built once and kept in a folder.

    Raises:
        EngineError: if that folder cannot be made.
    """
    folder = cache_dir() / "tensorrt" / engine_key(contract, precision, size_wh)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(
            f"TensorRT's engines are kept in {folder}, which cannot be made: {error.strerror or error}; "
            "name another folder in LIVEBRUSH_CACHE"
        ) from error
    return TENSORRT, {
        f"trt_{precision}_enable": "1",
        "trt_layer_norm_fp32_fallback": "1",  # statistics overflow in fp16
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(folder.parent),  # of use to the next style, too
        "trt_cuda_graph_enable": "1",
    }


def engine_key(contract: StyleContract, precision: str, size_wh: tuple[int, int]) -> str:
    """Return the name of an engine's folder: another one for whatever an engine cannot be used with."""
    parts = (
        contract.weights_sha256,
        contract.livebrush_version,  # which may have drawn another graph around the same weights
        f"{size_wh[0]}x{size_wh[1]}",
        precision,
        card(),
        *(f"{name} {version_of(name)}" for name in ("onnxruntime-gpu", "tensorrt")),
    )
    return f"{contract.name}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]}"


def cache_dir() -> Path:
    """Return the folder for what can be made again: LIVEBRUSH_CACHE, or the system's own."""
    if named := os.environ.get("LIVEBRUSH_CACHE"):
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "livebrush" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "livebrush"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "livebrush"


@lru_cache(maxsize=1)
def card() -> str:
    """Return the first card's name and driver, as nvidia-smi tells; "unknown" where it does not."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return "unknown"
    query = [command, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.partition("\n")[0].strip() or "unknown"


def version_of(package: str) -> str:
    """Return the version of an installed package, by its distribution's name; "none" where it is not."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"
