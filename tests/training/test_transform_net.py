import pytest
import torch

from training.networks.transform_net import PRESETS, PaperTransformNet, build_transform_net, count_flop

SIZES = [(64, 64), (65, 67), (97, 130), (66, 259)]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("size_hw", SIZES)
def test_height_and_width_in_are_height_and_width_out(preset: str, size_hw: tuple[int, int]) -> None:
    network = build_transform_net(preset).eval()
    with torch.no_grad():
        stylized = network(torch.rand(1, 3, *size_hw))
    assert stylized.shape == (1, 3, *size_hw)
    assert stylized.min() >= 0 and stylized.max() <= 1


@pytest.mark.parametrize("size_hw", [(64, 4096), (4095, 64)])
def test_the_longest_sides_work(size_hw: tuple[int, int]) -> None:
    with torch.no_grad():
        stylized = build_transform_net("fast").eval()(torch.rand(1, 3, *size_hw))
    assert stylized.shape == (1, 3, *size_hw)


@pytest.mark.parametrize(
    ("preset", "parameters"), [("fast", 108_771), ("full", 1_679_235), ("paper", 1_679_235)]
)
def test_presets_have_the_published_number_of_parameters(preset: str, parameters: int) -> None:
    assert sum(p.numel() for p in build_transform_net(preset).parameters()) == parameters


def test_fast_costs_what_the_design_says_at_360p() -> None:
    assert count_flop(build_transform_net("fast"), height=360, width=640) == pytest.approx(5.77e9, rel=1e-3)


def test_a_padded_size_paints_the_same_picture_inside() -> None:
    """What lies beyond the border may only change pixels near it, as far as instance norm lets it."""
    network = build_transform_net("paper").eval()  # batch norm in evaluation has no global statistics
    image = torch.rand(1, 3, 160, 163)
    with torch.no_grad():
        odd, even = network(image), network(image[..., :160])
    torch.testing.assert_close(odd[..., :60], even[..., :60])


def test_the_paper_preset_is_johnsons_table() -> None:
    network = PaperTransformNet()
    shapes = []
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            shapes.append(
                (type(module).__name__, module.out_channels, module.kernel_size[0], module.stride[0])
            )
    conv, fractional = "Conv2d", "ConvTranspose2d"
    assert shapes[:3] == [(conv, 32, 9, 1), (conv, 64, 3, 2), (conv, 128, 3, 2)]
    assert shapes[3:13] == [(conv, 128, 3, 1)] * 10
    assert shapes[13:] == [(fractional, 64, 3, 2), (fractional, 32, 3, 2), (conv, 3, 9, 1)]


def test_the_paper_residual_block_crops_its_identity() -> None:
    block = PaperTransformNet().blocks[0].eval()
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    features = torch.rand(1, 128, 9, 11)
    torch.testing.assert_close(block(features), features[..., 2:-2, 2:-2])


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="fast, full, paper"):
        build_transform_net("huge")
