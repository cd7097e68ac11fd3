"""What a student learns first: to paint like a meta network, which writes a network for every style."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from training.checkpoint import load_meta_net
from training.errors import OptionError
from training.meta_objective import Autocast
from training.networks.meta_style import MetaStyle


@dataclass(frozen=True)
class StudentTeacher:
    """A meta network whose pictures, put together part by part, are the target.

    A step without feature networks costs less, and says what is to be painted where: from statistics alone a
    student learns to tint long before it learns strokes. What it cannot follow becomes soft: finish with the
    statistics.

    Args:
        meta_style: with an encoder of its own, which reads the paintings.
        style_size: side of the pictures that the encoder was taught with, pixels.
    """

    meta_style: MetaStyle
    style_size: int

    @classmethod
    def load(cls, checkpoint: Path, device: torch.device) -> "StudentTeacher":
        """Load a checkpoint of `python -m training meta`, or of an export of `meta.npz`.

        Raises:
            CheckpointError: as `load_meta_net`.
            OptionError: if the meta network reads statistics of VGG instead of pictures.
        """
        meta_style, content = load_meta_net(checkpoint)
        if meta_style.encoder is None:
            raise OptionError(
                f"--teacher {checkpoint} has no encoder of its own: give a meta network trained with "
                "--encoder small, such as `python -m export realtime/models/meta.npz --to checkpoint` writes"
            )
        meta_style.requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        return cls(meta_style, int(content["encoder"]["style_size"]))

    def vectors(self, style_image: Tensor) -> Tensor:
        """Return the style vectors of paintings, (S, 3, h, w) RGB in [0, 1]: (S, D)."""
        size = (self.style_size, self.style_size)
        seen = functional.interpolate(style_image, size, mode="bilinear", antialias=True)
        return self.meta_style.style_vector(seen, None)

    def paint(
        self, content_image: Tensor, masks: Tensor, style_image: Tensor, styles: Tensor, autocast: Autocast
    ) -> Tensor:
        """Paint every region in its painting's style.

        Args:
            content_image: (N, 3, H, W) RGB in [0, 1].
            masks: (N, K, H, W), sums 1.
            style_image: (S, 3, h, w) RGB in [0, 1].
            styles: which painting each region takes, (N, K).
            autocast: gives the context that the networks run in.
        Returns:
            (N, 3, H, W) RGB in [0, 1], float32, without gradient.
        """
        count, regions = styles.shape
        # A style's network paints all that is wanted in it at once.
        order = styles.flatten().argsort(stable=True)
        counts = torch.bincount(styles.flatten(), minlength=len(style_image)).tolist()
        with torch.no_grad(), autocast():
            vectors = self.vectors(style_image)
            contents = content_image.repeat_interleave(regions, dim=0)[order]
            painted = self.meta_style.meta_net(vectors, contents, counts).float()
        placed = torch.empty_like(painted)
        placed[order] = painted
        each = placed.view(count, regions, *painted.shape[1:])  # (N, K, 3, H, W)
        return (each * masks[:, :, None]).sum(dim=1)
