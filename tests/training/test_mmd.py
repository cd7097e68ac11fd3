import pytest
import torch
from torch import Tensor

from training.mmd import distance_of_nothing, mmd_gaussian_loss, shuffled, take_positions

CHANCE = torch.Generator().manual_seed(0)
PICTURE = torch.rand(1, 3, 5, 6, dtype=torch.float64, generator=CHANCE)
STYLE = 1.5 * torch.rand(1, 3, 4, 6, dtype=torch.float64, generator=CHANCE)
BANDWIDTH = 0.4


def rows(features: Tensor) -> Tensor:
    """(1, C, H, W) -> (H*W, C)."""
    return features[0].flatten(1).mT


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """(n, C), (m, C) -> (n, m), with the fixed bandwidth."""
    return torch.exp(-(x[:, None] - y[None]).square().sum(dim=2) / (2 * BANDWIDTH))


def quadratic_unbiased(x: Tensor, y: Tensor) -> float:
    """MMD^2_u by its double sums: Gretton et al. 2012, eq. 3."""
    n, m = len(x), len(y)
    same_x = (kernel(x, x).sum() - n) / (n * (n - 1))
    same_y = (kernel(y, y).sum() - m) / (m * (m - 1))
    return float(same_x + same_y - 2 * kernel(x, y).mean())


def quadratic_weighted(x: Tensor, y: Tensor, share_x: Tensor, share_y: Tensor) -> float:
    """The squared MMD between two sets of weighted points, by its double sums."""
    same = share_x @ kernel(x, x) @ share_x + share_y @ kernel(y, y) @ share_y
    return float(same - 2 * share_x @ kernel(x, y) @ share_y)


def draws(count: int, weights: tuple[Tensor | None, Tensor | None] = (None, None)) -> Tensor:
    """The linear-time estimate of so many draws."""
    generator, estimates = torch.Generator().manual_seed(1), []
    for _ in range(count):
        x = take_positions(PICTURE, 24, generator, weights[0])
        y = take_positions(STYLE, 24, generator, weights[1])
        estimates.append(mmd_gaussian_loss(x, y, BANDWIDTH))
    return torch.stack(estimates)


def deviations(estimates: Tensor, expected: float) -> float:
    """How many standard errors the mean of the draws is away."""
    return float((estimates.mean() - expected) / (estimates.std() / len(estimates) ** 0.5))


def test_one_pair_worked_by_hand() -> None:
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [2.0]])
    # Squared distances: x x 1, y y 0, x_i y_j 4, x_j y_i 1; the bandwidth is their mean, 1.5.
    k_1, k_4 = torch.exp(torch.tensor([-1 / 3, -4 / 3]))
    torch.testing.assert_close(mmd_gaussian_loss(x, y), k_1 + 1 - k_4 - k_1)
    k_1, k_4 = torch.exp(torch.tensor([-1 / 20, -4 / 20]))
    torch.testing.assert_close(mmd_gaussian_loss(x, y, bandwidth=10), k_1 + 1 - k_4 - k_1)


def test_a_set_against_itself_is_exactly_zero() -> None:
    samples = take_positions(PICTURE.float(), 30, torch.Generator().manual_seed(2))
    assert mmd_gaussian_loss(samples, samples) == 0


def test_the_linear_time_estimate_is_unbiased() -> None:
    x, y = rows(PICTURE), rows(STYLE)
    estimates = draws(3000)
    assert abs(deviations(estimates, quadratic_unbiased(x, y))) < 4
    # The test can fail: the biased double sums, which count every sample against itself, are far off.
    biased = quadratic_weighted(x, y, torch.full((30,), 1 / 30).double(), torch.full((24,), 1 / 24).double())
    assert abs(deviations(estimates, biased)) > 10


def test_the_weighted_estimate_is_unbiased_for_the_weighted_sets() -> None:
    weights = torch.arange(30.0).view(1, 1, 5, 6), torch.arange(24.0).flip(0).view(1, 1, 4, 6)
    share_x, share_y = ((one / one.sum()).flatten().double() for one in weights)
    estimates = draws(3000, weights)
    assert abs(deviations(estimates, quadratic_weighted(rows(PICTURE), rows(STYLE), share_x, share_y))) < 4
    assert abs(deviations(estimates, quadratic_unbiased(rows(PICTURE), rows(STYLE)))) > 10


def test_its_gradient_agrees_with_finite_differences() -> None:
    x = rows(PICTURE).clone().requires_grad_()
    y = rows(STYLE).repeat(2, 1)[:30]
    assert torch.autograd.gradcheck(lambda samples: mmd_gaussian_loss(samples, y, BANDWIDTH), (x,))


def test_the_bandwidth_is_the_mean_squared_distance_of_the_pairs_and_has_no_gradient() -> None:
    x, y = rows(PICTURE)[:24], rows(STYLE)
    pairs = ((x[::2], x[1::2]), (y[::2], y[1::2]), (x[::2], y[1::2]), (x[1::2], y[::2]))
    mean = torch.cat([(a - b).square().sum(dim=1) for a, b in pairs]).mean()
    gradients = []
    for bandwidth in (None, float(mean)):
        samples = x.clone().requires_grad_()
        loss = mmd_gaussian_loss(samples, y, bandwidth)
        loss.backward()  # type: ignore[no-untyped-call]
        gradients.append(samples.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


def test_every_picture_of_a_batch_has_its_own_bandwidth() -> None:
    x, y = torch.stack([rows(PICTURE)[:24], 9 * rows(PICTURE)[:24]]), rows(STYLE)
    apart = torch.stack([mmd_gaussian_loss(one, y) for one in x]).mean()
    torch.testing.assert_close(mmd_gaussian_loss(x, y), apart)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_the_gradient_is_finite_even_where_all_samples_are_one(scale: float) -> None:
    x = torch.full((8, 3), scale, requires_grad=True)
    mmd_gaussian_loss(x, torch.full((8, 3), scale)).backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None and torch.isfinite(x.grad).all()


def test_distances_are_kept_in_float32_within_autocast() -> None:
    x, y = 300 * rows(PICTURE)[:24], 300 * rows(STYLE)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = mmd_gaussian_loss(x.half(), y.half())
    torch.testing.assert_close(loss, mmd_gaussian_loss(x.half().double(), y.half().double()).float())


def test_an_odd_sample_is_left_out_and_one_alone_refused() -> None:
    x, y = rows(PICTURE)[:23], rows(STYLE)[:23]
    assert mmd_gaussian_loss(x, y) == mmd_gaussian_loss(x[:22], y[:22])
    with pytest.raises(ValueError, match="as many on both: got 1, 1"):
        mmd_gaussian_loss(x[:1], y[:1])
    with pytest.raises(ValueError, match="as many on both: got 23, 22"):
        mmd_gaussian_loss(x, y[:22])


def test_the_distance_of_an_empty_picture_is_the_double_sum() -> None:
    y, nothing = rows(STYLE), torch.zeros(1, 3, dtype=torch.float64)
    between, lengths = torch.cdist(y, y).square(), y.square().sum(dim=1)
    bandwidth = float(between.mean() + 2 * lengths.mean()) / 4
    scale = (BANDWIDTH / bandwidth) ** 0.5  # kernel() has a bandwidth of its own
    share = torch.full((len(y),), 1 / len(y), dtype=torch.float64)
    expected = quadratic_weighted(nothing, scale * y, torch.ones(1, dtype=torch.float64), share)
    assert float(distance_of_nothing(y)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", [4, 5])
def test_no_position_comes_twice_before_each_came_once_and_none_meets_itself(size: int) -> None:
    numbers = shuffled(size, 40, torch.Generator().manual_seed(0))
    assert sorted(set(numbers.tolist())) == list(range(size))
    assert (numbers[::2] != numbers[1::2]).all()
    assert sorted(shuffled(size, size, torch.Generator().manual_seed(0)).tolist()) == list(range(size))


def test_one_position_makes_no_pair() -> None:
    with pytest.raises(ValueError, match="a pair needs two positions, and there are 1"):
        shuffled(1, 4, torch.Generator())


def test_positions_are_drawn_by_their_share_and_never_where_it_is_zero() -> None:
    features = torch.arange(4.0).view(1, 1, 2, 2)
    weights = torch.tensor([[[[1.0, 0.0], [3.0, 0.0]]]])
    drawn = take_positions(features, 4000, torch.Generator().manual_seed(0), weights)[0, :, 0]
    assert set(drawn.tolist()) == {0.0, 2.0}
    assert float((drawn == 2).float().mean()) == pytest.approx(0.75, abs=0.03)


def test_each_picture_of_a_batch_has_its_own_weights() -> None:
    features = torch.arange(8.0).view(2, 1, 2, 2)
    weights = torch.tensor([[1.0, 1, 0, 0], [0, 0, 0, 1]]).view(2, 1, 2, 2)
    drawn = take_positions(features, 50, torch.Generator().manual_seed(0), weights)
    assert set(drawn[0].flatten().tolist()) == {0.0, 1.0} and set(drawn[1].flatten().tolist()) == {7.0}


def test_the_same_generator_takes_the_same_positions_and_another_takes_others() -> None:
    taken = [take_positions(PICTURE, 20, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)]
    assert torch.equal(taken[0], taken[1]) and not torch.equal(taken[0], taken[2])
