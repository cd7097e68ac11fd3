"""A style's graph with the type of every number written in, for runtimes that compute what is written.

TensorRT 11 has no switch for half precision any more, and 10 can do without one: a strongly typed network is
computed in the types that its ONNX file has. A style file stores halves and computes in fp32. Here everything
between the pixels and the last sigmoid becomes fp16 or bf16, but for the norms: their statistics of a bright
picture pass the largest half. Bytes become numbers where they come in and bytes again where they go out, for
TensorRT has no layer that works on bytes.

`onnx` is imported only when a graph is written: who runs styles on a processor need not have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.errors import EngineError

PRECISIONS = ("fp16", "bf16", "fp32")
# In the name of weights that are divided by 255, so that bf16 can take whole levels: too small for halves.
PER_LEVEL = ".per_level"
_WHITE, _PER_UNIT = 255, ".per_unit"
_NORM, _LAST = "InstanceNormalization", "Sigmoid"
# Inputs that are never halves, by their place: scales of a Resize, the numbers of a norm.
_STAY_FLOAT = {"Resize": (1, 2), _NORM: (1, 2)}
_OPSET_OF_BF16 = 22  # the first whose convolutions have it


def typed_graph(model: bytes, precision: str) -> bytes:
    """Return a style's graph for a strongly typed runtime: bytes in, bytes out, metadata as it was.

    Args:
        model: a style file, ONNX, uint8 in and out; its weights as floats or halves.
        precision: of what is between, one of `PRECISIONS`.
    Raises:
        EngineError: if it is a graph in 8 bits, or one that takes floats.
    """
    import onnx

    return bytes(_Typing(onnx, onnx.ModelProto.FromString(model), precision).write().SerializeToString())


class _Typing:
    """Goes through a graph in order of computation, with the type of each tensor of the picture."""

    def __init__(self, onnx: Any, model: Any, precision: str) -> None:
        self._onnx = onnx
        self._model = model
        kinds = onnx.TensorProto
        self._byte, self._float = kinds.UINT8, kinds.FLOAT
        self._numbers = {"fp16": kinds.FLOAT16, "bf16": kinds.BFLOAT16, "fp32": kinds.FLOAT}[precision]
        self._constants: dict[str, NDArray[Any]] = {
            tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }
        self._written: dict[str, Any] = {}  # constants in the type that somebody wants them in
        self._types: dict[str, int] = {}
        self._names: dict[str, str] = {}  # what a tensor is called now
        self._nodes: list[Any] = []

    def write(self) -> Any:
        graph = self._model.graph
        (image,), (painted,) = graph.input, graph.output
        if any(value.type.tensor_type.elem_type != self._byte for value in (image, painted)):
            raise EngineError("only a graph of bytes can be typed; export the style with --pixels uint8")
        # Bytes become floats or halves and nothing else; so for bf16 floats are between.
        self._set(image.name, self._cast(self._cast(image.name, self._float), self._numbers), self._numbers)
        for node in graph.node:
            self._take(node)
        last = self._as(painted.name, self._float)
        self._nodes.append(self._onnx.helper.make_node("Cast", [last], [painted.name], to=self._byte))
        self._put_together(graph)
        self._onnx.checker.check_model(self._model, full_check=True)
        return self._model

    def _put_together(self, graph: Any) -> None:
        used = {name for node in self._nodes for name in node.input}
        plain = {name: array for name, array in self._constants.items() if name in used}
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(self._nodes)
        graph.initializer.extend(
            self._onnx.numpy_helper.from_array(array, name) for name, array in plain.items()
        )
        graph.initializer.extend(self._written.values())
        if self._numbers == self._onnx.TensorProto.BFLOAT16:
            self._model.opset_import[0].version = max(_OPSET_OF_BF16, self._model.opset_import[0].version)

    def _take(self, node: Any) -> None:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            raise EngineError("a graph in 8 bits has its types already; use the style's file of halves")
        given = [name for name in node.input if name in self._types]
        if not given:
            self._take_constant(node)
        elif node.op_type == "Shape":
            self._nodes.append(self._copy(node, [self._names[given[0]]], list(node.output)))
        elif node.op_type == "Cast":
            self._set(
                node.output[0], self._names[given[0]], self._types[given[0]]
            )  # bytes there, numbers here
        else:
            self._take_live(node, given)

    def _take_constant(self, node: Any) -> None:
        """Compute what does not depend on the picture now; sizes are left to the runtime."""
        if not all(name in self._constants for name in node.input if name):
            self._nodes.append(node)
            return
        from onnx.reference import ReferenceEvaluator

        feeds = {name: self._constants[name] for name in node.input if name}
        results = ReferenceEvaluator(node).run(None, feeds)
        self._constants.update(zip(node.output, map(np.asarray, results), strict=True))

    def _take_live(self, node: Any, given: Sequence[str]) -> None:
        wide = node.op_type in (_NORM, _LAST) or any(self._types[name] == self._float for name in given)
        kind = self._float if wide else self._numbers
        inputs = []
        for place, name in enumerate(node.input):
            if name in self._types:
                inputs.append(self._as(name, kind))
            elif name in self._constants and place not in _STAY_FLOAT.get(node.op_type, ()):
                inputs.append(self._constant(name, kind, is_half_conv=self._divides(node, name)))
            else:
                inputs.append(name)
        if any(self._divides(node, name) for name in node.input):
            inputs[0] = self._divided(inputs[0])
        outputs = [f"{name}.typed" for name in node.output]
        self._nodes.append(self._copy(node, inputs, outputs))
        for name, output in zip(node.output, outputs, strict=True):
            self._set(name, output, kind)
            if node.op_type == _NORM:  # only what it computes is wide
                self._set(name, self._cast(output, self._numbers), self._numbers)

    def _divides(self, node: Any, name: str) -> bool:
        """Tell whether a convolution's weights are too small for halves, so that the pixels are divided."""
        return (
            self._numbers == self._onnx.TensorProto.FLOAT16 and node.op_type == "Conv" and PER_LEVEL in name
        )

    def _divided(self, levels: str) -> str:
        unit = "levels.unit"
        self._written[unit] = self._onnx.helper.make_tensor(unit, self._numbers, [], [1 / _WHITE])
        self._nodes.append(self._onnx.helper.make_node("Mul", [levels, unit], [f"{levels}.units"]))
        return f"{levels}.units"

    def _constant(self, name: str, kind: int, *, is_half_conv: bool) -> str:
        """Return the name of a constant in a type; whole numbers, but for bytes, are left as they are."""
        array = self._constants[name]
        if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
            return name
        suffix = self._onnx.TensorProto.DataType.Name(kind).lower()
        # Its name says no more what is no longer so: a typed graph can be typed again.
        typed = f"{name.replace(PER_LEVEL, _PER_UNIT) if is_half_conv else name}.{suffix}"
        if typed not in self._written:
            values = array.astype(np.float32) * np.float32(_WHITE if is_half_conv else 1)
            self._written[typed] = self._onnx.helper.make_tensor(typed, kind, array.shape, values.ravel())
        return typed

    def _as(self, name: str, kind: int) -> str:
        return self._names[name] if self._types[name] == kind else self._cast(self._names[name], kind)

    def _cast(self, name: str, kind: int) -> str:
        """Return the name of a tensor in another type; the same one each time that it is asked for."""
        cast = f"{name}.as{kind}"
        if not any(cast in node.output for node in self._nodes):
            self._nodes.append(self._onnx.helper.make_node("Cast", [name], [cast], to=kind))
        return cast

    def _set(self, name: str, called: str, kind: int) -> None:
        self._names[name], self._types[name] = called, kind

    def _copy(self, node: Any, inputs: Sequence[str], outputs: Sequence[str]) -> Any:
        copy = self._onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:], copy.output[:] = inputs, outputs
        return copy
