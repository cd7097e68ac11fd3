"""Feature networks with random weights: as good as trained ones for asking whether the code is right."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from training.images import write_png
from training.networks.small_vgg import SmallVgg
from training.networks.vgg import Vgg


def random_state(network: nn.Module, seed: int = 0) -> dict[str, torch.Tensor]:
    """Kaiming weights, so that activations neither vanish nor explode with depth."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, generator=generator)
            nn.init.zeros_(module.bias)
    return {name: value.half() for name, value in network.state_dict().items()}


@pytest.fixture(scope="session")
def feature_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as the one that LIVEBRUSH_WEIGHTS names: VGG-19 to conv3_4, and the small network."""
    folder = tmp_path_factory.mktemp("weights")
    note = {"preprocess": "RGB in [0,1]: x*255 - mean"}
    save_file(random_state(Vgg("vgg19", 8)), folder / "vgg19_features_to_conv3_4.safetensors", note)
    save_file(random_state(SmallVgg()), folder / "vgg19_distilled16x.safetensors", note)
    return folder


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of five small pictures of different sizes, and one file that is none."""
    folder = tmp_path_factory.mktemp("photographs")
    chance = np.random.default_rng(0)
    for number, (height, width) in enumerate([(80, 96), (100, 70), (64, 64), (90, 120), (70, 130)]):
        coarse = chance.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
        write_png(folder / f"{number}.png", coarse.repeat(8, axis=0).repeat(8, axis=1)[:height, :width])
    (folder / "broken.jpg").write_bytes(b"no picture at all")
    return folder


@pytest.fixture(scope="session")
def style_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red and blue diagonal stripes."""
    stripes = np.indices((96, 128)).sum(axis=0) // 6 % 2
    file = tmp_path_factory.mktemp("style") / "stripes.png"
    write_png(file, np.where(stripes[..., None], [200, 30, 40], [20, 60, 180]).astype(np.uint8))
    return file
