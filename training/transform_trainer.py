"""Trains transform networks: photographs in, paintings out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.config import RECURRENT, TransformConfig
from training.losses import LossParts
from training.meta_generate import generate_checkpoint
from training.networks.transform_net import build_transform_net
from training.perception import Perception
from training.recurrence import paint_sequence
from training.teacher import Teacher
from training.temporal_loss import second_frame, temporal_loss
from training.trainers import StyleTrainer


class TransformTrainer(StyleTrainer[TransformConfig]):
    """Trains a transform network: photographs in, paintings out (Johnson et al. 2016)."""

    kind = "transform"

    def _build_objective(self) -> Perception:
        config = self.config
        self.teacher = Teacher.load(config.teacher, self.placement.device) if config.teacher else None
        return Perception(()) if self.teacher else super()._build_objective()

    def _build_network(self) -> nn.Module:
        return build_transform_net(self.config.preset)

    def _first_content(self, file: Path) -> dict[str, Any]:
        """Of a meta network, what it writes for this style: most of the way is done then."""
        content = super()._first_content(file)
        if content.get("kind") != "meta":
            return content
        config = self.config
        return generate_checkpoint(file, config.style_image, config.credits, config.weights)

    def _loss(self, content_image: Tensor | None) -> tuple[Tensor, LossParts]:
        assert content_image is not None
        autocast, unsteady = self.placement.autocast, None
        if self.config.preset == RECURRENT:
            stylized_image, content_image, unsteady = paint_sequence(
                self.trained, content_image, self._chance(), autocast
            )
        else:
            with autocast():
                stylized_image = self.trained(content_image)
        if self.teacher:
            total, parts = self.teacher(stylized_image, content_image, autocast)
        else:
            total, parts = self.objective(stylized_image, content_image, autocast, self.step)
        if not self.config.temporal_weight:
            return total, parts
        if unsteady is None:
            unsteady = self._unsteadiness(content_image, stylized_image)
        total = total + self.config.temporal_weight * unsteady
        return total, {**parts, "temporal": float(unsteady.detach()), "total": float(total.detach())}

    def _unsteadiness(self, content_image: Tensor, stylized_image: Tensor) -> Tensor:
        """Return the temporal loss of this step's photographs and frames made of them."""
        second, flow = second_frame(content_image, self._chance())
        with self.placement.autocast():
            second_painting = self.trained(second)
        return temporal_loss(second_painting, stylized_image, flow)

    def _chance(self) -> torch.Generator:
        """Return what this step draws from."""
        place = self.placement
        seed = (self.config.seed * 1_000_003 + self.step) * place.world_size + place.rank
        return torch.Generator().manual_seed(seed)

    def _paint(self, pictures: Sequence[Tensor]) -> list[Tensor]:
        return [self.network(picture)[0] for picture in pictures]
