"""What can be told of a graph for TensorRT without a card: the type of everything that it computes."""

from collections import Counter
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto

from export.errors import ParityError
from export.targets import ExportOptions
from realtime.contract import read_contract

_KINDS = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16, "fp32": TensorProto.FLOAT}
# Statistics of norms, and the last steps on the way to bytes.
_WIDE = ("InstanceNormalization", "Sigmoid", "Round")


def inspect_file(file: Path, options: ExportOptions) -> list[str]:
    """Return what was found right in a typed graph; see `export.targets.Target.inspect_file`.

    Raises:
        ParityError: for the first thing that is not as it was asked for.
    """
    model = onnx.shape_inference.infer_shapes(onnx.load(file), check_type=True, strict_mode=True)
    types = {value.name: value.type.tensor_type.elem_type for value in model.graph.value_info}
    types |= {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    ends = (*model.graph.input, *model.graph.output)
    if {value.type.tensor_type.elem_type for value in ends} != {TensorProto.UINT8}:
        raise ParityError(f"{file.name} should take and give bytes")
    if TensorProto.UINT8 in types.values():
        raise ParityError(f"{file.name}: TensorRT has no layer for bytes, and there are some inside")
    counted: Counter[str] = Counter()
    for node in model.graph.node:
        wanted = TensorProto.FLOAT if node.op_type in _WIDE else _KINDS[options.precision]
        if node.op_type == "Conv" or node.op_type in _WIDE:
            _check_types(file, node, types, wanted)
        counted[node.op_type] += 1
    if not counted["Conv"]:
        raise ParityError(f"{file.name} has no convolutions")
    contract = read_contract(file)
    return [
        f"strongly typed: {counted['Conv']} convolutions in {options.precision}, "
        f"{counted['InstanceNormalization']} norms in fp32, bytes in and out",
        f"its contract: {contract.name}, {contract.preset}, weights {contract.weights_sha256[:12]}",
    ]


def _check_types(file: Path, node: Any, types: dict[str, int], wanted: int) -> None:
    for name in (*node.input, *node.output):
        if types.get(name) != wanted:
            name_of = TensorProto.DataType.Name
            got = name_of(types[name]) if name in types else "unknown"
            raise ParityError(
                f"{file.name}: {node.op_type} should be of {name_of(wanted)}, instead {name} is {got}"
            )
