"""A network of torch on an NVIDIA GPU, fed so that copies and painting overlap.

A picture takes three steps, each on a queue (stream) of its own, so that one picture is painted while the
next is copied in and the last one out:

    numpy ─> pinned ──copy in──> bytes on the card ──CUDA graph──> bytes ──copy out──> pinned = numpy

A CUDA graph holds every kernel of a painting: launching them one by one would take longer than they run.
Memory on the card is taken once for each size of picture; the painting's pinned memory is used again when
nobody holds it any more. torch is handed in: see `realtime.engine_aoti`.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.buffers import BufferPool
from realtime.tensors import unlocked

Image = NDArray[np.uint8]

LANES = 2
MAX_SIZES = 3  # that memory on the card is kept for
# Before a graph is recorded: loads kernels, lets cuDNN try its algorithms, fills torch's memory pool.
WARM_UP = 3


class Ticket(NamedTuple):
    """A picture in flight; the source is kept until the card has read it."""

    lane: Lane
    painting: Image
    source: Any


class Lane:
    """Memory on the card for one picture in flight, and the graph that paints in it.

    Args:
        torch: the module.
        model: (1, H, W, 3) uint8 on the card -> the same.
        shape: that shape.
        paint: the queue that paints.
        pool: memory that the graphs of all lanes share, for they never run at once; None for none yet.
    """

    def __init__(self, torch: Any, model: Any, shape: tuple[int, ...], paint: Any, pool: Any) -> None:
        self._torch = torch
        self._model = model
        self.pinned = torch.empty(shape[1:], dtype=torch.uint8, pin_memory=True)
        self.image = torch.zeros(shape, dtype=torch.uint8, device="cuda")
        self.arrived, self.is_painted, self.is_out = (torch.cuda.Event() for _ in range(3))
        self.busy = False
        self.graph: Any = None
        paint.wait_stream(torch.cuda.current_stream())  # which clears `image`
        with torch.cuda.stream(paint):
            for _ in range(WARM_UP):
                self.painted = model(self.image)
        torch.cuda.synchronize()
        self._record(paint, pool)

    def run(self) -> None:
        """Paint what is in `image` into `painted`, on the queue that is current."""
        if self.graph is None:
            self.painted = self._model(self.image)
        else:
            self.graph.replay()

    def _record(self, paint: Any, pool: Any) -> None:
        torch = self._torch
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads may load a style at the same time: only what this one does is recorded.
            with torch.cuda.graph(graph, pool=pool, stream=paint, capture_error_mode="thread_local"):
                self.painted = self._model(self.image)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError:  # something in the package cannot be recorded; the runner's `provider` tells
            torch.cuda.synchronize()
            with torch.cuda.stream(paint):
                self.painted = self._model(self.image)
            return
        self.graph = graph


class CardRunner:
    """Lanes that take turns, and three queues. Raises RuntimeError, as torch does.

    Args:
        torch: the module.
        model: (1, H, W, 3) uint8 on the card -> the same.
    """

    in_flight = LANES

    def __init__(self, torch: Any, model: Any) -> None:
        self._torch = torch
        self._model = model
        self._copy_in, self._paint, self._copy_out = (torch.cuda.Stream() for _ in range(3))
        self._sizes: OrderedDict[tuple[int, ...], deque[Lane]] = OrderedDict()
        self._paintings = BufferPool(allocate=self._allocate_pinned)
        self.provider = "CUDA"

    def start(self, picture: Image) -> Ticket:
        """Begin to paint (H, W, 3) uint8, which nobody changes until `finish`."""
        with self._torch.inference_mode():
            return self._start(picture)

    def _start(self, picture: Image) -> Ticket:
        torch = self._torch
        lanes = self._lanes_for((1, *picture.shape))
        lane = lanes[0]
        if lane.busy:
            raise RuntimeError(f"more than {LANES} pictures in flight: wait for one before the next")
        lanes.rotate(-1)
        source = torch.from_numpy(unlocked(picture))
        if not source.is_pinned():  # the card copies by itself from pinned memory only
            lane.pinned.copy_(source)
            source = lane.pinned
        painting: Image = self._paintings.take(picture.shape)
        with torch.cuda.stream(self._copy_in):
            lane.image[0].copy_(source, non_blocking=True)
            lane.arrived.record()
        with torch.cuda.stream(self._paint):
            self._paint.wait_event(lane.arrived)
            lane.run()
            lane.is_painted.record()
        with torch.cuda.stream(self._copy_out):
            self._copy_out.wait_event(lane.is_painted)
            torch.from_numpy(painting).copy_(lane.painted[0], non_blocking=True)
            lane.is_out.record()
        lane.busy = True
        return Ticket(lane, painting, source)

    def finish(self, ticket: Ticket) -> Image:
        """Wait for a painting and return it."""
        ticket.lane.is_out.synchronize()
        ticket.lane.busy = False
        return ticket.painting

    def time_network(self, size_wh: tuple[int, int], pictures: int) -> list[float]:
        """Return milliseconds of each of this many paintings, one after the other, by the card's clock."""
        torch = self._torch
        marks = [torch.cuda.Event(enable_timing=True) for _ in range(pictures + 1)]
        with torch.inference_mode():
            lane = self._lanes_for((1, size_wh[1], size_wh[0], 3))[0]
        with torch.inference_mode(), torch.cuda.stream(self._paint):
            marks[0].record()
            for mark in marks[1:]:
                lane.run()
                mark.record()
        marks[-1].synchronize()
        return [float(began.elapsed_time(ended)) for began, ended in pairwise(marks)]

    def close(self) -> None:
        """Wait for what is in flight and give back the card's memory."""
        self._torch.cuda.synchronize()
        self._sizes.clear()
        self._model = None
        self._torch.cuda.empty_cache()

    def _lanes_for(self, shape: tuple[int, ...]) -> deque[Lane]:
        if shape in self._sizes:
            self._sizes.move_to_end(shape)
            return self._sizes[shape]
        lanes: deque[Lane] = deque()
        for _ in range(LANES):
            pool = lanes[0].graph.pool() if lanes and lanes[0].graph is not None else None
            lanes.append(Lane(self._torch, self._model, shape, self._paint, pool))
        recorded = all(lane.graph is not None for lane in lanes)
        self.provider = "CUDA graph" if recorded else "CUDA"
        self._sizes[shape] = lanes
        while len(self._sizes) > MAX_SIZES:
            self._sizes.popitem(last=False)
        return lanes

    def _allocate_pinned(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        assert dtype == np.uint8
        array: NDArray[Any] = self._torch.empty(shape, dtype=self._torch.uint8, pin_memory=True).numpy()
        return array
