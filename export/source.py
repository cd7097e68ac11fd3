"""What is exported: a network that paints, out of a checkpoint, a style file or a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from export.errors import ExportError
from realtime.contract import RECURRENT, StyleContract

if TYPE_CHECKING:
    from torch import nn

    from training.networks.recurrent_net import RecurrentNet

CHECKPOINT_SUFFIX = ".pt"


@dataclass(frozen=True)
class Source:
    """A network and what its checkpoint says of it.

    Args:
        network: RGB in [0, 1] -> the same, (N, 3, H, W); in evaluation mode, on the processor.
        content: of the checkpoint, as `training.checkpoint.load_checkpoint` returns it.
        recurrent: the same with its last painting in view, if it was trained so; see `export.to_recurrent`.
    """

    network: nn.Module
    content: dict[str, Any]
    recurrent: RecurrentNet | None = None

    def alone(self) -> Source:
        """Return what paints frame by frame, without its recurrent network."""
        return replace(self, recurrent=None)

    @property
    def name(self) -> str:
        """What its style is called."""
        return str(self.content["style"]["name"])

    @property
    def whole(self) -> dict[str, Any]:
        """The content of a checkpoint of it all: of the recurrent network, if it has one."""
        if self.recurrent is None:
            return self.content
        return {**self.content, "preset": RECURRENT, "weights": self.recurrent.state_dict()}

    def credits(self, *, whole: bool = False) -> str:
        """Return the painting, its painter and the network's size, in one line.

        Args:
            whole: of what is in a checkpoint; else of what paints frame by frame.
        """
        content = self.whole if whole else self.content
        kind, preset, style = content["kind"], content["preset"], content["style"]
        size = preset if kind == "transform" else f"{kind}-{preset}"
        return ", ".join(part for part in (style["title"], style["artist"], size) if part)


def load_source(text: str) -> Source:
    """Return the network that was typed: NAME.pt, a style's name, NAME.onnx, or a picture.

    Of a picture the installed meta network writes one, as for `run_camera.py --style PICTURE`.

    Raises:
        ExportError: if there is no such checkpoint, or it paints no pictures.
        LivebrushError: if there is no such style or picture, or no meta network for it.
    """
    from training.checkpoint import load_style_net
    from training.errors import CheckpointError

    if not text.endswith(CHECKPOINT_SUFFIX):
        from export.from_onnx import checkpoint_of
        from realtime.catalog import find_style
        from realtime.engine import EngineOptions
        from realtime.recurrent import steadied

        entry = find_style(text)
        return _source(*checkpoint_of(steadied(entry, EngineOptions(device="cpu")).path))
    try:
        return _source(*load_style_net(Path(text)))
    except CheckpointError as error:
        raise ExportError(str(error)) from error


def _source(network: nn.Module, content: dict[str, Any]) -> Source:
    """Return what is exported: of a recurrent network what paints frame by frame, and itself beside it."""
    if content["preset"] != RECURRENT:
        return Source(network, content)
    recurrent = cast("RecurrentNet", network)
    return Source(recurrent.plain(), {**content, "preset": "turbo"}, recurrent)


def contract_of(source: Source, precision: str, **fields: Any) -> StyleContract:
    """Return what a file of this network promises; see `export.style_contract.make_contract`.

    Args:
        precision: of the weights as stored.
        fields: that the kind of file decides.
    """
    from export.style_contract import make_contract

    return make_contract(source.network, source.content, weights_precision=precision, **fields)
