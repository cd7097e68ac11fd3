"""What is broken gives one clear line, what can be decoded of it comes out, and the gap is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from clip_makers import read_clip, write_clip
from film_runners import Count, paint
from numpy.typing import NDArray

from realtime.engine_guard import NoPictureError
from realtime.errors import LivebrushError, SinkError, SourceError
from realtime.film_scan import scan_film
from realtime.packets import missing_bytes
from realtime.testing import IdentityEngine

ROOT = Path(__file__).resolve().parents[2]
FAST_START = {"movflags": "+faststart"}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_of_a_film_that_is_cut_short_all_that_is_there_comes_out_with_its_sound(
    tmp_path: Path, suffix: str
) -> None:
    options = FAST_START if suffix == ".mp4" else {}
    whole = write_clip(tmp_path / f"in{suffix}", count=120, gop=20, sound="aac", container_options=options)
    short = tmp_path / f"short{suffix}"
    short.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    result = paint(short, tmp_path / f"out{suffix}", segment_frames=20)
    clip = read_clip(tmp_path / f"out{suffix}")
    assert result.result == "in part"
    assert "the file is cut short" in result.reason
    assert clip.numbers[:-4] == list(range(len(clip.numbers) - 4))  # the last may lack one in between
    assert 40 < len(clip.numbers) == result.frames < 110
    assert len(clip.sound) > 40


def test_what_is_broken_in_the_middle_is_a_gap_and_all_around_it_comes_out(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", count=90, codec="ffv1", pix_fmt="bgr0", fps=30, gop=1)
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    for number in (40, 41, 42):
        place, size = places[number]
        data[place + 12 : place + size] = b"\xff" * (size - 12)
    source.write_bytes(data)
    result = paint(source, tmp_path / "out.mkv", segment_frames=20, codec="ffv1")
    clip = read_clip(tmp_path / "out.mkv")
    missing = [number for number in range(90) if number not in clip.numbers]
    assert missing == [40, 41, 42]
    assert result.result == "in part"
    assert result.reason == "3 packets could not be decoded, from 1.33 to 1.40 s"
    again = paint(source, tmp_path / "out.mkv", segment_frames=20, codec="ffv1")
    assert (again.result, again.frames, again.painted) == ("in part", 87, 0)
    assert again.reason == f"{result.reason}; it was painted before"
    assert [t for t in clip.times_s if t > 2] == pytest.approx([n / 30 for n in range(61, 90)], abs=1e-3)


def test_pictures_that_the_decoder_makes_up_in_part_are_named(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", count=60, gop=10, codec_options={"sc_threshold": "0"})
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        place, size = [(packet.pos, packet.size) for packet in container.demux(video=0)][20]
    for at in range(place + 20, place + size):
        data[at] ^= 0x5A
    source.write_bytes(data)
    result = paint(source, tmp_path / "out.mp4", segment_frames=20)
    assert (result.result, result.frames) == ("in part", 60)
    assert result.reason == "1 picture could be decoded only in part, from 0.67 to 0.67 s"


@pytest.mark.parametrize("kind", ["text", "sound", "empty", "headless"])
def test_what_is_no_film_fails_in_one_line_and_leaves_nothing(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "in.mp4"
    if kind == "text":
        source.write_text("no film\n" * 1000)
    elif kind == "empty":
        source.write_bytes(b"")
    else:
        write_clip(source, count=10, sound="aac")
        if kind == "headless":  # the index comes last
            source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
        else:
            source = sound_only(tmp_path / "sound.mp4")
    with pytest.raises(SourceError) as failed:
        paint(source, tmp_path / "out.mp4")
    assert str(source) in str(failed.value)
    assert "\n" not in str(failed.value)
    assert not (tmp_path / "out.mp4").exists()


def sound_only(path: Path) -> Path:
    import numpy as np

    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.int16), "s16", "stereo")
        frame.sample_rate = 48_000
        for ready in av.AudioResampler("fltp", "stereo", 48_000).resample(frame):
            output.mux(stream.encode(ready))
        output.mux(stream.encode(None))
    return path


def test_a_film_that_is_gone_at_the_end_is_one_line(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", count=3)
    scan = scan_film(source)
    source.unlink()
    for look in (scan.check_unchanged, lambda: missing_bytes(source)):
        with pytest.raises(SourceError, match=r"in\.mkv cannot be read: No such file"):
            look()


def test_a_song_with_a_cover_is_no_film(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="it holds only audio"):
        paint(sound_only(tmp_path / "song.mp4"), tmp_path / "out.mp4")


def test_a_failure_in_the_middle_keeps_what_is_painted_for_the_next_run(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", count=90, gop=30, codec_options={"sc_threshold": "0"})

    def fail(painted: int) -> None:
        if painted == 70:
            raise SinkError("the disk is full")

    with pytest.raises(LivebrushError, match="the disk is full"):
        paint(source, tmp_path / "out.mkv", segment_frames=30, count=Count(fail))
    assert not (tmp_path / "out.mkv").exists()
    again = Count()
    assert paint(source, tmp_path / "out.mkv", segment_frames=30, count=again).result == "painted"
    assert (again.done, again.painted) == (60, 30)


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from realtime import cli
sys.exit(cli.main(["video", *sys.argv[2:]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.parametrize("limit", [2_000, 60_000])
def test_a_disk_that_fills_up_is_one_line_and_room_lets_it_go_on(
    tmp_path: Path, tiny_style: Path, limit: int
) -> None:
    """With the first limit a piece does not fit, with the second the pieces do, and the film does not."""
    source = write_clip(tmp_path / "in.mkv", count=90, gop=30, sound="pcm_s16le")
    command = [str(source), "-o", str(tmp_path / "out.mkv"), "--style", str(tiny_style)]
    command += ["--segment-frames", "30"]
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(limit), *command, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "cannot be written" in done.stdout
    assert "run the same command again" in done.stdout
    assert not (tmp_path / "out.mkv").exists()
    again = Count()
    paint(source, tmp_path / "out.mkv", segment_frames=30, count=again)
    assert read_clip(tmp_path / "out.mkv").numbers == list(range(90))


def test_a_network_that_gives_nan_ends_the_film_by_name_and_not_in_black(tmp_path: Path) -> None:
    class Overflowing(IdentityEngine):
        """Gives NaN from its 51st picture on, which is black as 8 bits."""

        pictures = 0

        def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
            self.pictures += 1
            return image if self.pictures <= 50 else np.zeros_like(image)

    source, output = write_clip(tmp_path / "in.mp4", count=60, gop=20), tmp_path / "out.mp4"
    with pytest.raises(NoPictureError, match=r"^style \S+ in identity .*black \(NaN\); try --precision fp32"):
        paint(source, output, engine=Overflowing(), segment_frames=20)
    assert not output.exists()
    count = Count()
    paint(source, output, segment_frames=20, count=count)  # by an engine that can
    assert count.done >= 20 and len(read_clip(output).numbers) == 60
