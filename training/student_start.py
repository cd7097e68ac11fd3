"""Begins a student as the meta network that teaches it: what all of its styles share, twice as wide."""

import torch
from torch import Tensor, nn

from training.errors import OptionError
from training.networks.meta_net import Group, MetaNet
from training.networks.meta_style import MetaStyle
from training.networks.student_net import RegionBlock, StudentNet

# How far kernels that begin as copies of one another are apart, over their own deviation.
_APART = 0.1


@torch.no_grad()
def begin_as(student: StudentNet, meta_style: MetaStyle, vectors: Tensor) -> None:
    """Let a student paint as a meta network does, but for the kernels, which are now those of a mean style.

    The encoder is the meta network's, and what is said to the norms and of the last biases, too. A channel
    becomes several that share what it gave (Chen et al. 2016, arXiv:1511.05641).

    Args:
        student: changed in place.
        meta_style: writes `turbo` networks, norms included, and has an encoder of its own.
        vectors: of many styles, (M, D).
    Raises:
        OptionError: if it writes other networks.
    """
    meta_net = meta_style.meta_net
    encoder = meta_style.encoder
    width = next(meta_net.network.parameters()).shape[0]
    if meta_net.preset != "turbo" or meta_net.generate_what != "more" or encoder is None:
        raise OptionError("a student begins as a meta network of --preset turbo --generate more")
    if student.width % width or len(vectors[0]) != student.numbers:
        raise OptionError(
            f"a student of {student.width} channels and {student.numbers} numbers a style cannot begin as a "
            f"meta network of {width} and {len(vectors[0])}"
        )
    student.encoder.load_state_dict(encoder.state_dict())
    factor = student.width // width
    usual = meta_net.generate_from_hidden(meta_net.hidden(vectors).mean(dim=0))
    _widen(student.stem, usual, "stem.0", 1, factor)
    _widen(student.down, usual, "down.0", factor, factor)
    for number, block in enumerate(student.blocks):
        assert isinstance(block, RegionBlock)
        _widen(block.first, usual, f"blocks.{number}.body.0.0", factor, factor)
        _widen(block.second, usual, f"blocks.{number}.body.1", factor, factor)
    _widen(student.up[0], usual, "up.0", factor, factor)
    _widen(student.up[2], usual, "up.2", factor, factor, in_a_row=4)
    _widen(student.to_cells, usual, "to_cells", factor, 1)
    _take_over_sayings(student, meta_net, factor)


def _widen(
    conv: nn.Module, weights: dict[str, Tensor], name: str, inputs: int, outputs: int, in_a_row: int = 1
) -> None:
    """Copy a convolution, each input and output several times; `in_a_row` outputs stay together."""
    assert isinstance(conv, nn.Conv2d) and conv.bias is not None
    kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    wide = kernel.view(-1, in_a_row, *kernel.shape[1:]).repeat_interleave(outputs, dim=0).flatten(0, 1)
    wide = wide.repeat_interleave(inputs, dim=1) / inputs
    if inputs * outputs > 1:
        wide = wide + torch.randn_like(wide) * (_APART * wide.std())
    conv.weight.copy_(wide)
    conv.bias.copy_(bias.view(-1, in_a_row).repeat_interleave(outputs, dim=0).flatten())


def _take_over_sayings(student: StudentNet, meta_net: MetaNet, factor: int) -> None:
    """Have the student read and write what the meta network's last two groups do: last biases, and norms."""
    size = meta_net.group_size
    read, write = student.read, student.write
    shared = dict(meta_net.network.named_parameters())
    if student.hidden < 2 * size:
        raise OptionError(f"a student reads {2 * size} numbers of such a meta network, not {student.hidden}")
    read.weight[: 2 * size] = meta_net.to_hidden.weight[-2 * size :]
    read.bias[: 2 * size] = meta_net.to_hidden.bias[-2 * size :]
    scale = (student.hidden / size) ** 0.5  # of `ScaledLinear`
    last, norms = meta_net.groups[-2:]
    write.weight.mul_(_APART)
    first = 0
    for name, rows in _pieces(norms, meta_net.writers[-1]):
        wide = rows.repeat_interleave(factor, dim=0)
        write.weight[first : first + len(wide), size : 2 * size] += wide * scale
        write.bias[first : first + len(wide)] = shared[name].repeat_interleave(factor)
        first += len(wide)
    name, rows = _pieces(last, meta_net.writers[-2])[-1]
    student.to_cells.bias.copy_(shared[name])  # type: ignore[union-attr]
    write.weight[-len(rows) :, :size] += rows * scale


def _pieces(group: Group, writer: Tensor) -> list[tuple[str, Tensor]]:
    rows = torch.split(writer, [shape.numel() for shape in group.shapes])
    return list(zip(group.names, rows, strict=True))
