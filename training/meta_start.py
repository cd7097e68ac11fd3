"""What a meta training may begin with: another one, and an encoder that was taught beside it."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.checkpoint import load_checkpoint
from training.errors import CheckpointError
from training.networks.meta_style import MetaPlan
from training.options import option_name

# What the names of a meta network's parts begin with.
_ENCODER, _SCALE = "encoder.", "scale."


def weights_to_begin_with(
    content: Mapping[str, Any],
    file: Path,
    plan: MetaPlan,
    own: Mapping[str, Tensor],
    encoder_from: Path | None = None,
) -> dict[str, Tensor]:
    """Return the weights of a meta network that goes on from a checkpoint.

    Args:
        content: of the checkpoint.
        file: its name, for errors.
        plan: of the network to train.
        own: its fresh weights: its small encoder keeps them where the checkpoint has none.
        encoder_from: a checkpoint whose small encoder is taken instead.
    Raises:
        CheckpointError: if it is no meta network, or was planned otherwise.
    """
    if content.get("kind") != "meta":
        raise CheckpointError(f"--init-from {file} is of kind {content.get('kind')}, not meta")
    before = asdict(MetaPlan(**content["plan"]))
    wanted = asdict(plan)
    different = [
        _as_option(key, value, content)
        for key, value in before.items()
        if key != "encoder" and value != wanted[key]
    ]
    if different:
        raise CheckpointError(f"--init-from {file} was trained with {', '.join(different)}: give the same")
    weights = dict(content["weights"])
    if encoder_from is not None:
        weights.update(taught_encoder(encoder_from, weights))
    elif (before["encoder"], plan.encoder) == ("vgg", "small"):
        weights.update({name: own[name] for name in own if name.startswith(_ENCODER)})
    return weights


def _as_option(key: str, value: object, content: Mapping[str, Any]) -> str:
    """Return the option that gives a plan what another has: statistics are as many as the layers have."""
    if key == "statistics":
        return f"--encoder-layers {','.join(content['encoder']['layers'])}"
    return f"{'--style-numbers' if key == 'numbers' else option_name(key)} {value}"


def taught_encoder(file: Path, beside: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of the small encoder of a meta checkpoint, by name.

    Args:
        file: the checkpoint.
        beside: the weights of the meta network that it is to serve.
    Raises:
        CheckpointError: if it has none, or it was taught to say something else.
    """
    weights: dict[str, Tensor] = load_checkpoint(file)["weights"]
    encoder = {name: value for name, value in weights.items() if name.startswith(_ENCODER)}
    if not encoder:
        raise CheckpointError(f"--encoder-from {file} has no small encoder: teach one with --encoder small")
    for name in (name for name in beside if name.startswith(_SCALE)):
        same = name in weights and weights[name].shape == beside[name].shape
        if not same or not torch.allclose(weights[name], beside[name], rtol=1e-3, atol=1e-4):
            raise CheckpointError(
                f"--encoder-from {file} was taught other style vectors: give both trainings the same "
                "--styles, --seed, --style-size and encoder options"
            )
    return encoder
