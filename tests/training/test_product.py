import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from motion_makers import sliding_texture

from training.clips import ClipFrame, write_lossless
from training.errors import ProductError
from training.judge.product import paint_clip

REPOSITORY = Path(__file__).parents[2]

IMPORT_THE_JUDGE = """
import sys
for hidden in ("realtime", "export"):
    sys.modules[hidden] = None
import training.evaluate_video, training.commands.evaluate_video, training.config_evaluate_video
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four frames of a sliding texture."""
    file = tmp_path_factory.mktemp("clips") / "clip.mkv"
    write_lossless(file, (ClipFrame(image, n / 25) for n, image in enumerate(sliding_texture(4))))
    return file


def test_the_product_paints_every_frame_and_says_what_ran(
    tiny_style: Path, clip: Path, tmp_path: Path
) -> None:
    seen: list[int] = []
    painted = paint_clip(tiny_style, clip, tmp_path / "painted", count=4, tick=seen.append)
    first, *others = zip(painted.frames(), sliding_texture(4), strict=True)
    assert (first[0] == 255 - first[1]).all()  # this style inverts
    for image, frame in others:  # and the product keeps it steady, which moves and blends
        assert np.abs(image - (255.0 - frame)).mean() < 8
    assert painted.engine["name"] in ("onnxruntime", "openvino")
    assert seen[-1] == 4 and seen == sorted(seen)


def test_a_style_that_the_product_cannot_open_is_said_in_its_own_words(clip: Path, tmp_path: Path) -> None:
    style = tmp_path / "broken.onnx"
    style.write_bytes(b"no style")
    with pytest.raises(ProductError, match=r"run_camera.py failed: .*broken.onnx") as caught:
        paint_clip(style, clip, tmp_path / "painted", count=4)
    assert "\n" not in str(caught.value) and "error:" not in str(caught.value)


def test_frames_that_the_product_lost_are_noticed(tiny_style: Path, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ProductError, match="painted 4 of the clip's 5 frames"):
        paint_clip(tiny_style, clip, tmp_path / "painted", count=5)


def test_the_judge_imports_neither_the_runtime_nor_export() -> None:
    subprocess.run([sys.executable, "-c", IMPORT_THE_JUDGE], cwd=REPOSITORY, check=True)
