"""The rewrite of `export.blocks` on a network of torch: 9x9 convolutions on 2x2 blocks of pixels.

A card's matrix units take 8 and more channels at a time, as a processor's vectors do 16; the first layer of
a picture has 3, the last one too.
"""

from torch import Tensor, from_numpy, nn
from torch.nn import functional

from export.blocks import to_block_weights

_SIDE = 9


class BlockConv(nn.Module):
    """A 9x9 convolution with a mirrored border, stride 1. (N, C, H, W) -> (N, O, H, W), H and W even."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        weight = from_numpy(to_block_weights(conv.weight.detach().numpy()))
        self.conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], bias=conv.bias is not None)
        self.conv.weight.data = weight
        if conv.bias is not None and self.conv.bias is not None:
            self.conv.bias.data = conv.bias.detach().repeat(4)

    def forward(self, features: Tensor) -> Tensor:
        margin = _SIDE // 2
        padded = functional.pad(features, (margin, margin, margin, margin), mode="reflect")
        return _from_blocks(self.conv(_to_blocks(padded)))


def use_block_convs(network: nn.Module) -> int:
    """Rewrite every 9x9 convolution with a mirrored border in place; return how many there were."""
    rewritten = 0
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d) and _is_rewritten(child):
                setattr(parent, name, BlockConv(child))
                rewritten += 1
    return rewritten


def _is_rewritten(conv: nn.Conv2d) -> bool:
    ones = (conv.stride, conv.dilation) == ((1, 1), (1, 1)) and conv.groups == 1
    return ones and conv.kernel_size == (_SIDE, _SIDE) and conv.padding_mode == "reflect"


# By way of channels-last, which a card's convolutions want: then the compiler turns the numbers once.
def _to_blocks(pixels: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, 4*C, H/2, W/2); channels are (phase, channel)."""
    batch, channels, height, width = pixels.shape
    rows = pixels.permute(0, 2, 3, 1).reshape(batch, height // 2, 2, width // 2, 2, channels)
    blocks = rows.permute(0, 1, 3, 2, 4, 5).reshape(batch, height // 2, width // 2, 4 * channels)
    return blocks.permute(0, 3, 1, 2)


def _from_blocks(blocks: Tensor) -> Tensor:
    """(N, 4*C, H, W) -> (N, C, 2*H, 2*W): the way back."""
    batch, channels, height, width = blocks.shape
    phases = blocks.permute(0, 2, 3, 1).reshape(batch, height, width, 2, 2, channels // 4)
    rows = phases.permute(0, 1, 3, 2, 4, 5).reshape(batch, 2 * height, 2 * width, channels // 4)
    return rows.permute(0, 3, 1, 2)
