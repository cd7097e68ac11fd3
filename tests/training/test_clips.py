from pathlib import Path

import av
import numpy as np
import pytest
from clip_makers import read_number, write_clip
from motion_makers import sliding_texture, texture, write_frames

from training.clips import Clip, ClipFrame, write_lossless
from training.errors import DataError


def numbers(clip: Clip) -> list[int]:
    return [read_number(frame.image) for frame in clip.frames()]


def test_a_video_gives_every_frame_at_its_time(tmp_path: Path) -> None:
    times = [0, 1, 2, 5, 6, 9]
    file = write_clip(tmp_path / "clip.mp4", count=6, size_wh=(96, 72), pts=times)
    clip = Clip(file)
    assert numbers(clip) == [0, 1, 2, 3, 4, 5]
    assert [round(frame.time_s * 30) for frame in clip.frames()] == times
    assert numbers(clip) == [0, 1, 2, 3, 4, 5]  # as often as wanted


def test_only_so_many_frames_as_asked_for(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "clip.mp4", count=6, size_wh=(96, 72))
    assert numbers(Clip(file, count=4)) == [0, 1, 2, 3]


def test_frames_are_made_smaller_never_larger_and_cut_to_eights(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "frames", [texture((150, 100))])
    for short_side, expected in ((72, (72, 104, 3)), (200, (96, 144, 3)), (None, (96, 144, 3))):
        assert next(Clip(folder, short_side).frames()).image.shape == expected
    whole = next(Clip(folder).frames()).image
    assert (whole == texture((150, 100))[2:98, 3:147]).all()  # cut around the middle


def test_frames_of_a_folder_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    frames = sliding_texture(11)
    folder = write_frames(tmp_path / "frames", frames)
    (folder / "notes.txt").write_text("no frame")
    read = list(Clip(folder).frames())
    assert [(one.image == frame).all() for one, frame in zip(read, frames, strict=True)] == [True] * 11
    assert read[10].time_s == pytest.approx(0.4)


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_a_turned_video_is_set_upright(tmp_path: Path, rotation: int) -> None:
    plain = write_clip(tmp_path / "plain.mp4", count=4, size_wh=(96, 72))
    turned = write_clip(tmp_path / "turned.mp4", count=4, size_wh=(96, 72), rotation=rotation)
    expected = np.rot90(list(Clip(plain).frames())[3].image, rotation // 90)
    found = list(Clip(turned).frames())[3].image
    assert (found == expected).all()


def test_what_is_written_lossless_is_read_again_to_the_last_bit(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    frames = [
        ClipFrame(chance.integers(0, 256, (72, 96, 3), dtype=np.uint8), time_s)
        for time_s in (0.0, 1 / 30, 1 / 30 + 1e-5, 0.5)
    ]
    seen: list[int] = []
    assert write_lossless(tmp_path / "clip.mkv", frames, seen.append) == (4, (96, 72))
    read = list(Clip(tmp_path / "clip.mkv").frames())
    assert all((one.image == frame.image).all() for one, frame in zip(read, frames, strict=True))
    assert [round(one.time_s, 3) for one in read] == [0.0, 0.033, 0.034, 0.5]
    assert seen == [1, 2, 3, 4]


def test_a_video_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    file = tmp_path / "clip.avi"
    frames = sliding_texture(12, (96, 72))
    with av.open(str(file), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 72, "bgr0"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="bgr0")))
        output.mux(stream.encode(None))
    data = file.read_bytes()
    file.write_bytes(data[: len(data) * 6 // 10])
    read = list(Clip(file).frames())
    assert 4 <= len(read) < 12
    assert all((one.image == frame).all() for one, frame in zip(read[:4], frames, strict=False))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.mp4", "no clip at"),
        ("empty", "no frames in"),
        ("text.txt", "holds no video|cannot be read as a video"),
        ("sound.mp4", "holds no video"),
        ("mixed", "among others of another size"),
        ("small", "must be at least 64 pixels"),
        ("broken", "is no picture that can be read"),
    ],
)
def test_what_is_no_clip_is_refused_in_one_line(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("a page of text\n" * 50)
    with av.open(str(tmp_path / "sound.mp4"), "w") as output:
        stream = output.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 48_000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    write_frames(tmp_path / "mixed", [texture((96, 72)), texture((72, 96))])
    write_frames(tmp_path / "small", [texture((96, 40))])
    write_frames(tmp_path / "broken", [texture((96, 72))])
    (tmp_path / "broken" / "1.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=message) as caught:
        list(Clip(tmp_path / name).frames())
    assert "\n" not in str(caught.value)


def test_a_frame_is_read_when_it_is_asked_for_not_before(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "frames", [texture((96, 72))] * 2)
    frames = Clip(folder).frames()
    next(frames)
    (folder / "1.png").unlink()
    with pytest.raises(DataError, match="cannot read"):
        next(frames)
