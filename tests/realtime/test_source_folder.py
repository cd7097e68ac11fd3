from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.errors import SourceError
from realtime.frame import Frame
from realtime.source_folder import FolderSource, natural_key


def save(path: Path, value: int, size_wh: tuple[int, int] = (16, 12), channels: int = 3) -> NDArray[np.uint8]:
    image = np.full((size_wh[1], size_wh[0], channels), value, np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return image


def read_all(source: FolderSource) -> list[Frame]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def test_pictures_come_in_the_order_a_person_counts(tmp_path: Path) -> None:
    names = ["10.png", "9.png", "1.png", "img2.jpg", "img10.jpg", "Img1.png"]
    for value, name in enumerate(names):
        save(tmp_path / name, value * 40)
    values = [round(frame.image.mean() / 40) for frame in read_all(FolderSource(tmp_path))]
    assert [names[value] for value in values] == [
        "1.png", "9.png", "10.png", "Img1.png", "img2.jpg", "img10.jpg",
    ]  # fmt: skip


def test_names_that_differ_only_in_zeros_have_one_order() -> None:
    files = [Path("a01.png"), Path("a1.png"), Path("a001.png")]
    turned = files[::-1]
    assert sorted(files, key=natural_key) == sorted(turned, key=natural_key)


def test_every_picture_keeps_its_own_size(tmp_path: Path) -> None:
    sizes = [(16, 12), (33, 7), (5, 60)]
    for number, size_wh in enumerate(sizes):
        save(tmp_path / f"{number}.png", 50, size_wh)
    source = FolderSource(tmp_path)
    assert (source.info.size_wh, source.info.frame_count, source.info.live) == ((16, 12), 3, False)
    assert [frame.size_wh for frame in read_all(source)] == sizes


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".PNG"])
def test_each_kind_of_picture_is_read(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"ä b{suffix}", 120)
    (frame,) = read_all(FolderSource(tmp_path))
    assert abs(int(frame.image[3, 3, 1]) - 120) <= 2


def test_grey_transparent_and_deep_pictures_become_eight_bit_colour(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 90, channels=1)
    save(tmp_path / "2.png", 90, channels=4)
    deep = np.full((12, 16, 3), 90 * 257, np.uint16)
    (tmp_path / "3.png").write_bytes(cv2.imencode(".png", deep)[1].tobytes())
    for frame in read_all(FolderSource(tmp_path)):
        assert frame.image.shape == (12, 16, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image[0, 0].tolist() == [90, 90, 90]


def test_bad_files_are_reported_and_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path / "1.png", 10)
    (tmp_path / "2.png").write_bytes(b"no picture")
    (tmp_path / "3.png").write_bytes(b"")
    save(tmp_path / "4.png", 40)
    with caplog.at_level(logging.WARNING, "realtime"):
        frames = read_all(FolderSource(tmp_path))
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [10, 40]
    assert [frame.index for frame in frames] == [0, 1]
    assert [frame.pts * frame.time_base for frame in frames] == pytest.approx([0, 0.04])
    assert "2.png" in caplog.text
    assert "3.png" in caplog.text


def test_one_picture_is_a_source_too(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 10)
    save(tmp_path / "b.png", 20)
    assert len(read_all(FolderSource(tmp_path / "b.png"))) == 1


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(SourceError, match=f"{tmp_path} holds no pictures"):
        FolderSource(tmp_path)


def test_a_folder_of_bad_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match="none of its 1 picture files can be read"):
        FolderSource(tmp_path)


def test_after_close_nothing_comes(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.png", 10)
    source = FolderSource(tmp_path)
    assert source.read() is not None
    source.close()
    assert source.read() is None
