from pathlib import Path

import pytest
import torch

from export.cli import app
from export.verify import LIMITS_DB
from realtime.console import run_command
from realtime.contract import read_contract
from training.checkpoint import load_checkpoint, save_checkpoint
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
        (["CHECKPOINT", "--to", "onnx,floppy"], "--to must be one of onnx, "),
        (["CHECKPOINT", "--pixels", "int3"], "--pixels must be uint8 or float32"),
        (["CHECKPOINT", "--precision", "int3"], "--precision must be one of fp16, fp32"),
        (["CHECKPOINT", "--device", "tpu"], "--device must be cpu or cuda"),
        (
            ["CHECKPOINT", "--to", "onnx,aoti", "--out", "x.onnx"],
            "--out must be a folder",
        ),
        (["missing.jpg"], "style picture missing.jpg does not exist"),
        (["CHECKPOINT", "--out", "x.txt"], "--out must be a folder or a file .onnx"),
        (["CHECKPOINT", "--out", "nowhere/x.onnx"], "there is no folder nowhere"),
        (["CHECKPOINT", "--colour"], "--colour"),
        (["stary_night"], "did you mean starry_night"),
        (["missing.onnx"], "style file missing.onnx does not exist"),
        ([], "SOURCE"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*(checkpoint if argument == "CHECKPOINT" else argument for argument in arguments)) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_shipped_style_becomes_several_files_by_its_name_each_with_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("starry_night", "--to", "onnx,checkpoint", "--precision", "fp32", "-o", tmp_path) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    ends = (".onnx", ".onnx.json", ".onnx.md", ".pt", ".steady.onnx")
    assert names == [f"starry_night{end}" for end in ends]
    said = capsys.readouterr().out
    assert "starry_night.onnx: The Starry Night, Vincent van Gogh, turbo," in said
    assert "starry_night.pt: The Starry Night, Vincent van Gogh, recurrent," in said
    assert load_checkpoint(tmp_path / "starry_night.pt")["preset"] == "recurrent"
    assert "against the checkpoint" in said


def test_a_file_over_its_limit_is_exit_code_1_and_one_line(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(LIMITS_DB, "fp16", 200.0)
    assert run(checkpoint, "-o", tmp_path) == 1
    error = capsys.readouterr().err
    assert "plain.onnx in onnxruntime fp32, frame" in error and error.count("\n") == 1
    assert (tmp_path / "plain.onnx.worst.png").is_file()


def test_what_cannot_be_run_here_is_said_in_so_many_words_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("export.painter_engine.is_installed", lambda package: False)
    monkeypatch.setattr("realtime.engine.is_installed", lambda package: False)
    assert run("starry_night", "--precision", "fp32", "-o", tmp_path) == 0
    said = capsys.readouterr().out
    assert "onnx: not run here: openvino or onnxruntime is not installed; get it with: " in said
    assert 'pip install "livebrush[cpu]"' in said


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no such limit")
def test_a_checkpoint_on_a_full_disk_is_one_line_and_leaves_nothing(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource

    out = tmp_path / "made"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        assert run(checkpoint, "--to", "checkpoint", "-o", out) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    error = capsys.readouterr().err
    assert "cannot write" in error and error.count("\n") == 1
    assert list(out.iterdir()) == []
