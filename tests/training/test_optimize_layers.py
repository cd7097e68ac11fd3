from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from training.errors import OptionError, WeightsError
from training.networks.vgg import Vgg
from training.optimization.layers import default_layers, parse_weighted_layers
from training.perception import LayerRef


def test_layers_carry_weights_of_their_own() -> None:
    layers = parse_weighted_layers(("relu1_1=0.5", "relu2_1", "small:relu4_1=2"), "vgg19", "--style-layers")
    assert layers.weights == {
        LayerRef("vgg19", "relu1_1"): 0.5,
        LayerRef("vgg19", "relu2_1"): 1.0,
        LayerRef("small", "relu4_1"): 2.0,
    }
    again = parse_weighted_layers(tuple(str(layers).split(", ")), "vgg16", "--style-layers")
    assert again == layers  # what is printed can be typed


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("relu1_1=much",), "'relu1_1=much': the weight must be a number above 0"),
        (("relu1_1=",), "the weight must be a number above 0"),
        (("relu1_1=0",), "the weight must be a number above 0"),
        (("relu1_1=nan",), "the weight must be a number above 0"),
        (("relu1_1", "vgg19:relu1_1=2"), "--style-layers names vgg19:relu1_1 twice"),
        (("resnet:relu1_1",), "the network must be one of"),
        ((), "--style-layers is empty"),
    ],
)
def test_layers_that_do_not_parse_are_refused(texts: tuple[str, ...], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_weighted_layers(texts, "vgg19", "--style-layers")


def names(folder: Path, network: str = "vgg19") -> tuple[list[str], list[str]]:
    content, style = default_layers(network, folder)
    return [str(ref) for ref in content.refs], [str(ref) for ref in style.refs]


def write_vgg(folder: Path, name: str, convolutions: int) -> Path:
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in Vgg(name, convolutions).state_dict().items()}
    state = {key: torch.zeros(shape, dtype=torch.float16) for key, shape in shapes.items()}
    save_file(state, folder / f"{name}_of_{convolutions}.safetensors")
    return folder


def test_the_small_network_stands_in_for_what_a_short_vgg_lacks(feature_weights: Path) -> None:
    content, style = names(feature_weights)
    assert style == ["vgg19:relu1_1", "vgg19:relu2_1", "vgg19:relu3_1", "small:relu4_1", "small:relu5_1"]
    assert content == ["small:relu4_1"]


def test_a_whole_vgg_is_used_as_the_paper_does(tmp_path: Path) -> None:
    content, style = names(write_vgg(tmp_path, "vgg19", 13))
    assert content == ["vgg19:relu4_2"]
    assert style == [f"vgg19:relu{group}_1" for group in (1, 2, 3, 4, 5)]


def test_without_the_small_network_the_deepest_layer_there_is_holds_the_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIVEBRUSH_WEIGHTS", raising=False)  # the small network may lie there
    content, style = names(write_vgg(tmp_path, "vgg19", 8))
    assert content == ["vgg19:relu3_4"]
    assert style == ["vgg19:relu1_1", "vgg19:relu2_1", "vgg19:relu3_1"]


def test_the_small_network_alone_is_enough(feature_weights: Path) -> None:
    content, style = names(feature_weights, "small")
    assert content == ["small:relu4_1"]
    assert style == [f"small:relu{group}_1" for group in (1, 2, 3, 4, 5)]


def test_weights_that_hold_no_layer_are_refused(tmp_path: Path) -> None:
    save_file({"other": torch.zeros(1)}, tmp_path / "vgg19_empty.safetensors")
    with pytest.raises(WeightsError, match="hold no layer of vgg19"):
        default_layers("vgg19", tmp_path)
