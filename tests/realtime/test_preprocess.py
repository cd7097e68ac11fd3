import numpy as np
import pytest
from numpy.typing import NDArray
from onnx_makers import make_contract

from realtime.buffers import BufferPool
from realtime.errors import ContractError
from realtime.preprocess import network_size, resize

Image = NDArray[np.uint8]


def test_nothing_writes_to_its_input(picture: Image) -> None:
    before = picture.copy()
    picture.flags.writeable = False
    for size_wh in ((48, 36), (192, 144)):
        assert not np.shares_memory(resize(picture, size_wh), picture)
    assert (picture == before).all()


@pytest.mark.parametrize("size_wh", [(48, 36), (192, 144), (65, 97), (97, 65)])
def test_the_size_is_width_then_height(picture: Image, size_wh: tuple[int, int]) -> None:
    assert resize(picture, size_wh).shape == (size_wh[1], size_wh[0], 3)


@pytest.mark.parametrize("size_wh", [(48, 36), (192, 144)])
def test_buffers_change_nothing_but_where_the_memory_comes_from(
    picture: Image, size_wh: tuple[int, int]
) -> None:
    buffers = BufferPool()
    for _ in range(3):
        assert (resize(picture, size_wh, buffers) == resize(picture, size_wh)).all()
    assert buffers.allocated == 1


def test_going_down_averages_areas_so_that_stripes_become_grey() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    assert (resize(stripes, (16, 64)) == 100).all()


def test_going_up_is_smooth() -> None:
    edge = np.zeros((4, 4, 3), np.uint8)
    edge[:, 2:] = 200
    assert len(np.unique(resize(edge, (16, 16)))) > 2


def test_the_same_size_is_not_copied(picture: Image) -> None:
    assert resize(picture, (96, 72)) is picture


def test_the_network_sees_the_size_that_was_asked_for() -> None:
    assert network_size((1920, 1080), make_contract(), (640, 360)) == (640, 360)


def test_a_size_outside_the_contract_is_refused_not_changed() -> None:
    with pytest.raises(ContractError, match="height from 64"):
        network_size((1920, 1080), make_contract(), (640, 32))


@pytest.mark.parametrize(
    ("source_wh", "expected_wh"),
    [
        ((854, 480), (854, 480)),
        ((641, 359), (641, 359)),
        ((32, 64), (64, 128)),  # the shorter side to the least
        ((8192, 4320), (4096, 2160)),  # the longer side to the most
        ((1, 1), (64, 64)),
        ((20, 4000), (64, 4096)),  # no shape fits: as near as the limits allow
    ],
)
def test_a_source_size_is_fitted_to_the_contract(
    source_wh: tuple[int, int], expected_wh: tuple[int, int]
) -> None:
    assert network_size(source_wh, make_contract()) == expected_wh


@pytest.mark.parametrize("source_wh", [(1, 1), (63, 4000), (641, 359), (5000, 70), (4095, 4095)])
def test_a_fitted_size_always_fits(source_wh: tuple[int, int]) -> None:
    contract = make_contract(min_size=66, max_size=1001, size_multiple=8)
    contract.check_size(network_size(source_wh, contract))
