from pathlib import Path

import pytest
import torch

from training.errors import OptionError, WeightsError
from training.losses import gram_matrix
from training.perception import (
    LayerRef,
    Perception,
    content_distance,
    parse_layers,
    style_distance,
    style_grams,
)

REFS = parse_layers(["relu1_1", "relu2_1", "small:relu4_1"], "vgg19")


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


def test_only_the_layers_asked_for_are_computed(feature_weights: Path) -> None:
    perception = Perception(REFS, feature_weights)
    found = perception(torch.rand(1, 3, 64, 64), REFS[:1])
    assert list(found) == [REFS[0]]
    assert list(perception(torch.rand(1, 3, 64, 64), REFS)) != []


def test_distances_are_zero_for_the_picture_itself_and_grow_with_noise(feature_weights: Path) -> None:
    perception = Perception(REFS, feature_weights)
    image = torch.rand(1, 3, 64, 64)
    grams = style_grams(perception, [image], REFS)
    same, noisy = perception(image, REFS), perception(image + 0.3 * torch.rand_like(image), REFS)
    assert style_distance(same, grams) < 1e-9 and content_distance(same, same) == 0
    assert style_distance(noisy, grams) > 1e-4 and content_distance(noisy, same) > 1e-4


def test_a_style_at_two_sizes_is_the_mean_of_both(feature_weights: Path) -> None:
    perception = Perception(REFS, feature_weights)
    small, large = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 96, 128)
    grams = style_grams(perception, [small, large], REFS)
    expected = (
        gram_matrix(perception(small, REFS)[REFS[1]]) + gram_matrix(perception(large, REFS)[REFS[1]])
    ) / 2
    torch.testing.assert_close(grams[REFS[1]], expected[0])


def test_a_style_picture_too_small_for_the_deepest_layer_is_refused(feature_weights: Path) -> None:
    with pytest.raises(OptionError, match="6x4 is too small for small:relu4_1"):
        style_grams(Perception(REFS, feature_weights), [torch.rand(1, 3, 4, 6)], REFS)
