"""Films that are painted already, judged beside the clip that they were made of."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from motion_makers import sliding_texture, write_frames
from torch import Tensor

from training import evaluate_video
from training.cli import app
from training.console import run
from training.evaluate_painted import Image
from training.flow_estimators import DisFlow


@pytest.fixture(autouse=True)
def dis_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No RAFT on this machine, and no line to get it through."""
    monkeypatch.delenv("LIVEBRUSH_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    write_frames(tmp_path / "clip", sliding_texture(4))
    return tmp_path / "clip"


def test_a_painting_that_flickers_is_told_from_one_that_does_not(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = sliding_texture(4)
    write_frames(tmp_path / "dark", [frame // 2 for frame in frames])
    chance = np.random.default_rng(0)
    noise = [chance.integers(-40, 40, frame.shape) for frame in frames]
    flickering = [np.clip(frame + noisy, 0, 255) for frame, noisy in zip(frames, noise, strict=True)]
    write_frames(tmp_path / "flickering", [frame.astype(np.uint8) for frame in flickering])
    found = {}
    for name in ("dark", "flickering"):
        report, sheet = tmp_path / f"{name}.json", tmp_path / f"{name}.png"
        more = ("--json", str(report), "--sheet", str(sheet))
        assert run(app, ["evaluate-video", str(tmp_path / name), str(clip), *more]) == 0
        plain = json.loads(report.read_text())
        assert plain["clips"].keys() == {"input", "painted"}
        assert plain["pairs"] == 3 and plain["complete"]
        assert plain["painting"].endswith(f"/{name}")
        assert cv2.imread(str(sheet)).std() > 20
        found[name] = plain["clips"]["painted"]["ratio_to_input"]
    assert found["dark"] == pytest.approx(0.25, rel=0.1)  # half the levels, a quarter of their squares
    assert found["flickering"] > 3
    printed = capsys.readouterr().out
    assert "the clip itself" in printed and "the painting" in printed
    assert "network, frame by frame" not in printed


def test_a_style_comes_before_a_folder_of_its_name(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(clip, tmp_path / "udnie")
    monkeypatch.chdir(tmp_path)
    report = tmp_path / "report.json"
    assert run(app, ["evaluate-video", "udnie", "clip", "--frames", "2", "--json", str(report)]) == 0
    assert json.loads(report.read_text())["style"] == "udnie"
    assert run(app, ["evaluate-video", "./udnie", "clip", "--frames", "2", "--json", str(report)]) == 0
    assert json.loads(report.read_text())["clips"]["painted"]["ratio_to_input"] == 1


def test_a_painting_that_is_not_there_is_one_line(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for style, message in ((str(tmp_path / "no.mkv"), "nothing at "), ("no_such_style", "no style 'no_such")):
        assert run(app, ["evaluate-video", style, str(clip)]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1


class CtrlC(DisFlow):
    """Somebody presses Ctrl-C in the second pair, or in the first of the next clip."""

    calls = 0

    def __call__(self, image: Image, other: Image) -> Tensor:
        CtrlC.calls += 1
        if self.calls > 2:  # two a pair
            raise KeyboardInterrupt
        return super().__call__(image, other)


def test_ctrl_c_reports_what_was_measured_so_far(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluate_video, "open_flow", lambda *_: CtrlC())
    assert run(app, ["evaluate-video", str(clip), str(clip)]) == 130
    assert "stopped: 1 pairs of" in capsys.readouterr().out
    assert run(app, ["evaluate-video", str(clip), str(clip)]) == 130
    assert "stopped before a pair" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("count", "size", "options", "message"),
    [
        (3, (96, 80), (), "ends after 3 frames, before"),
        (4, (80, 96), (), "shows 80x96 where"),
        (1, (96, 80), ("--frames", "2"), "ends after 1 frames, before"),
    ],
)
def test_what_does_not_belong_together_is_one_line(
    count: int,
    size: tuple[int, int],
    options: tuple[str, ...],
    message: str,
    clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    painted = [cv2.resize(frame, size) for frame in sliding_texture(4)[:count]]
    write_frames(tmp_path / "painted", [np.asarray(frame, np.uint8) for frame in painted])
    assert run(app, ["evaluate-video", str(tmp_path / "painted"), str(clip), *options]) == 2
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and message in lines[0]
    assert "Traceback" not in error
