"""Make tiny real packages: networks that torch compiles for this processor.

    path = make_package(tmp_path / "tiny.pt2")

Compiling takes the better part of a minute, most of it for torch's headers: the fixtures of `conftest`
compile once for all tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from export.to_aoti import AotiOptions, export_aoti
from training.networks.layers import ReflectConv
from training.networks.turbo_net import CellNet


class TinyNet(CellNet):
    """A convolution and an instance norm on cells: what compiles soonest and has all that can go wrong."""

    in_cell = 2

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(ReflectConv(12, 12, 3), nn.InstanceNorm2d(12, affine=True))

    def paint_cells(self, cells: Tensor) -> Tensor:
        painted: Tensor = self.layers(cells).sigmoid()
        return painted


def tiny_network() -> nn.Module:
    """Return a network that paints in cells of pixels, as turbo does; always the same weights."""
    torch.manual_seed(0)
    return TinyNet().eval()


def tiny_checkpoint(name: str = "tiny") -> dict[str, Any]:
    """Return what a checkpoint holds beside the weights."""
    return {
        "kind": "transform",
        "preset": "turbo",
        "style": {"name": name, "title": "Tiny", "artist": "nobody", "year": "1900"},
        "training": {"steps": 1},
    }


def make_package(path: Path, **options: Any) -> Path:
    """Compile the tiny network for this processor and return the package's path."""
    export_aoti(tiny_network(), tiny_checkpoint(path.stem), path, AotiOptions(fast_build=True, **options))
    return path
