"""Which part of a frame is meant, from every kind of source."""

import struct
import zlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx_makers import write_mask_network

from realtime.encoder import EXACT
from realtime.errors import MaskError
from realtime.frame import Frame
from realtime.mask import MaskSource, open_mask
from realtime.mask_motion import MotionMask
from realtime.mask_network import MaskContract, NetworkMask
from realtime.testing import make_frame

Image = NDArray[np.uint8]


def frame_of(image: Image, index: int = 0) -> Frame:
    return make_frame(index).with_image(image)


def test_a_colour_key_leaves_out_the_cloth_however_it_is_lit() -> None:
    image = np.zeros((4, 6, 3), np.uint8)
    image[:, :2] = 0, 255, 0
    image[:, 2:4] = 20, 180, 20  # the same cloth in the shade
    image[:, 4:] = 140, 160, 220  # skin
    alpha = open_mask("key:#00ff00").alpha(frame_of(image))
    assert (alpha[:, :4] == 0).all()
    assert (alpha[:, 4:] == 255).all()


@pytest.mark.parametrize("text", ["key:green", "key:#00ff0", "key:#808080", "key:"])
def test_a_key_that_is_no_colour_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(MaskError, match="--mask key:"):
        open_mask(text)


def test_a_picture_is_its_own_alpha(tmp_path: Path) -> None:
    drawn = np.zeros((9, 16), np.uint8)
    drawn[:, 8:] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), drawn)
    mask = open_mask(str(tmp_path / "mask.png"))
    assert np.array_equal(mask.alpha(make_frame()), drawn)
    assert not mask.rough


def test_a_folder_has_a_mask_for_every_frame_by_its_number_and_its_last_one_stays(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((4, 4), 50 * number, np.uint8))
    mask = open_mask(str(tmp_path))
    assert mask.alpha(make_frame(0))[0, 0] == 0
    assert mask.alpha(make_frame(2))[0, 0] == 100  # a frame was left out
    assert mask.alpha(make_frame(1))[0, 0] == 50  # and one is seen again
    assert mask.notice is None
    assert mask.alpha(make_frame(3))[0, 0] == 100
    assert "ends after 3 masks; the last one stays" in str(mask.notice)
    assert mask.alpha(make_frame(4))[0, 0] == 100
    mask.close()


def test_what_moves_is_told_from_what_was_there_before() -> None:
    room = np.random.default_rng(0).integers(60, 90, (90, 160, 3), dtype=np.uint8)
    mask = MotionMask()
    for index in range(30):
        mask.alpha(frame_of(room, index))
    with_a_person = room.copy()
    with_a_person[20:80, 60:100] = 220
    alpha = mask.alpha(frame_of(with_a_person, 30))
    assert alpha[30:70, 68:92].min() == 255
    assert alpha[:, :40].max() == 0


def test_labels_of_a_network_are_added_up(tmp_path: Path) -> None:
    file = write_mask_network(tmp_path / "net.onnx", ["sea", "sky"])
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, :, 0], image[:, :, 1] = 51, 102
    assert open_mask(f"{file}:sky").alpha(frame_of(image)).mean() == 102
    assert open_mask(f"{file}:sea,sky").alpha(frame_of(image)).mean() == 153


def test_what_a_network_does_not_know_is_said_with_what_it_knows(tmp_path: Path) -> None:
    file = write_mask_network(tmp_path / "net.onnx", ["sea", "sky"])
    with pytest.raises(MaskError, match="does not know cat; it knows sea, sky"):
        open_mask(f"{file}:cat")
    with pytest.raises(MaskError, match="knows sea, sky; say which"):
        open_mask(str(file))
    with pytest.raises(MaskError, match="does not say what its outputs are"):
        open_mask(str(write_mask_network(tmp_path / "foreign.onnx")))
    with pytest.raises(MaskError, match="--mask"):
        open_mask(str(tmp_path / "missing.onnx"))


def test_a_network_with_other_outputs_than_it_says_is_an_error(tmp_path: Path) -> None:
    mask = NetworkMask(write_mask_network(tmp_path / "net.onnx", ["sea"], planes=2), ["sea"])
    with pytest.raises(MaskError, match="not a plane for each of its labels"):
        mask.alpha(make_frame())


def test_a_file_that_is_not_there_says_what_a_mask_may_be() -> None:
    with pytest.raises(MaskError, match=r"no such file; a mask is person, motion"):
        open_mask("nothing.png")


@pytest.mark.parametrize("frame_wh", [(640, 360), (360, 640), (1, 1), (4000, 16)])
def test_a_frame_is_looked_at_in_its_shape_at_about_the_area_that_was_trained_at(
    frame_wh: tuple[int, int],
) -> None:
    width, height = MaskContract(("person",), area=25_600, multiple=16).size_for(frame_wh)
    assert width % 16 == height % 16 == 0
    assert min(width, height) >= 32
    if max(frame_wh) < 1000 and min(frame_wh) > 1:
        assert 0.8 < width * height / 25_600 < 1.25
        assert (width > height) == (frame_wh[0] > frame_wh[1])


def write_palette_png(file: Path, indices: Image) -> Path:
    """Write a picture of indices, whose colours say nothing of them."""
    height, width = indices.shape
    rows = b"".join(b"\0" + row.tobytes() for row in indices)
    colours = bytes(value for number in range(8) for value in (90 - number, 17 * number % 256, 200))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"PLTE", colours), chunk(b"IDAT", zlib.compress(rows)))
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b""))
    return file


def stripes(width: int = 4) -> Image:
    """Labels 0, 1, 2, 3 from left to right."""
    return np.arange(4, dtype=np.uint8).repeat(width)[None].repeat(4, axis=0)


@pytest.mark.parametrize("kind", ["palette", "grey", "grey saved as colours"])
def test_labels_of_a_picture_are_its_palettes_numbers_or_its_greys(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "parts.png"
    if kind == "palette":
        write_palette_png(file, stripes())
    else:
        cv2.imwrite(str(file), stripes() if kind == "grey" else np.dstack([stripes()] * 3))
    assert (open_mask(f"{file}:2").alpha(make_frame()) == np.where(stripes() == 2, 255, 0)).all()
    assert (open_mask(f"{file}:1,3").alpha(make_frame()) == np.where(stripes() % 2 == 1, 255, 0)).all()
    with pytest.raises(MaskError, match="has no label 7; it has 0, 1, 2, 3"):
        open_mask(f"{file}:7")
    with pytest.raises(MaskError, match="labels of a picture are numbers"):
        open_mask(f"{file}:sky")


def test_a_picture_in_colours_has_no_labels_and_a_file_with_a_colon_is_itself(tmp_path: Path) -> None:
    colours = np.zeros((4, 4, 3), np.uint8)
    colours[:, 2:, 2] = 255
    cv2.imwrite(str(tmp_path / "colours.png"), colours)
    with pytest.raises(MaskError, match="has colours, and labels are the numbers"):
        open_mask(f"{tmp_path / 'colours.png'}:1")
    cv2.imwrite(str(tmp_path / "a:1.png"), np.full((4, 4), 9, np.uint8))
    assert open_mask(str(tmp_path / "a:1.png")).alpha(make_frame()).max() == 9


def test_a_folder_of_labelled_pictures_may_lack_a_label_in_some(tmp_path: Path) -> None:
    for number in range(3):
        write_palette_png(tmp_path / f"{number}.png", stripes() if number == 1 else stripes() * 0)
    mask = open_mask(f"{tmp_path}:3")
    assert [mask.alpha(make_frame(n)).mean() for n in range(3)] == [0, 255 / 4, 0]


def numbered_masks(file: Path, *, count: int, fps: int = 25, offset: int = 0) -> Path:
    """Write a video whose mask n is n * 3 bright."""
    with av.open(str(file), "w") as output:
        stream = output.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.options = 10, {"sc_threshold": "0", "qp": "4"}
        for number in range(count):
            grey = np.full((32, 32, 3), 3 * number, np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, "bgr24").reformat(
                format="yuv420p", interpolation=EXACT
            )
            picture.pts, picture.time_base = number + offset, Fraction(1, fps)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return file


def number_seen(mask: MaskSource, index: int, fps: int = 25) -> int:
    frame = replace(make_frame(index), pts=index, time_base=Fraction(1, fps))
    return round(float(mask.alpha(frame).mean()) / 3)


def test_a_video_of_masks_gives_a_frames_mask_in_whatever_order_it_is_asked(tmp_path: Path) -> None:
    file = numbered_masks(tmp_path / "masks.mp4", count=80)
    mask = open_mask(str(file), frames=80)
    asked = [60, 61, 3, 79, 47, 48, 49, 0, 78, 79, 79, 12]
    assert [number_seen(mask, index) for index in asked] == asked
    mask.close()
    assert number_seen(mask, 5) == 5  # opened again


def test_masks_of_another_rate_go_by_time_and_as_many_as_frames_by_number(tmp_path: Path) -> None:
    file = numbered_masks(tmp_path / "masks.mkv", count=40, fps=10, offset=7)
    by_time = open_mask(str(file), frames=100)
    number_seen(by_time, 0)
    assert [number_seen(by_time, index) for index in (0, 5, 50, 99)] == [0, 2, 20, 39]  # 25 fps beside 10
    assert by_time.notice is None
    assert number_seen(by_time, 110) == 39
    assert by_time.notice is not None
    by_number = open_mask(str(file), frames=40)
    assert [number_seen(by_number, index) for index in (0, 5, 39)] == [0, 5, 39]


def test_what_is_no_mask_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MaskError, match="holds no pictures"):
        open_mask(str(tmp_path / "empty"))
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(MaskError, match="--mask .*text.mp4"):
        open_mask(str(tmp_path / "text.mp4"))
