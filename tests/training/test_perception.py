from pathlib import Path

import pytest
import torch

from training.errors import OptionError, WeightsError
from training.losses import gram_matrix, relative_style_loss
from training.perception import (
    LayerRef,
    Perception,
    content_distance,
    parse_layers,
    region_distance,
    region_statistics,
    style_distance,
    style_statistics,
)
from training.style_loss import parse_style_loss

REFS = parse_layers(["relu1_1", "relu2_1", "small:relu4_1"], "vgg19")
GRAM, FUSION = parse_style_loss("gram"), parse_style_loss("bn:0.7+poly:0.3")


@pytest.fixture(scope="module")
def perception(feature_weights: Path) -> Perception:
    return Perception(REFS, feature_weights)


def picture(seed: int, height: int = 64, width: int = 64) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_a_layer_is_of_the_default_network_unless_it_names_another() -> None:
    assert REFS[0] == LayerRef("vgg19", "relu1_1")
    assert REFS[2] == LayerRef("small", "relu4_1")
    assert str(REFS[2]) == "small:relu4_1"


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(OptionError, match="resnet:layer1"):
        parse_layers(["resnet:layer1"], "vgg19")


def test_a_layer_deeper_than_the_weights_is_refused_before_the_first_step(feature_weights: Path) -> None:
    with pytest.raises(WeightsError, match="relu4_1 is not in vgg19_features.*it has relu1_1,"):
        Perception(parse_layers(["relu4_1"], "vgg19"), feature_weights)


def test_only_the_layers_asked_for_are_computed(perception: Perception) -> None:
    found = perception(picture(0), REFS[:1])
    assert list(found) == [REFS[0]]
    assert set(perception(picture(0), REFS)) == set(REFS)


@pytest.mark.parametrize("loss", ["gram", "linear", "poly", "gaussian", "bn", "bn:0.7+poly:0.3"])
def test_distances_are_zero_for_the_picture_itself_and_grow_with_noise(
    loss: str, perception: Perception
) -> None:
    method, image = parse_style_loss(loss), picture(0)
    style = style_statistics(perception, [image], REFS, method)
    same, noisy = perception(image, REFS), perception(image + 0.3 * torch.rand_like(image), REFS)
    # The Gaussian compares the picture's samples with others of the same picture.
    nothing = 0.02 if "gaussian" in loss else 1e-9
    assert abs(style_distance(same, style, method)) < nothing
    assert style_distance(noisy, style, method) > max(1e-4, nothing)
    assert content_distance(same, same) == 0 and content_distance(noisy, same) > 1e-4


def test_the_gram_distance_is_what_the_shipped_styles_were_trained_with(perception: Perception) -> None:
    styles, features = [picture(seed) for seed in (1, 2, 3)], perception(picture(0), REFS)
    grams = {}
    for ref in REFS:
        first, second, third = (gram_matrix(perception(one, REFS)[ref])[0] / 3 for one in styles)
        grams[ref] = first + second + third
    expected = torch.stack([relative_style_loss(features[ref], grams[ref]) for ref in REFS]).mean()
    assert style_distance(features, style_statistics(perception, styles, REFS, GRAM), GRAM) == expected


def test_a_style_at_two_sizes_is_the_mean_of_both_or_by_their_shares(perception: Perception) -> None:
    small, large = picture(0), picture(1, 96, 128)
    one, other = (gram_matrix(perception(image, REFS)[REFS[1]])[0] for image in (small, large))
    both = style_statistics(perception, [small, large], REFS, GRAM)
    torch.testing.assert_close(both[REFS[1]]["gram"], (one + other) / 2)
    uneven = style_statistics(perception, [small, large], REFS, GRAM, shares=[1.0, 3.0])
    torch.testing.assert_close(uneven[REFS[1]]["gram"], 0.25 * one + 0.75 * other)


def test_layers_count_by_their_weights(perception: Perception) -> None:
    style = style_statistics(perception, [picture(0)], REFS, FUSION)
    features = perception(picture(1), REFS)
    alone = [style_distance({ref: features[ref]}, {ref: style[ref]}, FUSION) for ref in REFS]
    weights = dict(zip(REFS, (1.0, 0.0, 3.0), strict=True))
    expected = (alone[0] + 3 * alone[2]) / 4
    torch.testing.assert_close(style_distance(features, style, FUSION, weights), expected)
    even = dict.fromkeys(REFS, 2.0)
    torch.testing.assert_close(
        style_distance(features, style, FUSION, even), style_distance(features, style, FUSION)
    )


def test_a_style_picture_too_small_for_the_deepest_layer_is_refused(perception: Perception) -> None:
    with pytest.raises(OptionError, match="6x4 is too small for small:relu4_1"):
        style_statistics(perception, [torch.rand(1, 3, 4, 6)], REFS, GRAM)


# ---- masks

SKY = torch.zeros(1, 1, 64, 64)
SKY[..., :40, :] = 1


def test_a_mask_is_scaled_by_area_and_keeps_what_it_leaves_out_out(perception: Perception) -> None:
    # A boundary at row 40: between two positions of every layer here, so each is wholly in or out.
    image = picture(0)
    style = style_statistics(perception, [image], REFS, GRAM, masks=[SKY])
    features = perception(image, REFS)
    for ref in REFS:
        rows = features[ref].shape[2] * 40 // 64
        torch.testing.assert_close(style[ref]["gram"], gram_matrix(features[ref][:, :, :rows])[0])
    assert style_distance(features, style, GRAM, weights=SKY) < 1e-9
    assert style_distance(features, style, GRAM, weights=1 - SKY) > 1e-4


def test_a_thread_of_one_pixel_still_counts_in_the_deepest_layer(perception: Perception) -> None:
    thread = torch.zeros(1, 1, 64, 64)
    thread[..., 17] = 1
    style = style_statistics(perception, [picture(0)], REFS[2:], GRAM, masks=[thread])
    column = perception(picture(0), REFS)[REFS[2]][..., 2:3]  # 17 pixels are two positions of 8, and one
    torch.testing.assert_close(style[REFS[2]]["gram"], gram_matrix(column)[0])


@pytest.mark.parametrize("size", [(64, 64), (69, 75)])
def test_masks_fit_layers_of_any_size(size: tuple[int, int], perception: Perception) -> None:
    image, mask = picture(0, *size), torch.ones(1, 1, *size)
    masked = style_statistics(perception, [image], REFS, FUSION, masks=[mask])
    whole = style_statistics(perception, [image], REFS, FUSION)
    for ref in REFS:
        for key, value in whole[ref].items():
            # Sums in another order.
            torch.testing.assert_close(masked[ref][key], value, rtol=1e-5, atol=1e-3)


def test_regions_are_compared_label_by_label_and_count_by_their_area(perception: Perception) -> None:
    style_masks = {0: 1 - SKY.mT, 2: SKY.mT}
    styles = region_statistics(perception, [picture(1)], REFS, FUSION, [style_masks])
    features = perception(picture(0), REFS)
    distance = region_distance(features, styles, FUSION, {0: 1 - SKY, 2: SKY})
    apart = [style_distance(features, styles[n], FUSION, weights=w) for n, w in ((0, 1 - SKY), (2, SKY))]
    torch.testing.assert_close(distance, (24 * apart[0] + 40 * apart[1]) / 64)
    swapped = region_distance(features, styles, FUSION, {2: 1 - SKY, 0: SKY})
    assert abs(float(swapped - distance)) > 1e-6


def test_one_region_everywhere_is_the_style_without_masks(perception: Perception) -> None:
    features, everywhere = perception(picture(0), REFS), {5: torch.ones(1, 1, 64, 64)}
    regions = region_statistics(perception, [picture(1)], REFS, FUSION, [everywhere])
    whole = style_statistics(perception, [picture(1)], REFS, FUSION)
    torch.testing.assert_close(
        region_distance(features, regions, FUSION, everywhere), style_distance(features, whole, FUSION)
    )


def test_a_label_takes_its_style_from_the_pictures_that_have_it(perception: Perception) -> None:
    images, everywhere = [picture(1), picture(2)], torch.ones(1, 1, 64, 64)
    masks = [{1: everywhere, 2: 0 * everywhere}, {2: everywhere}]
    styles = region_statistics(perception, images, REFS, GRAM, masks, shares=[0.2, 0.8])
    for label, image in ((1, images[0]), (2, images[1])):
        alone = style_statistics(perception, [image], REFS, GRAM)
        torch.testing.assert_close(styles[label][REFS[0]]["gram"], alone[REFS[0]]["gram"])


def test_a_label_without_a_style_is_named_unless_no_pixel_has_it(perception: Perception) -> None:
    features, everywhere = perception(picture(0), REFS), torch.ones(1, 1, 64, 64)
    styles = region_statistics(perception, [picture(1)], REFS, GRAM, [{1: everywhere}])
    with pytest.raises(ValueError, match=r"labels without a style: \[7\]"):
        region_distance(features, styles, GRAM, {1: 1 - SKY, 7: SKY})
    with pytest.raises(ValueError, match="no pixel has a label"):
        region_distance(features, styles, GRAM, {1: 0 * SKY})
    assert region_distance(features, styles, GRAM, {1: everywhere, 7: 0 * SKY}) > 0
