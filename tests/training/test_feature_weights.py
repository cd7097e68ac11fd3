from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from training.errors import WeightsError
from training.feature_weights import (
    available_layers,
    default_layers,
    default_style_layers,
    find_weights,
    load_feature_net,
)
from training.networks.vgg import Vgg
from training.perception import parse_layers


def test_a_file_with_only_the_first_layers_is_accepted(feature_weights: Path) -> None:
    loaded = load_feature_net("vgg19", feature_weights)
    assert loaded.network.available_layers()[-1] == "relu3_4"
    assert loaded.source == "vgg19_features_to_conv3_4.safetensors"
    assert not any(p.requires_grad for p in loaded.network.parameters())


def test_the_commands_folder_comes_before_the_environments(
    feature_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "vgg19_other.safetensors"
    save_file(load_file(feature_weights / "vgg19_features_to_conv3_4.safetensors"), other)
    monkeypatch.setenv("LIVEBRUSH_WEIGHTS", str(feature_weights))
    assert find_weights("vgg19", tmp_path) == other
    assert find_weights("vgg19", None) == feature_weights / "vgg19_features_to_conv3_4.safetensors"


def test_the_environments_folder_fills_what_the_commands_lacks(
    feature_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEBRUSH_WEIGHTS", str(feature_weights))
    assert find_weights("small", tmp_path) == feature_weights / "vgg19_distilled16x.safetensors"


def test_the_large_network_is_not_mistaken_for_the_small_one(feature_weights: Path) -> None:
    vgg, small = find_weights("vgg19", feature_weights), find_weights("small", feature_weights)
    assert vgg is not None and "features" in vgg.name
    assert small is not None and "distilled" in small.name


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        load_feature_net("vgg19", tmp_path / "nowhere")


def test_weights_of_another_network_are_refused(feature_weights: Path) -> None:
    with pytest.raises(WeightsError, match="is no small: it lacks"):
        load_feature_net("small", feature_weights / "vgg19_features_to_conv3_4.safetensors")


def test_a_file_that_is_no_safetensors_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "vgg19_broken.safetensors"
    file.write_bytes(b"\x00" * 40)
    with pytest.raises(WeightsError, match="no readable safetensors") as caught:
        load_feature_net("vgg19", file)
    assert "\n" not in str(caught.value)


def test_a_file_that_pickles_code_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "vgg19_evil.pth"
    torch.save({"features.0.weight": Path("x")}, file)
    with pytest.raises(WeightsError, match="holds more than tensors"):
        load_feature_net("vgg19", file)


def test_the_small_network_has_no_download_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVEBRUSH_WEIGHTS", raising=False)
    with pytest.raises(WeightsError, match="no public download"):
        load_feature_net("small")


def test_two_files_of_the_same_weights_have_one_hash(feature_weights: Path, tmp_path: Path) -> None:
    state = load_file(feature_weights / "vgg19_features_to_conv3_4.safetensors")
    save_file(dict(reversed(state.items())), tmp_path / "vgg19_again.safetensors")
    again = load_feature_net("vgg19", tmp_path).sha256
    assert again == load_feature_net("vgg19", feature_weights).sha256
    state["features.0.bias"] += 1
    save_file(state, tmp_path / "vgg19_again.safetensors")
    assert load_feature_net("vgg19", tmp_path).sha256 != again


def test_caffes_files_say_their_scale_and_others_have_torchvisions(
    feature_weights: Path, tmp_path: Path
) -> None:
    state = load_file(feature_weights / "vgg19_features_to_conv3_4.safetensors")
    save_file(state, tmp_path / "vgg19_plain.safetensors")
    caffe, plain = (
        load_feature_net("vgg19", feature_weights).network,
        load_feature_net("vgg19", tmp_path).network,
    )
    assert isinstance(caffe, Vgg) and isinstance(plain, Vgg)
    assert caffe.scale == 255 and plain.scale == 1


def test_the_style_goes_as_deep_as_the_weights_at_hand(
    feature_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIVEBRUSH_WEIGHTS", raising=False)
    assert default_style_layers()[-1] == "relu4_1"  # torchvision's download has them all
    assert default_style_layers(feature_weights)[-1] == "small:relu4_1"
    only_first = tmp_path / "vgg19_first.safetensors"
    save_file(load_file(feature_weights / "vgg19_features_to_conv3_4.safetensors"), only_first)
    assert default_style_layers(tmp_path)[-1] == "relu3_4"


@pytest.mark.parametrize("features", ["small", "vgg16", "vgg19"])
def test_what_is_compared_by_default_is_in_the_network(features: str, feature_weights: Path) -> None:
    for refs in (parse_layers(layers, features) for layers in default_layers(features, feature_weights)):
        assert refs
        for ref in refs:
            assert ref.layer in available_layers(ref.network, feature_weights)
