from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from export.cli import app
from export.parity import measure_parity
from export.to_onnx import OnnxOptions, export_onnx
from realtime.console import run_command
from realtime.contract import read_contract
from realtime.engine import EngineOptions, open_engine
from training.checkpoint import load_style_net, save_checkpoint
from training.networks.texture_net import build_texture_net

CREDITS = {"name": "stripes", "title": "Stripes", "artist": "nobody", "year": "1900"}
MAX_KB = 449


def save_texture(file: Path, preset: str = "fast", *, with_content: bool = True) -> Path:
    torch.manual_seed(0)
    content = {"kind": "texture", "preset": preset, "with_content": with_content, "style": CREDITS}
    weights = build_texture_net(preset, with_content=with_content).state_dict()
    save_checkpoint(file, {**content, "weights": weights, "training": {"pictures": 8}})
    return file


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_texture(tmp_path_factory.mktemp("texture") / "stripes.pt")


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    """In full precision, so that engines can be held to the checkpoint's very pixels."""
    file = checkpoint.with_suffix(".onnx")
    export_onnx(*load_style_net(checkpoint), file, OnnxOptions(weights="fp32"))
    return file


@pytest.fixture
def frame() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (67, 131, 3), dtype=np.uint8)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_every_engine_paints_what_the_network_paints(engine: str, checkpoint: Path, exported: Path) -> None:
    pytest.importorskip(engine)
    network, _ = load_style_net(checkpoint)
    parity = measure_parity(network, exported, EngineOptions(engine=engine, precision="fp32", device="cpu"))
    assert parity.max_difference <= 1


def test_the_noise_is_the_same_on_every_frame(exported: Path, frame: NDArray[np.uint8]) -> None:
    first, second = (open_engine(exported, EngineOptions()) for _ in range(2))
    np.testing.assert_array_equal(first.infer(frame), first.infer(frame))
    np.testing.assert_array_equal(first.infer(frame), second.infer(frame))


@pytest.mark.parametrize("size_hw", [(64, 64), (70, 333), (270, 481)])
def test_one_file_takes_every_size(exported: Path, size_hw: tuple[int, int]) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    stylized = open_engine(exported, EngineOptions(engine="onnxruntime", device="cpu")).infer(frame)
    assert stylized.shape == frame.shape and stylized.dtype == np.uint8


def test_the_contract_tells_the_truth_about_the_graph(exported: Path) -> None:
    contract = read_contract(exported)
    assert (contract.kind, contract.preset) == ("transform", "texture-fast")
    assert contract.flop_per_pixel == pytest.approx(30_842, rel=1e-3)
    assert (contract.min_size, contract.size_multiple) == (64, 1)


def test_the_first_convolution_of_every_scale_takes_whole_levels(exported: Path) -> None:
    """Of the picture and of the noise beside it: bf16 holds whole numbers, but not their 255ths."""
    model = onnx.load(exported)
    floats = {t.name for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT}
    divisions = [node for node in model.graph.node if node.op_type == "Div" and node.input[1] in floats]
    per_level = [t for t in model.graph.initializer if ".per_level" in t.name]
    tiles = [t for t in model.graph.initializer if list(t.dims) == [1, 3, 64, 64]]
    assert not divisions and len(per_level) == 6
    assert len(tiles) == 6 and all(tile.data_type == onnx.TensorProto.UINT8 for tile in tiles)


def test_the_command_writes_a_graph_of_floats_too_and_verifies_it(
    tmp_path: Path, frame: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = save_texture(tmp_path / "stripes.pt", "paper")
    out = tmp_path / "stripes.onnx"
    line = [str(checkpoint), "--to", "onnx", "--pixels", "float32", "-o", str(out), "--verify"]
    assert run_command(app, line, program="python -m export") == 0
    printed = capsys.readouterr().out
    assert "Stripes, nobody, texture-paper" in printed and "against the checkpoint" in printed
    assert out.stat().st_size <= MAX_KB * 1024
    assert open_engine(out, EngineOptions()).infer(frame).shape == frame.shape


def test_a_texture_of_noise_alone_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = save_texture(tmp_path / "stripes.pt", with_content=False)
    line = [str(checkpoint), "--to", "onnx", "-o", str(tmp_path)]
    assert run_command(app, line, program="python -m export") == 2
    error = capsys.readouterr().err
    assert "makes textures from noise and paints no pictures" in error and error.count("\n") == 1
    assert not list(tmp_path.glob("*.onnx"))
