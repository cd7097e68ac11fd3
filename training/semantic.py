"""Semantic style transfer in one pass: features rebuilt region by region, and decoded (Lu et al. 2017)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.checkpoint import load_checkpoint, load_weights
from training.config_semantic import SemanticConfig
from training.correction import Correction
from training.errors import CheckpointError, OptionError
from training.images import read_rgb, resize_short_side, to_tensor
from training.networks.decoder_net import DecoderNet
from training.networks.layers import pad_to_multiple
from training.optimization.masks import check_size, masks_at, read_labels
from training.perception import LayerRef, Perception, parse_layers
from training.reconstruction import Statistic
from training.regions import join_parts, rebuild_parts
from training.style_methods import BnStyle

log = logging.getLogger(__name__)

Masks = dict[int, Tensor]
_MODELS = Path(__file__).parent / "models"
# The decoder that is taken where nothing is said.
SHIPPED = _MODELS / "decoder_relu3_1.pt"
_SMALLEST = 16


@dataclass(frozen=True)
class SemanticSources:
    """Pictures, (1, 3, H, W) in [0, 1], and by label their masks, (1, 1, H, W); no masks for one region."""

    content: Tensor
    style: Tensor
    content_masks: Masks
    style_masks: Masks

    @classmethod
    def read(cls, config: SemanticConfig) -> "SemanticSources":
        """Read the files of a configuration; labels that only one of two masks has are named.

        Raises:
            DataError: if one cannot be read.
            OptionError: if a mask is not of its picture's size.
        """
        content, style = _picture(config.content, config.size), _picture(config.style, config.style_size)
        if config.style_size is None and config.size is not None:
            style = _picture(config.style, config.size)
        if config.content_mask is None or config.style_mask is None:
            return cls(content, style, {}, {})
        content_masks = _masks(config.content_mask, config.content, content)
        style_masks = _masks(config.style_mask, config.style, style)
        only_content = sorted(set(content_masks) - set(style_masks))
        only_style = sorted(set(style_masks) - set(content_masks))
        if only_content:
            log.warning("only in the content mask: label %s; the whole style is taken", _listed(only_content))
        if only_style:
            log.warning("only in the style mask: label %s; not used", _listed(only_style))
        return cls(content, style, content_masks, style_masks)


def _listed(labels: list[int]) -> str:
    return ", ".join(str(label) for label in labels)


def _picture(file: Path, short_side: int | None) -> Tensor:
    image = read_rgb(file)
    if min(image.shape[:2]) < _SMALLEST:
        raise OptionError(f"{file} is {image.shape[1]}x{image.shape[0]}: {_SMALLEST} pixels a side are least")
    return to_tensor(image if short_side is None else resize_short_side(image, short_side))[None]


def _masks(file: Path, picture: Path, image: Tensor) -> Masks:
    labels = read_labels(file)
    height, width = read_rgb(picture).shape[:2]
    check_size(labels, file, (height, width), picture)
    return masks_at(labels, np.unique(labels).tolist(), (image.shape[-2], image.shape[-1]))


class SemanticPainter:
    """A decoder with the networks whose features it decodes.

    Args:
        file: a checkpoint of `python -m training decoder`.
        weights: where the feature networks are.
        device: cpu or cuda.
    Raises:
        CheckpointError: if it is no decoder's.
    """

    def __init__(self, file: Path, weights: Path | None = None, device: str = "cpu") -> None:
        content = load_checkpoint(file)
        if content.get("kind") != "decoder":
            raise CheckpointError(
                f"{file} is of kind {content.get('kind')}, not decoder: train one with decoder"
            )
        self.refs = parse_layers(content["layers"], "vgg19")
        self.decoder = DecoderNet([ref.layer for ref in self.refs], content["preset"])
        load_weights(self.decoder, content["weights"], file)
        self.decoder.float().eval().to(device).to(memory_format=torch.channels_last)
        self.perception = Perception(self.refs, weights).to(device).to(memory_format=torch.channels_last)
        self.device = device

    @property
    def name(self) -> str:
        """The layers that are rebuilt and decoded."""
        return "+".join(str(ref) for ref in self.refs)

    @torch.no_grad()
    def __call__(
        self,
        sources: SemanticSources,
        statistic: Statistic,
        strength: float = 1.0,
        *,
        passes: int = 1,
        masked: bool = True,
    ) -> Tensor:
        """Paint the content: (1, 3, H, W) in [0, 1], of its size.

        Each pass after the first asks for other features, by what the painting before missed; see
        `training.correction`. It costs a decoding and a look.
        """
        height, width = sources.content.shape[-2:]
        multiple = self.decoder.multiple
        content = self._see(pad_to_multiple(sources.content, multiple))
        style = self._see(sources.style)
        of_content = {
            label: functional.pad(mask, (0, -width % multiple, 0, -height % multiple), mode="replicate")
            for label, mask in (sources.content_masks if masked else {}).items()
        }
        options: Any = {"statistic": statistic, "strength": strength}
        asked = {
            ref: Correction.begin(
                rebuild_parts(content[ref], style[ref], of_content, sources.style_masks, **options)
            )
            for ref in self.refs
        }
        painting = self._decode(content, asked)
        for _ in range(passes - 1):
            seen = self._see(painting)
            asked = {ref: asked[ref].after(seen[ref]) for ref in self.refs}
            painting = self._decode(content, asked)
        return painting[..., :height, :width].cpu()

    def _decode(self, content: Mapping[LayerRef, Tensor], asked: Mapping[LayerRef, Correction]) -> Tensor:
        # What no ReLU gives out no decoder has seen: a mean moved far down came back as white and static.
        rebuilt = {
            ref.layer: join_parts(content[ref], asked[ref].corrected()).clamp_min(0) for ref in self.refs
        }
        image: Tensor = self.decoder(rebuilt)
        return image.clamp(0, 1)

    @torch.no_grad()
    def distances(self, image: Tensor, sources: SemanticSources) -> dict[int, float]:
        """Return each region's distance to its style, of mean and deviation, averaged over the layers.

        Args:
            image: (1, 3, H, W), of the content's size.
        Returns:
            by label, relative: 0 for the style itself; label 0 for a picture without masks.
        """
        seen, style = self._see(image), self._see(sources.style)
        everywhere = {0: torch.ones_like(sources.content[:, :1])}
        found: dict[int, float] = {}
        for label, mask in (sources.content_masks or everywhere).items():
            of_style = sources.style_masks.get(label)
            each = [self._distance(seen[ref], style[ref], mask, of_style) for ref in self.refs]
            found[label] = sum(each) / len(each)
        return found

    @staticmethod
    def _distance(features: Tensor, style: Tensor, mask: Tensor, style_mask: Tensor | None) -> float:
        method = BnStyle()
        statistics = method.statistics(style, None if style_mask is None else _at(style_mask, style))
        return float(method.distance(features, statistics, _at(mask, features)))

    def _see(self, image: Tensor) -> Mapping[LayerRef, Tensor]:
        image = image.to(self.device).contiguous(memory_format=torch.channels_last)
        found: Mapping[LayerRef, Tensor] = self.perception(image, self.refs)
        return found


def _at(mask: Tensor, features: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(mask.to(features), (features.shape[-2], features.shape[-1]))


def find_decoders(config: SemanticConfig) -> tuple[Path, ...]:
    """Return the checkpoints to decode with: those given, or the one that ships for the layers asked for.

    Raises:
        OptionError: if none is given and none ships for the layers; says how to train one.
    """
    if config.decoders:
        return config.decoders
    if not config.layers:
        return (SHIPPED,)
    names = sorted(text.strip().rpartition(":")[2] for text in config.layers)
    file = _MODELS / f"decoder_{'_'.join(names)}.pt"
    if file.is_file():
        return (file,)
    layer = ",".join(config.layers)
    there = ", ".join(one.stem.removeprefix("decoder_").replace("_relu", ",relu") for one in all_shipped())
    raise OptionError(
        f"no decoder of {layer} ships, but of {there}: train one with python -m training decoder "
        f"--layer {layer} --styles FOLDER --content FOLDER -o NAME.pt, and give --decoder NAME.pt"
    )


def all_shipped() -> tuple[Path, ...]:
    """Return the decoders that ship, the shallowest first."""
    return tuple(sorted(_MODELS.glob("decoder_*.pt"), key=lambda file: (len(file.stem), file.stem)))


def answers(painter: SemanticPainter, layers: Sequence[str]) -> bool:
    """Return whether a decoder is of the layers asked for; those without a network's name are of any."""
    asked = sorted((text.strip() for text in layers), key=lambda text: text.rpartition(":")[2])
    own = sorted(painter.refs, key=lambda ref: ref.layer)
    return len(asked) == len(own) and all(
        text in (str(ref), ref.layer) for text, ref in zip(asked, own, strict=True)
    )


def in_words(distances: Mapping[int, float]) -> str:
    """Return each region's distance, as in `1: 0.021, 4: 0.035`."""
    return ", ".join(f"{label}: {value:.3f}" for label, value in distances.items())
