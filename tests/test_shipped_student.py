"""The student that ships: small, in the style of a picture it has never seen, its regions apart."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from regions_apart import MOST, apart, inside

from realtime.demo import draw_demo_frame
from realtime.engine import EngineOptions, is_installed
from realtime.student import (
    STYLE_SIDE,
    OpenStudent,
    StudentPlan,
    measure_style,
    open_student,
    paint_regions,
    regions_of,
)

PACKAGE = Path(__file__).parents[1] / "realtime"
FILE = PACKAGE / "models" / "student.onnx"


@pytest.fixture(scope="module")
def opened() -> OpenStudent:
    return open_student(FILE, EngineOptions(precision="fp32"))


def styles(opened: OpenStudent, *names: str) -> NDArray[np.float32]:
    """Return the vectors of what shipped styles are shown as: swatches of their strokes."""
    found = []
    for name in names:
        swatch = cv2.imread(str(PACKAGE / "page" / "thumbnails" / f"{name}.jpg"))
        picture = cv2.resize(np.asarray(swatch, np.uint8), (STYLE_SIDE, STYLE_SIDE)).astype(np.uint8)
        masks = np.full((1, 1, STYLE_SIDE, STYLE_SIDE), 255, np.uint8)
        found.append(measure_style(opened.run, StudentPlan.read(FILE), picture, masks)[0])
    return np.stack(found)


def test_the_file_is_small_and_says_what_goes_in() -> None:
    plan = StudentPlan.read(FILE)
    assert FILE.stat().st_size <= 3_000_000
    assert plan.contract.preset == "student" and plan.contract.size_multiple == 4
    assert plan.contract.training["pictures"] >= 12_000


@pytest.mark.parametrize("moment", [10, 60])
def test_a_part_s_style_does_not_bleed_into_the_other(opened: OpenStudent, moment: int) -> None:
    frame = draw_demo_frame(moment, (640, 360))
    alpha = np.zeros(frame.shape[:2], np.uint8)
    cv2.circle(alpha, (300, 170), 110, 255, -1)
    masks = regions_of([alpha])
    both = styles(opened, "the_great_wave", "composition_vii")
    joined = paint_regions(opened.run, frame, masks, both)
    alone = [paint_regions(opened.run, frame, masks, np.stack([one, one])) for one in both]
    for place, region in enumerate((inside(alpha), inside(255 - alpha))):
        assert apart(alone[0], alone[1], region) > 2 * MOST  # else this would tell nothing
        assert apart(joined, alone[place], region) < MOST


def test_what_bf16_paints_is_nearly_the_same(opened: OpenStudent) -> None:
    if not is_installed("openvino"):
        pytest.skip("OpenVINO runs the student in bf16")
    narrow = open_student(FILE, EngineOptions(engine="openvino"))
    if narrow.precision != "bf16":
        pytest.skip("this processor has no bf16")
    frame, style = draw_demo_frame(30, (320, 180)), styles(opened, "udnie", "the_kiss")
    alpha = np.zeros((180, 320), np.uint8)
    alpha[:, :150] = 255
    exact, near = (paint_regions(run, frame, regions_of([alpha]), style) for run in (opened.run, narrow.run))
    error = np.square(exact.astype(float) - near).mean()
    assert 10 * np.log10(255**2 / error) > 40


def test_frames_of_one_colour_and_of_noise_are_painted(opened: OpenStudent) -> None:
    style = styles(opened, "udnie", "the_kiss")
    nobody = regions_of([np.zeros((64, 96), np.uint8)])
    for value in (0, 128, 255):
        painted = paint_regions(opened.run, np.full((64, 96, 3), value, np.uint8), nobody, style)
        assert painted.shape == (64, 96, 3) and painted.std() < 40
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    assert paint_regions(opened.run, noise, nobody, style).std() > 5


def test_unseen_paintings_are_followed(shared_dir: Path, tmp_path: Path) -> None:
    """By the judge, on paintings and photographs that were not trained on."""
    from export.student_targets import student_of, write_student
    from training.config_evaluate_meta import EvaluateMetaConfig
    from training.evaluate_meta import evaluate_meta

    checkpoint, chosen = tmp_path / "student.pt", tmp_path / "styles"
    chosen.mkdir()
    for file in sorted((shared_dir / "data" / "style" / "test").glob("*.jpg"))[::6]:
        (chosen / file.name).symlink_to(file)
    write_student(*student_of(FILE), "checkpoint", checkpoint)
    config = EvaluateMetaConfig(
        meta=checkpoint,
        styles=chosen,
        content=shared_dir / "data" / "content" / "test",
        out=tmp_path / "judged",
        sizes=(192,),
        photographs=2,
        shown=1,
        weights=shared_dir / "weights",
        device="cpu",
    )
    pairs = evaluate_meta(config)
    assert len(pairs) >= 6
    assert float(np.median([pair.style_drop for pair in pairs])) > 0.7  # 0.83 was measured
