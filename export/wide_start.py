"""Tells whether a network's first convolution must stay in fp32 when all else is bf16.

bf16 holds eight bits of a number. On a smooth picture the norm after the first convolution makes much of
little, and the network draws its strokes out of what eight bits leave: other strokes than in fp32, as good to
look at, but far from it in numbers. With that convolution and its norm in fp32 the worst frame of The Great
Wave goes from 37 to 51 dB. It costs up to an eighth of the speed, so it is done where it is needed:
that is measured, on the processor, whatever computes the network later.
"""

import torch
from torch import nn

from export.compiled_graph import compiled_graph
from export.frames import checked_frames
from export.half import first_normed
from export.parity import paint, psnr_db

# The limit of a check is 40 dB: another processor adds up a little otherwise.
WANTED_DB = 41.0


def wide_start_note(network: nn.Module) -> str:
    """Return why the first convolution is left in fp32, in one line; "" if it need not be.

    Args:
        network: RGB in [0, 1] -> the same, that is to be computed in bf16.
    """
    if first_normed(network) is None or (worst := worst_in_bf16(network)) >= WANTED_DB:
        return ""
    return (
        "what the first convolution gives, and its norm, are in fp32, by measurement: "
        f"in bf16 the worst frame would be at {worst:.1f} dB"
    )


def worst_in_bf16(network: nn.Module, *, wide_start: bool = False) -> float:
    """Return the PSNR of the worst of the checked frames in bf16, in dB, statistics of norms in fp32."""
    graph = compiled_graph(network, "bf16", wide_start=wide_start)
    with torch.no_grad():
        return min(
            psnr_db(paint(network, frame), graph(torch.from_numpy(frame)[None])[0].numpy())
            for _, frame in checked_frames()
        )
