from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from export.errors import ExportError
from export.frames import hard_frames
from export.parity import measure_parity
from export.style_contract import weights_sha256
from export.to_onnx import OnnxOptions, export_onnx
from realtime.catalog import shipped_dir
from realtime.contract import read_contract
from realtime.engine import EngineOptions, open_engine
from realtime.errors import LivebrushError
from training.networks.transform_net import PRESETS, build_transform_net

CREDITS = {"name": "plain", "title": "Plain", "artist": "nobody", "year": "1900"}
MAX_KB = 449
MAX_FAST_KB = 260


def make_network(preset: str = "fast") -> nn.Module:
    torch.manual_seed(0)
    return build_transform_net(preset).eval()


def make_checkpoint(preset: str = "fast") -> dict[str, Any]:
    return {"kind": "transform", "preset": preset, "style": CREDITS, "training": {"pictures": 8}}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("exported") / "plain.onnx"
    export_onnx(make_network(), make_checkpoint(), file)
    return file


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("pixels", ["uint8", "float32"])
def test_every_engine_paints_what_the_network_paints(engine: str, pixels: Any, tmp_path: Path) -> None:
    pytest.importorskip(engine)
    network, file = make_network(), tmp_path / "plain.onnx"
    export_onnx(network, make_checkpoint(), file, OnnxOptions(pixels, "fp32"))
    parity = measure_parity(network, file, EngineOptions(engine=engine, precision="fp32", device="cpu"))
    assert parity.max_difference <= 1


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "recurrent"])
def test_every_preset_leaves_as_onnx(preset: str, tmp_path: Path) -> None:
    network, file = make_network(preset), tmp_path / f"{preset}.onnx"
    contract = export_onnx(network, make_checkpoint(preset), file)
    assert contract.preset == preset
    assert measure_parity(network, file, EngineOptions(precision="fp32", device="cpu")).psnr_db > 46


@pytest.mark.parametrize("size_hw", [(64, 64), (67, 129), (270, 481)])
def test_one_file_takes_every_size(exported: Path, size_hw: tuple[int, int]) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    stylized = open_engine(exported, EngineOptions()).infer(frame)
    assert stylized.shape == frame.shape and stylized.dtype == np.uint8


def test_a_fast_style_fits_into_449_kb(exported: Path) -> None:
    assert exported.stat().st_size <= MAX_KB * 1024


def test_what_ships_of_the_fast_preset_fits_into_260_kb() -> None:
    file = shipped_dir() / "starry_night_fast.onnx"
    assert read_contract(file).preset == "fast" and file.stat().st_size <= MAX_FAST_KB * 1000


def test_the_contract_tells_the_truth_about_the_graph(exported: Path) -> None:
    contract, model = read_contract(exported), onnx.load(exported)
    image = model.graph.input[0].type.tensor_type
    assert (model.graph.input[0].name, model.graph.output[0].name) == ("image", "stylized_image")
    assert image.elem_type == onnx.TensorProto.UINT8 and contract.dtype == "uint8"
    assert [dim.dim_param or dim.dim_value for dim in image.shape.dim] == [1, "height", "width", 3]
    assert contract.flop_per_pixel * 640 * 360 == pytest.approx(5.77e9, rel=1e-3)
    assert contract.weights_precision == "fp16"
    large = [tensor for tensor in model.graph.initializer if np.prod(tensor.dims) > 64]
    in_full = [tensor.name for tensor in large if tensor.data_type != onnx.TensorProto.FLOAT16]
    assert len(large) > 10 and len(in_full) == 1 and ".per_level" in in_full[0]


def test_the_hash_is_of_the_weights_in_the_file(exported: Path) -> None:
    network = make_network()
    for value in network.state_dict().values():
        if value.numel() >= 64:
            value.copy_(value.half().float())
    assert read_contract(exported).weights_sha256 == weights_sha256(network)
    assert weights_sha256(make_network()) != weights_sha256(network)


def test_the_file_says_nothing_about_the_machine_that_wrote_it(exported: Path) -> None:
    data = exported.read_bytes()
    assert b"/site-packages/" not in data and b"Traceback" not in data and b".py" not in data


@pytest.mark.usefixtures("traced_anew")
def test_the_network_is_left_as_it_was(tmp_path: Path) -> None:
    network = make_network()
    before = weights_sha256(network)
    export_onnx(network, make_checkpoint(), tmp_path / "plain.onnx")
    assert weights_sha256(network) == before


def test_credits_that_make_no_contract_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    checkpoint = make_checkpoint() | {"style": CREDITS | {"name": "No Such Name!"}}
    with pytest.raises(ExportError, match="no valid style: contract field name"):
        export_onnx(make_network(), checkpoint, tmp_path / "plain.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"cannot write .*plain\.onnx"):
        export_onnx(make_network(), make_checkpoint(), tmp_path / "nowhere" / "plain.onnx")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_frame_is_painted_flat(precision: str, level: int, exported: Path) -> None:
    """A covered lens: instance norm divides by almost nothing, and any unevenness would be blown up."""
    try:
        engine = open_engine(exported, EngineOptions(engine="openvino", precision=precision))
    except LivebrushError as error:
        pytest.skip(str(error))
    stylized = engine.infer(np.full((96, 128, 3), level, np.uint8))
    assert np.ptp(stylized.reshape(-1, 3), axis=0).max() <= 2


def test_pixels_reach_the_first_convolution_as_whole_numbers(exported: Path) -> None:
    """bf16 holds them exactly; divided by 255 it would paint lines into a smooth sky."""
    graph = onnx.load(exported).graph
    numbers = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    divisors = [numbers.get(node.input[1]) for node in graph.node if node.op_type == "Div"]
    assert not any(divisor is None or divisor.dtype.kind == "f" for divisor in divisors)  # sides may be


def test_parity_notices_a_network_that_is_another(exported: Path) -> None:
    from export.errors import ParityError

    torch.manual_seed(1)
    other = build_transform_net("fast").eval()
    with pytest.raises(ParityError, match=r"PSNR .* at least 46 is wanted"):
        measure_parity(other, exported, EngineOptions(precision="fp32", device="cpu"))


def test_hard_frames_are_those_that_engines_get_wrong() -> None:
    frames = dict(hard_frames())
    assert frames["black"].max() == 0 and frames["white"].min() == 255
    assert set(np.unique(frames["saturated noise"])) == {0, 255}
    assert frames["odd size"].shape[0] % 2 == 1 and frames["odd size"].shape[1] % 2 == 1
