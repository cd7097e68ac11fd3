"""Trains decoders as auto-encoders: Lu et al. 2017, section 3.2."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.checkpoint import load_checkpoint, load_weights
from training.config_decoder import DecoderConfig
from training.errors import CheckpointError, OptionError
from training.losses import LossParts, relative_content_loss
from training.networks.decoder_net import DecoderNet
from training.objective import weigh
from training.perception import LayerRef, Perception, parse_layers
from training.reconstruction import Statistic, match_deviation, swap_patches
from training.regions import join_parts, rebuild_parts
from training.report import TrainingReport
from training.soft_regions import draw_region
from training.style_pictures import StyleMix, StylePictures
from training.trainers import Trainer, sample_pictures
from training.window_statistics import window_statistics_loss

# Photographs that the scales of the layers are taken from; far from those of any training.
_MEASURED, _MEASURED_COUNT = 2**30, 8
# The second paintings of rebuilt pairs; likewise.
_OTHERS = 2**29
# Share of rebuilt pictures that take second moments: a map of 512 channels costs more than a step else.
_SECOND_MOMENTS = 0.2
_WARM_UP_STEPS = 100


@dataclass(frozen=True)
class Bridge:
    """The way from a deep layer to one that another decoder begins at.

    Attributes:
        end: that layer.
        scale: what that decoder divides its activations by.
    """

    end: LayerRef
    scale: float


class DecoderTrainer(Trainer[DecoderConfig]):
    """Trains a decoder on features of photographs, of paintings, and of pairs of both."""

    kind = "decoder"

    def _build_objective(self) -> Perception:
        config = self.config
        self.refs = parse_layers(config.layers, config.features)
        self.bridge = self._read_bridge(config.init_from) if config.bridge and config.init_from else None
        ends = () if self.bridge is None else (self.bridge.end,)
        perception = Perception((*self.refs, *ends), config.weights)
        perception.to(self.placement.device).to(memory_format=torch.channels_last)
        self.paintings = StylePictures(config.styles, config.crop_size, mix=StyleMix(0, 0), seed=config.seed)
        return perception

    def _build_network(self) -> nn.Module:
        network = DecoderNet([ref.layer for ref in self.refs], self.config.preset)
        assert self.data is not None
        seen = [self._see(self.data[_MEASURED + n][None]) for n in range(_MEASURED_COUNT)]
        network.set_scales(
            {
                ref.layer: float(torch.stack([one[ref].mean() for one in seen]).mean().clamp_min(1e-6))
                for ref in self.refs
            }
        )
        if self.bridge is not None:
            trained = network.bridge_names(self.bridge.end.layer)
            for name, values in network.named_parameters():
                values.requires_grad_(name in trained)
        return network

    def _first_content(self, file: Path) -> dict[str, Any]:
        """A decoder of other layers begins this one: what lies shallower than both is the same way back."""
        content = super()._first_content(file)
        if content.get("kind") != self.kind or content["layers"] == [str(ref) for ref in self.refs]:
            return content
        there = parse_layers(content["layers"], self.config.features)
        other = DecoderNet([ref.layer for ref in there], content["preset"])
        load_weights(other, content["weights"], file)
        taken = self._decoder().begin_with(other)
        if not any(name.startswith("stages.") for name in taken):
            raise CheckpointError(f"--init-from {file} decodes {', '.join(content['layers'])}: nothing fits")
        return {**content, "preset": self.config.preset, "weights": self.network.state_dict()}

    def _read_bridge(self, file: Path) -> Bridge:
        """Return the way to the layer that another decoder begins at; of several joined the deepest."""
        content, deepest = load_checkpoint(file), max(ref.layer for ref in self.refs)
        self._check_kind(content, file)
        end = max(parse_layers(content["layers"], self.config.features), key=lambda ref: ref.layer)
        if end.layer >= deepest:
            raise OptionError(f"--init-from {file} decodes {end}: --bridge needs a layer before {deepest}")
        return Bridge(end, float(content["weights"][f"scale_{end.layer}"]))

    def _see(self, image: Tensor, *more: LayerRef) -> dict[LayerRef, Tensor]:
        refs = (*self.refs, *more)
        with torch.no_grad(), self.placement.autocast():
            found: dict[LayerRef, Tensor] = self.perception(image.to(self.placement.device), refs)
        return {ref: one.float() for ref, one in found.items()}

    def _learning_rate(self) -> float:
        """The paper's is constant; here it has a short rise, and falls to nothing over the last quarter."""
        left = 1 - self.step / self.config.steps
        rise = (self.step + 1) / _WARM_UP_STEPS
        return self.config.learning_rate * min(1.0, rise, max(left, 1e-3) / 0.25)

    def _longest_gradient(self) -> float:
        return self.config.clip

    def _loss(self, content_image: Tensor | None) -> tuple[Tensor, LossParts]:
        assert content_image is not None
        if self.bridge is not None:
            return self._bridge_loss(content_image, self.bridge)
        target, pictures = self._mixture(content_image)
        with self.placement.autocast():
            image = self.trained({ref.layer: one for ref, one in target.items()})
            seen = self.perception(image, self.refs)
        pairs = [(seen[ref], target[ref]) for ref in self.refs]
        parts = {"features": torch.stack([relative_content_loss(*pair) for pair in pairs]).mean()}
        weights = {"features": 1.0}
        if self.config.statistics_weight:
            parts["statistics"] = torch.stack([window_statistics_loss(*pair) for pair in pairs]).mean()
            weights["statistics"] = self.config.statistics_weight
        if self.config.pixel_weight:
            parts["pixels"] = pixel_loss(image, pictures)
            weights["pixels"] = self.config.pixel_weight
        return weigh(self.config, image, parts, weights)

    def _bridge_loss(self, photographs: Tensor, bridge: Bridge) -> tuple[Tensor, LossParts]:
        """How far what comes to the end is from what photographs and paintings have there, half of each."""
        first = self.step * self.config.batch_size
        pictures = [
            self.paintings[first + n][0].to(photograph) if (first + n) % 2 else photograph
            for n, photograph in enumerate(photographs)
        ]
        seen = self._see(torch.stack(pictures), bridge.end)
        with self.placement.autocast():
            risen = self._decoder().bridge({ref.layer: seen[ref] for ref in self.refs}, bridge.end.layer)
        loss = relative_content_loss(risen, seen[bridge.end] / bridge.scale)
        return loss, {"total": float(loss.detach()), "bridge": float(loss.detach())}

    def _mixture(self, photographs: Tensor) -> tuple[dict[LayerRef, Tensor], list[Tensor | None]]:
        """Return the features of this step: of photographs, paintings, or pairs, by the pictures' numbers.

        Beside them the picture, (1, 3, H, W), that has them; None of pairs, which none has.
        """
        first = self.step * self.config.batch_size
        mixed: list[dict[LayerRef, Tensor]] = []
        pictures: list[Tensor | None] = []
        for n, photograph in enumerate(photographs):
            chance = torch.Generator().manual_seed(self.config.seed * 1_000_003 + first + n)
            kind = float(torch.rand((), generator=chance))
            painting = self.paintings[first + n][0][None]
            put_together = self.config.swapped + self.config.rebuilt
            picture = None
            if kind < self.config.swapped:
                mixed.append(self._pair(photograph[None], painting))
            elif kind < put_together:
                mixed.append(self._rebuild(photograph[None], painting, first + n))
            else:
                picture = photograph[None] if kind < (1 + put_together) / 2 else painting
                mixed.append(self._see(picture))
            pictures.append(picture)
        return {ref: torch.cat([one[ref] for one in mixed]) for ref in self.refs}, pictures

    def _pair(self, photograph: Tensor, painting: Tensor) -> dict[LayerRef, Tensor]:
        """The deepest layer's patches are swapped; layers joined to it take mean and deviation, cheaply."""
        content, style = self._see(photograph), self._see(painting)
        deepest = max(self.refs, key=lambda ref: ref.layer)
        with self.placement.autocast():
            pair = {
                ref: (swap_patches if ref == deepest else match_deviation)(content[ref], style[ref])
                for ref in self.refs
            }
        return {ref: one.float().relu() for ref, one in pair.items()}

    def _rebuild(self, photograph: Tensor, painting: Tensor, number: int) -> dict[LayerRef, Tensor]:
        """A region of the photograph takes the statistics of the painting, what is left those of another."""
        chance = np.random.default_rng([self.config.seed, 4, number])
        other = self.paintings[_OTHERS + number][0][None]
        content, first, second = (self._see(one) for one in (photograph, painting, other))
        mask = torch.from_numpy(draw_region(photograph.shape[-1], chance))[None, None]
        masks = {1: mask.to(photograph.device), 2: (1 - mask).to(photograph.device)}
        statistic: Statistic = "cov" if chance.random() < _SECOND_MOMENTS else "bn"
        rebuilt = {}
        for ref in self.refs:
            parts = [
                part
                for label, style in ((1, first), (2, second))
                for part in rebuild_parts(
                    content[ref], style[ref], {label: masks[label]}, statistic=statistic
                )
            ]
            rebuilt[ref] = join_parts(content[ref], parts).relu()  # as `training.semantic` decodes them
        return rebuilt

    def _paint(self, pictures: Sequence[Tensor]) -> list[Tensor]:
        multiple = self._decoder().multiple
        painted = []
        for picture in pictures:
            height, width = (side // multiple * multiple for side in picture.shape[-2:])
            seen = self._see(picture[..., :height, :width])
            image = self.network({ref.layer: one for ref, one in seen.items()})
            painted.append(image[0].clamp(0, 1))
        return painted

    def _decoder(self) -> DecoderNet:
        assert isinstance(self.network, DecoderNet)
        return self.network

    def _content(self) -> dict[str, Any]:
        return {**super()._content(), "layers": [str(ref) for ref in self.refs]}


def pixel_loss(image: Tensor, pictures: Sequence[Tensor | None]) -> Tensor:
    """Return the mean squared distance to the pictures that are known, and of the others to [0, 1].

    What a network sees of a picture may be had by others, too: without colours, or far outside [0, 1], where
    no feature network was trained. Dosovitskiy and Brox 2016, arXiv:1602.02644, ask for pixels as well.

    Args:
        image: (N, 3, H, W), not bounded.
        pictures: N, each (1, 3, H, W) in [0, 1], or None for one that is not known.
    """
    goal = [
        one.detach().clamp(0, 1) if picture is None else picture.to(one)
        for one, picture in zip(torch.split(image, 1), pictures, strict=True)
    ]
    return functional.mse_loss(image, torch.cat(goal))


def decoder_report(trainer: DecoderTrainer) -> TrainingReport:
    """Return what shows the training: photographs above what is decoded of their features."""
    config = trainer.config
    return TrainingReport(
        config.run_folder(),
        steps=config.steps,
        done=trainer.step,
        pictures=sample_pictures(config),
        style_image=trainer.paintings[0][0],
        quiet=not trainer.placement.is_first,
    )
