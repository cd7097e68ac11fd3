"""Which part of a frame is meant, from every kind of source."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from realtime.errors import MaskError
from realtime.frame import Frame
from realtime.mask import open_mask
from realtime.mask_motion import MotionMask
from realtime.mask_network import METADATA_KEY, MaskContract, NetworkMask
from realtime.testing import make_frame

Image = NDArray[np.uint8]


def frame_of(image: Image, index: int = 0) -> Frame:
    return make_frame(index).with_image(image)


def write_network(file: Path, labels: list[str] | None = None, planes: int = 2) -> Path:
    """Plane 0 is the blue of a frame, plane 1 its green, as shares of 255."""
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Slice", ["planes", "first", "last", "axis"], ["some"]),
        helper.make_node("Mul", ["some", "scale"], ["alpha"]),
    ]
    numbers = [("first", [0]), ("last", [planes]), ("axis", [1])]
    constants = [helper.make_tensor(name, TensorProto.INT64, [1], value) for name, value in numbers]
    constants.append(helper.make_tensor("scale", TensorProto.FLOAT, [], [1 / 255]))
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "height", "width", 3])
    alpha = helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [1, planes, "height", "width"])
    graph = helper.make_graph(nodes, "mask", [image], [alpha], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if labels is not None:
        contract = {"version": 1, "labels": labels, "area": 4096, "multiple": 16}
        helper.set_model_props(model, {METADATA_KEY: json.dumps(contract)})
    file.write_bytes(model.SerializeToString())
    return file


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


def test_a_folder_has_a_mask_for_every_frame_by_its_number_and_its_end_is_said_once(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((4, 4), 50 * number, np.uint8))
    mask = open_mask(str(tmp_path))
    assert mask.alpha(make_frame(0))[0, 0] == 0
    assert mask.alpha(make_frame(2))[0, 0] == 100  # a frame was left out
    with pytest.raises(MaskError, match="ends after 3 masks; the last one stays"):
        mask.alpha(make_frame(3))
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
    file = write_network(tmp_path / "net.onnx", ["sea", "sky"])
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, :, 0], image[:, :, 1] = 51, 102
    assert open_mask(f"{file}:sky").alpha(frame_of(image)).mean() == 102
    assert open_mask(f"{file}:sea,sky").alpha(frame_of(image)).mean() == 153


def test_what_a_network_does_not_know_is_said_with_what_it_knows(tmp_path: Path) -> None:
    file = write_network(tmp_path / "net.onnx", ["sea", "sky"])
    with pytest.raises(MaskError, match="does not know cat; it knows sea, sky"):
        open_mask(f"{file}:cat")
    with pytest.raises(MaskError, match="knows sea, sky; say which"):
        open_mask(str(file))
    with pytest.raises(MaskError, match="does not say what its outputs are"):
        open_mask(str(write_network(tmp_path / "foreign.onnx")))
    with pytest.raises(MaskError, match="--mask"):
        open_mask(str(tmp_path / "missing.onnx"))


def test_a_network_with_other_outputs_than_it_says_is_an_error(tmp_path: Path) -> None:
    mask = NetworkMask(write_network(tmp_path / "net.onnx", ["sea"], planes=2), ["sea"])
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
