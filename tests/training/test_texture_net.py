import pytest
import torch
from torch import Tensor

from training.networks.texture_net import TEXTURE_PRESETS, TextureNet, TextureStyle, build_texture_net
from training.noise import draw_noises, fixed_tiles, make_generator


def noises_for(network: TextureNet, size_hw: tuple[int, int], draw: int = 0, count: int = 1) -> list[Tensor]:
    return draw_noises(network.scales, count, size_hw, make_generator(0, draw))


def make_style(preset: str = "fast") -> TextureStyle:
    torch.manual_seed(0)
    network = build_texture_net(preset, with_content=True)
    return TextureStyle(network, fixed_tiles(network.scales)).eval()


@pytest.mark.parametrize("preset", TEXTURE_PRESETS)
@pytest.mark.parametrize("size_hw", [(32, 32), (64, 96), (80, 48)])
def test_noise_becomes_a_picture_of_its_size(preset: str, size_hw: tuple[int, int]) -> None:
    network = build_texture_net(preset, with_content=False)
    with torch.no_grad():
        image = network(noises_for(network, size_hw, count=2))
    assert image.shape == (2, 3, *size_hw)
    assert image.min() >= 0 and image.max() <= 1


@pytest.mark.parametrize("preset", TEXTURE_PRESETS)
@pytest.mark.parametrize("size_hw", [(64, 64), (65, 67), (97, 130), (66, 259)])
def test_a_photograph_of_any_size_keeps_it(preset: str, size_hw: tuple[int, int]) -> None:
    with torch.no_grad():
        stylized = make_style(preset)(torch.rand(2, 3, *size_hw))
    assert stylized.shape == (2, 3, *size_hw)
    assert stylized.min() >= 0 and stylized.max() <= 1


def test_the_paper_preset_gains_eight_channels_a_scale() -> None:
    network = build_texture_net("paper", with_content=False)
    assert [block[0].out_channels for block in network.blocks] == [40, 32, 24, 16]
    assert [branch[0].out_channels for branch in network.branches] == [8] * 5
    assert [network.blocks[0][place].kernel_size[0] for place in (0, 3, 6)] == [3, 3, 1]
    assert sum(p.numel() for p in network.parameters()) == 71_659


def test_rolled_noise_is_a_rolled_picture_so_a_texture_tiles() -> None:
    torch.manual_seed(0)
    network = TextureNet(width=4, scales=4).eval()
    noises = noises_for(network, (64, 80))
    down, right = 24, 40  # multiples of 8, so that every scale can follow
    rolled = [noise.roll((down >> k, right >> k), dims=(2, 3)) for k, noise in enumerate(noises)]
    with torch.no_grad():
        torch.testing.assert_close(network(rolled), network(noises).roll((down, right), dims=(2, 3)))


def test_noise_of_every_scale_changes_the_picture() -> None:
    torch.manual_seed(0)
    network = TextureNet(width=4, scales=4).eval()
    noises, others = noises_for(network, (64, 64)), noises_for(network, (64, 64), draw=1)
    with torch.no_grad():
        before = network(noises)
        for k in range(network.scales):
            after = network([*noises[:k], others[k], *noises[k + 1 :]])
            assert (after - before).abs().mean() > 1e-3, f"scale {k} is not heard"


def test_a_batch_is_painted_as_its_pictures_one_by_one() -> None:
    network = TextureNet(width=4, scales=3, with_content=True).train()
    noises, photographs = noises_for(network, (32, 32), count=2), torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        together = network(noises, photographs)
        second = network([noise[1:] for noise in noises], photographs[1:])
    torch.testing.assert_close(together[1:], second, atol=1e-5, rtol=1e-4)


def test_coarse_scales_see_the_mean_of_the_photograph() -> None:
    """A checkerboard of pixels and its mean grey are one and the same to all scales but the finest."""
    style = make_style()
    board = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).float().expand(1, 3, 64, 64)
    seen: list[Tensor] = []
    for branch in style.network.branches:
        branch.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, :3]))
    with torch.no_grad():
        style(board)
    coarse, finest = seen[:-1], seen[-1]  # painted from the coarsest to the finest
    assert [tuple(content.shape[-2:]) for content in seen] == [(s, s) for s in (3, 6, 12, 24, 48, 96)]
    assert all(torch.equal(content, torch.full_like(content, 0.5)) for content in coarse)
    margin = style.MARGIN
    torch.testing.assert_close(finest[..., margin : margin + 64, margin : margin + 64], board)


def test_a_fixed_noise_is_the_same_for_every_frame_and_repeats_its_tile() -> None:
    style = make_style()
    seen: list[Tensor] = []
    style.network.branches[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, 3:]))
    frame = torch.rand(1, 3, 96, 160)
    with torch.no_grad():
        assert torch.equal(style(frame), style(frame))
    first, second = seen
    assert torch.equal(first, second) and first.shape == (1, 3, 128, 192)
    assert torch.equal(first[..., :64], first[..., 64:128])
    assert torch.equal(first[..., :64, :64] * 255, fixed_tiles(6)[0].float())


def test_a_wrong_number_of_noises_or_a_content_too_much_is_refused() -> None:
    network = TextureNet(width=4, scales=3)
    with pytest.raises(ValueError, match="noise at 3 scales, instead got 2"):
        network(noises_for(network, (32, 32))[:2])
    with pytest.raises(ValueError, match="with_content=False"):
        network(noises_for(network, (32, 32)), torch.rand(1, 3, 32, 32))
    with pytest.raises(ValueError, match="with_content=True"):
        TextureNet(width=4, scales=3, with_content=True)(noises_for(network, (32, 32)))
    with pytest.raises(ValueError, match="a network with content"):
        TextureStyle(network, fixed_tiles(3))


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="fast, paper, instead got 'huge'"):
        build_texture_net("huge", with_content=False)
