import pytest
import torch

from training.errors import OptionError
from training.networks.meta_style import MetaPlan, MetaStyle, build_meta_style
from training.networks.region_statistics import RegionStatistics, normalise
from training.networks.student_net import MULTIPLE, StudentNet
from training.networks.style_encoder import STYLE_MULTIPLE
from training.student_start import begin_as


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
    with torch.no_grad():
        found = network.style_vectors(image, masks)
        torch.testing.assert_close(found[:, 0], found[:, 1], rtol=1e-3, atol=1e-3)
        for plain in (torch.zeros_like(image), torch.ones_like(image)):
            assert network(plain, masks, found).isfinite().all()
            assert network.style_vectors(plain, masks).isfinite().all()


def test_the_vector_of_a_whole_picture_is_the_plain_encoder_s(network: StudentNet) -> None:
    torch.manual_seed(1)
    image = torch.rand(2, 3, 4 * STYLE_MULTIPLE, 5 * STYLE_MULTIPLE)
    with torch.no_grad():
        found = network.style_vectors(image, torch.ones_like(image[:, :1]))
        torch.testing.assert_close(found[:, 0], network.encoder(image), rtol=1e-3, atol=1e-3)


def test_a_part_of_a_picture_has_the_vector_of_that_part(network: StudentNet) -> None:
    torch.manual_seed(2)
    left, right = torch.rand(1, 3, 256, 256), torch.rand(1, 3, 256, 256) ** 3
    both, whole = torch.cat([left, right], 3), torch.ones(1, 1, 256, 256)
    with torch.no_grad():
        found = network.style_vectors(both, halves(256, 512))[0]
        alone = torch.cat([network.style_vectors(one, whole)[0] for one in (left, right)])
    apart = (found - alone).norm(dim=1)
    assert (apart < 0.35 * (alone[0] - alone[1]).norm()).all()  # the seam and the borders differ


def test_a_normalised_region_has_the_statistics_that_were_asked_for() -> None:
    torch.manual_seed(3)
    features, shares = 30 + torch.randn(1, 4, 32, 32), halves(32, 32)
    said = torch.cat([1 + torch.rand(1, 2, 4), torch.randn(1, 2, 4)], 2)
    found = RegionStatistics.of(normalise(features, shares, said), shares)
    torch.testing.assert_close(found.deviation, said[..., :4], rtol=0.02, atol=0.02)
    torch.testing.assert_close(found.mean, said[..., 4:], rtol=0.02, atol=0.02)


def test_one_region_is_plain_instance_norm() -> None:
    torch.manual_seed(4)
    features, said = torch.randn(2, 5, 16, 24), torch.randn(2, 1, 10)
    found = normalise(features, torch.ones(2, 1, 16, 24), said)
    plain = torch.nn.functional.instance_norm(features)
    expected = plain * said[:, 0, :5, None, None] + said[:, 0, 5:, None, None]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_what_a_region_is_painted_in_does_not_reach_the_other(network: StudentNet) -> None:
    """Beyond the reach of the convolutions, but for the share that the whole picture has in each region."""
    torch.manual_seed(5)
    image, masks = torch.rand(1, 3, 64, 512), halves(64, 512)
    style = torch.randn(1, 2, network.numbers)
    other = torch.cat([style[:, :1], -style[:, 1:]], 1)
    with torch.no_grad():
        before, after = (network(image, masks, one) for one in (style, other))
    apart = (before - after).abs().mean(dim=(0, 1, 2))
    assert float(apart[:160].max()) < 0.01 * float(apart[352:].min())


def test_regions_that_are_not_there_change_nothing(network: StudentNet) -> None:
    torch.manual_seed(6)
    image, style = torch.rand(1, 3, 64, 72), torch.randn(1, 1, network.numbers)
    whole = torch.ones(1, 1, 64, 72)
    with torch.no_grad():
        alone = network(image, whole, style)
        beside = network(image, torch.cat([whole, whole * 0], 1), torch.cat([style, style + 3], 1))
    torch.testing.assert_close(alone, beside, rtol=1e-4, atol=1e-4)


def make_meta(preset: str = "turbo", numbers: int = 8) -> MetaStyle:
    torch.manual_seed(7)
    plan = MetaPlan(preset, statistics=12, numbers=numbers, generate="more", hidden=8, encoder="small")
    return build_meta_style(plan).eval()


@pytest.mark.parametrize(("width", "most"), [(16, 1e-5), (32, 0.05)])
def test_it_begins_as_what_the_meta_network_writes_for_the_mean_style(width: int, most: float) -> None:
    meta_style = make_meta()
    network = StudentNet(width, numbers=8, hidden=32).eval()
    image, style = torch.rand(1, 3, 16 * MULTIPLE, 18 * MULTIPLE), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        network.write.weight.zero_()  # of the numbers that the meta network does not have
        vector = meta_style.style_vector(style, None)
        begin_as(network, meta_style, vector)
        whole = torch.ones_like(image[:, :1])
        found = network(image, whole, network.style_vectors(style, torch.ones_like(style[:, :1])))
        expected = meta_style.meta_net(vector, image, [1])
    assert float((found - expected).abs().mean()) < most


def test_a_meta_network_of_another_shape_is_named() -> None:
    vectors = torch.zeros(2, 8)
    with pytest.raises(OptionError, match="--preset turbo"):
        begin_as(StudentNet(numbers=8), make_meta("fast"), vectors)
    with pytest.raises(OptionError, match="40 channels and 8 numbers"):
        begin_as(StudentNet(40, numbers=8), make_meta(), vectors)
    with pytest.raises(OptionError, match="reads 16 numbers"):
        begin_as(StudentNet(16, numbers=8, hidden=8), make_meta(), vectors)
