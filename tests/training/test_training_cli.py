import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from training.checkpoint import load_checkpoint
from training.cli import app
from training.console import run

REPOSITORY = Path(__file__).parents[2]


def arguments(style_picture: Path, photographs: Path, feature_weights: Path, out: Path) -> list[str]:
    options = {
        "--style-image": style_picture,
        "--content": photographs,
        "-o": out,
        "--steps": 3,
        "--batch-size": 1,
        "--crop-size": 64,
        "--style-size": 64,
        "--weights": feature_weights,
        "--device": "cpu",
        "--checkpoint-minutes": 0,
    }
    return ["transform", *(str(part) for pair in options.items() for part in pair)]


def test_the_command_trains_and_says_where_things_are(
    style_picture: Path,
    photographs: Path,
    feature_weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "stripes.pt"
    extra = ["--artist", "nobody", "--style-layers", "relu1_1,small:relu4_1"]
    assert run(app, [*arguments(style_picture, photographs, feature_weights, out), *extra]) == 0
    assert load_checkpoint(out)["style"] == {
        "name": "stripes",
        "title": "Stripes",
        "artist": "nobody",
        "year": "unknown",
    }
    assert f"{out}: turbo, 3 steps" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["transform", "texture"])
def test_another_feature_network_compares_in_its_own_layers(
    command: str, style_picture: Path, photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "stripes.pt"
    line = [command, *arguments(style_picture, photographs, feature_weights, out)[1:]]
    assert run(app, [*line, "--features", "small", "--steps", "1"]) == 0
    training = load_checkpoint(out)["training"]
    assert training["content_layers"] == ["small:relu3_1"] and "small:relu5_1" in training["style_layers"]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--steps", "0"], "--steps must be between 1"),
        (["--steps", "many"], "--steps"),
        (["--precision", "fp8"], "--precision must be one of auto, fp32, bf16"),
        (["--loss", "bn:0.7+pol:0.3"], "--loss: 'pol' in 'bn:0.7+pol:0.3' is no style loss"),
        (["--style-layers", "relu9_9"], "vgg19:relu9_9 is not in"),
        (["--style-image", "missing.jpg"], "cannot read missing.jpg"),
        (["--content", "missing"], "no folder at missing"),
        (["--weights", "missing"], "no feature weights at missing"),
        (["--init-from", "missing.pt"], "no checkpoint at missing.pt"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    extra: list[str],
    message: str,
    style_picture: Path,
    photographs: Path,
    feature_weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = [*arguments(style_picture, photographs, feature_weights, tmp_path / "x.pt"), *extra]
    assert run(app, line) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "x.pt").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
def test_a_training_killed_outright_ends_like_one_left_alone(
    style_picture: Path, photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    steps = ["--steps", "6", "--precision", "fp32", "--threads", "1"]

    def command(name: str) -> list[str]:
        line = arguments(style_picture, photographs, feature_weights, tmp_path / f"{name}.pt")
        return [sys.executable, "-m", "training", *line, *steps]

    with subprocess.Popen(command("killed"), env=environment, cwd=tmp_path) as process:
        resume_file = tmp_path / "killed.run" / "checkpoint.pt"
        while process.poll() is None and not resume_file.exists():
            time.sleep(0.01)  # for an event, not for a time
        process.send_signal(signal.SIGKILL)
    subprocess.run(command("killed"), env=environment, cwd=tmp_path, check=True)
    subprocess.run(command("alone"), env=environment, cwd=tmp_path, check=True)
    killed, alone = (load_checkpoint(tmp_path / f"{n}.pt")["weights"] for n in ("killed", "alone"))
    for name, value in alone.items():
        assert torch.equal(killed[name], value), name


def test_two_devices_through_fabric_train_one_network(
    style_picture: Path, photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    pytest.importorskip("lightning")
    line = arguments(style_picture, photographs, feature_weights, tmp_path / "two.pt")
    command = [sys.executable, "-m", "training", *line, "--devices", "2", "--batch-size", "2"]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, cwd=tmp_path, check=True)
    assert load_checkpoint(tmp_path / "two.pt")["training"]["pictures"] == 6
