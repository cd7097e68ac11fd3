import numpy as np
import pytest
from numpy.typing import NDArray
from onnx_makers import make_contract

from realtime.contract import StyleContract
from realtime.errors import ContractError, EngineError
from realtime.tensors import input_shape, to_image, to_tensor

Image = NDArray[np.uint8]
NHWC = make_contract(colour="BGR")
RGB = make_contract()
NCHW = make_contract(layout="NCHW", dtype="float32", value_range=(0, 1))


def test_shapes_of_both_layouts() -> None:
    assert input_shape(NHWC, (640, 360)) == (1, 360, 640, 3)
    assert input_shape(NCHW, (640, 360)) == (1, 3, 360, 640)


def test_a_picture_of_bytes_goes_in_without_a_copy(picture: Image) -> None:
    tensor = to_tensor(picture, NHWC)
    assert tensor.shape == (1, 72, 96, 3)
    assert np.shares_memory(tensor, picture)


def test_a_painting_of_bytes_comes_out_without_a_copy(picture: Image) -> None:
    assert np.shares_memory(to_image(picture[None], NHWC), picture)


@pytest.mark.parametrize("contract", [RGB, NCHW])
def test_a_graph_of_the_other_order_sees_red_first(contract: StyleContract) -> None:
    image = np.full((64, 64, 3), (10, 20, 30), np.uint8)  # BGR
    tensor = to_tensor(image, contract)
    first_channel = tensor[0, ..., 0] if contract is RGB else tensor[0, 0] * 255
    np.testing.assert_allclose(first_channel, 30, rtol=1e-6)
    assert (to_image(tensor, contract) == image).all()


def test_a_picture_of_floats_is_planes_from_0_to_1(picture: Image) -> None:
    tensor = to_tensor(picture, NCHW)
    assert tensor.shape == (1, 3, 72, 96)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0, 1], picture[..., 1] / 255, rtol=1e-6)


def test_every_byte_survives_the_way_through_floats() -> None:
    picture = np.arange(256 * 64 * 3, dtype=np.int64).reshape(64, 256, 3).astype(np.uint8)
    assert (to_image(to_tensor(picture, NCHW), NCHW) == picture).all()


def test_floats_outside_the_range_are_clamped_not_wrapped() -> None:
    tensor = np.full((1, 3, 64, 64), 1.01, np.float32)
    tensor[:, :, :32] = -0.01
    picture = to_image(tensor, NCHW)
    assert (picture[:32] == 0).all()
    assert (picture[32:] == 255).all()


def test_a_picture_cut_from_a_larger_one_goes_in(picture: Image) -> None:
    cut = picture[2:70, 3:90]
    for contract in (NHWC, RGB, NCHW):
        assert (to_image(to_tensor(cut, contract), contract) == cut).all()


def test_what_is_no_picture_is_an_engine_error() -> None:
    for shape, dtype in (((64, 64), np.uint8), ((64, 64, 4), np.uint8), ((64, 64, 3), np.float32)):
        with pytest.raises(EngineError, match="takes"):
            to_tensor(np.zeros(shape, dtype), NHWC)


def test_a_size_outside_the_contract_is_a_contract_error() -> None:
    with pytest.raises(ContractError, match="height"):
        to_tensor(np.zeros((63, 64, 3), np.uint8), NHWC)
