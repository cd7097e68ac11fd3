"""The networks that find people, by preset: built, begun with what others have learnt, and read back."""

from pathlib import Path
from typing import Any

from training.checkpoint import load_checkpoint, load_weights
from training.errors import CheckpointError, WeightsError
from training.feature_weights import load_feature_net, read_weights
from training.networks.person_net import PersonNet, read_squeezenet
from training.networks.person_teacher import PersonTeacherNet

KIND = "person"
SMALL, TEACHER = "small", "teacher"
SQUEEZENET = "squeezenet1_0_imagenet_fp16.safetensors"
AnyPersonNet = PersonNet | PersonTeacherNet


def build_person_net(preset: str) -> AnyPersonNet:
    """Build a network of random weights: small, the one that ships, or teacher."""
    return PersonTeacherNet() if preset == TEACHER else PersonNet()


def begin_trained(network: AnyPersonNet, weights: Path) -> None:
    """Take over what others have learnt, from a folder of weights.

    Raises:
        WeightsError: if a file is missing, or is not what its name says.
    """
    file = weights / SQUEEZENET
    if not file.is_file():
        raise WeightsError(f"no {file.name} in {file.parent}: leave --weights out to begin with none")
    read_squeezenet(network, {name: value.float() for name, value in read_weights(file)[0].items()})
    if isinstance(network, PersonTeacherNet):
        network.vgg.load_state_dict(load_feature_net("small", weights).network.state_dict())


def load_person_net(file: Path) -> tuple[AnyPersonNet, dict[str, Any]]:
    """Build the person network of a checkpoint, in evaluation mode, and return it with the rest.

    Raises:
        CheckpointError: as `load_checkpoint`, or if it holds another kind of network.
    """
    content = load_checkpoint(file)
    if content.get("kind") != KIND:
        raise CheckpointError(f"{file} is of kind {content.get('kind')}, not {KIND}")
    network = build_person_net(content.get("preset", SMALL))
    load_weights(network, content["weights"], file)
    return network.eval(), content
