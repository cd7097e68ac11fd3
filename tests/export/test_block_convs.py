import pytest
import torch
from torch import nn

from export.block_convs import BlockConv, use_block_convs
from training.networks.layers import ReflectConv
from training.networks.transform_net import TransformNet


@pytest.mark.parametrize("channels", [(3, 8), (8, 3)])
def test_a_convolution_on_blocks_gives_the_same_numbers(channels: tuple[int, int]) -> None:
    torch.manual_seed(0)
    conv = ReflectConv(*channels, 9).requires_grad_(False)
    image = torch.rand(1, channels[0], 18, 26)
    torch.testing.assert_close(BlockConv(conv)(image), conv(image), atol=1e-5, rtol=1e-5)


def test_only_what_fits_is_rewritten() -> None:
    network = TransformNet(width=4, blocks=1).requires_grad_(False)
    image = torch.rand(1, 3, 64, 68)
    before = network(image)
    assert use_block_convs(network) == 2  # the first and the last; the others are 3x3
    torch.testing.assert_close(network(image), before, atol=1e-5, rtol=1e-5)
    for other in (nn.Conv2d(3, 4, 9, padding=4), ReflectConv(3, 4, 9, stride=2), ReflectConv(3, 4, 7)):
        assert use_block_convs(nn.Sequential(other)) == 0
