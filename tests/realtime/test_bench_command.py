"""`python -m realtime bench` from the outside."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer

from realtime.bench_command import bench
from realtime.cli import main

QUICK = ["--size", "64x64", "--frames", "2", "--threads", "1", "--device", "cpu"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["bench", *arguments]) == 0
    return capsys.readouterr().out


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_two_engines_are_compared_network_beside_loop(
    capsys: pytest.CaptureFixture[str], network_style: Path, tmp_path: Path
) -> None:
    file = tmp_path / "compared.json"
    contenders = [f"{network_style}@onnxruntime", f"{network_style}@openvino:fp32"]
    out = run(capsys, "--compare", *contenders, "--loop", *QUICK, "--rounds", "2", "--json", str(file))
    for row in ("A │ network alone", "B │ network alone", "B │ loop, camera", "B │ loop, file"):
        assert row in out
    assert "of network" in out
    result = read(file)
    assert [contender["name"] for contender in result["sizes"][0]["contenders"]] == contenders
    assert result["rounds"] == 2
    assert result["machine"]["versions"]["onnxruntime"]


def test_a_shipped_style_is_compared_with_itself_without_a_loop(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "compared.json"
    out = run(
        capsys,
        *("--compare", "starry_night", "starry_night", "--engine", "onnxruntime"),
        *(*QUICK, "--rounds", "1", "--json", str(file)),
    )
    assert "loop" not in out
    assert "of network" not in out
    for contender in read(file)["sizes"][0]["contenders"]:
        assert contender["engine"]["name"] == "onnxruntime"
        assert contender["loops"] == {}


def test_a_comparison_takes_several_sizes(
    capsys: pytest.CaptureFixture[str], tiny_style: Path, tmp_path: Path
) -> None:
    file = tmp_path / "compared.json"
    two = [str(tiny_style), str(tiny_style)]
    run(capsys, "--compare", *two, *QUICK, "--size", "96x64", "--rounds", "1", "--json", str(file))
    assert [at_size["size"] for at_size in read(file)["sizes"]] == ["64x64", "96x64"]


def test_a_profile_says_where_its_files_are(
    capsys: pytest.CaptureFixture[str], network_style: Path, tmp_path: Path
) -> None:
    folder, file = tmp_path / "profiles", tmp_path / "profile.json"
    style = f"{network_style}@onnxruntime:fp32"
    out = run(capsys, "--profile", str(folder), "--style", style, *QUICK, "--json", str(file))
    result = read(file)
    assert result["runs"] == 2
    assert "Conv" in {entry["type"] for entry in result["types"]}
    for path in result["files"].values():
        assert Path(path).parent == folder
        assert path in out
    assert {Path(path) for path in result["files"].values()} == set(folder.iterdir())


def test_a_profile_without_a_folder_is_written_here(
    capsys: pytest.CaptureFixture[str], tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(capsys, "--profile", "--style", str(tiny_style), *QUICK, "--sort", "graph")
    assert any((tmp_path / "bench_profile").glob("tiny-*.trace.json"))


def test_a_style_is_measured_against_the_processor_s_own_rates(
    capsys: pytest.CaptureFixture[str], network_style: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rates.json"
    style = f"{network_style}@onnxruntime"
    out = run(capsys, "--rates", "--style", style, *QUICK, "--rounds", "1", "--json", str(file))
    assert "network alone" in out
    assert "whole loop" in out
    (at_size,) = read(file)["sizes"]
    assert at_size["size"] == "64x64"
    assert at_size["matmul_share"] > 0
    assert at_size["copy_share"] > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--compare"], "--compare takes two or more of NAME or FILE.onnx"),
        (["--compare", "udnie"], "got only udnie"),
        (["--compare", "udnie", "udnie@abacus"], "must be one of auto, onnxruntime, openvino"),
        (["--compare", "udnie", "undie"], "did you mean udnie?"),
        (["--compare", "udnie", "udnie@openvino:"], "such as starry_night@openvino:bf16"),
        (["--compare", "udnie", "udnie", "--style", "udnie"], "leave --style out"),
        (["--compare", "udnie", "udnie", "--source", "file"], "--compare --loop"),
        (["--compare", "udnie", "udnie", "--rounds", "0"], "rounds must be at least 1"),
        (["--compare", "udnie", "udnie", "--size", "32x32"], "from 64"),
        (["--compare", "udnie@openvino", "udnie", "--device", "cuda"], "openvino does not run on cuda"),
        (["--compare", "--profile", "udnie", "udnie"], "ask for one of them"),
        (["--profile", "udnie"], "--profile takes a folder"),
        (["--profile", "mine.onnx@openvino"], "--profile takes a folder"),
        (["--profile", "one", "two"], "one folder"),
        (["--profile", "--rounds", "2"], "no rounds"),
        (["--profile", "--sort", "name"], "--sort must be one of time, graph"),
        (["--profile", "--frames", "0"], "frames must be at least 1"),
        (["--profile", "--style", "udnie@openvino", "--device", "cuda"], "openvino does not run on cuda"),
        (["--source", "tape"], "--source must be one of both, all, memory, camera, file"),
        (["--sort", "time"], "--sort goes with --profile"),
        (["--loop"], "--loop goes with --compare"),
        (["--rates", "--compare", "udnie", "udnie"], "--rates goes with a plain bench"),
        (["--rates", "--source", "file"], "--source goes without --rates"),
        (["--rates", "udnie"], "name what paints with --style"),
        (["udnie"], "name what paints with --style"),
        (["--size", "640"], "--size must be WIDTHxHEIGHT"),
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
    assert main(["bench", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert says in line


def test_a_gpu_that_there_is_not_is_one_line_in_every_bench(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    onnxruntime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime may find a GPU")
    for arguments in (["--style", "udnie"], ["--compare", "udnie", "udnie"], ["--profile"]):
        assert main(["bench", *arguments, "--device", "cuda", "--size", "64x64"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "onnxruntime did not get CUDA" in line
        assert "--device cpu" in line


def test_every_example_of_the_help_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()
    app.command()(bench)
    known = {option for parameter in typer.main.get_command(app).params for option in parameter.opts}
    examples = [line.split() for line in (bench.__doc__ or "").splitlines() if "python -m" in line]
    assert len(examples) >= 4
    for words in examples:
        assert {word for word in words[3:] if word.startswith("-")} <= known


def test_the_loop_is_measured_with_a_mask_and_another_style_behind_it(
    capsys: pytest.CaptureFixture[str], tiny_style: Path, network_style: Path, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "mask.png"), np.full((8, 8), 128, np.uint8))
    file = tmp_path / "masked.json"
    words = ["--style", str(network_style), "--mask", str(tmp_path / "mask.png"), "--source", "file"]
    out = run(capsys, *words, "--background", str(tiny_style), *QUICK, "--rounds", "1", "--json", str(file))
    assert "mask alone" in out
    result = read(file)
    assert result["mask"]["text"].endswith("mask.png")
    assert result["mask"]["ms"]["median"] >= 0
    assert result["loops"]["file"]["frames"]["shown"] == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--background", "blur"], "--background is what stands around a mask"),
        (["--mask", "person", "--compare", "udnie", "udnie"], "--mask goes with a plain bench"),
        (["--mask", "missing.png"], "there is no such file"),
    ],
)
def test_a_mask_where_it_cannot_be_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main(["bench", *words, *QUICK]) == 2
    assert says in capsys.readouterr().err
