import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from export.shuffle_order import shuffle_whole_pixels

CHANNELS, SIDE = 5, 2


def make_model(
    mode: str | None = "CRD", *, halves: bool = False, read_twice: bool = False
) -> onnx.ModelProto:
    """A convolution of 3x3, a shuffle behind it, and perhaps somebody else who reads the convolution."""
    chance, kind = np.random.default_rng(0), np.float16 if halves else np.float32
    outputs = CHANNELS * SIDE**2
    stored = {
        "weight": chance.normal(size=(outputs, 3, 3, 3)).astype(kind),
        "bias": chance.normal(size=outputs).astype(kind),
    }
    names, nodes = list(stored), []
    if halves:
        names = [f"{name}.wide" for name in stored]
        nodes = [
            helper.make_node("Cast", [name], [wide], to=TensorProto.FLOAT)
            for name, wide in zip(stored, names, strict=True)
        ]
    shuffle = {"blocksize": SIDE} | ({"mode": mode} if mode else {})
    nodes.append(helper.make_node("Conv", ["image", *names], ["features"], pads=[1, 1, 1, 1]))
    nodes.append(helper.make_node("DepthToSpace", ["features"], ["pixels"], **shuffle))
    nodes.append(helper.make_node("Relu", ["features"], ["others"]))
    floats = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("pixels", "others")]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 6, 8])
    outputs_read = floats if read_twice else floats[:1]
    graph = helper.make_graph(
        nodes if read_twice else nodes[:-1],
        "shuffle",
        [image],
        outputs_read,
        [numpy_helper.from_array(values, name) for name, values in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])


def run(model: onnx.ModelProto) -> NDArray[np.float32]:
    image = np.random.default_rng(1).normal(size=(1, 3, 6, 8)).astype(np.float32)
    pixels: NDArray[np.float32] = ReferenceEvaluator(model).run(["pixels"], {"image": image})[0]  # type: ignore[index]
    return pixels


@pytest.mark.parametrize("halves", [False, True])
def test_whole_pixels_are_shuffled_to_the_same_picture(halves: bool) -> None:
    model = make_model(halves=halves)
    expected = run(model)
    assert shuffle_whole_pixels(model) == 1
    shuffle = next(node for node in model.graph.node if node.op_type == "DepthToSpace")
    assert {"mode": b"DCR"}.items() <= {a.name: a.s for a in shuffle.attribute}.items()
    np.testing.assert_array_equal(run(model), expected)
    assert shuffle_whole_pixels(model) == 0, "it was done already"


@pytest.mark.parametrize("model", [make_model("DCR"), make_model(None), make_model(read_twice=True)])
def test_what_others_read_and_what_is_in_order_stays(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    assert shuffle_whole_pixels(model) == 0
    assert model.SerializeToString() == before
