"""The contract of a style file, from the checkpoint that it is made of."""

import hashlib
from typing import Any

from torch import nn

from export.errors import ExportError
from realtime import __version__
from realtime.contract import StyleContract
from realtime.errors import ContractError
from training.networks.transform_net import count_flop

# The smallest and largest side that the networks are made and tested for.
MIN_SIZE, MAX_SIZE = 64, 4096
# At which operations are counted; padding makes them differ a little from size to size.
COUNTED_HW = (360, 640)


def make_contract(network: nn.Module, checkpoint: dict[str, Any], **fields: Any) -> StyleContract:
    """Return the contract that a style file carries.

    Args:
        network: with the weights that the file will hold, RGB in [0, 1] -> the same.
        checkpoint: what `training.checkpoint.load_checkpoint` returned; gives the credits.
        fields: of the contract that the kind of file decides.
    Raises:
        ExportError: if the credits do not make a valid contract.
    """
    height, width = COUNTED_HW
    plain = {
        **checkpoint["style"],
        # Whatever paints it, the runtime has one kind of graph: a picture in, a picture out.
        "kind": "transform",
        "preset": _preset(checkpoint),
        "min_size": MIN_SIZE,
        "max_size": MAX_SIZE,
        "size_multiple": 1,
        "flop_per_pixel": count_flop(network, height=height, width=width) / (height * width),
        "weights_sha256": weights_sha256(network),
        "livebrush_version": __version__,
        "training": checkpoint["training"],
    }
    try:
        return StyleContract(**(plain | fields))
    except ContractError as error:
        raise ExportError(f"the checkpoint makes no valid style: {error}") from error


def weights_sha256(network: nn.Module) -> str:
    """Return the SHA-256 over every tensor's name and float32 bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _preset(checkpoint: dict[str, Any]) -> str:
    kind, preset = checkpoint["kind"], checkpoint["preset"]
    return str(preset) if kind == "transform" else f"{kind}-{preset}"
