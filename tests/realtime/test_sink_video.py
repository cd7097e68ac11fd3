from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from fractions import Fraction
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clip_makers import numbered_picture, read_clip, read_sound, write_clip

from realtime.errors import SinkError, SourceBrokenError
from realtime.frame import Frame
from realtime.sink_video import VideoSink
from realtime.sinks import open_sink
from realtime.source_video import VideoSource
from realtime.sources import SourceInfo


def numbered_frame(
    number: int,
    *,
    pts: int | None = None,
    time_base: Fraction = Fraction(1, 30),
    size_wh: tuple[int, int] = (64, 48),
) -> Frame:
    return Frame(numbered_picture(number, size_wh), number, number if pts is None else pts, time_base, 0.0)


def copy_clip(source: Path, output: Path, *, frames: int | None = None) -> None:
    video = VideoSource(source)
    with open_sink(output, source=video.info) as sink:
        while (frame := video.read()) is not None and frame.index != frames:
            sink.write(frame)
    video.close()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_every_frame_is_written_in_order_as_h264(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    with VideoSink(path) as sink:
        for number in range(40):
            sink.write(numbered_frame(number))
    clip = read_clip(path)
    assert clip.numbers == list(range(40))
    assert (clip.stream["codec"], clip.stream["pix_fmt"]) == ("h264", "yuv420p")
    assert clip.size_wh == (64, 48)


def test_a_file_of_even_rate_says_so_and_lasts_as_long(tmp_path: Path) -> None:
    copy_clip(write_clip(tmp_path / "in.mp4", count=48, fps=24), tmp_path / "out.mp4")
    clip = read_clip(tmp_path / "out.mp4")
    assert clip.stream["rate"] == 24
    assert clip.stream["duration_s"] == 2


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_uneven_timestamps_are_kept_exactly(tmp_path: Path, suffix: str) -> None:
    pts = [7, 100, 101, 350, 351, 900, 1499, 1500, 25_000]
    base = Fraction(1, 12_800)
    with VideoSink(tmp_path / f"out{suffix}") as sink:
        for number, moment in enumerate(pts):
            sink.write(numbered_frame(number, pts=moment, time_base=base))
    clip = read_clip(tmp_path / f"out{suffix}")
    assert clip.times_s == [moment * base for moment in pts]
    assert clip.numbers == list(range(len(pts)))


def test_matroska_keeps_timestamps_to_the_millisecond(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "out.mkv") as sink:
        for number in range(20):
            sink.write(numbered_frame(number, pts=3003 * number, time_base=Fraction(1, 90_000)))
    times = read_clip(tmp_path / "out.mkv").times_s
    np.testing.assert_allclose([float(t) for t in times], np.arange(20) * 3003 / 90_000, atol=5e-4)


def test_frames_of_a_camera_keep_the_moments_they_were_taken(tmp_path: Path) -> None:
    moments = [0, 2970, 6100, 9020, 30_000, 33_000]
    with VideoSink(tmp_path / "out.mp4") as sink:
        for number, moment in enumerate(moments):
            sink.write(numbered_frame(number, pts=moment, time_base=Fraction(1, 90_000)))
    assert read_clip(tmp_path / "out.mp4").times_s == [Fraction(moment, 90_000) for moment in moments]


def test_a_repeated_timestamp_does_not_end_the_recording(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "out.mp4") as sink:
        for number, moment in enumerate([0, 600, 600, 1200]):
            sink.write(numbered_frame(number, pts=moment, time_base=Fraction(1, 18_000)))
    times = read_clip(tmp_path / "out.mp4").times_s
    assert times == [Fraction(moment, 18_000) for moment in (0, 600, 601, 1200)]


@pytest.mark.parametrize("size_wh", [(65, 49), (64, 49), (65, 48)])
def test_odd_sizes_are_kept(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    with VideoSink(tmp_path / "out.mp4") as sink:
        for number in range(5):
            sink.write(numbered_frame(number, size_wh=size_wh))
    clip = read_clip(tmp_path / "out.mp4")
    assert clip.size_wh == size_wh
    assert clip.numbers == list(range(5))


@pytest.mark.parametrize("colour", [(40, 200, 90), (40, 40, 40), (200, 40, 40), (250, 250, 250)])
@pytest.mark.parametrize("size_wh", [(64, 48), (65, 49)])
def test_colours_survive_and_are_tagged_bt709(
    tmp_path: Path, size_wh: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    image = np.full((size_wh[1], size_wh[0], 3), colour, np.uint8)
    with VideoSink(tmp_path / "out.mp4") as sink:
        sink.write(Frame(image, 0, 0, Fraction(1, 30), 0.0))
    assert read_clip(tmp_path / "out.mp4").stream["colour"] == (1, 1, 1, 1)
    frame = VideoSource(tmp_path / "out.mp4").read()
    assert frame is not None
    assert np.abs(frame.image.astype(int) - colour).max() <= 2  # 20 and more with the wrong matrix


@pytest.mark.parametrize(
    ("suffix", "sound"),
    [
        (".mp4", "aac"),
        (".mkv", "aac"),
        (".mov", "aac"),
        (".mkv", "libopus"),
        (".mov", "pcm_s16le"),
        (".mp4", "mp2"),
    ],
)
def test_sound_is_copied_packet_by_packet(tmp_path: Path, suffix: str, sound: str) -> None:
    source = write_clip(tmp_path / f"in{suffix}", count=90, sound=sound, sound_s=3.4)
    copy_clip(source, tmp_path / f"out{suffix}")
    before, after = read_sound(source), read_sound(tmp_path / f"out{suffix}")
    assert len(before) > 20
    assert [data for _, data in after] == [data for _, data in before]
    slack = Fraction(1, 1000) if suffix == ".mkv" else 0
    assert max(abs(a - b) for (a, _), (b, _) in zip(after, before, strict=True)) <= slack
    assert len(read_clip(tmp_path / f"out{suffix}").numbers) == 90


def test_sound_is_interleaved_with_the_pictures(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", count=300, sound="aac")
    copy_clip(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        size = (tmp_path / "out.mp4").stat().st_size
        places = [entry.pos / size for entry in container.streams.audio[0].index_entries]
    assert places[0] < 0.25
    assert max(np.diff(places)) < 0.35


def test_after_a_stop_half_way_the_sound_ends_with_the_pictures(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", count=120, sound="aac")
    copy_clip(source, tmp_path / "out.mp4", frames=45)
    before, after = read_sound(source), read_sound(tmp_path / "out.mp4")
    assert [data for _, data in after] == [data for _, data in before[: len(after)]]
    assert 1.4 < after[-1][0] < 1.5
    assert len(read_clip(tmp_path / "out.mp4").numbers) == 45


def test_sound_the_container_cannot_hold_becomes_aac(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = write_clip(tmp_path / "in.wmv", count=60, codec="msmpeg4", sound="wmav2")
    with caplog.at_level(logging.INFO, "realtime"):
        copy_clip(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        assert stream.codec_context.name == "aac"
        assert samples / stream.rate == pytest.approx(2.0, abs=0.1)
    assert "encoded as AAC" in caplog.text
    assert read_clip(tmp_path / "out.mp4").numbers == list(range(60))


def test_sound_of_a_broadcast_stays_with_its_pictures(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.ts", pts=range(3000, 3060), sound="mp2", container_options={"output_ts_offset": "50"}
    )
    copy_clip(source, tmp_path / "out.mp4")
    clip = read_clip(tmp_path / "out.mp4")
    assert clip.numbers == [number % 256 for number in range(60)]
    with av.open(str(source)) as container:
        starts = [stream.start_time * stream.time_base for stream in container.streams]
    assert float(clip.times_s[0] - clip.sound[0][0]) == pytest.approx(float(starts[0] - starts[1]), abs=1e-3)
    assert min(clip.times_s[0], clip.sound[0][0]) == pytest.approx(0, abs=1e-3)


def test_sound_of_a_video_on_the_network_is_copied_too(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", count=60, sound="aac")

    class File(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), File)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    video = VideoSource(f"http://127.0.0.1:{server.server_port}/in.mkv")
    with open_sink(tmp_path / "out.mkv", source=video.info) as sink:
        while (frame := video.read()) is not None:
            sink.write(frame)
    video.close()
    server.shutdown()
    server.server_close()
    assert [data for _, data in read_sound(tmp_path / "out.mkv")] == [data for _, data in read_sound(source)]


def test_a_source_that_breaks_off_leaves_a_whole_video_with_sound(tmp_path: Path) -> None:
    whole = write_clip(
        tmp_path / "in.mp4", count=120, sound="aac", container_options={"movflags": "+faststart"}
    )
    short = tmp_path / "short.mp4"
    short.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(SourceBrokenError) as broken:
        copy_clip(short, tmp_path / "out.mp4")
    clip = read_clip(tmp_path / "out.mp4")
    assert len(clip.numbers) == broken.value.frames > 20
    assert len(clip.sound) > 20


def test_the_shape_of_pixels_goes_with_the_picture_unless_it_is_reshaped(tmp_path: Path) -> None:
    info = SourceInfo("in", "file", (64, 48), pixel_aspect=Fraction(4, 3))
    for name, size_wh, aspect in (("same", (64, 48), Fraction(4, 3)), ("wide", (128, 48), None)):
        with VideoSink(tmp_path / f"{name}.mp4", source=info) as sink:
            sink.write(numbered_frame(0, size_wh=size_wh))
        assert read_clip(tmp_path / f"{name}.mp4").stream["aspect"] in (aspect, aspect or 1)


def test_a_frame_of_another_size_is_refused_and_the_file_stays_good(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    with pytest.raises(SinkError, match=r"frame 3 is 32x48, the video is 64x48"), sink:
        for number in range(3):
            sink.write(numbered_frame(number))
        sink.write(numbered_frame(3, size_wh=(32, 48)))
    assert read_clip(tmp_path / "out.mp4").numbers == [0, 1, 2]


def test_leaving_by_an_error_finishes_the_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), VideoSink(tmp_path / "out.mp4") as sink:
        for number in range(25):
            sink.write(numbered_frame(number))
        raise KeyboardInterrupt
    assert read_clip(tmp_path / "out.mp4").numbers == list(range(25))


KILLED = """
import os, sys
from fractions import Fraction
from pathlib import Path
from clip_makers import numbered_picture
from realtime.frame import Frame
from realtime.sink_video import VideoSink
sink = VideoSink(Path(sys.argv[1]))
for number in range(200):
    sink.write(Frame(numbered_picture(number % 256), number, number, Fraction(1, 30), 0.0))
os._exit(9)
"""


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_a_killed_process_leaves_a_playable_video(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    assert run_python(KILLED, str(path)).returncode == 9
    numbers = read_clip(path).numbers
    assert len(numbers) >= 120  # of 200: the encoder held some back, the container at most a second
    assert numbers[:-4] == list(range(len(numbers) - 4))  # the last frames may wait for ones in between


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
from fractions import Fraction
from pathlib import Path
import numpy as np
from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.sink_video import VideoSink
noise = np.random.default_rng(0)
try:
    with VideoSink(Path(sys.argv[1])) as sink:
        for number in range(300):
            image = noise.integers(0, 255, (96, 128, 3), dtype=np.uint8)
            sink.write(Frame(image, number, number, Fraction(1, 30), 0.0))
except SinkError as error:
    print(error)
    sys.exit(2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_disk_that_fills_up_is_one_clear_line_and_what_fits_can_be_played(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"out{suffix}"
    done = run_python(FULL, str(path))
    assert done.returncode == 2, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert str(path) in done.stdout
    with av.open(str(path)) as container:
        assert any(True for _ in container.decode(video=0))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.symlink_to("/dev/full")
    with pytest.raises(SinkError, match="the disk is full"), VideoSink(path) as sink:
        for number in range(200):
            sink.write(numbered_frame(number))


def test_no_frames_no_file(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "out.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_is_kept_until_the_first_frame(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"older")
    sink = VideoSink(path)
    assert path.read_bytes() == b"older"
    sink.write(numbered_frame(0))
    sink.close()
    assert read_clip(path).numbers == [0]


def test_closing_twice_is_closing_once_and_nothing_is_taken_after(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    sink.write(numbered_frame(0))
    sink.close()
    sink.close()
    with pytest.raises(SinkError, match="closed already"):
        sink.write(numbered_frame(1))


def test_a_real_clip_keeps_its_frames_size_and_times(shared_dir: Path, tmp_path: Path) -> None:
    source = shared_dir / "data" / "video" / "woman_desk.mp4"
    copy_clip(source, tmp_path / "out.mp4")
    with av.open(str(source)) as a, av.open(str(tmp_path / "out.mp4")) as b:
        before: Any = [(f.width, f.height, f.pts * f.time_base) for f in a.decode(video=0)]
        after = [(f.width, f.height, f.pts * f.time_base) for f in b.decode(video=0)]
    assert len(after) == 270
    assert after == before
