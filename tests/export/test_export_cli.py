from pathlib import Path

import pytest
import torch

from export.cli import app
from realtime.console import run_command
from realtime.contract import read_contract
from training.checkpoint import save_checkpoint
from training.networks.transform_net import build_transform_net


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    file = tmp_path / "plain.pt"
    credits = {"name": "plain", "title": "Plain", "artist": "nobody", "year": "1900"}
    weights = build_transform_net("fast").state_dict()
    save_checkpoint(
        file, {"kind": "transform", "preset": "fast", "weights": weights, "style": credits, "training": {}}
    )
    return file


def run(*arguments: object) -> int:
    return run_command(app, [str(argument) for argument in arguments], program="python -m export")


def test_a_checkpoint_becomes_a_style_file_in_a_folder(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "made" / "styles"
    assert run(checkpoint, "--to", "onnx", "--out", folder) == 0
    assert read_contract(folder / "plain.onnx").title == "Plain"
    assert "Plain, nobody, fast" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.pt"], "no checkpoint at missing.pt"),
        (["CHECKPOINT", "--to", "floppy"], "--to must be one of onnx, aoti, checkpoint, instead"),
        (["CHECKPOINT", "--pixels", "int3"], "--pixels must be uint8 or float32"),
        (["CHECKPOINT", "--weights", "int3"], "--weights must be fp16 or fp32"),
        (["CHECKPOINT", "--out", "x.txt"], "--out must be a folder or a file .onnx"),
        (["CHECKPOINT", "--out", "nowhere/x.onnx"], "there is no folder nowhere"),
        (["CHECKPOINT", "--colour"], "--colour"),
        (["stary_night"], "did you mean starry_night"),
        (["missing.onnx"], "style file missing.onnx does not exist"),
        ([], "source"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*(checkpoint if argument == "CHECKPOINT" else argument for argument in arguments)) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
