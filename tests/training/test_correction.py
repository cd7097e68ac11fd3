import torch
from torch import Tensor

from training.correction import Correction
from training.losses import mean_and_std
from training.regions import Part, join_parts


def two_parts() -> list[Part]:
    """Two regions of 5 channels, each with statistics of its own."""
    chance = torch.Generator().manual_seed(0)
    left = torch.zeros(1, 1, 12, 16)
    left[..., :7] = 1
    first, second = (torch.randn(1, 5, 12, 16, generator=chance) * scale + scale for scale in (1.0, 3.0))
    return [Part(first, left), Part(second, 1 - left)]


def world(features: Tensor) -> Tensor:
    """What comes back of a painting: weaker than what was asked for, and darker."""
    return 0.6 * features - 0.2


def missed(seen: Tensor, wanted: list[Part]) -> float:
    total = 0.0
    for part in wanted:
        pairs = zip(mean_and_std(seen, part.region), mean_and_std(part.features, part.region), strict=True)
        total += sum(float((one - other).square().sum()) for one, other in pairs)
    return total


def test_what_is_asked_for_comes_back_after_a_few_rounds() -> None:
    wanted = two_parts()
    correction, errors = Correction.begin(wanted), []
    for _ in range(12):
        seen = world(join_parts(torch.zeros(1, 5, 12, 16), correction.corrected()))
        errors.append(missed(seen, wanted))
        correction = correction.after(seen)
    assert errors[0] > 1
    assert errors[2] < 0.3 * errors[0]
    assert errors[-1] < 1e-4 * errors[0]


def test_the_first_round_asks_for_what_is_wanted() -> None:
    wanted = two_parts()
    for one, other in zip(Correction.begin(wanted).corrected(), wanted, strict=True):
        torch.testing.assert_close(one.features, other.features)


def test_a_channel_that_never_answers_stays_finite() -> None:
    wanted = two_parts()
    flat = Part(torch.full((1, 5, 12, 16), 2.0), wanted[0].region)
    correction = Correction.begin([flat, wanted[1]])
    for _ in range(15):  # as many as the command allows
        correction = correction.after(torch.zeros(1, 5, 12, 16))
    assert all(bool(part.features.isfinite().all()) for part in correction.corrected())


def test_what_a_border_mixes_asks_for_nothing() -> None:
    wanted = two_parts()
    first = Correction.begin(wanted)
    seen = join_parts(torch.zeros(1, 5, 12, 16), wanted)
    seen[..., 6:8] = 50.0  # the columns on both sides of the border
    for one, other in zip(first.after(seen).corrected(), wanted, strict=True):
        torch.testing.assert_close(one.features, other.features)


def test_a_region_of_nothing_but_border_is_looked_at_whole() -> None:
    thin = torch.zeros(1, 1, 12, 16)
    thin[..., 4:6] = 1
    part = Part(torch.randn(1, 5, 12, 16, generator=torch.Generator().manual_seed(1)), thin)
    brighter = Correction.begin([part]).after(part.features - 1).corrected()[0]
    torch.testing.assert_close(brighter.features, part.features + 1)
