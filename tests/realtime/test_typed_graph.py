"""Graphs with every type written in: what TensorRT computes is what they say."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto
from onnx_makers import make_style_onnx

from realtime.catalog import find_style
from realtime.contract import METADATA_KEY
from realtime.errors import EngineError
from realtime.typed_graph import typed_graph

KINDS = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16, "fp32": TensorProto.FLOAT}


@pytest.mark.parametrize("name", ["starry_night", "starry_night_fast"])  # one of each preset that ships
@pytest.mark.parametrize("precision", KINDS)
def test_convolutions_are_of_the_type_norms_are_wide_and_bytes_are_at_the_ends(
    name: str, precision: str
) -> None:
    path = find_style(name).path
    model = onnx.shape_inference.infer_shapes(
        onnx.load_from_string(typed_graph(path.read_bytes(), precision))
    )
    types = {value.name: value.type.tensor_type.elem_type for value in model.graph.value_info}
    types |= {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    convs = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convs) > 10
    for node in convs:
        assert {types[name] for name in (*node.input, *node.output)} == {KINDS[precision]}
    for node in model.graph.node:
        if node.op_type in ("InstanceNormalization", "Sigmoid", "Round"):
            assert {types[name] for name in (*node.input, *node.output)} == {TensorProto.FLOAT}
    of_bytes = {name for name, kind in types.items() if kind == TensorProto.UINT8}
    assert not of_bytes  # but for the picture and the painting
    assert {value.type.tensor_type.elem_type for value in (*model.graph.input, *model.graph.output)} == {2}
    assert METADATA_KEY in {entry.key for entry in model.metadata_props}


def test_a_typed_graph_can_be_typed_again() -> None:
    typed = typed_graph(find_style("udnie").path.read_bytes(), "fp16")
    again = typed_graph(typed, "fp16")
    before, after = onnx.load_from_string(typed).graph, onnx.load_from_string(again).graph
    assert [node.op_type for node in before.node] == [node.op_type for node in after.node]
    assert len(before.initializer) == len(after.initializer)


def test_a_graph_of_floats_is_refused(tmp_path: Path) -> None:
    path = make_style_onnx(tmp_path / "tiny.onnx", layout="NCHW")
    with pytest.raises(EngineError, match="only a graph of bytes can be typed"):
        typed_graph(path.read_bytes(), "fp16")
