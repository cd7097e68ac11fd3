from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from meta_makers import COLOUR_SHARE, FRAME_SHARE, make_meta_file, write_flat

from export.cli import app
from export.from_onnx import checkpoint_of
from export.mixable import main, with_hidden
from export.to_onnx import export_onnx
from realtime.catalog import find_style
from realtime.console import run_command
from realtime.contract import read_contract
from realtime.engine import EngineOptions, open_engine
from realtime.errors import StyleFileError
from realtime.meta_file import MetaFile
from realtime.style_maker import StyleMaker, read_hidden
from training.checkpoint import save_checkpoint
from training.networks.transform_net import build_transform_net

CONTENT = {
    "kind": "transform",
    "preset": "turbo",
    "style": {"name": "plain", "title": "Plain", "artist": "nobody", "year": "1900"},
    "training": {"pictures": 8},
}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("LIVEBRUSH_STYLES", str(tmp_path / "styles"))
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "styles").mkdir()
    return make_meta_file(tmp_path / "models" / "meta.npz")


def test_a_style_of_its_own_network_mixes_with_a_picture_as_its_own_picture_does(
    models: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = build_transform_net("turbo").eval()
    own, other = write_flat(tmp_path / "own.png", (200, 40, 0)), write_flat(tmp_path / "b.png", (0, 80, 160))
    weights = network.state_dict()
    save_checkpoint(tmp_path / "plain.pt", {**CONTENT, "with_content": True, "weights": weights})
    command = [
        str(tmp_path / "plain.pt"),
        "--picture",
        str(own),
        "--no-verify",
        "-o",
        str(tmp_path / "styles"),
    ]
    assert run_command(app, command, program="python -m export") == 0
    alone = find_style("plain")
    assert alone.contract.training["pictures"] == 8
    frame = np.full((64, 64, 3), 100, np.uint8)
    mixed = open_engine(find_style(f"plain:0.5,{other}:0.5"), EngineOptions(device="cpu")).infer(frame)
    expected = FRAME_SHARE * 100 + COLOUR_SHARE * np.array([100, 60, 80])
    np.testing.assert_allclose(mixed.mean(axis=(0, 1)), expected, atol=1)
    assert not np.allclose(open_engine(alone, EngineOptions(device="cpu")).infer(frame), mixed, atol=5)


def test_its_weights_still_answer_for_themselves(models: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    file = tmp_path / "plain.onnx"
    own = write_flat(tmp_path / "own.png", (200, 40, 0))
    export_onnx(build_transform_net("turbo").eval(), with_hidden(CONTENT, own), file)
    _, content = checkpoint_of(file)
    assert content["training"].keys() == {"pictures", "hidden", "meta"}


def test_without_a_meta_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(tmp_path))
    with pytest.raises(StyleFileError, match="no meta network is installed"):
        with_hidden(CONTENT, write_flat(tmp_path / "own.png", (200, 40, 0)))


def test_another_meta_network_s_numbers_take_the_place_of_the_old_ones(models: Path, tmp_path: Path) -> None:
    own = write_flat(tmp_path / "plain.png", (200, 40, 0))
    torch.manual_seed(0)
    content = {**CONTENT, "training": {"pictures": 8, "meta": "another", "hidden": "AAAA"}}
    file = tmp_path / "styles" / "plain.onnx"
    export_onnx(build_transform_net("turbo").eval(), content, file)
    maker = StyleMaker(MetaFile(models))
    before, style = onnx.load(file), read_contract(file)
    assert read_hidden(style, maker) is None
    main(tmp_path / "styles", tmp_path)
    after, renewed = onnx.load(file), read_contract(file)
    assert after.graph == before.graph
    found = read_hidden(renewed, maker)
    assert found is not None
    notes = with_hidden({"training": {}}, own)["training"]
    assert {key: renewed.training[key] for key in notes} == notes
    assert replace(renewed, training=style.training) == style
