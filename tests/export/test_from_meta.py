from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from export.cli import app
from export.errors import ExportError
from export.from_meta import checkpoint_of_meta
from export.to_meta import export_meta
from realtime.console import run_command
from training.checkpoint import load_meta_net, save_checkpoint
from training.networks.meta_style import MetaPlan, MetaStyle, build_meta_style

PLAN = MetaPlan(preset="turbo", statistics=12, numbers=8, generate="more", hidden=8, encoder="small")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[MetaStyle, Path]:
    torch.manual_seed(0)
    meta_style = build_meta_style(PLAN).eval()
    meta_style.scale.measure(torch.rand(40, 12) + 0.1)
    with torch.no_grad():
        for name, value in meta_style.named_parameters():
            if name.endswith(".bias") and name.startswith("encoder."):
                value.normal_(std=0.1)  # a bias of zeros is left out of a graph
    content = {
        "kind": "meta",
        "preset": PLAN.preset,
        "plan": asdict(PLAN),
        "encoder": {"layers": ["small:relu1_1"], "style_size": 64},
        "training": {"pictures": 8, "features": "small", "styles": ["a", "b"]},
    }
    file = tmp_path_factory.mktemp("exported") / "meta.npz"
    export_meta(meta_style, content, file)
    return meta_style, file


def test_a_meta_network_comes_back_and_paints_alike(exported: tuple[MetaStyle, Path], tmp_path: Path) -> None:
    before, file = exported
    _, content = checkpoint_of_meta(file)
    save_checkpoint(tmp_path / "meta.pt", content)
    after, loaded = load_meta_net(tmp_path / "meta.pt")
    assert loaded["encoder"] == {"layers": ["small:relu1_1"], "style_size": 64}
    assert loaded["training"]["pictures"] == 8
    for name, value in before.state_dict().items():
        allowed = 0.006 if "writers" in name else 0.001  # 8 bits, 16 bits, of the largest
        missed = float((after.state_dict()[name] - value).abs().max() / value.abs().max().clamp_min(1e-6))
        assert missed < allowed, name
    style, frame = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        painted = [one(style, None, frame, [1])[1] for one in (before, after)]
    assert (painted[0] - painted[1]).abs().mean() < 0.01


def test_what_came_back_leaves_again_as_the_same_numbers(
    exported: tuple[MetaStyle, Path], tmp_path: Path
) -> None:
    _, file = exported
    again = tmp_path / "meta.npz"
    export_meta(*checkpoint_of_meta(file), again)
    with np.load(file) as first, np.load(again) as second:
        assert first.files == second.files
        for name in first.files:
            if name.startswith("writer_"):
                assert np.abs(first[name].astype(int) - second[name].astype(int)).max() <= 1, name


def test_the_command_writes_the_checkpoint(
    exported: tuple[MetaStyle, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(exported[1]), "--to", "checkpoint", "-o", str(tmp_path / "back.pt")]
    assert run_command(app, command, program="python -m export") == 0
    assert "writes turbo networks, trained on 8 photographs" in capsys.readouterr().out
    assert load_meta_net(tmp_path / "back.pt")[1]["kind"] == "meta"
    assert run_command(app, [str(exported[1]), "--to", "onnx"], program="python -m export") == 2
    assert "which is exported --to checkpoint" in capsys.readouterr().err


def test_a_file_of_an_earlier_version_says_so(exported: tuple[MetaStyle, Path], tmp_path: Path) -> None:
    old = tmp_path / "meta.npz"
    with np.load(exported[1]) as arrays:
        np.savez(old, **{name: arrays[name] for name in arrays.files if name != "checkpoint"})
    with pytest.raises(ExportError, match="by an earlier version, without what a training wants"):
        checkpoint_of_meta(old)
