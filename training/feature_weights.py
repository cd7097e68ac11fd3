"""Finds and loads the frozen networks whose features the losses compare.

The weights of a network are looked for, in this order, in the folder or file that the command names, in the
folder `LIVEBRUSH_WEIGHTS`, and at last in torchvision's own download.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training.errors import WeightsError
from training.networks.small_vgg import SmallVgg
from training.networks.vgg import CAFFE_SCALE, GROUPS, TORCHVISION_SCALE, InputScale, Vgg, count_convolutions

FeatureNet = Vgg | SmallVgg

NETWORKS = (*GROUPS, "small")
# Those of a style: of Johnson et al. 2016, and of the small network.
PAPER_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
SMALL_LAYERS = ("small:relu1_1", "small:relu2_1", "small:relu3_1", "small:relu4_1", "small:relu5_1")
# Names under which a folder may hold them; the first that matches is taken.
_PATTERNS = {"vgg16": "vgg16*", "vgg19": "vgg19_[!d]*", "small": "vgg19_distilled16x*", "raft": "raft_*"}


@dataclass(frozen=True)
class LoadedFeatureNet:
    """A frozen network with where its weights came from, so that figures can name them."""

    network: FeatureNet
    source: str
    sha256: str


def load_feature_net(name: str, weights: Path | None = None) -> LoadedFeatureNet:
    """Load vgg16, vgg19 or small, in evaluation mode, without gradients for its weights.

    Args:
        name: which network.
        weights: a .safetensors or .pth file, or a folder of them, looked at first.
    Raises:
        WeightsError: if there are no weights, or they are not this network's.
    """
    if name not in NETWORKS:
        raise WeightsError(f"the feature network must be one of {', '.join(NETWORKS)}, instead got {name!r}")
    file = find_weights(name, weights)
    if file is None:
        state, scale, source = _from_torchvision(name)
    else:
        state, scale = read_weights(file)
        source = file.name
    network: FeatureNet = SmallVgg() if name == "small" else _build_vgg(name, state, scale, source)
    wanted = network.state_dict().keys()
    missing = [key for key in wanted if key not in state]
    if missing:
        raise WeightsError(f"{source} is no {name}: it lacks {missing[0]}")
    try:
        network.load_state_dict({key: state[key].float() for key in wanted})
    except RuntimeError as error:
        raise WeightsError(f"{source} is no {name}: its sizes do not fit") from error
    network.eval().requires_grad_(False)
    return LoadedFeatureNet(network, source, hash_weights(state))


def find_weights(name: str, weights: Path | None = None) -> Path | None:
    """Return the file with the network's weights, or None where only a download is left.

    Raises:
        WeightsError: if the path given or the folder `LIVEBRUSH_WEIGHTS` does not exist.
    """
    environment = os.environ.get("LIVEBRUSH_WEIGHTS")
    for place in (weights, Path(environment) if environment else None):
        if place is None:
            continue
        if place.is_file():
            return place
        if not place.is_dir():
            raise WeightsError(f"no feature weights at {place}: give a file or a folder that exists")
        for file in sorted(place.glob(_PATTERNS[name])):
            if file.suffix in (".safetensors", ".pth", ".pt"):
                return file
    return None


def default_layers(features: str, weights: Path | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the layers in which content and style are compared, of a feature network.

    Johnson et al.'s for VGG-16; the small network has its own.

    Raises:
        WeightsError: if the folder of weights does not exist.
    """
    if features == "small":
        return ("small:relu3_1",), SMALL_LAYERS
    return ("relu3_3",), PAPER_LAYERS if features == "vgg16" else default_style_layers(weights)


def default_style_layers(weights: Path | None = None) -> tuple[str, ...]:
    """Return the layers whose statistics make a style, as deep as the weights at hand allow.

    VGG-19 from torchvision has them all. A file of its first layers is helped out by the small network,
    where that is at hand; without it the style goes as deep as the file.
    """
    layers = ("relu1_1", "relu2_1", "relu3_1", "relu3_4")
    file = find_weights("vgg19", weights)
    if file is None or count_convolutions("vgg19", read_weights(file)[0]) > 8:
        return (*layers, "relu4_1")
    return (*layers, "small:relu4_1") if find_weights("small", weights) else layers


def available_layers(name: str, weights: Path | None = None) -> tuple[str, ...]:
    """Return the layers of a network that the weights at hand hold, shallow to deep; nothing is downloaded.

    Empty where there are none, nor a download that would have them.
    """
    file = find_weights(name, weights)
    with torch.device("meta"):  # only names are wanted
        if file is None:
            return () if name == "small" else Vgg(name).available_layers()
        state, _ = read_weights(file)
        if name == "small":
            network = SmallVgg()
            return network.available_layers() if network.state_dict().keys() <= state.keys() else ()
        return Vgg(name, count_convolutions(name, state)).available_layers()


def read_weights(file: Path) -> tuple[dict[str, Tensor], InputScale]:
    """Read tensors, and what input they were trained on: a file says so in its metadata.

    Raises:
        WeightsError: if it cannot be read, or holds more than tensors.
    """
    if file.suffix == ".safetensors":
        try:
            from safetensors import SafetensorError, safe_open
        except ImportError as error:
            raise WeightsError(f'{file.name} needs safetensors: pip install "livebrush[train]"') from error
        try:
            with safe_open(file, framework="pt") as archive:
                note = (archive.metadata() or {}).get("preprocess", "")
                state = {key: archive.get_tensor(key) for key in archive.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise WeightsError(f"{file} is no readable safetensors file: {error}") from error
        return state, CAFFE_SCALE if "255" in note else TORCHVISION_SCALE
    try:
        return torch.load(file, map_location="cpu", weights_only=True), TORCHVISION_SCALE
    except Exception as error:
        raise WeightsError(
            f"{file} holds more than tensors, or is broken: {error}".splitlines()[0]
        ) from error


def _from_torchvision(name: str) -> tuple[dict[str, Tensor], InputScale, str]:
    if name == "small":
        raise WeightsError(
            "the small feature network has no public download: name a folder that has "
            "vgg19_distilled16x*.safetensors with --weights or LIVEBRUSH_WEIGHTS, or use vgg19 layers only"
        )
    try:
        from torchvision import models

        url = models.get_model_weights(name)["IMAGENET1K_V1"].url
        state = torch.hub.load_state_dict_from_url(url, progress=True, check_hash=True)
    except (ImportError, OSError) as error:
        raise WeightsError(
            f"no {name} weights: torchvision could not download them ({error}); "
            "name a file or folder with --weights or LIVEBRUSH_WEIGHTS"
        ) from error
    return state, TORCHVISION_SCALE, f"torchvision {name} IMAGENET1K_V1"


def _build_vgg(name: str, state: dict[str, Tensor], scale: InputScale, source: str) -> Vgg:
    convolutions = count_convolutions(name, state)
    if convolutions == 0:
        raise WeightsError(f"{source} is no {name}: it lacks features.0.weight")
    return Vgg(name, convolutions, scale)


def hash_weights(state: dict[str, Tensor]) -> str:
    """Return the SHA-256 over every tensor's name and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
