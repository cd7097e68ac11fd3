"""What a figure is worth nothing without: the machine, the versions of what ran, and numpy's own speed."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from realtime import __version__
from realtime.engine import ENGINES, EngineInfo, default_threads
from realtime.errors import LivebrushError

# From this load on, as a share of the cores, a table says that the machine was busy.
BUSY_SHARE = 0.5
# A thread count is fixed when numpy's library is loaded, and differs in name from one to the next.
_THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
)
# Prints GFLOP/s of 1024 x 1024 float32 products, each a multiply-add counted as two.
_MATMUL = """
import time
import numpy as np
a = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
b, out = a.T.copy(), np.empty_like(a)
seconds = []
for _ in range(13):
    began = time.perf_counter()
    np.matmul(a, b, out=out)
    seconds.append(time.perf_counter() - began)
print(2 * 1024**3 / np.median(seconds[3:]) / 1e9)
"""


def load_average() -> float | None:
    """Return how many threads wanted to run over the last minute; None where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def machine(load_before: float | None) -> dict[str, Any]:
    """Return processor, cores, those this process may run on, system, Python, and versions.

    Args:
        load_before: what `load_average` said before anything was measured.
    """
    return {
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "usable_cores": default_threads(),
        "load_before": load_before,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions(),
    }


def busy_note(facts: dict[str, Any]) -> str:
    """Return what is to be said below a table about a machine that was busy; mostly nothing."""
    load, cores = facts["load_before"], facts["usable_cores"]
    if load is None or load < BUSY_SHARE * cores:
        return ""
    return f"; other programs were running (load {load:g} on {cores} cores)"


def versions() -> dict[str, str]:
    """Return the version of Livebrush and of every library below it that is loaded by now."""
    packages = ("numpy", "cv2", "av", *sorted({spec.package for spec in ENGINES.values()}))
    loaded = {name: getattr(sys.modules.get(name), "__version__", None) for name in packages}
    return {"livebrush": __version__} | {name: str(found) for name, found in loaded.items() if found}


def engine_facts(info: EngineInfo) -> dict[str, Any]:
    """Return what really ran, as plain JSON values."""
    package = ENGINES[info.name].package if info.name in ENGINES else info.name
    return {
        "name": info.name,
        "version": versions().get(package),
        "precision": info.precision,
        "provider": info.provider,
        "device": info.device,
        "threads": info.threads,
    }


def describe_engine(engine: dict[str, Any]) -> str:
    """Return the facts of `engine_facts` for people: "openvino bf16, CPU, 2 threads"."""
    threads = f"{engine['threads']} thread{'' if engine['threads'] == 1 else 's'}"
    return f"{engine['name']} {engine['precision']}, {engine['provider']}, {threads}"


def matmul_gflops(threads: int) -> float:
    """Return the GFLOP/s at which numpy multiplies float32 matrices on this many threads, now.

    A process of its own does it, because numpy's threads cannot be set in a running one.

    Raises:
        LivebrushError: if that process fails.
    """
    environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, str(threads))
    command = [sys.executable, "-c", _MATMUL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise LivebrushError(f"numpy's own speed cannot be measured ({last}); check numpy")
    return float(done.stdout)


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
