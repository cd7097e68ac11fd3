import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from export.errors import ExportError
from export.pixel_scale import fold_pixel_scale

CHANCE = np.random.default_rng(0)
LEVELS = CHANCE.integers(0, 256, (1, 2, 8, 8)).astype(np.float32)


def make_model(*nodes: onnx.NodeProto, noise: bool = False) -> onnx.ModelProto:
    """Levels are divided by 255 and convolved to one channel, with `nodes` on the way."""
    channels = 4 if noise else 2
    constants = {
        "scale": np.float32(255),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "weight": CHANCE.normal(size=(1, channels, 3, 3)).astype(np.float32),
        "tile": CHANCE.integers(0, 256, (1, 2, 8, 8)).astype(np.float32),
    }
    graph = helper.make_graph(
        [helper.make_node("Div", ["levels", "scale"], ["image"]), *nodes],
        "test",
        [helper.make_tensor_value_info("levels", TensorProto.FLOAT, [1, 2, "h", "w"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, None, None, None])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])


def paint(model: onnx.ModelProto) -> np.ndarray:
    painted: np.ndarray = ReferenceEvaluator(model).run(None, {"levels": LEVELS})[0]
    return painted


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def convolve(source: str) -> onnx.NodeProto:
    return helper.make_node("Conv", [source, "weight"], ["out"])


def test_a_padded_and_pooled_picture_reaches_its_convolution_undivided() -> None:
    pad = helper.make_node("Pad", ["image", "pads"], ["padded"], mode="reflect")
    pool = helper.make_node("AveragePool", ["padded"], ["pooled"], kernel_shape=[2, 2])
    model = make_model(pad, pool, convolve("pooled"))
    before = paint(model)
    assert fold_pixel_scale(model) == 1
    assert kinds(model) == ["Pad", "AveragePool", "Conv"]
    np.testing.assert_allclose(paint(model), before, atol=1e-5)


def test_noise_beside_the_picture_is_folded_with_it() -> None:
    divide = helper.make_node("Div", ["tile", "scale"], ["noise"])
    model = make_model(
        divide, helper.make_node("Concat", ["image", "noise"], ["both"], axis=1), convolve("both"), noise=True
    )
    before = paint(model)
    assert fold_pixel_scale(model) == 1 and "Div" not in kinds(model)
    np.testing.assert_allclose(paint(model), before, atol=1e-5)


def test_beside_what_was_never_divided_nothing_is_folded() -> None:
    concat = helper.make_node("Concat", ["image", "tile"], ["both"], axis=1)
    model = make_model(concat, convolve("both"), noise=True)
    before = paint(model)
    assert fold_pixel_scale(model) == 0
    np.testing.assert_array_equal(paint(model), before)


def test_a_padding_with_a_constant_keeps_the_division() -> None:
    pad = helper.make_node("Pad", ["image", "pads", "scale"], ["padded"], mode="constant")
    model = make_model(pad, convolve("padded"))
    assert fold_pixel_scale(model) == 0 and kinds(model) == ["Div", "Pad", "Conv"]


def test_pixels_that_go_elsewhere_too_are_refused() -> None:
    conv = helper.make_node("Conv", ["image", "weight"], ["features"], pads=[1, 1, 1, 1])
    model = make_model(conv, helper.make_node("Add", ["image", "features"], ["out"]))
    with pytest.raises(ExportError, match="the pixels go elsewhere"):
        fold_pixel_scale(model)
