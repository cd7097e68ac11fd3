"""Style files in 8 bits, made of a shipped style and run by the engines that people run."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from export import int8
from export.early_bytes import round_early, take_bytes
from export.source import Source, load_source
from export.targets import TARGETS, ExportOptions
from export.verify import check_file
from realtime.contract import FLOATS_KEY, read_contract
from realtime.demo import draw_demo_frame
from realtime.engine import EngineOptions, open_engine

pytest.importorskip("skimage")
MAX_KB = 230


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source("starry_night")


@pytest.fixture(scope="module")
def made(source: Source, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    file = tmp_path_factory.mktemp("int8") / "starry_night_int8.onnx"
    return file, TARGETS["onnx"].write(source, file, ExportOptions("int8"))


def test_a_shipped_style_stays_within_its_limit_in_every_engine(
    source: Source, made: tuple[Path, list[str]]
) -> None:
    check = check_file(source.network, "onnx", made[0], ExportOptions("int8"), tuple(made[1]))
    assert not check.faults and check.size_bytes <= MAX_KB * 1000
    assert {(runtime.runtime, runtime.precision) for runtime in check.runtimes} == {
        ("onnxruntime", "int8"),
        ("openvino", "int8"),
    }


def test_it_says_what_is_in_8_bits_and_what_is_not(made: tuple[Path, list[str]]) -> None:
    file, notes = made
    contract, model = read_contract(file), onnx.load(file)
    in_float = contract.training["convolutions_in_float"]
    assert contract.weights_precision == "int8" and FLOATS_KEY not in contract.training
    convs = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convs) == 11
    assert notes == [int8.describe(int8.Quantised(model, tuple(in_float), 11, 0.0))]
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    in_8_bits = [node for node in convs if made_by.get(node.input[1]) == "DequantizeLinear"]
    assert len(convs) - len(in_8_bits) == len(in_float) < 3
    # Norms take what the convolution added up.
    assert all(
        made_by[node.input[0]] != "DequantizeLinear" for node in model.graph.node if "Norm" in node.op_type
    )
    weights = [numpy_helper.to_array(t) for t in model.graph.initializer if t.name.endswith("_quantized")]
    assert all(values.dtype == np.int8 for values in weights if values.ndim == 4)


def test_numbers_are_rounded_before_they_are_padded_and_repeated(made: tuple[Path, list[str]]) -> None:
    model = onnx.load(made[0])
    readers = {name: node for node in model.graph.node for name in node.input}
    rounded = [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"]
    assert sum(readers[name].op_type == "Pad" for name in rounded) > 6
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    before = [made_by[node.input[0]] for node in model.graph.node if node.op_type == "QuantizeLinear"]
    assert not {"Pad", "Resize"} & set(before)


def test_rounding_early_changes_no_byte() -> None:
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 6, 8])
    painted = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 14, 18])
    numbers = {
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64),
        "scales": np.array([1, 1, 2, 2], np.float32),
        "scale": np.float32(0.1),
        "zero": np.uint8(7),
    }
    nodes = [
        helper.make_node("Resize", ["x", "", "scales"], ["large"], mode="nearest"),
        helper.make_node("Pad", ["large", "pads"], ["padded"], mode="reflect"),
        helper.make_node("QuantizeLinear", ["padded", "scale", "zero"], ["bytes"]),
        helper.make_node("DequantizeLinear", ["bytes", "scale", "zero"], ["y"]),
    ]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in numbers.items()]
    graph = helper.make_graph(nodes, "g", [image], [painted], tensors)
    before = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    after = onnx.ModelProto()
    after.CopyFrom(before)
    assert round_early(after) == 2
    assert [node.op_type for node in after.graph.node[:3]] == ["QuantizeLinear", "Resize", "Pad"]
    onnx.checker.check_model(after, full_check=True)
    picture = np.random.default_rng(0).random((1, 2, 6, 8), dtype=np.float32) * 20
    pictures = [ReferenceEvaluator(model).run(None, {"x": picture})[0] for model in (before, after)]
    np.testing.assert_array_equal(pictures[0], pictures[1])


@pytest.mark.parametrize(
    ("scale", "kind"), [(1.0, TensorProto.UINT8), (0.5, TensorProto.UINT8), (1.0, TensorProto.INT8)]
)
def test_bytes_are_taken_as_they_come(scale: float, kind: int) -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["turned"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("QuantizeLinear", ["numbers", "scale", "zero"], ["bytes"]),
        helper.make_node("DequantizeLinear", ["bytes", "scale", "zero"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info("x", kind, [1, 4, 6, 3]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 4, 6]),
    ]
    tensors = [
        numpy_helper.from_array(np.float32(scale), "scale"),
        numpy_helper.from_array(np.uint8(0), "zero"),
    ]
    before = helper.make_model(
        helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors),
        opset_imports=[helper.make_opsetid("", 20)],
    )
    after = onnx.ModelProto()
    after.CopyFrom(before)
    is_byte = scale == 1 and kind == TensorProto.UINT8
    assert take_bytes(after) == is_byte
    kinds = ["Transpose", "Clip" if is_byte else "Cast", *([] if is_byte else ["QuantizeLinear"])]
    assert [node.op_type for node in after.graph.node] == [*kinds, "DequantizeLinear"]
    onnx.checker.check_model(after, full_check=True)
    levels = np.arange(72).astype(helper.tensor_dtype_to_np_dtype(kind)).reshape(1, 4, 6, 3) * 3
    pictures = [ReferenceEvaluator(model).run(None, {"x": levels})[0] for model in (before, after)]
    np.testing.assert_array_equal(pictures[0], pictures[1])


def test_openvino_computes_in_8_bits_what_is_stored_so(
    made: tuple[Path, list[str]],
) -> None:
    openvino = pytest.importorskip("openvino")
    model = openvino.Core().read_model(made[0])
    model.reshape([1, 64, 96, 3])
    compiled = openvino.Core().compile_model(model, "CPU").get_runtime_model()
    notes = [node.get_rt_info() for node in compiled.get_ordered_ops()]
    kinds = [
        one["primitiveType"].astype(str) for one in notes if one["layerType"].astype(str) == "Convolution"
    ]
    in_float = read_contract(made[0]).training["convolutions_in_float"]
    assert len(in_float) <= 1
    assert len(kinds) == 11 and sum(kind.endswith("I8") for kind in kinds) == 11 - len(in_float)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("precision", ["auto", "int8"])
def test_the_runtime_opens_it_and_says_what_runs(
    engine: str, precision: str, made: tuple[Path, list[str]]
) -> None:
    opened = open_engine(made[0], EngineOptions(engine=engine, precision=precision, device="cpu"))
    assert opened.info.precision == "int8"
    frame = np.asarray(draw_demo_frame(0, (96, 64)), np.uint8)
    assert opened.infer(frame).std() > 20
    opened.close()


@pytest.mark.parametrize(
    ("name", "floats"),
    [("starry_night_fast", None), ("the_great_wave", "fp32")],  # bf16 is too little for the second
)
def test_a_style_fits_into_230_kb_and_says_what_its_floats_shall_be(
    name: str, floats: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "WANTED_DB", 0.0)  # how good it is, is measured above
    frames = [np.asarray(draw_demo_frame(0, (96, 64)), np.uint8)]
    monkeypatch.setattr("export.to_onnx.calibration_frames", lambda: frames)
    monkeypatch.setattr("export.to_onnx.checked_frames", lambda: iter([("demo", frames[0])]))
    file = tmp_path / f"{name}.onnx"
    TARGETS["onnx"].write(load_source(name), file, ExportOptions("int8"))
    assert file.stat().st_size <= MAX_KB * 1000
    assert read_contract(file).training.get(FLOATS_KEY) == floats


def test_a_style_that_8_bits_would_ruin_is_refused(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "WANTED_DB", 90.0)
    frames = [np.asarray(draw_demo_frame(0, (96, 64)), np.uint8)]
    monkeypatch.setattr("export.to_onnx.calibration_frames", lambda: frames)
    monkeypatch.setattr("export.to_onnx.checked_frames", lambda: iter([("demo", frames[0])]))
    with pytest.raises(int8.ExportError, match="of 11 convolutions would have to stay in fp32"):
        TARGETS["onnx"].write(source, tmp_path / "x.onnx", ExportOptions("int8"))
    assert not list(tmp_path.iterdir())
