from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from clip_makers import numbered_picture, read_number, write_clip
from http_server import Quiet, Server

from realtime.camera_again import open_lasting
from realtime.errors import SourceBrokenError, SourceError
from realtime.frame import Frame
from realtime.source_lasting import LastingSource
from realtime.source_video import VideoSource

FAST_START = {"movflags": "+faststart"}


def read_all(source: VideoSource) -> list[Frame]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    return frames


def read_until_broken(source: VideoSource) -> tuple[list[Frame], SourceBrokenError]:
    frames = []
    with pytest.raises(SourceBrokenError) as broken:
        while (frame := source.read()) is not None:
            frames.append(frame)
    source.close()
    return frames, broken.value


def cut(path: Path, end: int) -> Path:
    short = path.with_name(f"short{path.suffix}")
    short.write_bytes(path.read_bytes()[:end])
    return short


def packet_places(path: Path) -> list[tuple[int, int]]:
    """Return where each packet of an MP4 lies: first byte and size."""
    with av.open(str(path)) as container:
        return [(entry.pos, entry.size) for entry in container.streams.video[0].index_entries]


def test_a_stream_without_a_file_around_it_has_the_rate_that_it_says_itself(tmp_path: Path) -> None:
    file = tmp_path / "a.h264"
    with av.open(str(file), "w", format="h264") as output:
        stream: Any = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(20):
            picture = av.VideoFrame.from_ndarray(numbered_picture(number, (64, 48)), "bgr24")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            output.mux(stream.encode(picture.reformat(format="yuv420p")))
        output.mux(stream.encode(None))
    source = VideoSource(file)
    assert source.info.fps == 10
    times_s = [float(frame.pts * frame.time_base) for frame in read_all(source)]
    assert times_s == pytest.approx([number / 10 for number in range(20)], abs=1e-3)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov", "a.ts", "a.flv"])
def test_every_frame_of_a_file_comes_once_and_in_order(tmp_path: Path, name: str) -> None:
    source = VideoSource(write_clip(tmp_path / name, count=40))
    assert not source.info.live
    frames = read_all(source)
    assert [read_number(frame.image) for frame in frames] == list(range(40))
    assert [frame.index for frame in frames] == list(range(40))


def test_info_tells_size_rate_count_and_path(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", count=12, fps=24, size_wh=(80, 48))
    info = VideoSource(path).info
    assert (info.size_wh, info.fps, info.frame_count) == ((80, 48), 24.0, 12)
    assert (info.name, info.kind, info.path) == ("a.mp4", "file", path)


def test_uneven_timestamps_are_kept_exactly(tmp_path: Path) -> None:
    pts = [7, 100, 101, 350, 351, 900, 1499, 1500]
    path = write_clip(
        tmp_path / "a.mp4",
        pts=pts,
        time_base=Fraction(1, 12_800),
        container_options={"movie_timescale": "12800"},
    )
    times = [frame.pts * frame.time_base for frame in read_all(VideoSource(path))]
    assert times == [Fraction(moment, 12_800) for moment in pts]


def test_a_recorded_broadcast_begins_at_zero_wherever_its_clock_stood(tmp_path: Path) -> None:
    pts = [30 * 3600 + number for number in range(20)]
    path = write_clip(tmp_path / "a.ts", pts=pts, fps=30)
    times = [frame.time_s() for frame in read_all(VideoSource(path))]
    assert times == pytest.approx([number / 30 for number in range(20)], abs=1e-4)


@pytest.mark.parametrize("size_wh", [(65, 49), (64, 49), (65, 48), (66, 50)])
def test_odd_sizes_come_whole(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    path = write_clip(tmp_path / "a.mp4", count=3, size_wh=size_wh, pix_fmt="yuv444p")
    frames = read_all(VideoSource(path))
    assert [frame.size_wh for frame in frames] == [size_wh] * 3
    expected = numbered_picture(2, size_wh).astype(int)
    assert np.abs(frames[2].image.astype(int) - expected).mean() < 6


CORNERS = {0: "top left", 90: "bottom left", 180: "bottom right", 270: "top right"}


@pytest.mark.parametrize("degrees", CORNERS)
def test_a_turned_video_is_set_upright(tmp_path: Path, degrees: int) -> None:
    path = tmp_path / "a.mp4"
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32] = (0, 0, 255)
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(degrees)  # counterclockwise
        output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        output.mux(stream.encode(None))
    source = VideoSource(path)
    (frame,) = read_all(source)
    assert frame.size_wh == source.info.size_wh == ((64, 48) if degrees % 180 == 0 else (48, 64))
    height, width = frame.image.shape[:2]
    red = {
        f"{row} {column}": int(frame.image[y, x, 2]) > 150
        for row, y in (("top", height // 4), ("bottom", 3 * height // 4))
        for column, x in (("left", width // 4), ("right", 3 * width // 4))
    }
    assert [corner for corner, is_red in red.items() if is_red] == [CORNERS[degrees]]


def test_the_shape_of_pixels_is_told_and_turned_with_the_picture(tmp_path: Path) -> None:
    flat = write_clip(tmp_path / "a.mp4", count=2, pixel_aspect=Fraction(4, 3))
    turned = write_clip(tmp_path / "b.mp4", count=2, pixel_aspect=Fraction(4, 3), rotation=90)
    assert VideoSource(flat).info.pixel_aspect == Fraction(4, 3)
    assert VideoSource(turned).info.pixel_aspect == Fraction(3, 4)


MATRICES = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}


def bgr_of(y: float, u: float, v: float, matrix: int, *, full: bool) -> list[float]:
    """The definition: Y = kr R + kg G + kb B, U and V scaled differences (ITU-R BT.601, 709, 2020)."""
    kr, kb = MATRICES[matrix]
    luma = y / 255 if full else (y - 16) / 219
    reach = 255 if full else 224
    red = luma + 2 * (1 - kr) * (v - 128) / reach
    blue = luma + 2 * (1 - kb) * (u - 128) / reach
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return [255 * min(1.0, max(0.0, channel)) for channel in (blue, green, red)]


def write_flat_colour(
    path: Path, yuv: tuple[int, int, int], *, size_wh: tuple[int, int], pix_fmt: str, matrix: int, full: bool
) -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=30)
        stream.width, stream.height = size_wh
        stream.pix_fmt = pix_fmt
        stream.codec_context.colorspace = matrix
        stream.codec_context.color_range = 2 if full else 1
        frame = av.VideoFrame(*size_wh, pix_fmt)
        for plane, value in zip(frame.planes, yuv, strict=True):
            if "10" in pix_fmt:
                plane.update(np.full(plane.buffer_size // 2, value << 2, np.uint16).tobytes())
            else:
                plane.update(bytes([value]) * plane.buffer_size)
        frame.colorspace, frame.color_range = matrix, 2 if full else 1
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "yuv444p"])
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full", [False, True])
def test_tagged_colours_come_out_as_their_standard_defines(
    tmp_path: Path, pix_fmt: str, matrix: int, full: bool
) -> None:
    path = write_flat_colour(
        tmp_path / "a.mkv", (120, 90, 170), size_wh=(64, 48), pix_fmt=pix_fmt, matrix=matrix, full=full
    )
    (frame,) = read_all(VideoSource(path))
    expected = bgr_of(120, 90, 170, matrix, full=full)
    assert np.abs(frame.image.reshape(-1, 3) - expected).max() <= 3


@pytest.mark.parametrize(("size_wh", "matrix"), [((640, 480), 5), ((720, 576), 5), ((1280, 720), 1)])
def test_untagged_colours_are_hd_or_sd_by_size(tmp_path: Path, size_wh: tuple[int, int], matrix: int) -> None:
    path = write_flat_colour(
        tmp_path / "a.mkv", (120, 90, 170), size_wh=size_wh, pix_fmt="yuv420p", matrix=2, full=False
    )
    (frame,) = read_all(VideoSource(path))
    assert np.abs(frame.image.reshape(-1, 3) - bgr_of(120, 90, 170, matrix, full=False)).max() <= 3


@pytest.mark.parametrize("packet", [12, 60, 119])
def test_a_file_cut_short_gives_all_it_has_then_names_the_place(tmp_path: Path, packet: int) -> None:
    whole = write_clip(tmp_path / "a.mp4", count=120, size_wh=(160, 96), container_options=FAST_START)
    start, size = packet_places(whole)[packet]
    frames, error = read_until_broken(VideoSource(cut(whole, start + size // 2)))
    numbers = [read_number(frame.image) for frame in frames]
    assert packet - 1 <= len(numbers) <= packet + 1
    assert numbers[:-4] == list(range(len(numbers) - 4))
    assert numbers == sorted(set(numbers))  # the cut packet may lie between two that are shown
    assert error.frames == len(frames)
    assert error.at_s == pytest.approx((numbers[-1] + 1) / 30, abs=1e-3)
    assert f"after {len(frames)} frames" in str(error)
    assert "cut short" in str(error)


def test_a_file_cut_between_two_packets_is_known_by_its_index(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4", count=60, container_options=FAST_START)
    frames, error = read_until_broken(VideoSource(cut(whole, packet_places(whole)[40][0])))
    assert len(frames) == 40
    assert "20 of its 60 packets are missing" in str(error)


@pytest.mark.parametrize("name", ["a.mkv", "a.avi"])
def test_a_file_that_lacks_bytes_by_its_own_account_is_broken(tmp_path: Path, name: str) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    whole = write_clip(tmp_path / name, count=90, codec=codec, sound="ac3")
    assert len(read_all(VideoSource(whole))) == 90
    frames, error = read_until_broken(VideoSource(cut(whole, whole.stat().st_size // 2)))
    assert 20 < len(frames) < 70
    assert "bytes are missing" in str(error)


def test_a_killed_recording_without_length_is_not_called_broken(tmp_path: Path) -> None:
    class Pipe:  # cannot seek: Matroska then leaves its length open
        def __init__(self) -> None:
            self.data = b""

        def write(self, data: bytes) -> int:
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with av.open(pipe, "w", format="matroska") as output:
        stream: Any = output.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(40):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(numbered_picture(number), "bgr24")))
        output.mux(stream.encode(None))
    path = tmp_path / "a.mkv"
    path.write_bytes(pipe.data)
    assert len(read_all(VideoSource(path))) == 40


def test_damage_in_the_middle_is_skipped_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_clip(tmp_path / "a.mp4", count=90, size_wh=(160, 96), container_options=FAST_START)
    data = bytearray(path.read_bytes())
    for start, size in packet_places(path)[40:44]:
        data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING, "realtime"):
        frames = read_all(VideoSource(path))
    assert 60 < len(frames) < 90
    assert frames[-1].time_s() == pytest.approx(89 / 30)
    assert "could not be decoded" in caplog.text


def test_a_trimmed_file_is_whole_although_it_shows_fewer_frames_than_it_holds(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", pts=[moment - 10 for moment in range(60)])  # the rest is cut away
    source = VideoSource(path)
    count = source.info.frame_count
    assert len(read_all(source)) == count == 50


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.txt", b"no video, only words\n" * 40),
        ("a.mp4", b""),
        ("b.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(100)),
        ("c.json", b'{"a": 1}'),
        ("noise.avi", np.random.default_rng(3).bytes(60_000)),
    ],
)
def test_a_file_that_is_no_video_is_refused_in_one_line(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError) as refused:
        VideoSource(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_sound_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("pcm_s16le", rate=48_000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        silence.sample_rate = 48_000
        output.mux(stream.encode(silence))
    with pytest.raises(SourceError, match="no video: it holds only audio"):
        VideoSource(path)


def test_a_video_whose_first_picture_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4", count=30, size_wh=(320, 240), container_options=FAST_START)
    short = cut(whole, packet_places(whole)[0][0] + 4)
    with pytest.raises(SourceError, match="no picture in it could be decoded"):
        VideoSource(short)


def test_a_name_with_a_colon_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "plain.mp4", count=3).rename(tmp_path / "a:b.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(read_all(VideoSource(Path("a:b.mp4")))) == 3


def test_captured_at_is_the_clock_when_the_frame_was_decoded(tmp_path: Path) -> None:
    ticks = iter(range(100))
    source = VideoSource(write_clip(tmp_path / "a.mp4", count=5), clock=lambda: float(next(ticks)))
    moments = [frame.captured_at for frame in read_all(source)]
    assert moments == sorted(moments)
    assert len(set(moments)) == 5


@pytest.mark.parametrize(
    ("name", "count", "size_wh"),
    [
        ("woman_desk", 270, (854, 480)),
        ("man_talking", 240, (480, 854)),
        ("coffee", 270, (854, 480)),
        ("arm_wrestling", 280, (340, 256)),
    ],
)
def test_real_clips_come_whole(shared_dir: Path, name: str, count: int, size_wh: tuple[int, int]) -> None:
    source = VideoSource(shared_dir / "data" / "video" / f"{name}.mp4")
    assert (source.info.frame_count, source.info.size_wh) == (count, size_wh)
    frames = 0
    while (frame := source.read()) is not None:
        frames += 1
        assert frame.size_wh == size_wh
    assert frames == count


@pytest.fixture
def camera_server() -> Iterator[Server]:
    class Camera(Quiet):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            for number in range(30):
                jpeg = cv2.imencode(".jpg", numbered_picture(number))[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")

    server = Server(Camera)
    yield server
    server.shutdown()
    server.server_close()


def serve_file(path: Path, status: int = 200) -> Server:
    data = path.read_bytes() if status == 200 else b""

    class File(Quiet):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Server(File)


def test_a_camera_on_the_network_is_live_and_timed_by_arrival(camera_server: Server) -> None:
    ticks = iter(range(1000))
    source = VideoSource(camera_server.address(), clock=lambda: next(ticks) / 10)
    assert source.info.live
    assert source.info.kind == "url"
    assert source.info.fps is None  # ten pictures a second by our clock, whatever ffmpeg makes up
    frames = [source.read() for _ in range(20)]
    source.close()
    assert [read_number(frame.image) for frame in frames if frame] == list(range(20))
    steps = np.diff([frame.time_s() for frame in frames if frame])
    np.testing.assert_allclose(steps, 0.1, atol=1e-3)


def test_a_camera_on_the_network_that_drops_comes_back_and_no_line_holds_the_password(
    camera_server: Server,
) -> None:
    lines: list[str] = []
    source = open_lasting(camera_server.address())
    assert isinstance(source, LastingSource)
    source.tell = lines.append
    frames = []
    while not any("is back" in line for line in lines):
        frames.append(source.read())
    frames.append(source.read())
    source.close()
    assert {frame.size_wh for frame in frames if frame} == {source.info.size_wh}
    times = [frame.time_s() for frame in frames if frame]
    assert all(a < b for a, b in pairwise(times))
    assert "s3cret" not in " ".join(lines) and "anna" not in " ".join(lines)


def test_a_video_file_on_the_network_is_a_file(tmp_path: Path) -> None:
    server = serve_file(write_clip(tmp_path / "a.mkv", count=25))
    source = VideoSource(server.address("/a.mkv?token=s3cret"))
    assert not source.info.live
    assert [read_number(frame.image) for frame in read_all(source)] == list(range(25))
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refused_address_is_reported_without_its_password(tmp_path: Path, status: int) -> None:
    server = serve_file(tmp_path, status)
    address = server.address("/cam?token=s3cret")
    with pytest.raises(SourceError) as refused:
        VideoSource(address)
    server.shutdown()
    server.server_close()
    shown = "".join(traceback.format_exception(refused.value))
    assert "127.0.0.1" in str(refused.value)
    assert "s3cret" not in shown
    assert "anna" not in shown


def test_nothing_a_source_tells_of_itself_holds_the_password(camera_server: Server) -> None:
    source = VideoSource(camera_server.address("/live?key=s3cret"))
    assert "s3cret" not in repr(source.info)
    assert source.info.name.startswith("http://***@127.0.0.1")
    error: BaseException | None = None
    try:
        while source.read() is not None:
            pass
    except SourceBrokenError as broken:
        error = broken
    source.close()
    assert error is None or "s3cret" not in "".join(traceback.format_exception(error))


def test_a_silent_server_is_given_up_after_the_timeout() -> None:
    released = threading.Event()

    class Silent(Quiet):
        def do_GET(self) -> None:
            released.wait(20)

    server = Server(Silent)
    with pytest.raises(SourceError, match="cannot be opened"):
        VideoSource(server.address(), timeouts_s=(0.2, 0.2))
    released.set()
    server.shutdown()
    server.server_close()
