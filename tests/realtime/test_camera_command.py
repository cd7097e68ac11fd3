"""The command from one end to the other: real sources, a real network, real files."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from realtime.camera_command import main

Run = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty folder without a display; return exit code and printed lines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def run_it(*arguments: object) -> tuple[int, list[str], list[str]]:
        exit_code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return exit_code, printed.out.splitlines(), printed.err.splitlines()

    return run_it


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A film of 30 frames, 96x64, 25 fps, each of one grey that rises."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(30):
            grey = np.full((64, 96, 3), 40 + 5 * index, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "bgr24")))
        container.mux(stream.encode(None))
    return path


def greys(path: Path) -> list[float]:
    """Return the mean of every frame of a film."""
    with av.open(str(path)) as container:
        return [float(frame.to_ndarray(format="bgr24").mean()) for frame in container.decode(video=0)]


def test_a_film_comes_out_painted_frame_for_frame(
    run: Run, tiny_style: Path, clip: Path, tmp_path: Path
) -> None:
    exit_code, out, err = run(
        "--style", tiny_style, "--source", clip, "--output", "painted.mp4", "--no-window"
    )
    assert (exit_code, err) == (0, [])
    assert out[-1].startswith("30 frames, ")
    assert out[-1].endswith(" -> painted.mp4")
    assert greys(tmp_path / "painted.mp4") == pytest.approx([215 - 5 * i for i in range(30)], abs=8)


def test_strength_and_output_size_reach_the_file(
    run: Run, tiny_style: Path, clip: Path, tmp_path: Path
) -> None:
    exit_code, _, _ = run(
        *("--style", tiny_style, "--source", clip, "--output", "painted.mp4"),
        *(
            "--no-window",
            "--strength",
            "0",
            "--output-size",
            "128x80",
            "--max-frames",
            "5",
            "--size",
            "64x64",
        ),
    )
    assert exit_code == 0
    assert greys(tmp_path / "painted.mp4") == pytest.approx([40 + 5 * i for i in range(5)], abs=8)
    with av.open("painted.mp4") as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (128, 80)


def test_statistics_are_what_the_issue_lists(run: Run, tiny_style: Path, tmp_path: Path) -> None:
    exit_code, out, err = run(
        *(
            "--style",
            tiny_style,
            "--source",
            "demo",
            "--no-window",
            "--stats",
            "stats.json",
            "--max-frames",
            "12",
        ),
        *("--engine", "onnxruntime", "--threads", "1", "--size", "128x72"),
    )
    assert (exit_code, err) == (0, [])
    assert "network 128x72 onnxruntime fp32" in out[-1]
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["frames"] == {"captured": 12, "shown": 12, "dropped": 0}
    assert stats["engine"] == {
        "name": "onnxruntime", "precision": "fp32", "provider": "CPUExecutionProvider", "threads": 1,
    }  # fmt: skip
    assert set(stats["latency_ms"]) == {"capture", "preprocess", "infer", "postprocess", "sink", "total"}
    for summary in stats["latency_ms"].values():
        assert 0 <= summary["p50"] <= summary["p95"] <= summary["p99"] <= summary["max"]
    assert stats["sizes"] == {"128x72": 12}
    assert stats["target_fps"] is None
    assert stats["fps"] > 0
    assert stats["first_frame_ms"] > 0
    assert stats["peak_rss_mb"] > 10
    assert not list(tmp_path.glob("livebrush*"))


def test_a_rate_that_cannot_be_had_is_said_once_and_every_size_is_counted(
    run: Run, tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.timing import StageTimes

    monkeypatch.setattr(StageTimes, "last_ms", lambda self, stage: 500.0)  # of a very slow machine
    exit_code, out, err = run(
        *("--style", tiny_style, "--source", "demo", "--no-window", "--stats", "stats.json"),
        *("--max-frames", "40", "--engine", "onnxruntime", "--threads", "1", "--target-fps", "30"),
    )
    assert (exit_code, err) == (0, [])
    assert [line for line in out if "cannot be reached" in line] == [
        "30 fps cannot be reached: 312x176, the lowest size, gives 1 fps"
    ]
    assert "network 312x176 (2 sizes) onnxruntime" in out[-1]
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["target_fps"] == 30
    assert stats["size"] == "312x176"
    assert list(stats["sizes"]) == ["640x360", "312x176"]
    assert stats["frames"]["shown"] == 40
    assert sum(stats["sizes"].values()) in (40, 41)  # one more may be on its way when it ends


def test_with_a_rate_the_size_that_was_asked_for_is_the_largest(
    run: Run, tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.timing import StageTimes

    monkeypatch.setattr(StageTimes, "last_ms", lambda self, stage: 0.1)
    exit_code, _, err = run(
        *("--style", tiny_style, "--source", "demo", "--no-window", "--stats", "stats.json"),
        *("--max-frames", "12", "--target-fps", "200", "--size", "128x72"),
    )
    assert (exit_code, err) == (0, [])
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert list(stats["sizes"]) == ["128x72"]


def test_detail_of_the_frame_reaches_the_file(run: Run, tiny_style: Path, tmp_path: Path) -> None:
    for detail in ("0", "1"):
        exit_code, _, err = run(
            *("--style", tiny_style, "--source", "demo", "--no-window", "--output", f"{detail}.mkv"),
            *("--max-frames", "2", "--size", "160x90", "--detail", detail),
        )
        assert (exit_code, err) == (0, [])
    plain, sharp = (sharpness(tmp_path / f"{detail}.mkv") for detail in ("0", "1"))
    assert sharp > 1.5 * plain


def sharpness(path: Path) -> float:
    """Return the mean of the Laplacian's magnitude in a film's first picture."""
    with av.open(str(path)) as container:
        grey = next(container.decode(video=0)).to_ndarray(format="gray")
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())


def test_without_camera_and_display_a_short_clip_of_the_demo_scene_is_written(
    run: Run, tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime import source_camera
    from realtime.errors import SourceError

    def no_camera(*_: object, **__: object) -> None:
        raise SourceError("no camera 0")

    monkeypatch.setattr(source_camera, "CameraSource", no_camera)  # this machine may have one
    exit_code, out, err = run("--style", tiny_style, "--max-frames", "8")
    assert (exit_code, err) == (0, [])
    assert out[0].startswith("no camera found: this is the demo scene")
    assert out[1].startswith("no window: ")
    written = tmp_path / "livebrush_tiny.mp4"
    assert str(written) in out[2]
    assert str(written) in out[3]
    assert len(greys(written)) == 8


def test_a_camera_that_was_asked_for_and_is_not_there_is_an_error(run: Run, tiny_style: Path) -> None:
    exit_code, out, err = run("--style", tiny_style, "--source", "87")
    assert (exit_code, out) == (2, [])
    assert len(err) == 1
    assert "demo" in err[0]


def test_pictures_go_in_and_come_out_in_their_own_sizes(run: Run, tiny_style: Path, tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    for name, (width, height) in {"1.png": (80, 70), "2.png": (33, 47)}.items():
        cv2.imwrite(str(tmp_path / "album" / name), np.full((height, width, 3), 55, np.uint8))
    exit_code, _, err = run("--style", tiny_style, "--source", "album", "--output", "painted", "--no-window")
    assert (exit_code, err) == (0, [])
    painted = [cv2.imread(str(path)) for path in sorted((tmp_path / "painted").iterdir())]
    assert [image.shape[:2] for image in painted if image is not None] == [(70, 80), (47, 33)]
    assert all(image is not None and abs(float(image.mean()) - 200) < 2 for image in painted)


def test_a_film_that_breaks_off_is_written_as_far_as_it_goes(run: Run, tiny_style: Path, clip: Path) -> None:
    data = clip.read_bytes()
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "NONE"
        broken = clip.with_name("broken.mkv")
        with av.open(str(broken), "w") as remuxed:
            stream = remuxed.add_stream_from_template(container.streams.video[0])
            for packet in container.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    remuxed.mux(packet)
    data = broken.read_bytes()
    broken.write_bytes(data[: len(data) * 2 // 3])
    exit_code, out, err = run("--style", tiny_style, "--source", broken, "--output", "out.mp4", "--no-window")
    assert exit_code == 2
    assert len(err) == 1
    assert "breaks off after" in err[0]
    count = len(greys(Path("out.mp4")))
    assert 0 < count < 30
    assert out[-1].startswith(f"{count} frames")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--style", "starri_nigt"], "no style is called 'starri_nigt'"),
        (["--style", "missing.onnx"], "missing.onnx"),
        (["--style", "STYLE", "--source", "no_such.mp4"], "no_such.mp4"),
        (["--style", "STYLE", "--source", "CLIP", "--output", "clip.mp4"], "overwrite"),
        (["--style", "STYLE", "--output", "nowhere/out.mp4"], "there is no folder nowhere"),
        (["--style", "STYLE", "--source", "demo", "--output", "out.xyz"], ".xyz"),
        (["--style", "STYLE", "--stats", "nowhere/s.json"], "there is no folder nowhere"),
        (["--style", "STYLE", "--strength", "2"], "strength must be from 0"),
        (["--style", "STYLE", "--strength", "much"], "'--strength'"),
        (["--style", "STYLE", "--max-frames", "-3"], "--max-frames"),
        (["--style", "STYLE", "--detail", "2"], "detail must be from 0"),
        (["--style", "STYLE", "--target-fps", "0"], "--target-fps must be from 1 to 240, got 0"),
        (["--style", "STYLE", "--target-fps", "fast"], "'--target-fps'"),
        (["--style", "STYLE", "--target-fps", "30", "--source", "CLIP", "--no-window"], "watched live"),
        (["--style", "STYLE", "--target-fps", "30", "--source", "CLIP", "--output", "o.mp4"], "watched live"),
        (["--style", "STYLE", "--size", "9x9"], "from 64 to 4096"),
        (["--style", "STYLE", "--size", "large"], "WIDTHxHEIGHT"),
        (["--style", "STYLE", "--output-size", "0x0"], "--output-size"),
        (["--style", "STYLE", "--engine", "tensorflow"], "tensorflow"),
        (["--style", "STYLE", "--precision", "fp8"], "fp8"),
        (["--style", "STYLE", "--source", "demo", "--precision", "int8", "--no-window"], "int8"),
        (["--style", "STYLE", "--device", "tpu"], "tpu"),
        (["--style", "STYLE", "--threads", "0"], "threads"),
        (["--style", "STYLE", "--sorce", "0"], "--sorce"),
        (["--style", "CLIP"], "clip.mp4 cannot be used as a style: it is no PNG"),
    ],
    ids=lambda value: " ".join(value[2:] or value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_line_and_exit_code_2(
    run: Run, tiny_style: Path, clip: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    before = clip.read_bytes()
    names = {"STYLE": str(tiny_style), "CLIP": str(clip)}
    exit_code, out, err = run(*(names.get(argument, argument) for argument in arguments))
    assert exit_code == 2
    assert out == []
    assert len(err) == 1
    assert err[0].startswith("error: ")
    assert says in err[0]
    assert clip.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_file_that_is_no_video_is_one_clear_line(run: Run, tiny_style: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no film at all")
    exit_code, out, err = run(
        "--style", tiny_style, "--source", "notes.mp4", "--output", "o.mp4", "--no-window"
    )
    assert (exit_code, out, len(err)) == (2, [], 1)
    assert "notes.mp4" in err[0]
    assert not (tmp_path / "o.mp4").exists()


def test_a_network_that_fails_leaves_what_was_painted(run: Run, tmp_path: Path) -> None:
    from onnx_makers import make_style_onnx

    style = make_style_onnx(tmp_path / "failing.onnx", kind="failing")
    exit_code, _, err = run("--style", style, "--source", "demo", "--no-window", "--output", "o.mp4")
    assert exit_code == 2
    assert len(err) == 1


def halves(path: Path) -> Path:
    """A mask, 96x64, that means the left half."""
    mask = np.zeros((64, 96), np.uint8)
    mask[:, :48] = 255
    assert cv2.imwrite(str(path), mask)
    return path


def test_a_mask_keeps_the_painting_to_what_it_means(
    run: Run, tiny_style: Path, clip: Path, tmp_path: Path
) -> None:
    mask = halves(tmp_path / "mask.png")
    exit_code, _, err = run(
        *("--style", tiny_style, "--source", clip, "--mask", mask, "--output", "painted.mp4"),
        *("--no-window", "--max-frames", "3", "--steady", "off"),
    )
    assert (exit_code, err) == (0, [])
    with av.open(str(tmp_path / "painted.mp4")) as container:
        first = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert first[:, :40].mean() == pytest.approx(215, abs=8)
    assert first[:, 56:].mean() == pytest.approx(40, abs=8)


def test_another_style_or_a_picture_stands_in_the_rest(
    run: Run, tiny_style: Path, clip: Path, tmp_path: Path
) -> None:
    mask = halves(tmp_path / "mask.png")
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((64, 96, 3), 120, np.uint8))
    means = []
    for background in ("picture:wall.png", str(tiny_style)):
        exit_code, _, err = run(
            *("--style", tiny_style, "--source", clip, "--mask", mask, "--background", background),
            *("--output", "painted.mp4", "--no-window", "--max-frames", "3", "--steady", "off"),
        )
        assert (exit_code, err) == (0, [])
        with av.open(str(tmp_path / "painted.mp4")) as container:
            first = next(container.decode(video=0)).to_ndarray(format="bgr24")
        means.append(float(first[:, 56:].mean()))
    assert means == pytest.approx([120, 215], abs=8)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--background", "blur"), "give --mask too"),
        (("--mask", "no_such.png"), "no_such.png"),
        (("--mask", "key:#808080"), "nearly grey"),
        (("--mask", "person", "--background", "picture:none.png"), "none.png"),
    ],
)
def test_a_mask_that_cannot_be_is_one_line(
    run: Run, tiny_style: Path, clip: Path, arguments: tuple[str, ...], said: str
) -> None:
    exit_code, out, err = run("--style", tiny_style, "--source", clip, *arguments, "--no-window")
    assert exit_code == 2
    assert len(out + err) == 1, (out, err)
    assert said in err[0]
