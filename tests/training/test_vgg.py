from pathlib import Path

import pytest
import torch

from training.networks.small_vgg import SmallVgg
from training.networks.vgg import CAFFE_SCALE, Vgg, VggFeatures


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_modules_have_torchvisions_names_and_give_its_activations(name: str) -> None:
    models = pytest.importorskip("torchvision.models")
    theirs = models.get_model(name, weights=None).eval()
    ours = Vgg(name)
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if k.startswith("features")})
    image = torch.rand(1, 3, 32, 32)
    deepest = ours.available_layers()[-1]
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalized = (image - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    with torch.no_grad():
        expected = theirs.features[:-1](normalized)  # all but the last pool
        torch.testing.assert_close(ours(image, (deepest,))[deepest], expected)


def test_layers_have_the_sizes_of_their_group() -> None:
    features = Vgg("vgg19")(torch.rand(1, 3, 64, 48), ("relu1_2", "relu2_1", "relu4_4", "relu5_4"))
    assert features["relu1_2"].shape == (1, 64, 64, 48)
    assert features["relu2_1"].shape == (1, 128, 32, 24)
    assert features["relu4_4"].shape == (1, 512, 8, 6)
    assert features["relu5_4"].shape == (1, 512, 4, 3)
    assert features.layers() == ("relu1_2", "relu2_1", "relu4_4", "relu5_4")


def test_vgg16_has_three_convolutions_in_its_deep_groups() -> None:
    assert Vgg("vgg16").available_layers()[-1] == "relu5_3"
    assert Vgg("vgg19").available_layers()[-1] == "relu5_4"


def test_asking_for_a_layer_beyond_the_weights_says_which_there_are() -> None:
    with pytest.raises(ValueError, match="no relu4_1 here; it has relu1_1 to relu3_4"):
        Vgg("vgg19", 8)(torch.rand(1, 3, 32, 32), ("relu4_1",))


def test_asking_the_result_for_a_layer_not_computed_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="relu2_1"):
        VggFeatures(relu1_1=torch.zeros(1))["relu2_1"]


def test_features_before_the_next_layer_are_not_overwritten_by_it() -> None:
    network = Vgg("vgg19", 4, CAFFE_SCALE).eval()
    image = torch.rand(1, 3, 32, 32)
    both = network(image, ("relu1_1", "relu2_2"))
    torch.testing.assert_close(both["relu1_1"], network(image, ("relu1_1",))["relu1_1"])


def test_the_small_network_gives_vggs_channels_and_sizes() -> None:
    features = SmallVgg()(torch.rand(1, 3, 64, 96), ("relu1_1", "relu3_1", "relu4_1", "relu5_1"))
    assert features["relu1_1"].shape == (1, 64, 64, 96)
    assert features["relu3_1"].shape == (1, 256, 16, 24)
    assert features["relu5_1"].shape == (1, 512, 4, 6)


def test_the_small_network_resembles_real_vgg(shared_dir: Path) -> None:
    from training.feature_weights import load_feature_net
    from training.images import read_rgb, to_tensor

    folder = shared_dir / "weights"
    image = to_tensor(read_rgb(shared_dir / "data/content/test/tubingen.jpg"))[None, :, :224, :224]
    layer = "relu2_1"
    small = load_feature_net("small", folder).network(image, (layer,))[layer]
    real = load_feature_net("vgg19", folder).network(image, (layer,))[layer]
    # It was taught on features whose channels were each divided by their mean.
    real = real * small.mean(dim=(2, 3), keepdim=True) / real.mean(dim=(2, 3), keepdim=True)
    assert torch.cosine_similarity(small.flatten(), real.flatten(), dim=0) > 0.85
