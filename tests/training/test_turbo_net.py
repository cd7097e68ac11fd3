import pytest
import torch
from torch import nn
from torch.nn import functional

from training.networks.layers import ReflectConv
from training.networks.transform_net import build_transform_net, count_flop
from training.networks.turbo_net import TurboNet, start_equal


def test_turbo_does_less_than_fast_and_no_layer_works_at_full_size() -> None:
    turbo, fast = build_transform_net("turbo"), build_transform_net("fast")
    size = {"height": 360, "width": 640}
    assert count_flop(turbo, **size) < 0.65 * count_flop(fast, **size)
    seen: list[int] = []
    for module in turbo.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda _module, _inputs, output: seen.append(output.shape[-1]))
    with torch.no_grad():
        turbo(torch.rand(1, 3, 64, 96))
    assert max(seen) == 48


def test_it_is_smaller_than_fast_too() -> None:
    turbo, fast = (
        sum(p.numel() for p in build_transform_net(name).parameters()) for name in ("turbo", "fast")
    )
    assert turbo < fast


@pytest.mark.parametrize("ratio", [2, 4])
def test_pixels_of_one_cell_start_equal(ratio: int) -> None:
    conv = start_equal(ReflectConv(5, 3 * ratio**2, 3), ratio)
    shuffled = functional.pixel_shuffle(conv(torch.rand(1, 5, 8, 8)), ratio)  # (1, 3, 8 * ratio, 8 * ratio)
    coarse = shuffled[..., ::ratio, ::ratio]
    nearest = functional.interpolate(coarse, scale_factor=ratio, mode="nearest")
    torch.testing.assert_close(shuffled, nearest)
    assert coarse.std() > 0.01  # and not all of them the same


def test_cells_and_pictures_are_one_network() -> None:
    torch.manual_seed(0)
    network, image = TurboNet().eval(), torch.rand(2, 3, 64, 80)
    with torch.no_grad():
        cells = network.paint_cells(functional.pixel_unshuffle(image, network.in_cell))
        assert cells.shape == (2, 3 * network.out_cell**2, 64 // network.out_cell, 80 // network.out_cell)
        torch.testing.assert_close(functional.pixel_shuffle(cells, network.out_cell), network(image))


def test_a_stroke_is_decided_by_a_wide_surrounding() -> None:
    """A quarter of the size lets few layers see far: at least 32 pixels to each side."""
    network = TurboNet()
    for module in network.modules():
        if isinstance(module, nn.InstanceNorm2d):
            module.forward = lambda features: features  # type: ignore[method-assign]
    image = torch.rand(1, 3, 256, 256, requires_grad=True)
    network(image)[0, :, 128, 128].sum().backward()
    assert image.grad is not None
    reached = image.grad.abs().sum(dim=(0, 1)).nonzero()
    assert reached[:, 1].min() <= 96 and reached[:, 1].max() >= 160
