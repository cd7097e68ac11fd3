"""Which layers of a network stay in floats, when the others are computed in 8 bits: measured, one by one."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

Model = TypeVar("Model")


class Found(NamedTuple, Generic[Model]):
    """The network in 8 bits, the layers that stayed in floats, in their order, and its worst frame's PSNR."""

    model: Model
    in_float: tuple[str, ...]
    worst_db: float


def search(
    layers: Sequence[str], try_without: Callable[[Sequence[str]], tuple[Model, float]], wanted_db: float
) -> Found[Model]:
    """Return the network with the fewest layers in floats that reaches a quality, or with all of them.

    Args:
        layers: their names, in order.
        try_without: returns the network with the named layers in floats, and the PSNR of its worst frame.
        wanted_db: that PSNR.
    """
    best, worst_db = try_without(())
    kept: list[str] = []
    if worst_db < wanted_db:
        alone = {name: try_without([other for other in layers if other != name])[1] for name in layers}
        for name in sorted(layers, key=lambda name: alone[name]):
            kept.append(name)
            best, worst_db = try_without(kept)
            if worst_db >= wanted_db:
                break
    return Found(best, tuple(name for name in layers if name in kept), worst_db)


def too_many(in_float: Sequence[str], layers: int) -> str:
    """Return why a network is not worth its 8 bits, in one line; "" if it is."""
    if len(in_float) <= layers // 2:
        return ""
    return f"int8: {len(in_float)} of {layers} convolutions would have to stay in fp32"


def describe(in_float: Sequence[str], layers: int) -> str:
    """Return which convolutions are in 8 bits, in one line."""
    if not in_float:
        return f"all {layers} convolutions are in 8 bits"
    count = layers - len(in_float)
    return f"{count} of {layers} convolutions are in 8 bits; in fp32, by measurement: {', '.join(in_float)}"
