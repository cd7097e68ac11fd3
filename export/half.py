"""A network in half precision, its statistics in fp32.

An instance norm takes the mean and the variance of a whole picture: in fp16 the sum over a bright one
passes 65504 and is infinite, in bf16 it stops growing at 256 times its smallest term.
"""

import copy

import torch
from torch import Tensor, nn

from training.networks.layers import ImageConvs

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class WideNorm(nn.Module):
    """A norm in fp32 between layers of another type; the compiler makes one kernel of the three steps.

    Args:
        norm: takes and gives fp32.
        dtype: of what comes out.
    """

    def __init__(self, norm: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.norm = norm.float()
        self.dtype = dtype

    def forward(self, features: Tensor) -> Tensor:
        normalised: Tensor = self.norm(features.float())
        return normalised.to(self.dtype)


class WideStart(nn.Module):
    """A layer in fp32 that takes numbers of any type and gives fp32, to a `WideNorm`."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer.float()

    def forward(self, features: Tensor) -> Tensor:
        computed: Tensor = self.layer(features.float())
        return computed


def to_precision(network: nn.Module, dtype: torch.dtype, *, wide_start: bool = False) -> nn.Module:
    """Change a network to another type in place, all but its norms, and return it.

    For whole pictures of dtype: weights and what goes from layer to layer are of it.

    Args:
        network: changed.
        dtype: the type.
        wide_start: leave the first convolution in fp32, too, if a norm follows it.
    """
    if dtype == torch.float32:
        return network
    start = first_normed(network) if wide_start else None
    first = copy.deepcopy(start[0]) if start is not None else None  # before its weights are rounded
    network.to(dtype)
    if start is not None and first is not None:
        start[0] = WideStart(first)
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.InstanceNorm2d | nn.BatchNorm2d) and not isinstance(parent, WideNorm):
                setattr(parent, name, WideNorm(child, dtype))
    return network


def first_normed(network: nn.Module) -> nn.Sequential | None:
    """Return the chain that begins with a network's first convolution and its norm, or None."""
    first = next((layer for layer in network.modules() if isinstance(layer, nn.Conv2d)), None)
    chains = (layer for layer in network.modules() if isinstance(layer, nn.Sequential) and len(layer) > 1)
    for chain in chains:
        if isinstance(chain[1], nn.InstanceNorm2d) and any(layer is first for layer in chain[0].modules()):
            return chain
    return None


def round_weights(network: nn.Module, dtype: torch.dtype) -> None:
    """Round the weights of every convolution to what `to_precision` will store, in place, kept as fp32.

    Norms keep theirs, for they stay in fp32.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            for values in layer.parameters():
                values.data = values.data.to(dtype).float()


def take_whole_levels(meets: ImageConvs) -> None:
    """Let the convolutions that read the picture take 0 to 255 in the place of [0, 1]."""
    for conv in meets.readers:
        picture, rest = conv.weight.data[:, : meets.read_channels], conv.weight.data[:, meets.read_channels :]
        conv.weight.data = torch.cat([picture / 255, rest], dim=1)


def activation_bytes_per_pixel(network: nn.Module, dtype: torch.dtype, *, height: int, width: int) -> float:
    """Estimate what a picture moves through memory, in bytes a pixel, when neighbours are fused.

    Every convolution reads its input and writes its output once; every norm reads its input twice, for the
    statistics and to apply them, and writes once, whatever follows up to the next convolution included. A
    picture goes in and out as bytes. Weights are left out, and caches: what fits into them moves less.
    """
    numbers = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal numbers
        is_norm = isinstance(layer, nn.InstanceNorm2d | nn.BatchNorm2d)
        numbers += (2 if is_norm else 1) * inputs[0].numel() + output.numel()

    counted = (nn.Conv2d, nn.ConvTranspose2d, nn.InstanceNorm2d, nn.BatchNorm2d)
    hooks = [layer.register_forward_hook(count) for layer in network.modules() if isinstance(layer, counted)]
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, height, width))
    finally:
        for hook in hooks:
            hook.remove()
    return numbers * dtype.itemsize / (height * width) + 2 * 3
