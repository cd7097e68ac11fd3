"""What a student makes of style pictures, opened for the judge: all of a photograph in one style."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from training.checkpoint import load_student_net
from training.images import read_rgb, resize_short_side, to_tensor
from training.networks.layers import pad_to_multiple
from training.networks.student_net import MULTIPLE, StudentNet
from training.networks.style_encoder import STYLE_MULTIPLE
from training.style_files import Paint, Painter

# Shorter side of the style picture, as the runtime has it.
_STYLE_SIDE = 256


def student_styles(student: Path, pictures: Sequence[Path], device: torch.device) -> list[Painter]:
    """Return what paints in the style of each picture.

    Raises:
        CheckpointError: if the checkpoint is no student.
        DataError: if a picture cannot be read.
    """
    network = load_student_net(student)[0].to(device)
    return [
        Painter(picture.stem, student, f"torch {device.type} fp32", {}, _painter(network, picture, device))
        for picture in pictures
    ]


def _painter(network: StudentNet, picture: Path, device: torch.device) -> Paint:
    seen = to_tensor(resize_short_side(read_rgb(picture), _STYLE_SIDE))[None].to(device)
    height, width = (side // STYLE_MULTIPLE * STYLE_MULTIPLE for side in seen.shape[-2:])
    seen = seen[..., :height, :width]
    with torch.no_grad():
        style = network.style_vectors(seen, torch.ones_like(seen[:, :1]))

    def paint(content_image: Tensor) -> Tensor:
        height, width = content_image.shape[-2:]
        padded = pad_to_multiple(content_image.to(device), MULTIPLE)
        with torch.no_grad():
            painting: Tensor = network(
                padded, torch.ones_like(padded[:, :1]), style.expand(len(padded), -1, -1)
            )
        return painting[..., :height, :width].to(content_image.device)

    return paint
