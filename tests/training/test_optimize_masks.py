from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from training.errors import DataError, OptionError
from training.optimization.masks import check_size, labels_to_paint, masks_at, read_labels


def write_palette(file: Path, labels: list[list[int]], colours: list[tuple[int, int, int]]) -> Path:
    picture = Image.fromarray(np.array(labels, dtype=np.uint8), mode="P")
    picture.putpalette([level for colour in colours for level in colour])
    picture.save(file)
    return file


def test_a_palette_picture_is_read_as_indices_and_not_as_colours(tmp_path: Path) -> None:
    # Two indices of one colour: whoever reads colours cannot tell them apart.
    file = write_palette(tmp_path / "mask.png", [[0, 1], [2, 1]], [(9, 9, 9), (255, 0, 0), (9, 9, 9)])
    assert read_labels(file).tolist() == [[0, 1], [2, 1]]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_a_grey_picture_is_read_by_its_values_however_many_channels_it_has(mode: str, tmp_path: Path) -> None:
    grey = Image.fromarray(np.array([[0, 128], [255, 128]], dtype=np.uint8))
    grey.convert(mode).save(tmp_path / "mask.png")
    assert read_labels(tmp_path / "mask.png").tolist() == [[0, 128], [255, 128]]


def test_a_picture_of_one_bit_has_two_labels(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).convert("1").save(tmp_path / "mask.png")
    assert read_labels(tmp_path / "mask.png").tolist() == [[0, 1]]


def test_the_semantic_pairs_carry_the_labels_their_list_promises(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "semantic" / "seth_gogh"
    content, style = read_labels(folder / "content_mask.png"), read_labels(folder / "style_mask.png")
    assert labels_to_paint(content, [style]) == (2, 3, 4, 5)


def test_a_mask_in_colours_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "mask.png"), np.array([[[255, 0, 0], [0, 0, 0]]], dtype=np.uint8))
    with pytest.raises(DataError, match="is coloured: save it as a PNG with a palette, or in greys"):
        read_labels(tmp_path / "mask.png")


def test_a_photograph_is_no_mask(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "mask.png"), np.arange(200, dtype=np.uint8).reshape(10, 20))
    with pytest.raises(DataError, match="has 200 labels, 32 are the most"):
        read_labels(tmp_path / "mask.png")


@pytest.mark.parametrize(("data", "message"), [(None, "cannot read the mask"), (b"rubbish", "no picture")])
def test_a_mask_that_cannot_be_read_is_named(data: bytes | None, message: str, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / "mask.png").write_bytes(data)
    with pytest.raises(DataError, match=f"{message}.*mask.png|mask.png.*{message}"):
        read_labels(tmp_path / "mask.png")


def test_a_broken_mask_is_one_line(tmp_path: Path) -> None:
    file = write_palette(tmp_path / "mask.png", [[0, 1] * 200] * 200, [(0, 0, 0), (255, 255, 255)])
    file.write_bytes(file.read_bytes()[:-60])
    with pytest.raises(DataError) as caught:
        read_labels(file)
    assert "mask.png" in str(caught.value) and "\n" not in str(caught.value)


def test_labels_that_only_the_content_has_are_refused_with_their_share() -> None:
    content, style = np.array([[1, 2], [2, 3]]), np.array([[1, 5]])
    with pytest.raises(
        OptionError, match=r"has label 2 \(50.0% of it\), 3 \(25.0% of it\), the style has 1, 5"
    ):
        labels_to_paint(content, [style])
    assert labels_to_paint(content, [style], ignored=(2, 3)) == (1,)
    assert labels_to_paint(content, [style, np.array([[2, 3]])]) == (1, 2, 3)
    with pytest.raises(OptionError, match="leaves no label"):
        labels_to_paint(np.array([[1]]), [style], ignored=(1,))


def test_a_mask_of_another_size_than_its_picture_is_refused() -> None:
    with pytest.raises(OptionError, match="the mask m.png is 3x2, its picture p.jpg 6x4"):
        check_size(np.zeros((2, 3), dtype=np.int32), Path("m.png"), (4, 6), Path("p.jpg"))


def test_masks_shrink_by_area_and_share_every_pixel_out() -> None:
    labels = np.zeros((4, 6), dtype=np.int32)
    labels[:, 5] = 7  # thinner than a pixel of the smaller picture
    masks = masks_at(labels, (0, 7, 9), (2, 3))
    assert sorted(masks) == [0, 7]  # 9 is nowhere
    torch.testing.assert_close(masks[7][0, 0], torch.tensor([[0, 0, 0.5], [0, 0, 0.5]]))
    torch.testing.assert_close(masks[0] + masks[7], torch.ones(1, 1, 2, 3))
