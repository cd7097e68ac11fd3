"""A part's style does not bleed: 8 pixels from its border it is as where only that part is painted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from regions_apart import MOST, apart, inside

from training.images import read_rgb, to_tensor, to_uint8
from training.optimization.masks import masks_at, read_labels
from training.reconstruction import Statistic
from training.semantic import SHIPPED, SemanticPainter, SemanticSources

# Pixels inside a region that is compared, by passes: corrections look at borders too, which weigh more in a
# small one.
LEAST = {1: 500, 2: 1000}


@pytest.fixture(scope="module")
def painter(shared_dir: Path) -> SemanticPainter:
    return SemanticPainter(SHIPPED, shared_dir / "weights")


def read_pair(folder: Path, short_side: int) -> SemanticSources:
    pictures, masks = [], []
    for name in ("content", "style"):
        image, labels = read_rgb(folder / f"{name}.jpg"), read_labels(folder / f"{name}_mask.png")
        scale = short_side / min(image.shape[:2])
        size = (round(image.shape[0] * scale), round(image.shape[1] * scale))
        pictures.append(to_tensor(cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA))[None])
        masks.append(masks_at(labels, np.unique(labels).tolist(), size))
    return SemanticSources(pictures[0], pictures[1], masks[0], masks[1])


@pytest.mark.parametrize(("statistic", "passes"), [("bn", 1), ("bn", 2), ("cov", 2)])
def test_parts_keep_apart(
    painter: SemanticPainter, shared_dir: Path, statistic: Statistic, passes: int
) -> None:
    sources = read_pair(shared_dir / "data" / "semantic" / "mia_gogh", 256)
    photograph = to_uint8(sources.content[0])
    joined = to_uint8(painter(sources, statistic, passes=passes)[0])
    compared = 0
    for label, mask in sources.content_masks.items():
        region = inside((255 * mask[0, 0]).byte().numpy())
        if region.sum() < LEAST[passes]:
            continue
        only = replace(sources, content_masks={label: mask})
        alone = to_uint8(painter(only, statistic, passes=passes)[0])
        # The region is painted, the rest is not: else this would tell nothing.
        assert apart(alone, photograph, region) > 3 * MOST
        assert apart(joined, alone, region) < MOST
        compared += 1
    assert compared >= 3
