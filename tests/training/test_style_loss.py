import math

import pytest
import torch
from torch import Tensor

from training.errors import OptionError
from training.losses import gram_matrix, relative_style_loss
from training.style_loss import FusedStyle, StyleMethod, balanced_weight, parse_style_loss
from training.style_methods import BnStyle, GaussianStyle, GramStyle, LinearStyle, PolynomialStyle

METHODS = ["gram", "linear", "poly", "gaussian", "bn", "bn:0.7+poly:0.3", "linear:0.5+gaussian:2"]
EXACT = [name for name in METHODS if "gaussian" not in name]


def features(seed: int, height: int = 24, width: int = 30, scale: float = 1.0) -> Tensor:
    """(1, 6, H, W) like the activations of a layer: at least 0, channels of different means."""
    chance = torch.Generator().manual_seed(seed)
    means = torch.randn(6, generator=chance).view(1, 6, 1, 1)
    return scale * (torch.randn(1, 6, height, width, generator=chance) + means).relu()


PICTURE, STYLE = features(1), features(2, 20, 26)


@pytest.mark.parametrize("name", METHODS)
def test_a_picture_is_nearer_the_style_the_more_of_it_there_is(name: str) -> None:
    method = parse_style_loss(name)
    style = method.statistics(STYLE)
    # Positions of the style take the place of the picture's, row by row.
    rows = [torch.cat([STYLE[:, :, :n], PICTURE[:, :, n:20, :26]], dim=2) for n in (0, 7, 14, 20)]
    distances = [float(method.distance(one, style)) for one in rows]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0.05 and abs(distances[-1]) < 0.05 * distances[0]


@pytest.mark.parametrize("name", EXACT)
def test_the_style_itself_is_at_zero(name: str) -> None:
    method = parse_style_loss(name)
    assert method.distance(STYLE, method.statistics(STYLE)) == 0


@pytest.mark.parametrize("scale", [1e-2, 1.0, 300.0])
@pytest.mark.parametrize("name", ["gram", "linear", "poly", "gaussian", "bn"])
def test_an_empty_picture_is_at_one_whatever_the_method_and_the_size_of_the_features(
    name: str, scale: float
) -> None:
    method = parse_style_loss(name)
    distance = method.distance(torch.zeros_like(PICTURE), method.statistics(scale * STYLE))
    # The Gaussian's is an estimate from some thousand pairs.
    assert float(distance) == pytest.approx(1.0, abs=0.1 if name == "gaussian" else 1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_the_units_of_the_features_do_not_matter(name: str) -> None:
    method = parse_style_loss(name)
    distances = [
        method.distance(unit * PICTURE, method.statistics(unit * STYLE)) for unit in (0.01, 1.0, 255.0)
    ]
    torch.testing.assert_close(distances[0], distances[1], rtol=1e-3, atol=0)
    torch.testing.assert_close(distances[2], distances[1], rtol=1e-3, atol=0)


def test_gram_is_the_loss_that_the_shipped_styles_were_trained_with_to_the_last_bit() -> None:
    method, pictures = parse_style_loss("gram"), [features(seed) for seed in (3, 4, 5)]
    grams = [gram_matrix(one)[0] / 3 for one in pictures]
    mean = grams[0] + grams[1] + grams[2]
    style = method.blend([method.statistics(one) for one in pictures], [1 / 3] * 3)
    assert torch.equal(style["gram"], mean)
    assert method.distance(PICTURE, style) == relative_style_loss(PICTURE, mean)


def test_poly_without_an_offset_is_gram() -> None:
    plain, gram = PolynomialStyle(c=0.0), GramStyle()
    torch.testing.assert_close(
        plain.distance(PICTURE, plain.statistics(STYLE)), gram.distance(PICTURE, gram.statistics(STYLE))
    )


def test_poly_stands_between_gram_and_linear_the_more_so_the_larger_its_offset() -> None:
    def distance(method: StyleMethod) -> float:
        return float(method.distance(PICTURE, method.statistics(STYLE)))

    steps = [distance(PolynomialStyle(c)) for c in (0.0, 0.3, 1.0, 10.0, 1e6)]
    assert steps[0] == pytest.approx(distance(GramStyle())) and steps == sorted(steps, reverse=True)
    assert steps[-1] == pytest.approx(distance(LinearStyle()), rel=1e-3)


@pytest.mark.parametrize("name", METHODS)
def test_a_style_keeps_plain_tensors_without_a_graph(name: str) -> None:
    style = parse_style_loss(name).statistics(STYLE.clone().requires_grad_())
    assert style and all(type(value) is Tensor and not value.requires_grad for value in style.values())


@pytest.mark.parametrize("name", METHODS)
def test_the_gradient_leads_to_the_style(name: str) -> None:
    method, picture = parse_style_loss(name), PICTURE.clone().requires_grad_()
    style = method.statistics(STYLE)
    optimizer = torch.optim.Adam([picture], lr=0.05)
    for draw in range(60):
        optimizer.zero_grad()
        method.distance(picture, style, draw=draw).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    start, end = method.distance(PICTURE, style, draw=99), method.distance(picture.detach(), style, draw=99)
    assert float(end) < 0.1 * float(start)


# ---- masks


HALF = torch.zeros(1, 1, 24, 30)
HALF[..., :13] = 1


@pytest.mark.parametrize("name", EXACT)
def test_weights_of_a_half_are_the_distance_of_that_half(name: str) -> None:
    method = parse_style_loss(name)
    style = method.statistics(STYLE)
    torch.testing.assert_close(
        method.distance(PICTURE, style, HALF), method.distance(PICTURE[..., :13], style)
    )
    for key, value in method.statistics(PICTURE, HALF).items():
        torch.testing.assert_close(value, method.statistics(PICTURE[..., :13])[key])


def test_the_gaussian_sees_nothing_outside_the_weights() -> None:
    method, style = GaussianStyle(), GaussianStyle().statistics(STYLE)
    spoilt = torch.where(HALF > 0, PICTURE, 1e6)
    assert method.distance(PICTURE, style, HALF) == method.distance(spoilt, style, HALF)
    assert torch.equal(
        method.statistics(PICTURE, HALF)["samples"], method.statistics(spoilt, HALF)["samples"]
    )
    whole, half = method.distance(PICTURE[..., :13], style), method.distance(PICTURE, style, HALF)
    torch.testing.assert_close(half, whole, rtol=0.15, atol=0)


@pytest.mark.parametrize("name", METHODS)
def test_a_mask_that_is_zero_everywhere_is_refused(name: str) -> None:
    method = parse_style_loss(name)
    with pytest.raises(ValueError, match="above 0 somewhere"):
        method.distance(PICTURE, method.statistics(STYLE), 0 * HALF)
    with pytest.raises(ValueError, match="above 0 somewhere"):
        method.statistics(PICTURE, 0 * HALF)


# ---- the Gaussian's draws


def test_the_same_draw_takes_the_same_pairs_and_another_takes_others() -> None:
    method, style = GaussianStyle(), GaussianStyle().statistics(STYLE)
    again = [float(method.distance(PICTURE, style, draw=draw)) for draw in (7, 7, 8)]
    assert again[0] == again[1] != again[2]


def test_the_gaussian_remembers_some_thousand_positions_of_a_large_style() -> None:
    large = features(6, 160, 160)
    assert GaussianStyle().statistics(large)["samples"].shape == (4096, 6)
    assert GaussianStyle().statistics(STYLE)["samples"].shape == (20 * 26, 6)


def test_a_layer_of_one_position_has_no_pairs() -> None:
    method = GaussianStyle()
    with pytest.raises(ValueError, match="a pair needs two positions"):
        method.distance(PICTURE, method.statistics(STYLE[..., :1, :1]))


# ---- blends


@pytest.mark.parametrize("method", [GramStyle(), LinearStyle(), PolynomialStyle(), BnStyle()])
def test_a_blend_is_the_weighted_mean_of_the_statistics(method: StyleMethod) -> None:
    one, other = method.statistics(PICTURE), method.statistics(STYLE)
    blended = method.blend([one, other], [0.25, 0.75])
    assert blended.keys() == one.keys()
    for key, value in blended.items():
        torch.testing.assert_close(value, 0.25 * one[key] + 0.75 * other[key])


@pytest.mark.parametrize("name", ["gram", "linear", "poly"])
def test_two_halves_of_a_picture_blend_to_the_whole(name: str) -> None:
    method = parse_style_loss(name)
    halves = [method.statistics(half) for half in PICTURE.chunk(2, dim=3)]
    for key, value in method.blend(halves, [0.5, 0.5]).items():
        torch.testing.assert_close(value, method.statistics(PICTURE)[key])


@pytest.mark.parametrize(
    ("share", "sizes"), [(0.5, (20, 20)), (0.1, (20, 20)), (0.7, (4, 90)), (1.0, (9, 9))]
)
def test_the_gaussian_takes_samples_in_proportion(share: float, sizes: tuple[int, int]) -> None:
    method = GaussianStyle()
    ones = method.statistics(torch.ones(1, 2, sizes[0], sizes[0]))
    twos = method.statistics(torch.full((1, 2, sizes[1], sizes[1]), 2.0))
    samples = method.blend([ones, twos], [share, 1 - share])["samples"]
    assert len(samples) <= 4096
    assert float((samples == 1).float().mean()) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("name", METHODS)
def test_one_picture_blends_to_itself_and_one_without_a_share_is_not_seen(name: str) -> None:
    method = parse_style_loss(name)
    style, other = method.statistics(STYLE), method.statistics(PICTURE)
    for key, value in method.blend([style], [1.0]).items():
        assert torch.equal(value, style[key])
    alone, beside = (method.blend(*args) for args in (([style], [1.0]), ([other, style], [0.0, 1.0])))
    torch.testing.assert_close(
        method.distance(PICTURE, alone), method.distance(PICTURE, beside), rtol=0.1, atol=0
    )


# ---- fusions


def test_a_fusion_is_the_weighted_sum_of_its_methods() -> None:
    fused = parse_style_loss("bn:0.7+poly:0.3+gaussian:2")
    expected = sum(
        weight * method.distance(PICTURE, method.statistics(STYLE), draw=5)
        for method, weight in ((BnStyle(), 0.7), (PolynomialStyle(), 0.3), (GaussianStyle(), 2.0))
    )
    torch.testing.assert_close(fused.distance(PICTURE, fused.statistics(STYLE), draw=5), expected)


def test_a_fusion_blends_each_method_as_it_does_alone() -> None:
    fused, pictures = parse_style_loss("bn:0.7+gaussian:0.3"), (PICTURE, STYLE)
    blended = fused.blend([fused.statistics(one) for one in pictures], [0.4, 0.6])
    for method in (BnStyle(), GaussianStyle()):
        alone = method.blend([method.statistics(one) for one in pictures], [0.4, 0.6])
        assert all(torch.equal(blended[f"{method.name}/{key}"], value) for key, value in alone.items())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gram", "gram"),
        (" poly ", "poly"),
        ("gram:1", "gram"),
        ("bn:0.7+poly:0.3", "bn:0.7+poly:0.3"),
        ("linear + gaussian", "linear:1+gaussian:1"),
        ("bn:1e1+poly:0", "bn:10"),
    ],
)
def test_a_loss_is_read_and_says_its_name_as_it_is_read(text: str, name: str) -> None:
    method = parse_style_loss(text)
    assert method.name == name == parse_style_loss(name).name
    assert isinstance(method, FusedStyle) == (":" in name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no style loss; there are gram, linear, poly, gaussian, bn"),
        ("wasserstein", "'wasserstein' is no style loss"),
        ("bn:0.7+pol:0.3", "'pol' in 'bn:0.7\\+pol:0.3' is no style loss"),
        ("bn:0.7+", "'' in 'bn:0.7\\+' is no style loss"),
        ("bn:0.7+poly:some", "weight in 'poly:some' must be a number"),
        ("bn:", "weight in 'bn:' must be a number"),
        ("bn:-1+poly:2", "weight in 'bn:-1' must be a number, 0 or more"),
        ("bn:nan", "weight in 'bn:nan'"),
        ("bn:inf", "weight in 'bn:inf'"),
        ("bn:0.7+bn:0.3", "bn comes twice in 'bn:0.7\\+bn:0.3'"),
        ("bn:0+poly:0", "all weights in 'bn:0\\+poly:0' are 0"),
        ("bn;poly", "'bn;poly' is no style loss"),
    ],
)
def test_a_loss_that_does_not_parse_is_one_line_with_the_option(text: str, message: str) -> None:
    with pytest.raises(OptionError, match=f"^--loss: .*{message}") as caught:
        parse_style_loss(text)
    assert "\n" not in str(caught.value)


# ---- the balance


def test_the_balanced_style_pulls_as_many_times_harder_as_asked() -> None:
    content_gradient, style_gradient = torch.full((1, 3, 4, 4), 2.0), torch.full((1, 3, 4, 4), 1e-6)
    weight = balanced_weight(content_gradient, style_gradient, factor=5.0)
    assert (weight * style_gradient).norm() / content_gradient.norm() == pytest.approx(5.0)


@pytest.mark.parametrize("bad", [0.0, math.nan, math.inf])
def test_gradients_that_no_weight_balances_are_refused(bad: float) -> None:
    good, spoilt = torch.ones(1, 3, 2, 2), torch.full((1, 3, 2, 2), bad)
    for pair in ((good, spoilt), (spoilt, good)):
        with pytest.raises(ValueError, match="cannot be balanced"):
            balanced_weight(*pair, factor=1.0)
