import pytest
import torch

from training.noise import draw_noises, fixed_tiles, make_generator


def test_a_draw_is_the_same_in_another_run_and_others_differ() -> None:
    first, again = (draw_noises(3, 2, (16, 24), make_generator(5, 7)) for _ in range(2))
    assert [tuple(noise.shape) for noise in first] == [(2, 3, 16, 24), (2, 3, 8, 12), (2, 3, 4, 6)]
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    for seed, draw in ((5, 8), (6, 7)):
        other = draw_noises(3, 2, (16, 24), make_generator(seed, draw))
        assert not any(torch.equal(one, two) for one, two in zip(first, other, strict=True))


def test_noise_is_uniform_from_0_to_1_and_no_two_pictures_share_it() -> None:
    noise = draw_noises(1, 2, (128, 128), make_generator(0, 0))[0]
    assert noise.min() >= 0 and noise.max() < 1
    assert noise.mean() == pytest.approx(0.5, abs=0.01) and noise.var() == pytest.approx(1 / 12, abs=0.005)
    assert (noise[0] - noise[1]).abs().mean() == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("size_hw", [(24, 32), (32, 24), (8, 32), (0, 16)])
def test_a_size_that_the_scales_cannot_halve_is_refused(size_hw: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 16"):
        draw_noises(5, 1, size_hw, make_generator(0, 0))


def test_the_noise_of_style_files_never_changes() -> None:
    tiles = fixed_tiles(6)
    assert [tuple(tile.shape) for tile in tiles] == [(1, 3, 64, 64)] * 6
    assert all(tile.dtype == torch.uint8 for tile in tiles)
    assert tiles[0][0, 0, 0, :8].tolist() == [172, 10, 127, 140, 47, 170, 196, 151]
    assert sum(int(tile.sum()) for tile in tiles) == 9_382_842
    assert not torch.equal(fixed_tiles(1, seed=1)[0], tiles[0])
