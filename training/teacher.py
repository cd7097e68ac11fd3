"""A network that another one shall paint like: what a small network learns a large one's paintings from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.checkpoint import load_transform_net
from training.losses import LossParts, pyramid_distance


@dataclass(frozen=True)
class Teacher:
    """A trained network whose pictures are the target (Hinton et al. 2015, arXiv:1503.02531, for pictures).

    No feature network runs, so that a step costs a tenth; and the student is told what to paint where, not
    only how it shall look on the whole. What it cannot follow becomes soft: finish with the losses of the
    style itself.
    """

    network: nn.Module

    @classmethod
    def load(cls, checkpoint: Path, device: torch.device) -> "Teacher":
        """Load a transform network of any preset.

        Raises:
            CheckpointError: as `load_transform_net`.
        """
        network, _ = load_transform_net(checkpoint)
        return cls(network.requires_grad_(False).to(device).to(memory_format=torch.channels_last))

    def __call__(
        self, image: Tensor, content_image: Tensor, autocast: Callable[[], Any]
    ) -> tuple[Tensor, LossParts]:
        """Return how far the student's painting is from the teacher's, and the same as plain numbers.

        Args:
            image: painted by the student, (N, 3, H, W), RGB in [0, 1].
            content_image: the photographs, of the same shape.
            autocast: gives the context that the teacher runs in.
        """
        with autocast(), torch.no_grad():
            target = self.network(content_image)
        total = pyramid_distance(image, target)
        return total, {"total": float(total.detach())}
