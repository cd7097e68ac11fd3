"""What a device can do at best, measured beside a network: how fast it copies, and multiplies matrices.

On the processor numpy is the measure. On a card torch is, where it is the engine's own runtime; no other
engine tells how fast the card copies, and then nothing is guessed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from realtime.bench_machine import matmul_gflops
from realtime.engine import EngineInfo

COPY, MATMUL, TO_CARD, FROM_CARD = "copy_gbps", "matmul_tflops", "to_card_gbps", "from_card_gbps"
# Far larger than any cache: what is measured is memory.
COPY_BYTES = {"cpu": 1 << 27, "cuda": 1 << 30}
TRANSFER_BYTES = 1 << 28
MATRIX_SIDE = 8192  # fills a large card; smaller products do not reach its rate
REPEATS = 10


@dataclass(frozen=True)
class Device:
    """What the network runs on, and how to measure it.

    Args:
        name: of the processor or the card; None where it is not known.
        turns: each measures one rate anew: `COPY` in GB/s, bytes read and written; `MATMUL` in TFLOP/s, a
            multiply-add counted as two; `TO_CARD` and `FROM_CARD` in GB/s, from pinned memory.
        matmul_type: of the numbers multiplied.
        note: what could not be measured, and why; empty if all could.
    """

    name: str | None
    turns: dict[str, Callable[[], float]]
    matmul_type: str
    note: str = ""


def measure_device(info: EngineInfo, processor: str) -> Device:
    """Return how to measure what an engine runs on."""
    if info.device == "cpu":
        turns = {COPY: numpy_copy_gbps, MATMUL: lambda: matmul_gflops(info.threads) / 1000}
        return Device(processor, turns, "numpy fp32")
    if info.name != "aoti":
        note = f"{info.name} does not tell what the card can do; --engine aoti measures it with torch"
        return Device(None, {}, "", note)
    from realtime.engine_aoti import load_torch

    return _card(load_torch(), info.precision)


def numpy_copy_gbps() -> float:
    """Return at how many GB/s numpy copies, bytes read and written, now; in one thread, as the loop does."""
    source = np.ones(COPY_BYTES["cpu"], np.uint8)
    target = np.zeros_like(source)
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - began)
    return 2 * source.nbytes / float(np.median(seconds)) / 1e9


def _card(torch: Any, precision: str) -> Device:
    half = torch.bfloat16 if precision == "bf16" else torch.float16
    turns = {
        COPY: lambda: _copy_gbps(torch),
        MATMUL: lambda: _matmul_tflops(torch, half),
        TO_CARD: lambda: _transfer_gbps(torch, to_card=True),
        FROM_CARD: lambda: _transfer_gbps(torch, to_card=False),
    }
    return Device(torch.cuda.get_device_name(), turns, "bf16" if precision == "bf16" else "fp16")


def _copy_gbps(torch: Any) -> float:
    source = torch.ones(COPY_BYTES["cuda"], dtype=torch.uint8, device="cuda")
    target = torch.zeros_like(source)
    return 2 * COPY_BYTES["cuda"] / _card_seconds(torch, lambda: target.copy_(source)) / 1e9


def _matmul_tflops(torch: Any, dtype: Any) -> float:
    # Random, because a card draws less power, and runs faster, on zeros.
    left, right = (torch.randn(MATRIX_SIDE, MATRIX_SIDE, dtype=dtype, device="cuda") for _ in range(2))
    product = torch.empty_like(left)
    return 2 * MATRIX_SIDE**3 / _card_seconds(torch, lambda: torch.mm(left, right, out=product)) / 1e12


def _transfer_gbps(torch: Any, *, to_card: bool) -> float:
    pinned = torch.ones(TRANSFER_BYTES, dtype=torch.uint8, pin_memory=True)
    on_card = torch.zeros(TRANSFER_BYTES, dtype=torch.uint8, device="cuda")
    source, target = (pinned, on_card) if to_card else (on_card, pinned)
    return TRANSFER_BYTES / _card_seconds(torch, lambda: target.copy_(source, non_blocking=True)) / 1e9


def _card_seconds(torch: Any, work: Callable[[], object]) -> float:
    """Return what a piece of work takes by the card's clock, the median of some."""
    for _ in range(3):
        work()
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(REPEATS + 1)]
    marks[0].record()
    for mark in marks[1:]:
        work()
        mark.record()
    torch.cuda.synchronize()
    ms = [began.elapsed_time(ended) for began, ended in pairwise(marks)]
    return float(np.median(ms)) / 1000
