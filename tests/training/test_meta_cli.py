import json
import shutil
from pathlib import Path

import pytest

from training.checkpoint import load_checkpoint
from training.cli import app
from training.console import run

SMALL = (
    "--features small --preset turbo --hidden 2 --style-numbers 4 --measured-styles 16 --style-size 64 "
    "--steps 2 --batch-size 2 --crop-size 64 --steps-per-style 1 --device cpu"
)


def test_the_command_trains_and_the_same_command_has_nothing_left_to_do(
    style_picture: Path,
    photographs: Path,
    feature_weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, folder = tmp_path / "meta.pt", tmp_path / "paintings"
    folder.mkdir()
    shutil.copy(style_picture, folder / "a.png")
    line = ["meta", "--styles", str(folder), "--styles", str(style_picture.parent), "-o", str(out)]
    line += ["--content", str(photographs), "--weights", str(feature_weights), *SMALL.split()]
    # Nothing broken may stand in the way: the folder of photographs has a file that is none.
    line += ["--samples", str(folder), "--style-layers", "relu1_1,relu2_1", "--content-layers", "relu2_1"]
    assert run(app, line) == 0
    printed = capsys.readouterr()
    assert f"{out}: turbo, 2 steps" in printed.out
    content = load_checkpoint(out)
    assert content["kind"] == "meta" and content["plan"]["preset"] == "turbo"
    assert content["encoder"]["layers"] == [f"small:relu{group}_1" for group in range(1, 6)]
    assert len((tmp_path / "meta.run" / "held_out.jsonl").read_text().splitlines()) == 1
    assert len(json.loads((tmp_path / "meta.run" / "losses.json").read_text())) == 2
    assert run(app, line) == 0
    assert f"{out}: turbo, 2 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--styles"),
        (["--styles", "none", "--content", "none"], "no folder at none: --content wants a folder"),
        (["--styles", "none", "--content", "PHOTOS"], "no folder at none: --styles wants a folder of paint"),
        (["--styles", "none", "--content", "none", "--preset", "paper"], "--preset must be one of turbo"),
        (["--styles", "none", "--content", "none", "--batch-size", "3", "--styles-per-step", "2"], "divide"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    arguments: list[str],
    message: str,
    photographs: Path,
    feature_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVEBRUSH_WEIGHTS", str(feature_weights))
    given = [str(photographs) if argument == "PHOTOS" else argument for argument in arguments]
    assert run(app, ["meta", "-o", "meta.pt", "--features", "small", *given]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not list(tmp_path.glob("meta*"))


def test_the_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["meta", "--help"]) == 0
    assert "python -m training meta --styles paintings --content photos -o meta.pt" in " ".join(
        capsys.readouterr().out.split()
    )
