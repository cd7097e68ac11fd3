"""A network that writes networks: Shen et al. 2018, Meta Networks for Neural Style Transfer.

A style vector goes through one layer to hidden numbers; each group of them writes the kernel of one
convolution of a transform network. What is not written is shared by all styles.

    style vector (D) ── to_hidden ──┬─ 128 ── writer ── kernel of convolution 2
                                    ├─ 128 ── writer ── kernel of convolution 3
                                    └─ ...
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from training.networks.transform_net import PRESETS, build_transform_net

Generate = Literal["paper", "more"]
# Batch norm keeps running means of what it saw: no style can write those.
META_PRESETS = tuple(name for name in PRESETS if name not in ("paper", "recurrent"))
HIDDEN = 128
# The share of a kernel that differs between styles, when training begins; the rest is common to all.
_KERNEL_SPREAD = 0.5
# The same where the network begins as a trained one.
TRAINED_SPREAD = 0.15
# A norm's scale begins near 1 and its shift near 0, in every style.
_NORM_SPREAD = 0.2


@dataclass(frozen=True)
class Group:
    """Parameters of the transform network that one group of hidden numbers writes, one after the other."""

    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]

    @property
    def size(self) -> int:
        """How many numbers they have together."""
        return sum(shape.numel() for shape in self.shapes)


def plan_groups(network: nn.Module, generate: Generate) -> tuple[Group, ...]:
    """Return what is written: a group for every convolution but the first and the last.

    "paper": their kernels only; before an instance norm a bias does nothing. "more": also the kernel and the
    bias of the last convolution, one group, and the scale and shift of every instance norm, one more.
    """
    modules = dict(network.named_modules())
    convs = [name for name, layer in modules.items() if isinstance(layer, nn.Conv2d)]
    norms = [name for name, layer in modules.items() if isinstance(layer, nn.InstanceNorm2d)]
    wanted = [[f"{name}.weight"] for name in convs[1:-1]]
    if generate == "more":
        wanted.append([f"{convs[-1]}.weight", f"{convs[-1]}.bias"])
        wanted.append([f"{name}.{part}" for name in norms for part in ("weight", "bias")])
    shapes = {name: value.shape for name, value in network.named_parameters()}
    return tuple(Group(tuple(names), tuple(shapes[name] for name in names)) for names in wanted)


class ScaledLinear(nn.Module):
    """(N, in) -> (N, out): x W^T / sqrt(in) + b, the weights about 1 in size.

    A plain layer, but for how far Adam moves it: with hundreds of inputs that all pull one way, steps of
    the usual size would throw the hidden numbers about (Karras et al. 2018, arXiv:1710.10196, section 4.1).
    """

    def __init__(self, in_numbers: int, out_numbers: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_numbers, in_numbers))
        self.bias = nn.Parameter(torch.zeros(out_numbers))

    def forward(self, numbers: Tensor) -> Tensor:
        return functional.linear(numbers * self.weight.shape[1] ** -0.5, self.weight, self.bias)


class MetaNet(nn.Module):
    """Writes a transform network for a style vector.

    What a writer adds to is `network`, an ordinary transform network that is trained too: it holds what is
    shared, and is what the bias of a writer's layer is in the paper. So

        kernel = the shared network's kernel + writer @ relu(to_hidden(style vector))

    Args:
        preset: of the transform network: fast, full or turbo.
        style_numbers: D, how long a style vector is; its numbers should be about 1 in size.
        generate: "paper" or "more", see `plan_groups`.
        hidden: how many hidden numbers write one convolution.
    Raises:
        ValueError: if the preset cannot be written, or `generate` is unknown.
    """

    def __init__(
        self, preset: str, style_numbers: int, generate: Generate = "paper", hidden: int = HIDDEN
    ) -> None:
        super().__init__()
        if preset not in META_PRESETS:
            known = ", ".join(META_PRESETS)
            raise ValueError(f"a meta network writes the presets {known}, instead got {preset!r}")
        if generate not in ("paper", "more"):
            raise ValueError(f"generate must be paper or more, instead got {generate!r}")
        self.preset, self.style_numbers, self.generate_what = preset, style_numbers, generate
        self.group_size = hidden
        self.network = build_transform_net(preset)
        self.groups = plan_groups(self.network, generate)
        self.to_hidden = ScaledLinear(style_numbers, len(self.groups) * hidden)
        self.writers = nn.ParameterList(_fresh_writers(preset, self.groups, hidden))
        with torch.no_grad():
            for name, value in self.network.named_parameters():
                if value.ndim > 1 and any(name in group.names for group in self.groups):
                    value.mul_((1 - _KERNEL_SPREAD**2) ** 0.5)  # with what is written: the usual size

    def begin_as(self, network: nn.Module, spread: float = TRAINED_SPREAD) -> None:
        """Let every style begin as a trained network of the same preset, or nearly: its strokes are there.

        Args:
            network: whose parameters the shared network takes over.
            spread: standard deviation of what is written at first, over that of the parameter itself
                (for norms and biases: over 1).
        """
        self.network.load_state_dict(network.state_dict())
        shared = dict(self.network.named_parameters())
        with torch.no_grad():
            for group, writer in zip(self.groups, self.writers, strict=True):
                sizes = [shape.numel() for shape in group.shapes]
                for name, rows in zip(group.names, torch.split(writer, sizes), strict=True):
                    usual = shared[name].std() if shared[name].ndim > 1 else 1.0
                    rows.mul_(spread * usual / rows.std())

    def hidden(self, style_vector: Tensor) -> Tensor:
        """(N, D) or (D,) -> the hidden numbers, (N, groups * hidden), at least 0; styles are mixed here."""
        # The factor gives back the mean square that the ReLU takes.
        found: Tensor = self.to_hidden(style_vector).relu() * 2**0.5
        return found

    def generate(self, style_vector: Tensor) -> dict[str, Tensor]:
        """Return a style's network: (D,) -> the whole state dict of the preset."""
        return self.generate_from_hidden(self.hidden(style_vector))

    def generate_from_hidden(self, hidden: Tensor) -> dict[str, Tensor]:
        """Return the network of hidden numbers, (groups * hidden,): the whole state dict of the preset."""
        shared = dict(self.network.named_parameters())
        return {**shared, **self._write(hidden[None])[0]}

    def forward(self, style_vectors: Tensor, content_image: Tensor, counts: Sequence[int]) -> Tensor:
        """Paint photographs in several styles.

        Args:
            style_vectors: (S, D).
            content_image: (N, 3, H, W) RGB in [0, 1].
            counts: how many of the photographs each style paints, in their order; sum N.
        Returns:
            (N, 3, H, W) RGB in [0, 1].
        """
        networks = self._write(self.hidden(style_vectors))
        first, painted = 0, []
        for written, count in zip(networks, counts, strict=True):
            images = content_image[first : first + count]
            if count:
                painted.append(functional_call(self.network, written, (images,)))
            first += count
        return torch.cat(painted)

    def _write(self, hidden: Tensor) -> list[dict[str, Tensor]]:
        """(N, groups * hidden) -> of each of the N the parameters that are not shared, by name."""
        shared: Mapping[str, Tensor] = dict(self.network.named_parameters())
        networks: list[dict[str, Tensor]] = [{} for _ in hidden]
        # In full precision: what is small beside the shared kernel is what makes the style.
        with torch.autocast(hidden.device.type, enabled=False):
            chunks = hidden.float().chunk(len(self.groups), dim=1)
            for group, writer, numbers in zip(self.groups, self.writers, chunks, strict=True):
                written = (numbers * self.group_size**-0.5) @ writer.T  # (N, numbers of the group)
                for network, row in zip(networks, written, strict=True):
                    first = 0
                    for name, shape in zip(group.names, group.shapes, strict=True):
                        piece = row[first : first + shape.numel()]
                        network[name] = shared[name] + piece.view(shape)
                        first += shape.numel()
        return networks


def _fresh_writers(preset: str, groups: Sequence[Group], hidden: int) -> list[nn.Parameter]:
    """Return the writers' weights, (numbers, hidden) each: every column is a fresh network's own kernels.

    So a written kernel begins as any of the preset's begins, whatever is peculiar to its layers.
    """
    writers = [torch.empty(group.size, hidden) for group in groups]
    for column in range(hidden):
        fresh = dict(build_transform_net(preset).named_parameters())
        for group, writer in zip(groups, writers, strict=True):
            pieces = [_first_value(fresh[name].detach()).flatten() for name in group.names]
            writer[:, column] = torch.cat(pieces)
    return [nn.Parameter(writer) for writer in writers]


def _first_value(fresh: Tensor) -> Tensor:
    """Kernels as they are drawn; norms, which begin as 1 and 0, and biases by chance."""
    if fresh.ndim > 1:
        return fresh * _KERNEL_SPREAD
    return torch.randn_like(fresh) * _NORM_SPREAD
