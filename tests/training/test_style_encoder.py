import pytest
import torch

from training.networks.meta_style import MetaPlan, build_meta_style
from training.networks.style_encoder import (
    SmallStyleEncoder,
    StyleScale,
    channel_statistics,
    vector_distance,
)


def test_statistics_are_means_and_deviations_worked_by_hand() -> None:
    features = torch.tensor([[[[1.0, 3.0]], [[5.0, 5.0]]]])  # (1, C=2, H=1, W=2)
    torch.testing.assert_close(channel_statistics([features]), torch.tensor([[2.0, 5.0, 1.0, 1e-4]]))


def test_vgg16_gives_the_papers_1920_numbers() -> None:
    layers = [torch.rand(2, channels, 4, 4) for channels in (64, 128, 256, 512)]
    assert channel_statistics(layers).shape == (2, 1920)


def test_a_constant_channel_has_a_finite_gradient() -> None:
    features = torch.ones(1, 2, 4, 4, requires_grad=True)
    channel_statistics([features]).sum().backward()
    assert features.grad is not None and features.grad.isfinite().all()


def styles(count: int, numbers: int = 12) -> torch.Tensor:
    """Statistics of very different sizes that hang together."""
    generator = torch.Generator().manual_seed(0)
    causes = torch.randn(count, 3, generator=generator) @ torch.randn(3, numbers, generator=generator)
    noise = torch.randn(count, numbers, generator=generator)
    return (0.3 * causes + 0.1 * noise).exp() * torch.logspace(-3, 3, numbers)


def test_the_scale_brings_statistics_of_all_sizes_to_about_one() -> None:
    scale = StyleScale(12)
    scale.measure(styles(500))
    vectors = scale(styles(500))
    torch.testing.assert_close(vectors.mean(dim=0), torch.zeros(12), atol=0.05, rtol=0)
    assert (vectors.std(dim=0) - 1).abs().max() < 0.1


def test_kept_directions_have_one_spread_each_and_no_relation() -> None:
    scale = StyleScale(12, 3)
    scale.measure(styles(500))
    vectors = scale(styles(500))
    assert vectors.shape == (500, 3)
    torch.testing.assert_close(torch.cov(vectors.T), torch.eye(3), atol=0.1, rtol=0)


def test_a_style_nobody_foresaw_stays_within_bounds() -> None:
    scale = StyleScale(12, 3)
    scale.measure(styles(100))
    assert scale(styles(1) * 1e6).abs().max() <= 5
    assert scale(torch.zeros(1, 12)).isfinite().all()


def test_too_few_styles_for_the_directions_are_refused() -> None:
    with pytest.raises(ValueError, match="8 directions need more than 8 styles"):
        StyleScale(12, 8).measure(styles(8))


def test_the_small_encoder_is_small_and_takes_pictures_of_any_size() -> None:
    encoder = SmallStyleEncoder(256)
    assert sum(value.numel() for value in encoder.parameters()) < 800_000
    for size in ((32, 32), (64, 90)):
        assert encoder(torch.rand(2, 3, *size)).shape == (2, 256)


def test_the_small_encoder_can_be_taught() -> None:
    torch.manual_seed(0)
    images = torch.rand(8, 3, 1, 1) * torch.rand(8, 3, 32, 32)
    target = torch.cat([images.mean(dim=(2, 3)), images.std(dim=(2, 3))], dim=1)
    target = (target - target.mean(dim=0)) / target.std(dim=0)
    encoder = SmallStyleEncoder(6)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=3e-3)
    distances = []
    for _ in range(60):
        distance = vector_distance(encoder(images), target)
        optimizer.zero_grad()
        distance.backward()
        optimizer.step()
        distances.append(distance.item())
    assert distances[-1] < 0.2 * distances[0]


def test_missing_all_of_a_vector_counts_as_one() -> None:
    target = torch.randn(4, 6)
    assert vector_distance(torch.zeros(4, 6), target).item() == pytest.approx(1)
    assert vector_distance(target, target).item() == 0
    assert vector_distance(torch.zeros(4, 6), target, torch.rand(6)).item() == pytest.approx(1)


def test_what_tells_styles_apart_most_counts_most() -> None:
    """Two numbers that go together are one direction of twice the variance, worth twice as much."""
    alone, together = torch.rand(200, 1), torch.rand(200, 1)
    scale = StyleScale(3, 2)
    scale.measure(torch.cat([together, alone, together], dim=1))
    shares = scale.shares()
    assert shares is not None
    assert shares.tolist() == pytest.approx([2 / 3, 1 / 3], abs=0.06)
    target = torch.randn(8, 2)
    first_missed, second_missed = (
        vector_distance(target * torch.tensor(kept), target, shares) for kept in ([0.0, 1.0], [1.0, 0.0])
    )
    assert first_missed > second_missed


def test_from_picture_to_network_is_one_graph_without_python() -> None:
    """What leaves as ONNX: the small encoder and the writers."""
    style = build_meta_style(MetaPlan("fast", statistics=20, numbers=8, hidden=4, encoder="small")).eval()

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.style = style

        def forward(self, picture: torch.Tensor) -> dict[str, torch.Tensor]:
            return style.meta_net.generate(style.style_vector(picture, None)[0])

    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        exported = torch.export.export(Whole(), (picture,)).module()(picture)
        written = Whole()(picture)
    for name, value in written.items():
        torch.testing.assert_close(exported[name], value)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (MetaPlan("fast", 20, encoder="large"), "encoder must be vgg or small, instead got 'large'"),
        (MetaPlan("fast", 20, numbers=30), "numbers must be between 1 and the 20 statistics, got 30"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(plan: MetaPlan, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_meta_style(plan)


def test_without_an_encoder_the_statistics_are_wanted() -> None:
    style = build_meta_style(MetaPlan("turbo", 20, hidden=2))
    with pytest.raises(ValueError, match="wants the feature network's statistics"):
        style.style_vector(torch.rand(1, 3, 64, 64), None)
