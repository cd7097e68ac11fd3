import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from meta_makers import make_meta_file, write_flat

from training.checkpoint import save_checkpoint
from training.cli import app
from training.console import run
from training.evaluate_meta import Pair
from training.images import read_rgb
from training.judge.fixed_loss import Score
from training.networks.meta_style import MetaPlan, build_meta_style
from training.networks.student_net import StudentNet


@pytest.fixture
def pictures(photographs: Path, style_picture: Path, tmp_path: Path) -> list[str]:
    """Two photographs, and two styles: one of stripes, one all green."""
    content, styles = tmp_path / "content", tmp_path / "styles"
    content.mkdir()
    styles.mkdir()
    for name in ("0.png", "3.png"):
        shutil.copy(photographs / name, content)
    shutil.copy(style_picture, styles / "stripes.png")
    write_flat(styles / "green.png", (20, 200, 30), (96, 96))
    return ["--styles", str(styles), "--content", str(content)]


def judge(meta: Path, pictures: list[str], feature_weights: Path, *options: str) -> int:
    fixed = ["--weights", str(feature_weights), "--precision", "fp32", "--threads", "1", "--shown", "2"]
    return run(app, ["evaluate-meta", str(meta), *pictures, *fixed, *options])


def test_a_file_of_the_runtime_is_judged_on_every_style_against_every_photograph(
    pictures: list[str], feature_weights: Path, tmp_path: Path
) -> None:
    meta, out = make_meta_file(tmp_path / "models" / "meta.npz"), tmp_path / "judged"
    options = ["--sizes", "64,80", "--references", "64:1", "--steps", "4"]
    options += ["--cache", str(tmp_path / "cache"), "-o", str(out), "--json", str(tmp_path / "copy.json")]
    assert judge(meta, pictures, feature_weights, *options) == 0
    report = json.loads((out / "report.json").read_text())
    assert report == json.loads((tmp_path / "copy.json").read_text())
    pairs = {(pair["style"], pair["photograph"], pair["size"]): pair for pair in report["pairs"]}
    assert len(pairs) == len(report["pairs"]) == 2 * 2 * 2
    optimized = [pair for pair in report["pairs"] if pair["optimized"] is not None]
    assert {(pair["style"], pair["size"]) for pair in optimized} == {("green", 64), ("stripes", 64)}
    small, large = report["sizes"]
    assert (small["pairs"], small["optimized_pairs"], large["optimized_pairs"]) == (4, 2, 0)
    for pair in optimized:
        gone, way = pair["untouched"] - pair["total"], pair["untouched"] - pair["optimized"]
        assert pair["gap_closed"] == pytest.approx(gone / way)
    # What this meta network paints is a quarter of the frame and half of the style's mean colour.
    sheet = read_rgb(out / "sheet.png").astype(float)
    green = sheet[206 + 40 : 206 + 160, 206 + 20 : 206 + 180]
    assert green[..., 1].mean() > green[..., 0].mean() + 50


def test_a_student_is_judged_by_what_it_paints_in_all_of_a_photograph(
    pictures: list[str], feature_weights: Path, tmp_path: Path
) -> None:
    network, file = StudentNet(), tmp_path / "student.pt"
    with torch.no_grad():  # it paints one flat green, whatever it is given
        network.to_cells.weight.zero_()
        network.write.weight.zero_()
        network.to_cells.bias.copy_(torch.tensor([-9.0, 9.0, -9.0]).repeat_interleave(4))
    content = {"kind": "student", "preset": "student", "weights": network.state_dict(), "training": {}}
    save_checkpoint(file, content)
    options = ["--sizes", "66", "--photographs", "1", "-o", str(tmp_path / "j")]
    assert judge(file, pictures, feature_weights, *options) == 0
    report = json.loads((tmp_path / "j" / "report.json").read_text())
    green, stripes = sorted(report["pairs"], key=lambda pair: str(pair["style"]))
    assert (green["style"], stripes["style"]) == ("green", "stripes")
    assert green["style_loss"] < 0.5 * stripes["style_loss"]
    sheet = read_rgb(tmp_path / "j" / "sheet.png").astype(float)
    assert (sheet[206 + 40 : 206 + 160, 206 + 20 : 206 + 180] < [40, 256, 40]).all()


def test_a_checkpoint_is_judged_without_the_runtime(
    pictures: list[str], feature_weights: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    plan = MetaPlan(preset="turbo", statistics=12, numbers=8, generate="more", hidden=8, encoder="small")
    meta_style, file = build_meta_style(plan).eval(), tmp_path / "meta.pt"
    content = {
        "kind": "meta",
        "preset": "turbo",
        "weights": meta_style.state_dict(),
        "plan": asdict(plan),
        "encoder": {"layers": [], "style_size": 64},
        "training": {"features": "small"},
    }
    save_checkpoint(file, content)
    assert (
        judge(file, pictures, feature_weights, "--sizes", "64", "--photographs", "1", "-o", f"{tmp_path}/j")
        == 0
    )
    report = json.loads((tmp_path / "j" / "report.json").read_text())
    assert [pair["style"] for pair in report["pairs"]] == ["green", "stripes"]
    assert all(np.isfinite(pair["total"]) and pair["optimized"] is None for pair in report["pairs"])


def test_the_gap_is_closed_from_the_photographs_total_to_the_optimised_ones() -> None:
    pair = Pair("s", "p", 256, Score(0.0, 0.5), Score(1.0, 0.125), Score(0.5, 0.0625))
    assert pair.closed_at_least == 1 - 2 / 4
    assert pair.closed == (4 - 2) / (4 - 1)
    assert pair.style_drop == 0.75


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.pt"], "no meta network at missing.pt: give a checkpoint .pt, or a meta.npz"),
        (["META", "--sizes", "many"], "--sizes must be numbers with commas"),
        (["META", "--references", "300:1"], "--references names size 300"),
        (["META", "--photographs", "0"], "--photographs must be at least 1"),
    ],
)
def test_what_cannot_be_judged_is_one_line(
    arguments: list[str],
    message: str,
    pictures: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    meta = str(make_meta_file(tmp_path / "meta.npz"))
    line = [meta if argument == "META" else argument for argument in arguments]
    assert run(app, ["evaluate-meta", *line, *pictures]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
