"""The pictures and masks of one optimisation, read and checked once, and made to fit each size of it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.config_optimize import DEFAULT_SIZE, OptimizeConfig
from training.images import read_rgb, resize_short_side, to_tensor
from training.optimization.colours import match_colours, match_luminance
from training.optimization.masks import Labels, check_size, labels_to_paint, read_labels

# Around middle grey, as far as a picture's own contrast: from all of [0, 1] the way is longer.
_NOISE_DEVIATION = 0.05
_COARSEST = 64


@dataclass(frozen=True)
class Sources:
    """What goes in. Pictures are (H, W, 3) uint8 RGB, labels (H, W) of the same sizes.

    painted_labels: those of the content that take a style; empty without masks.
    digest: of all files, so that a resumed run can tell that it still has the same.
    """

    content: NDArray[np.uint8]
    styles: tuple[NDArray[np.uint8], ...]
    content_labels: Labels | None
    style_labels: tuple[Labels, ...]
    painted_labels: tuple[int, ...]
    digest: str

    @classmethod
    def read(cls, config: OptimizeConfig) -> "Sources":
        """Read the files of a configuration.

        Raises:
            DataError: if one cannot be read.
            OptionError: if a mask does not fit its picture, or lacks a label.
        """
        content = read_rgb(config.content)
        styles = tuple(read_rgb(file) for file in config.style_images)
        files = [config.content, *config.style_images]
        if config.content_mask is None:
            return cls(content, styles, None, (), (), _digest(files))
        labels = read_labels(config.content_mask)
        check_size(labels, config.content_mask, content.shape[:2], config.content)
        style_labels = []
        for mask, style, picture in zip(config.style_masks, styles, config.style_images, strict=True):
            style_labels.append(read_labels(mask))
            check_size(style_labels[-1], mask, style.shape[:2], picture)
        painted = labels_to_paint(labels, style_labels, config.ignored_labels)
        digest = _digest([*files, config.content_mask, *config.style_masks])
        return cls(content, styles, labels, tuple(style_labels), painted, digest)


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def pyramid(config: OptimizeConfig, content: NDArray[np.uint8]) -> tuple[int, ...]:
    """Return the short sides to paint at, coarse to fine.

    A picture that is smaller than the default size keeps its own; sizes too coarse to show anything are
    left out.
    """
    if config.sizes:
        return config.sizes
    size = config.size or min(DEFAULT_SIZE, *content.shape[:2])
    sizes = (size >> halvings for halvings in reversed(range(config.scales)))
    return tuple(side for side in sizes if side >= _COARSEST or side == size)


def content_at(sources: Sources, short_side: int) -> Tensor:
    """Return the content, (1, 3, H, W) in [0, 1]."""
    return to_tensor(resize_short_side(sources.content, short_side))[None]


def styles_at(sources: Sources, config: OptimizeConfig, short_side: int, finest: int) -> list[Tensor]:
    """Return the style pictures as the picture at this size shall see them, (1, 3, H, W) each in [0, 1].

    At a coarse size they are as much smaller as the content is. A style picture that is smaller than
    the content keeps its size, for an enlarged one would teach blur; `style_size` enlarges it all the same.
    """
    content = content_at(sources, short_side)
    fitted = []
    for style in sources.styles:
        wanted = config.style_size or min(finest, *style.shape[:2])
        style_side = max(1, round(wanted * short_side / finest))
        image = to_tensor(resize_short_side(style, style_side))[None]
        if config.original_colors == "match":
            image = match_colours(image, content)
        elif config.original_colors == "luminance":
            image = match_luminance(image, content)
        fitted.append(image)
    return fitted


def noise_like(image: Tensor, seed: int) -> Tensor:
    """Return noise around middle grey of the same size, in [0, 1]; the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(image.shape, generator=generator) * _NOISE_DEVIATION + 0.5
    return noise.clamp(0, 1).to(image.device)


def enlarge(image: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Resize (1, 3, H, W) in [0, 1] to the next size up."""
    larger = functional.interpolate(image, size=size_hw, mode="bicubic", align_corners=False)
    return larger.clamp(0, 1)
