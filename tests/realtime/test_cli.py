"""`python -m realtime` from the outside."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from onnx_makers import make_style_onnx

from realtime.catalog import list_styles
from realtime.cli import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def one_style_of_the_user(user_styles: Path) -> None:
    make_style_onnx(user_styles / "mine.onnx", title="My Style", artist="Me")


def test_styles_are_listed_in_a_table(capsys: pytest.CaptureFixture[str], user_styles: Path) -> None:
    assert main(["styles"]) == 0
    out = capsys.readouterr().out
    assert "mine" in out
    assert str(user_styles) in out.replace("\n", "")


def test_styles_as_json_can_be_read_by_a_program(
    capsys: pytest.CaptureFixture[str], user_styles: Path
) -> None:
    (user_styles / "broken.onnx").write_bytes(b"not a network")
    assert main(["styles", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [style["name"] for style in listed["styles"]] == [style.name for style in list_styles()]
    mine = next(style for style in listed["styles"] if style["name"] == "mine")
    assert mine["shipped"] is False
    assert mine["contract"]["artist"] == "Me"
    assert len(listed["problems"]) == 1
    assert "broken.onnx" in listed["problems"][0]


def test_a_style_that_cannot_be_used_is_named_below_the_table(
    capsys: pytest.CaptureFixture[str], user_styles: Path
) -> None:
    (user_styles / "broken.onnx").write_bytes(b"not a network")
    assert main(["styles"]) == 0
    assert "left out: " in capsys.readouterr().out


def test_the_sheet_is_a_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["styles", "--sheet", str(tmp_path / "sheet.png")]) == 0
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None
    assert sheet.std() > 10
    assert "sheet.png" in capsys.readouterr().out.replace("\n", "")


def test_bench_prints_and_writes_what_it_measured(
    capsys: pytest.CaptureFixture[str], tiny_style: Path, tmp_path: Path
) -> None:
    arguments = ["bench", "--style", str(tiny_style), "--size", "96x64", "--frames", "3", "--rounds", "1"]
    assert main([*arguments, "--threads", "1", "--json", str(tmp_path / "bench.json")]) == 0
    assert "network alone" in capsys.readouterr().out
    result = json.loads((tmp_path / "bench.json").read_text())
    assert result["engine"]["threads"] == 1
    assert result["loop_share"] > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bench", "--style", "no_such_style"], "no_such_style"),
        (["bench", "--size", "640"], "--size must be WIDTHxHEIGHT"),
        (["bench", "--style", "mine", "--frames", "1"], "frames"),
        (["bench", "--style", "mine", "--json", "nowhere/b.json"], "there is no folder nowhere"),
        (["bench", "--style", "mine", "--engine", "abacus"], "abacus"),
        (["styles", "--sheet", "nowhere/sheet.png"], "nowhere"),
        (["styles", "--sheets"], "--sheets"),
        (["paint"], "paint"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert says in line


@pytest.mark.parametrize("command", [[], ["styles"], ["bench"]])
def test_every_command_explains_itself_with_an_example(
    capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([*command, "--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"python -m realtime {' '.join(command)}".strip() in out or "run_camera.py --help" in out


def test_the_module_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "realtime", "styles", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert any(style["name"] == "mine" for style in json.loads(done.stdout)["styles"])
