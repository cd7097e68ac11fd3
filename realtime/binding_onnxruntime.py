"""One size of picture bound to memory on a device, which is taken once: what a CUDA graph needs.

A frame then costs one copy to the device, the run, and one copy back, into an array that onnxruntime makes
for it: its Python interface has no other way out of a card. The same code runs on "cpu".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.contract import INPUT_NAME, OUTPUT_NAME
from realtime.tensors import unlocked


class BoundSession:
    """A session whose input and output stay where they are.

    Args:
        runtime: the module onnxruntime; see `realtime.engine_onnxruntime`.
        session: for this size.
        shape: of the input and the output.
        dtype: likewise.
        device: "cuda", or "cpu".
        provider: what runs the session, for people.
    """

    def __init__(
        self,
        runtime: Any,
        session: Any,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        device: str,
        provider: str,
    ) -> None:
        self.provider = provider
        self._is_here = device == "cpu"
        self._session = session
        make = runtime.OrtValue.ortvalue_from_shape_and_type
        self._input, self._output = (make(list(shape), dtype.type, device, 0) for _ in range(2))
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(INPUT_NAME, self._input)
        self._binding.bind_ortvalue_output(OUTPUT_NAME, self._output)

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return the painting of a tensor of this size, a new array on the processor."""
        self._input.update_inplace(unlocked(tensor))
        self._session.run_with_iobinding(self._binding)
        painted: NDArray[Any] = self._output.numpy()
        # Of a value on the processor numpy gets a view, which the next run would write over.
        return painted.copy() if self._is_here else painted

    def run_in_place(self) -> None:
        """Paint what is on the device once more, and leave the painting there."""
        self._session.run_with_iobinding(self._binding)
