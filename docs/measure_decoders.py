"""How well decoders give pictures back, and paint parts as the parts of a painting: a line of a table each.

    python docs/measure_decoders.py PHOTOGRAPHS PAINTINGS PAIRS [DECODER.pt ...]

PHOTOGRAPHS and PAINTINGS are folders of pictures; the first of each, by name, are looked at and decoded.
PAIRS has folders with content.jpg, content_mask.png, style.jpg and style_mask.png, as of
`docs/measure_semantic.py`. Decoders are those that ship if none is named.

    features        how far what is decoded is off, in the decoder's own layers: relative, 0 for nothing
    pixels          mean squared difference of what is decoded, of pictures in [0, 1]
    style distance  of the regions that both pictures of a pair have: mean and deviation; two passes
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from training.config_semantic import SemanticConfig
from training.images import list_pictures, read_rgb, resize_short_side, to_tensor
from training.losses import relative_content_loss
from training.semantic import SemanticPainter, SemanticSources, all_shipped

SIDE, PAIR_SIDE = 256, 240


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("photographs", type=Path)
    words.add_argument("paintings", type=Path)
    words.add_argument("pairs", type=Path)
    words.add_argument("decoders", type=Path, nargs="*")
    words.add_argument("--pair", action="append", help="only the pair of this name; several times [all]")
    words.add_argument("--count", type=int, default=12, help="photographs; half as many paintings")
    words.add_argument("--threads", type=int, default=0)
    asked = words.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    pictures = [
        [read(file) for file in list_pictures(folder)[:count]]
        for folder, count in ((asked.photographs, asked.count), (asked.paintings, asked.count // 2))
    ]
    folders = sorted(one for one in asked.pairs.iterdir() if (one / "content.jpg").exists())
    pairs = [pair(one) for one in folders if not asked.pair or one.name in asked.pair]
    if not pairs or not all(pictures):
        sys.exit("no pictures, or no pairs of these names: see --help")
    print("| | features | pixels | of paintings | pixels | style distance |")
    print("| --- | --- | --- | --- | --- | --- |")
    for file in asked.decoders or all_shipped():
        painter = SemanticPainter(file)
        cells = [f"{value:.4f}" for some in pictures for value in given_back(painter, some)]
        print(f"| {file.stem} | {' | '.join(cells)} | {style_distance(painter, pairs):.4f} |", flush=True)


def read(file: Path) -> Tensor:
    """Return a picture, (1, 3, H, W), its shorter side `SIDE`, cut to sides that every decoder takes."""
    image = to_tensor(resize_short_side(read_rgb(file), SIDE))[None]
    height, width = (side // 16 * 16 for side in image.shape[-2:])
    return image[..., :height, :width]


def pair(folder: Path) -> SemanticSources:
    """Read a pair of pictures with their masks."""
    return SemanticSources.read(
        SemanticConfig(
            content=folder / "content.jpg",
            style=folder / "style.jpg",
            content_mask=folder / "content_mask.png",
            style_mask=folder / "style_mask.png",
            size=PAIR_SIDE,
            out=Path("out.png"),
        )
    )


@torch.no_grad()
def given_back(painter: SemanticPainter, pictures: Sequence[Tensor]) -> tuple[float, float]:
    """Return how far features and pixels of what is decoded are off, means over pictures."""
    features, pixels = [], []
    for image in pictures:
        seen = painter.perception(image, painter.refs)
        decoded = painter.decoder({ref.layer: seen[ref] for ref in painter.refs}).clamp(0, 1)
        again = painter.perception(decoded, painter.refs)
        apart = [relative_content_loss(again[ref], seen[ref]) for ref in painter.refs]
        features.append(float(torch.stack(apart).mean()))
        pixels.append(float((decoded - image).square().mean()))
    return sum(features) / len(features), sum(pixels) / len(pixels)


def style_distance(painter: SemanticPainter, pairs: Sequence[SemanticSources]) -> float:
    """Return the mean over pairs of the mean over regions."""
    means = []
    for sources in pairs:
        found = painter.distances(painter(sources, "bn", passes=2), sources)
        both = [distance for label, distance in found.items() if label in sources.style_masks]
        means.append(sum(both) / len(both))
    return sum(means) / len(means)


if __name__ == "__main__":
    main()
