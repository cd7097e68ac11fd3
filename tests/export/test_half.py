"""Half precision whose statistics are fp32, on the pictures that are hard for it."""

import pytest
import torch
from torch import Tensor, nn

from export.compiled_graph import compiled_graph
from export.frames import hard_frames
from export.half import WideNorm, activation_bytes_per_pixel, round_weights, to_precision
from export.source import load_source
from export.verify import LIMITS_DB
from export.wide_start import wide_start_note, worst_in_bf16
from training.networks.transform_net import TransformNet, build_transform_net
from training.networks.turbo_net import TurboNet

HALVES = {"fp16": torch.float16, "bf16": torch.bfloat16}
EACH_HALF = pytest.mark.parametrize("precision", HALVES)


def networks() -> list[nn.Module]:
    torch.manual_seed(0)
    return [TurboNet(width=8, blocks=2).eval(), TransformNet(width=8, blocks=2).eval()]


def paint_rgb(network: nn.Module, image: Tensor) -> Tensor:
    """Paint bytes, (1, H, W, 3) BGR, with the network as it was trained: RGB, fp32."""
    with torch.no_grad():
        painted: Tensor = network(image.flip(-1).permute(0, 3, 1, 2).float() / 255).clamp(0, 1)
    return (painted * 255).round().to(torch.uint8).permute(0, 2, 3, 1).flip(-1)


def psnr_db(network: nn.Module, precision: str, image: Tensor) -> float:
    """Return how near the network in this precision comes to the network in fp32, in dB."""
    graph = compiled_graph(network, precision)  # type: ignore[arg-type]
    with torch.no_grad():
        difference = graph(image).int() - paint_rgb(network, image).int()
    return float(10 * torch.log10(255**2 / difference.double().square().mean().clamp(min=1e-9)))


@EACH_HALF
@pytest.mark.parametrize("name", [name for name, _ in hard_frames()])
def test_hard_pictures_are_painted_as_in_fp32(precision: str, name: str) -> None:
    image = torch.from_numpy(dict(hard_frames())[name])[None]
    for network in networks():
        assert psnr_db(network, precision, image) > (44 if precision == "fp16" else 38)


@pytest.mark.parametrize(
    ("style", "precision", "least_db"),
    [
        ("starry_night", "fp16", 50),
        ("composition_vii", "fp16", 50),
        ("starry_night", "bf16", LIMITS_DB["bf16"]),
    ],
)
def test_a_smooth_picture_in_a_trained_style_is_within_the_limit(
    style: str, precision: str, least_db: float
) -> None:
    """Its norms divide by almost nothing: n / 255, which no half is, once came to 34 and 30 dB in fp16."""
    network = load_source(style).network
    image = torch.from_numpy(dict(hard_frames())["odd size"])[None]
    assert psnr_db(network, precision, image) > least_db


@pytest.mark.parametrize(("style", "better_db"), [("the_great_wave", 10), ("holy_kinship", 8)])
def test_the_first_convolution_stays_in_fp32_where_bf16_is_too_little(style: str, better_db: float) -> None:
    network = load_source(style).network
    narrow, wide = worst_in_bf16(network), worst_in_bf16(network, wide_start=True)
    assert wide > LIMITS_DB["bf16"] > narrow and wide > narrow + better_db
    assert f"{narrow:.1f} dB" in wide_start_note(network)


def test_nothing_stays_in_fp32_where_bf16_is_enough() -> None:
    assert wide_start_note(load_source("starry_night").network) == ""
    assert wide_start_note(build_transform_net("paper").eval()) == "", "no norm follows its convolution"


@EACH_HALF
def test_nothing_overflows_on_a_saturated_picture_of_a_large_size(precision: str) -> None:
    """Of 512x512 levels of 255 the sum alone is 66 million: a thousand times what fp16 holds."""
    dtype = HALVES[precision]
    norm = WideNorm(nn.InstanceNorm2d(4, affine=True), dtype)
    bright = torch.full((1, 4, 512, 512), 255.0, dtype=dtype)
    bright[..., ::2] = 251
    normalised = norm(bright)
    assert normalised.dtype == dtype
    assert normalised.isfinite().all()
    torch.testing.assert_close(normalised.float().std(), torch.tensor(1.0), atol=0.02, rtol=0)


def test_the_norm_that_is_replaced_would_have_lost_the_picture() -> None:
    """In bf16 the levels' mean, 253, cannot be told from 252 or 254; with it goes what is normalised."""
    bright = torch.full((1, 1, 256, 256), 255.0)
    bright[..., ::2] = 254
    coarse_mean = bright.bfloat16().mean(dim=(2, 3), keepdim=True)
    assert (coarse_mean.float() - bright.mean()).abs() > 0.2
    mean = WideNorm(nn.InstanceNorm2d(1), torch.bfloat16)(bright.bfloat16()).float().mean()
    assert mean.abs() < 0.01


def test_norms_keep_fp32_and_everything_else_is_halved() -> None:
    network = to_precision(TurboNet(width=8, blocks=1), torch.float16)
    for name, values in network.named_parameters():
        assert values.dtype == (torch.float32 if ".norm." in name else torch.float16), name
    assert sum(isinstance(layer, WideNorm) for layer in network.modules()) == 5


def test_rounded_weights_are_the_ones_that_are_stored() -> None:
    first, second = TurboNet(width=8, blocks=1), TurboNet(width=8, blocks=1)
    second.load_state_dict(first.state_dict())
    round_weights(first, torch.bfloat16)
    to_precision(second, torch.bfloat16)
    for mine, theirs in zip(first.parameters(), second.parameters(), strict=True):
        assert mine.dtype == torch.float32
        assert (mine == theirs.float()).all()


def test_the_traffic_of_a_network_worked_by_hand() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.InstanceNorm2d(8))
    numbers = 3 + 8 + (2 * 8 + 8)  # the convolution in and out, the norm twice in and once out
    assert activation_bytes_per_pixel(network, torch.float16, height=64, width=96) == 2 * numbers + 6
    assert activation_bytes_per_pixel(network, torch.float32, height=64, width=96) == 4 * numbers + 6
