from pathlib import Path

import numpy as np
import pytest

from realtime.catalog import find_style
from realtime.engine import EngineOptions
from realtime.style_texture import draw_texture, noise

EXACT = EngineOptions(precision="fp32", threads=1)


@pytest.mark.parametrize("size_wh", [(512, 512), (96, 65), (640, 360)])
def test_noise_has_the_size_and_uses_light_and_dark(size_wh: tuple[int, int]) -> None:
    found = noise(size_wh)
    assert found.shape == (size_wh[1], size_wh[0], 3) and found.dtype == np.uint8
    assert 35 < found.std() < 60


def test_noise_is_the_same_for_the_same_seed() -> None:
    np.testing.assert_array_equal(noise((64, 64), 3), noise((64, 64), 3))
    assert (noise((64, 64), 3) != noise((64, 64), 4)).any()


def test_a_texture_is_what_the_style_makes_of_noise(tiny_style: Path) -> None:
    found = draw_texture(find_style(str(tiny_style)), (96, 64), seed=5, options=EXACT)
    np.testing.assert_array_equal(found, 255 - noise((96, 64), 5))
