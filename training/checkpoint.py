"""Checkpoints: tensors and plain values only, so that `torch.load(weights_only=True)` opens them."""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.errors import CheckpointError
from training.levels import as_levels, kernels_as_levels
from training.networks.meta_style import MetaPlan, MetaStyle, build_meta_style
from training.networks.student_net import StudentNet
from training.networks.texture_net import TEXTURE_PRESETS, TextureNet, TextureStyle, build_texture_net
from training.networks.transform_net import PRESETS, build_transform_net
from training.noise import fixed_tiles

FORMAT = "livebrush"
VERSION = 1
# After the name of what `pack_weights` put into 8 bits.
_SCALE = "@scale"


def save_checkpoint(file: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all: a kill in the middle leaves the last one as it was.

    Args:
        file: where to.
        content: `kind`, `preset`, `weights` (a state dict) and whatever else is plain.
    Raises:
        OSError: if it cannot be written, such as on a full disk.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    # In memory first: torch turns a full disk into a RuntimeError about positions in its archive.
    packed = io.BytesIO()
    torch.save({"format": FORMAT, "version": VERSION, **content}, packed)
    try:
        with part.open("wb") as stream:
            stream.write(packed.getbuffer())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def load_checkpoint(file: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU.

    Raises:
        CheckpointError: if it is missing, broken, of another program or version, or pickles code.
    """
    if not file.is_file():
        raise CheckpointError(f"no checkpoint at {file}")
    if file.suffix in (".npz", ".onnx"):
        raise CheckpointError(
            f"{file} is what was exported of a checkpoint: `python -m export {file} --to checkpoint -o "
            f"{file.stem}.pt` gives one back"
        )
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{file} cannot be read as a checkpoint: it is broken or pickles code"
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{file} is no checkpoint of Livebrush")
    if content.get("version") != VERSION:
        raise CheckpointError(f"{file} is of version {content.get('version')}, this program reads {VERSION}")
    if isinstance(content.get("weights"), dict):
        content["weights"] = _widen(content["weights"])
    return content


def pack_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict in less than a third of the room: kernels in 8 bits, and what scales each.

    `load_checkpoint` widens them again; see `training.levels`.
    """
    packed: dict[str, Tensor] = {}
    for name, value in weights.items():
        if value.dim() < 2:
            packed[name] = value
            continue
        pack = kernels_as_levels if value.dim() == 4 else as_levels
        levels, scale = pack(value.float().numpy())
        packed[name], packed[name + _SCALE] = torch.from_numpy(levels), torch.from_numpy(scale)
    return packed


def _widen(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    scales = {name: value for name, value in weights.items() if name.endswith(_SCALE)}
    widened = {name: value for name, value in weights.items() if name not in scales}
    for name, kernel in widened.items():
        scale = scales.get(name + _SCALE)
        if scale is not None:  # once one a channel, (O,)
            sides = [*scale.shape, *[1] * (kernel.dim() - scale.dim())]
            widened[name] = kernel.float() * scale.float().view(sides)
    return widened


def load_transform_net(file: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Build the transform network of a checkpoint, in evaluation mode, and return it with the rest.

    Raises:
        CheckpointError: as `load_checkpoint`, or if it holds another kind of network.
    """
    content = load_checkpoint(file)
    if content.get("kind") != "transform" or content.get("preset") not in PRESETS:
        kind = f"{content.get('kind')}/{content.get('preset')}"
        raise CheckpointError(f"{file} holds {kind}, not a transform network of {', '.join(PRESETS)}")
    network = build_transform_net(content["preset"])
    load_weights(network, content["weights"], file)
    return network.eval(), content


def load_texture_net(file: Path) -> tuple[TextureNet, dict[str, Any]]:
    """Build the texture network of a checkpoint, in evaluation mode, and return it with the rest.

    Raises:
        CheckpointError: as `load_checkpoint`, or if it holds another kind of network.
    """
    content = load_checkpoint(file)
    if content.get("kind") != "texture" or content.get("preset") not in TEXTURE_PRESETS:
        kind = f"{content.get('kind')}/{content.get('preset')}"
        raise CheckpointError(f"{file} holds {kind}, not a texture network of {', '.join(TEXTURE_PRESETS)}")
    network = build_texture_net(content["preset"], with_content=bool(content.get("with_content")))
    load_weights(network, content["weights"], file)
    return network.eval(), content


def _load_kind(file: Path, kind: str) -> dict[str, Any]:
    content = load_checkpoint(file)
    if content.get("kind") != kind:
        raise CheckpointError(f"{file} is of kind {content.get('kind')}, not {kind}: train one with {kind}")
    return content


def load_meta_net(file: Path) -> tuple[MetaStyle, dict[str, Any]]:
    """Build the meta network of a checkpoint, in evaluation mode, and return it with the rest.

    Raises:
        CheckpointError: as `load_checkpoint`, or if it holds another kind of network.
    """
    content = _load_kind(file, "meta")
    try:
        network = build_meta_style(MetaPlan(**content["plan"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{file} has no plan of a meta network that this program knows") from error
    load_weights(network, content["weights"], file)
    return network.eval(), content


def load_student_net(file: Path) -> tuple[StudentNet, dict[str, Any]]:
    """Build the student of a checkpoint, in evaluation mode, and return it with the rest.

    Raises:
        CheckpointError: as `load_checkpoint`, or if it holds another kind of network.
    """
    content = _load_kind(file, "student")
    network = StudentNet()
    load_weights(network, content["weights"], file)
    return network.float().eval(), content


def load_style_net(file: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Build what paints a picture in one pass, (N, 3, H, W) in [0, 1] -> the same, of whatever kind.

    Raises:
        CheckpointError: as `load_checkpoint`, or if what it holds paints no pictures.
    """
    if load_checkpoint(file).get("kind") != "texture":
        return load_transform_net(file)
    network, content = load_texture_net(file)
    if not network.with_content:
        raise CheckpointError(
            f"{file} makes textures from noise and paints no pictures: train it with --content, "
            "or make textures with python -m training texture-sample"
        )
    return TextureStyle(network, fixed_tiles(network.scales)).eval(), content


def load_weights(network: nn.Module, weights: dict[str, Tensor], file: Path) -> None:
    """Load a state dict that must fit exactly.

    Raises:
        CheckpointError: if a name or a size differs.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{file} does not fit this network: {error}".splitlines()[0]) from error
