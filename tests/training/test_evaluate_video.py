import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from clip_makers import write_clip
from motion_makers import sliding_texture, texture, write_frames
from onnx_makers import make_style_onnx

from training import evaluate_video
from training.checkpoint import save_checkpoint
from training.cli import app
from training.console import run
from training.flow_estimators import DisFlow
from training.networks.transform_net import build_transform_net


@pytest.fixture(autouse=True)
def dis_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No RAFT on this machine, and no line to get it through."""
    monkeypatch.delenv("LIVEBRUSH_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four frames of a sliding texture."""
    return write_frames(tmp_path_factory.mktemp("clips") / "frames", sliding_texture(4))


def write_checkpoint(file: Path, name: str) -> Path:
    torch.manual_seed(0)
    weights = build_transform_net("fast").state_dict()
    style = {"name": name, "title": "Title", "artist": "Nobody", "year": "2001"}
    save_checkpoint(
        file, {"kind": "transform", "preset": "fast", "weights": weights, "style": style, "training": {}}
    )
    return file


def judge(style: str | Path, clip: Path, report: Path, *options: str) -> dict[str, Any]:
    assert run(app, ["evaluate-video", str(style), str(clip), "--json", str(report), *options]) == 0
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def test_a_style_that_changes_nothing_is_as_steady_as_the_clip_everywhere(
    frames: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    style = make_style_onnx(tmp_path / "same.onnx", kind="identity")
    report = judge(style, frames, tmp_path / "report.json", "--sheet", str(tmp_path / "sheet.png"))
    errors = {name: clip["e_warp"] for name, clip in report["clips"].items()}
    # All three went through the same decoder, the product's through a file and a process of its own.
    assert errors["input"] == errors["frame_by_frame"] > 0
    assert 0 < errors["product"] < 1 / 255**2  # it blends what it has moved, and rounds
    assert report["clips"]["frame_by_frame"]["ratio_to_input"] == 1
    assert report["complete"] and report["pairs"] == 3 and report["frames"] == 4
    assert report["flow"]["method"] == "dis" and report["size"] == "96x80"
    assert report["curve"]["frame"] == [1, 2, 3]
    assert np.mean(report["curve"]["e_warp_product"]) == pytest.approx(errors["product"])
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None and sheet.std() > 20
    printed = capsys.readouterr().out
    for label in ("the clip itself", "network, frame by frame", "the product", "3 pairs of frames"):
        assert label in printed


def test_a_shipped_style_is_judged_on_a_video_through_the_real_product(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", count=4, size_wh=(128, 96))
    report = judge("starry_night", clip, tmp_path / "report.json", "--frames", "3", "--size", "64")
    clips = report["clips"]
    assert report["size"] == "80x64" and report["pairs"] + len(report["lost"] + report["cuts"]) == 2
    assert clips["product"]["e_warp"] < 1.1 * clips["frame_by_frame"]["e_warp"]
    assert clips["product"]["engine"]["name"] in ("onnxruntime", "openvino")
    assert len(report["style_sha256"]) == 64


def test_a_checkpoint_is_exported_for_the_product(frames: Path, tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "style.pt", "untaught")
    clips = judge(checkpoint, frames, tmp_path / "report.json")["clips"]
    assert clips["product"]["e_warp"] < 1.1 * clips["frame_by_frame"]["e_warp"]
    assert clips["frame_by_frame"]["engine"].startswith("torch")


def test_a_checkpoint_that_cannot_be_exported_is_judged_alone(
    frames: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = write_checkpoint(tmp_path / "style.pt", "No valid name!")
    report = judge(checkpoint, frames, tmp_path / "report.json")
    assert report["clips"].keys() == {"input", "frame_by_frame"}
    assert "the checkpoint makes no valid style" in report["no_product"]
    assert "the product's clip is not to be had" in capsys.readouterr().out


def test_a_cut_is_named_and_not_counted(tmp_path: Path, tiny_style: Path) -> None:
    dark = [(frame // 3).astype(np.uint8) for frame in sliding_texture(2, seed=1)]
    clip = write_frames(tmp_path / "frames", [*dark, *sliding_texture(2, seed=2)])
    report = judge(tiny_style, clip, tmp_path / "report.json")
    assert report["cuts"] == [2] and report["pairs"] == 2


class CtrlC(DisFlow):
    """Somebody presses it while the third pair is looked at."""

    calls = 0

    def __call__(self, image: evaluate_video.Image, other: evaluate_video.Image) -> torch.Tensor:
        self.calls += 1
        if self.calls > 4:  # two a pair
            raise KeyboardInterrupt
        return super().__call__(image, other)


def test_ctrl_c_reports_what_was_measured_so_far(
    frames: Path,
    tiny_style: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(evaluate_video, "open_flow", lambda *_: CtrlC())
    report = tmp_path / "report.json"
    assert run(app, ["evaluate-video", str(tiny_style), str(frames), "--json", str(report)]) == 130
    assert "stopped: 2 pairs of 3 were measured" in capsys.readouterr().out
    assert json.loads(report.read_text())["complete"] is False
    CtrlC.calls = 4
    assert run(app, ["evaluate-video", str(tiny_style), str(frames)]) == 130
    assert "stopped before a pair" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("style", "clip", "options", "message"),
    [
        ("", "missing.mp4", [], "no clip at"),
        ("", "page.txt", [], "page.txt"),
        ("", "one", [], "has one frame"),
        ("", "noise", [], "no pair of frames could be compared"),
        ("", "small", [], "must be at least 64 pixels"),
        ("stary_night", "", [], "no style 'stary_night'"),
        ("missing.onnx", "", [], "missing.onnx"),
        ("missing.pt", "", [], "missing.pt"),
        ("", "", ["--flow", "raft"], "no RAFT weights"),
        ("", "", ["--flow", "farneback"], "--flow must be one of"),
        ("", "", ["--weights", "nowhere"], "at nowhere"),
        ("", "", ["--frames", "1"], "--frames must be at least 2"),
        ("", "", ["--size", "8"], "--size must be between 64"),
        ("", "", ["--json", "nowhere/report.json"], "there is no folder nowhere"),
        ("", "", ["--sheet", "sheet.jpg"], "--sheet must end in .png"),
    ],
)
def test_what_cannot_be_judged_is_one_line_and_exit_code_2(
    style: str,
    clip: str,
    options: list[str],
    message: str,
    frames: Path,
    tiny_style: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chance = np.random.default_rng(0)
    (tmp_path / "page.txt").write_text("a page of text\n" * 50)
    write_frames(tmp_path / "one", [texture((96, 80))])
    write_frames(tmp_path / "small", [texture((96, 40))])
    write_frames(tmp_path / "noise", [chance.integers(0, 256, (80, 96, 3), dtype=np.uint8) for _ in range(2)])
    place = tmp_path / clip if clip else frames
    assert run(app, ["evaluate-video", style or str(tiny_style), str(place), *options]) == 2
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and message in lines[0]
    assert "Traceback" not in error
