"""The student as a file: what torch paints, every engine paints, at any size and with any regions."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from typer.testing import CliRunner

from export.cli import app
from export.student_targets import student_of
from export.to_student import StudentGraph
from realtime.engine import EngineOptions
from realtime.student import (
    PICTURE_MULTIPLE,
    StudentPlan,
    measure_style,
    open_student,
    paint_regions,
    regions_of,
)
from training.checkpoint import load_student_net
from training.config_student import StudentConfig
from training.networks.student_net import StudentNet
from training.networks.style_encoder import STYLE_MULTIPLE


@pytest.fixture(scope="module")
def exported(student_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    done = CliRunner().invoke(app, [str(student_checkpoint), "--to", "onnx", "-o", str(folder)])
    assert done.exit_code == 0, done.output
    assert "levels of 255" in done.output  # it was compared in the engines
    return folder / "student.onnx"


def test_the_file_says_what_it_is(exported: Path) -> None:
    plan = StudentPlan.read(exported)
    assert plan.numbers == StudentNet().numbers and PICTURE_MULTIPLE == STYLE_MULTIPLE
    assert plan.contract.size_multiple == 4 and plan.contract.weights_precision == "fp16"
    assert exported.stat().st_size < 3_000_000


@pytest.mark.parametrize("regions", [1, 4])
def test_any_number_of_regions_and_any_size(regions: int, student_checkpoint: Path, exported: Path) -> None:
    graph = open_student(exported, EngineOptions(precision="fp32")).run
    chance = np.random.default_rng(regions)
    frame, masks = practice(chance, (68, 100), regions)
    picture, picture_masks = practice(chance, (64, 80), regions)
    style = measure_style(graph, StudentPlan.read(exported), picture, picture_masks)
    painted = paint_regions(graph, frame, masks, style)
    network, _ = load_student_net(student_checkpoint)
    with torch.no_grad():
        inputs = (frame[None], masks, style[None], picture[None], picture_masks)
        painting, vectors = StudentGraph(network)(*(torch.from_numpy(one) for one in inputs))
    assert style == pytest.approx(vectors[0].numpy(), rel=0.02, abs=0.02)
    assert np.abs(painted.astype(int) - painting[0].numpy()).mean() < 0.5  # weights are halves


def test_it_comes_back_as_the_checkpoint_that_it_was_exported_from(
    student_checkpoint: Path, exported: Path
) -> None:
    network, content = student_of(exported)
    # What `Trainer._content` writes, so that --init-from takes it.
    assert content.keys() == {"kind", "preset", "with_content", "weights", "training"}
    assert content["kind"] == "student" and content["with_content"]
    assert content["preset"] in StudentConfig.presets
    wanted = load_student_net(student_checkpoint)[0].state_dict()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, wanted[name], rtol=1e-3, atol=1e-3, msg=name)  # halves


def practice(
    chance: np.random.Generator, size_hw: tuple[int, int], regions: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a picture and its masks, by chance."""
    image = chance.integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    alphas = [chance.integers(0, 256, size_hw, dtype=np.uint8) for _ in range(regions - 1)]
    return image, regions_of(alphas) if alphas else np.full((1, 1, *size_hw), 255, np.uint8)


def test_a_student_does_not_go_where_its_regions_cannot(student_checkpoint: Path) -> None:
    done = CliRunner().invoke(app, [str(student_checkpoint), "--to", "ncnn"])
    assert done.exit_code != 0
    assert "which the converter cannot leave free; take ort" in f"{done.output}{done.exception}"
