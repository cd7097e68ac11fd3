"""Stands in for torch on a machine with a card: real tensors on the processor, and a record of what is asked.

Queues run at once, so that a picture is painted really; a CUDA graph records the model and its picture, and a
replay writes into the memory that the recording had given, as a card's does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


class FakeStream:
    """A queue; notes what it waited for."""

    def __init__(self, cuda: FakeCuda) -> None:
        self._cuda = cuda
        self.waited_for: list[FakeEvent] = []

    def wait_event(self, event: FakeEvent) -> None:
        assert event.recorded_in is not None, "waits for what was never recorded"
        self.waited_for.append(event)

    def wait_stream(self, other: FakeStream) -> None:
        self._cuda.calls["wait_stream"] += 1


class FakeEvent:
    """A mark in a queue."""

    def __init__(self, cuda: FakeCuda, number: int) -> None:
        self._cuda = cuda
        self._number = number
        self.recorded_in: FakeStream | None = None
        self.waits = 0

    def record(self) -> None:
        self.recorded_in = self._cuda.streams[-1]
        self._number = self._cuda.calls["record"] = self._cuda.calls["record"] + 1

    def synchronize(self) -> None:
        assert self.recorded_in is not None
        self.waits += 1

    def elapsed_time(self, other: FakeEvent) -> float:
        return 0.5 * (other._number - self._number)


class FakeGraph:
    """A CUDA graph: a replay paints what is in the recorded picture into the recorded painting."""

    def __init__(self, cuda: FakeCuda) -> None:
        self._cuda = cuda
        self.runs: list[tuple[Tensor, Tensor]] = []

    def pool(self) -> object:
        return self

    def replay(self) -> None:
        self._cuda.calls["replay"] += 1
        for image, painted in self.runs:
            painted.copy_(self._cuda.paint(image))


class FakeCuda:
    """torch.cuda."""

    OutOfMemoryError = torch.cuda.OutOfMemoryError

    def __init__(self, paint: Callable[[Tensor], Tensor]) -> None:
        self.paint = paint
        self.calls: Counter[str] = Counter()
        self.streams = [FakeStream(self)]
        self.pools: list[object] = []
        self.recording: FakeGraph | None = None
        self.refuses_graphs = False
        self.out_of_memory = False

    def model(self, image: Tensor) -> Tensor:
        """The package: runs, or is recorded."""
        self.calls["model"] += 1
        if self.out_of_memory:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GiB")
        painted = self.paint(image)
        if self.recording is not None:
            self.recording.runs.append((image, painted))
        return painted

    def Stream(self) -> FakeStream:
        return FakeStream(self)

    def Event(self, enable_timing: bool = False) -> FakeEvent:
        return FakeEvent(self, 0)

    def CUDAGraph(self) -> FakeGraph:
        return FakeGraph(self)

    def current_stream(self) -> FakeStream:
        return self.streams[-1]

    @contextmanager
    def stream(self, stream: FakeStream) -> Iterator[None]:
        self.streams.append(stream)
        yield
        self.streams.pop()

    @contextmanager
    def graph(
        self, graph: FakeGraph, *, pool: object, stream: FakeStream, capture_error_mode: str
    ) -> Iterator[None]:
        assert capture_error_mode == "thread_local"
        if self.refuses_graphs:
            raise RuntimeError("operation not permitted when stream is capturing")
        self.pools.append(pool)
        self.recording = graph
        yield
        self.recording = None

    def synchronize(self) -> None:
        self.calls["synchronize"] += 1

    def empty_cache(self) -> None:
        self.calls["empty_cache"] += 1


class FakeTorch:
    """torch, whose card is the processor; `taken` counts pictures of memory by kind."""

    def __init__(self, paint: Callable[[Tensor], Tensor]) -> None:
        self.cuda = FakeCuda(paint)
        self.taken: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)

    def empty(self, shape: tuple[int, ...], *, dtype: Any, pin_memory: bool) -> Tensor:
        assert pin_memory
        self.taken["pinned"] += 1
        return torch.empty(shape, dtype=dtype)

    def zeros(self, shape: tuple[int, ...], *, dtype: Any, device: str) -> Tensor:
        assert device == "cuda"
        self.taken["card"] += 1
        return torch.zeros(shape, dtype=dtype)
