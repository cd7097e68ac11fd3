from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from export import to_recurrent
from export.errors import ExportError
from export.source import load_source
from export.targets import TARGETS, ExportOptions
from realtime.catalog import StyleEntry
from realtime.contract import RECURRENT, read_contract
from realtime.engine import EngineOptions
from realtime.recurrent import steadied
from training.checkpoint import load_transform_net, save_checkpoint
from training.networks.recurrent_net import RecurrentNet
from training.networks.turbo_net import TurboNet

CREDITS = {"name": "steadfast", "title": "Steadfast", "artist": "nobody", "year": "1900"}


def make_network() -> RecurrentNet:
    torch.manual_seed(0)
    network = RecurrentNet().eval()
    for conv in (network.guide, network.gate):
        for values in conv.parameters():
            nn.init.normal_(values, std=0.1)
    return network


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    content: dict[str, Any] = {
        "kind": "transform",
        "preset": "recurrent",
        "style": CREDITS,
        "training": {"pictures": 8},
        "weights": make_network().state_dict(),
    }
    save_checkpoint(tmp_path / "steadfast.pt", content)
    return tmp_path / "steadfast.pt"


def test_a_checkpoint_becomes_two_files_that_belong_together(checkpoint: Path, tmp_path: Path) -> None:
    source = load_source(str(checkpoint))
    assert type(source.network) is TurboNet and source.recurrent is not None
    assert "turbo" in source.credits() and "recurrent" in source.credits(whole=True)
    file = tmp_path / "steadfast.onnx"
    (note,) = TARGETS["onnx"].write(source, file, ExportOptions("fp16"))
    assert note.startswith("steadfast.steady.onnx, for --steady: ") and "dB in " in note
    plain = read_contract(file)
    assert (plain.kind, plain.preset) == ("transform", "turbo")
    entry = steadied(StyleEntry("steadfast", file, plain, shipped=False), EngineOptions(device="cpu"))
    assert entry.path == tmp_path / "steadfast.steady.onnx" and entry.contract.kind == RECURRENT
    assert entry.path.stat().st_size < 200 * 1024


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_every_engine_paints_what_the_network_paints(engine: str, checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip(engine)
    source = load_source(str(checkpoint))
    file = tmp_path / "steadfast.onnx"
    TARGETS["onnx"].write(source, file, ExportOptions("fp32"))
    assert source.recurrent is not None
    assert to_recurrent.worst_db(tmp_path / "steadfast.steady.onnx", source.recurrent, engine) > 55


def test_a_file_that_paints_something_else_is_found_out(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = to_recurrent.recurrent_graph

    def other(network: RecurrentNet) -> Any:
        network.gate.weight.data *= -3
        return graph(network)

    monkeypatch.setattr(to_recurrent, "recurrent_graph", lambda network: other(make_network()))
    source = load_source(str(checkpoint))
    with pytest.raises(ExportError, match="steadfast.steady.onnx in .* dB from the network, 40 wanted"):
        TARGETS["onnx"].write(source, tmp_path / "steadfast.onnx", ExportOptions("fp16"))


def test_eight_bits_and_unit_pixels_have_no_recurrent_file(checkpoint: Path, tmp_path: Path) -> None:
    source, file = load_source(str(checkpoint)), tmp_path / "steadfast.onnx"
    assert TARGETS["onnx"].write(source, file, replace(ExportOptions("fp32"), pixels="float32")) == []
    assert not (tmp_path / "steadfast.steady.onnx").exists()


def test_the_network_is_left_as_it_was(checkpoint: Path, tmp_path: Path) -> None:
    source = load_source(str(checkpoint))
    assert source.recurrent is not None
    before = {name: value.clone() for name, value in source.recurrent.state_dict().items()}
    TARGETS["onnx"].write(source, tmp_path / "steadfast.onnx", ExportOptions("fp16"))
    after = source.recurrent.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_what_ships_can_be_trained_on(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the style's name, from both of its files, halves and all, to the same two files again."""
    styles = tmp_path / "styles"
    styles.mkdir()
    monkeypatch.setenv("LIVEBRUSH_STYLES", str(styles))
    TARGETS["onnx"].write(load_source(str(checkpoint)), styles / "steadfast.onnx", ExportOptions("fp16"))
    source = load_source("steadfast")
    assert source.recurrent is not None
    TARGETS["checkpoint"].write(source, tmp_path / "back.pt", ExportOptions("fp32"))
    network, content = load_transform_net(tmp_path / "back.pt")
    assert content["preset"] == "recurrent" and content["training"]["pictures"] == 8
    for name, value in make_network().state_dict().items():
        halved = value.half().float() if value.numel() >= 64 else value
        torch.testing.assert_close(network.state_dict()[name], halved, rtol=1e-6, atol=1e-7)
    again = tmp_path / "steadfast.onnx"
    TARGETS["onnx"].write(load_source(str(tmp_path / "back.pt")), again, ExportOptions("fp16"))
    assert read_contract(again).weights_sha256 == read_contract(styles / "steadfast.onnx").weights_sha256
