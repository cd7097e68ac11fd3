"""Makes pictures of a trained texture network."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from training.checkpoint import load_texture_net
from training.config_texture import SampleConfig
from training.devices import choose_device
from training.errors import OptionError
from training.images import read_rgb, to_tensor, to_uint8, write_png
from training.networks.texture_net import TextureNet, TextureStyle
from training.noise import draw_noises, fixed_tiles, make_generator

_DEFAULT_WH = (512, 512)


def sample_texture(config: SampleConfig, *, threads: int = 0) -> None:
    """Paint as configured and write PNG files.

    Raises:
        CheckpointError: if the checkpoint holds no texture network.
        OptionError: if it wants a photograph and there is none, or the other way round.
        DataError: if the photograph cannot be read.
    """
    if threads:
        torch.set_num_threads(threads)
    device = torch.device(choose_device(config.device))
    network, content = load_texture_net(config.checkpoint)
    network.to(device)
    paint = _photograph(config, network) if network.with_content else _texture(config, network)
    for seed in range(config.seed, config.seed + config.count):
        with torch.inference_mode():
            image = paint(seed, device)
        write_png(config.file(seed), to_uint8(image[0]))
        height, width = image.shape[-2:]
        print(f"{config.file(seed)}: {content['style']['title']}, {width}x{height}, seed {seed}")


def _texture(config: SampleConfig, network: TextureNet) -> Callable[[int, torch.device], Tensor]:
    if config.content_image is not None:
        raise OptionError(
            f"{config.checkpoint} makes textures from noise, it was trained without --content: "
            "leave --content-image out"
        )
    width, height = config.size_wh or _DEFAULT_WH
    multiple = network.multiple
    if width % multiple or height % multiple:
        print(
            f"a texture of {width}x{height} does not tile; one whose sides are multiples of {multiple} does"
        )
    size_hw = (height + -height % multiple, width + -width % multiple)

    def paint(seed: int, device: torch.device) -> Tensor:
        # Drawn on the CPU, so that a seed is one picture wherever it is painted.
        noises = draw_noises(network.scales, 1, size_hw, make_generator(seed, 0))
        image: Tensor = network([noise.to(device) for noise in noises])
        return image[..., :height, :width]

    return paint


def _photograph(config: SampleConfig, network: TextureNet) -> Callable[[int, torch.device], Tensor]:
    if config.content_image is None:
        raise OptionError(
            f"{config.checkpoint} was trained with photographs and paints one: give it with --content-image"
        )
    content_image = to_tensor(read_rgb(config.content_image))[None]
    if config.size_wh is not None:
        size_hw = config.size_wh[::-1]
        content_image = functional.interpolate(content_image, size_hw, mode="bilinear", antialias=True)
    if min(content_image.shape[-2:]) < 64:
        raise OptionError(f"{config.content_image} is below 64 pixels: enlarge it with --size")

    def paint(seed: int, device: torch.device) -> Tensor:
        style = TextureStyle(network, fixed_tiles(network.scales, seed=seed)).eval().to(device)
        stylized_image: Tensor = style(content_image.to(device))
        return stylized_image

    return paint
