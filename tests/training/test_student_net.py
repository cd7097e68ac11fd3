import pytest
import torch

from training.networks.student_net import MULTIPLE, RegionStatistics, StudentNet, rebuild


@pytest.fixture(scope="module")
def network() -> StudentNet:
    torch.manual_seed(0)
    return StudentNet().eval()


def halves(height: int, width: int) -> torch.Tensor:
    masks = torch.zeros(1, 2, height, width)
    masks[:, 0, :, : width // 2], masks[:, 1, :, width // 2 :] = 1, 1
    return masks


def test_statistics_of_two_regions_worked_by_hand() -> None:
    features = torch.tensor([1.0, 3.0, 10.0, 10.0]).repeat(1, 1, 500, 1)  # (1, 1, 500, 4)
    shares = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]])[None, :, None].repeat(1, 1, 500, 1)
    found = RegionStatistics.of(features, shares)
    # The whole picture, mean 6, counts as 0.3% of the places in each region of half of them.
    assert found.mean[0, :, 0].tolist() == pytest.approx([2 + 4 * 0.006 / 1.006, 10 - 4 * 0.006 / 1.006])
    assert found.deviation[0, 0, 0].item() == pytest.approx(1.07, abs=0.02)
    assert found.deviation[0, 1, 0].item() == pytest.approx(0.42, abs=0.03)


def test_an_empty_region_is_as_the_whole_and_nothing_is_no_number(network: StudentNet) -> None:
    image = torch.rand(1, 3, 64, 64)
    masks = torch.cat([torch.ones(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)], 1)
    found = network.statistics(image, masks)
    torch.testing.assert_close(found[:, 0], found[:, 1], rtol=1e-3, atol=1e-3)
    for plain in (torch.zeros_like(image), torch.ones_like(image)):
        painting, statistics = network(plain, masks, found)
        assert painting.isfinite().all() and statistics.isfinite().all()


def test_a_region_of_its_own_style_is_left_as_it_is() -> None:
    torch.manual_seed(1)
    features, shares = torch.randn(1, 5, 16, 16), halves(16, 16)
    own = RegionStatistics.of(features, shares)
    torch.testing.assert_close(rebuild(features, shares, own, own.numbers), features)


def test_where_no_region_is_features_stay() -> None:
    features, nothing = torch.randn(1, 5, 16, 16), torch.zeros(1, 2, 16, 16)
    own = RegionStatistics.of(features, nothing)
    torch.testing.assert_close(rebuild(features, nothing, own, own.numbers * 3), features)


def test_a_rebuilt_region_has_the_statistics_that_were_asked_for() -> None:
    torch.manual_seed(2)
    features, shares = torch.randn(1, 4, 32, 32), halves(32, 32)
    own = RegionStatistics.of(features, shares)
    goal = torch.cat([torch.randn(1, 2, 4), 1 + torch.rand(1, 2, 4)], 2)
    rebuilt = RegionStatistics.of(rebuild(features, shares, own, goal), shares)
    torch.testing.assert_close(rebuilt.numbers, goal, rtol=0.02, atol=0.03)


def test_what_a_region_is_painted_in_does_not_reach_the_other(network: StudentNet) -> None:
    """Beyond the reach of the convolutions, which is the same for every style."""
    torch.manual_seed(3)
    image, masks = torch.rand(1, 3, 64, 256), halves(64, 256)
    style = 1 + torch.rand(1, 2, network.numbers)
    other = torch.cat([style[:, :1], style[:, 1:] * 2], 1)
    with torch.no_grad():
        before, after = (network(image, masks, one)[0] for one in (style, other))
    apart = (before - after).abs().amax(dim=(0, 1, 2))
    assert float(apart[:64].max()) < 1e-4
    assert float(apart[128:].min()) > 1e-4


def test_regions_that_are_not_there_change_nothing(network: StudentNet) -> None:
    torch.manual_seed(4)
    image, style = torch.rand(1, 3, 64, 72), 1 + torch.rand(1, 1, network.numbers)
    whole = torch.ones(1, 1, 64, 72)
    with torch.no_grad():
        alone, _ = network(image, whole, style)
        beside, _ = network(image, torch.cat([whole, whole * 0], 1), torch.cat([style, style + 3], 1))
    torch.testing.assert_close(alone, beside, rtol=1e-4, atol=1e-4)


def test_the_statistics_of_a_painting_are_the_second_output(network: StudentNet) -> None:
    image, masks = torch.rand(1, 3, 8 * MULTIPLE, 9 * MULTIPLE), halves(8 * MULTIPLE, 9 * MULTIPLE)
    with torch.no_grad():
        _, found = network(image, masks, torch.ones(1, 2, network.numbers))
        torch.testing.assert_close(found, network.statistics(image, masks))
