"""The student as a file: what torch paints, every engine paints, at any size and with any regions."""

from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from export.cli import app
from export.to_student import StudentGraph
from realtime.engine import EngineOptions
from realtime.student import StudentPlan, measure_style, open_student, regions_of
from training.networks.student_net import StudentNet
from training.student_trainer import load_student_net


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = StudentNet()
    file = tmp_path_factory.mktemp("student") / "student.pt"
    content = {"kind": "student", "widths": [24, 48, 96], "weights": network.state_dict(), "training": {}}
    torch.save({"format": "livebrush", "version": 1, **content}, file)
    return file


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    done = CliRunner().invoke(app, [str(checkpoint), "--to", "onnx", "-o", str(checkpoint.parent)])
    assert done.exit_code == 0, done.output
    assert "levels of 255" in done.output  # it was compared in the engines
    return checkpoint.with_suffix(".onnx")


def test_the_file_says_what_it_is(exported: Path) -> None:
    plan = StudentPlan.read(exported)
    assert plan.numbers == StudentNet().numbers
    assert plan.contract.size_multiple == 8 and plan.contract.weights_precision == "fp16"
    assert exported.stat().st_size < 2_000_000


@pytest.mark.parametrize("regions", [1, 4])
def test_any_number_of_regions_and_any_size(regions: int, checkpoint: Path, exported: Path) -> None:
    graph, _ = open_student(exported, EngineOptions())
    chance = np.random.default_rng(regions)
    frame = chance.integers(0, 256, (64, 80, 3), dtype=np.uint8)
    alphas = [chance.integers(0, 256, (64, 80), dtype=np.uint8) for _ in range(regions - 1)]
    masks = regions_of(alphas) if alphas else np.full((1, 1, 64, 80), 255, np.uint8)
    found = measure_style(graph, StudentPlan.read(exported), frame, masks)
    network, _ = load_student_net(checkpoint)
    with torch.no_grad():
        inputs = (torch.from_numpy(frame)[None], torch.from_numpy(masks), torch.ones(1, regions, 336))
        expected = StudentGraph(network)(*inputs)[1][0].numpy()
    assert found == pytest.approx(expected, rel=0.02, abs=0.02)


def test_a_student_does_not_go_where_its_regions_cannot(checkpoint: Path) -> None:
    done = CliRunner().invoke(app, [str(checkpoint), "--to", "ncnn"])
    assert done.exit_code != 0
    assert "which the converter cannot leave free; take ort" in f"{done.output}{done.exception}"
