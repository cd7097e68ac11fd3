"""Memory of an NVIDIA card for one engine of TensorRT: a picture goes in, a painting comes out.

By NVIDIA's own binding of CUDA, `cuda-bindings`, which is handed in; torch is not wanted here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.buffers import BufferPool
from realtime.contract import INPUT_NAME, OUTPUT_NAME
from realtime.errors import EngineError
from realtime.tensors import unlocked

Image = NDArray[np.uint8]


class CardPainter:
    """An engine with memory for one picture; used by one thread at a time.

    Args:
        cuda: the module cuda.bindings.runtime.
        engine: of TensorRT; uint8 (1, H, W, 3) in and out.
    Raises:
        EngineError: if the card refuses.
    """

    def __init__(self, cuda: Any, engine: Any) -> None:
        self._cuda = cuda
        self._engine = engine
        self._context = engine.create_execution_context()
        if self._context is None:
            raise EngineError("TensorRT has no memory on the card for this engine; use a smaller --size")
        self._stream = self._check(cuda.cudaStreamCreate())
        self._memory: tuple[int, int] = (0, 0)  # addresses on the card, of the picture and the painting
        self._bytes = 0
        self._shape: tuple[int, ...] = ()
        self._paintings = BufferPool()

    def paint(self, image: Image) -> Image:
        """Paint (1, H, W, 3) uint8; the result is the caller's."""
        cuda, kinds = self._cuda, self._cuda.cudaMemcpyKind
        self._take_shape(image.shape)
        image, painted = unlocked(np.ascontiguousarray(image)), self._paintings.take(image.shape)
        given, found = self._memory
        self._check(
            cuda.cudaMemcpyAsync(
                given, image.ctypes.data, image.nbytes, kinds.cudaMemcpyHostToDevice, self._stream
            )
        )
        self._run()
        self._check(
            cuda.cudaMemcpyAsync(
                painted.ctypes.data, found, image.nbytes, kinds.cudaMemcpyDeviceToHost, self._stream
            )
        )
        self._check(cuda.cudaStreamSynchronize(self._stream))
        return painted

    def time_network(self, shape: tuple[int, ...], pictures: int) -> list[float]:
        """Return milliseconds of each painting of what is on the card, by the card's clock."""
        self._take_shape(shape)
        marks = [self._check(self._cuda.cudaEventCreate()) for _ in range(pictures + 1)]
        self._check(self._cuda.cudaEventRecord(marks[0], self._stream))
        for mark in marks[1:]:
            self._run()
            self._check(self._cuda.cudaEventRecord(mark, self._stream))
        self._check(self._cuda.cudaStreamSynchronize(self._stream))
        times = [
            float(self._check(self._cuda.cudaEventElapsedTime(began, ended)))
            for began, ended in pairwise(marks)
        ]
        for mark in marks:
            self._check(self._cuda.cudaEventDestroy(mark))
        return times

    def close(self) -> None:
        """Give the card's memory back; safe to call twice."""
        if self._context is None:
            return
        self._context = self._engine = None
        for address in self._memory:
            if address:
                self._check(self._cuda.cudaFree(address))
        self._memory = (0, 0)
        self._check(self._cuda.cudaStreamDestroy(self._stream))

    def _run(self) -> None:
        if not self._context.execute_async_v3(int(self._stream)):
            raise EngineError("TensorRT failed to paint; use --engine aoti or onnxruntime")

    def _take_shape(self, shape: tuple[int, ...]) -> None:
        """Make memory and context ready for this shape."""
        if self._context is None:
            raise EngineError("the engine is closed")
        if shape == self._shape:
            return
        count = int(np.prod(shape))
        if count > self._bytes:
            for address in self._memory:
                if address:
                    self._check(self._cuda.cudaFree(address))
            self._memory = (0, 0)
            self._memory = (
                int(self._check(self._cuda.cudaMalloc(count))),
                int(self._check(self._cuda.cudaMalloc(count))),
            )
            self._bytes = count
        if not self._context.set_input_shape(INPUT_NAME, shape):
            raise EngineError(
                f"the engine does not take pictures of {shape[2]}x{shape[1]}; choose another --size"
            )
        for name, address in zip((INPUT_NAME, OUTPUT_NAME), self._memory, strict=True):
            self._context.set_tensor_address(name, address)
        self._shape = shape

    def _check(self, returned: tuple[Any, ...]) -> Any:
        """Return what a call of CUDA gave; raise EngineError if it failed."""
        failure, *given = returned
        if int(failure):
            text = self._cuda.cudaGetErrorString(failure)[1]
            raise EngineError(f"the card failed: {text.decode() if isinstance(text, bytes) else text}")
        return given[0] if given else None
