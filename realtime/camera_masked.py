"""The camera command's masks: what each part of the picture is painted by, opened and put together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from realtime.backdrop import Backdrop
from realtime.camera_config import CameraConfig
from realtime.catalog import StyleEntry
from realtime.engine import EngineOptions
from realtime.mask import MaskSource, open_mask, parse_mask
from realtime.masked_painter import MaskedPainter
from realtime.painter import Painter, SizeRule
from realtime.resolution import Resolution
from realtime.steady import Steadier, SteadyLevel
from realtime.student_engine import Stage, StudentPainter
from realtime.style_player import LoadedStyle, StylePlayer
from realtime.timing import StageTimes


@dataclass(frozen=True)
class MaskedParts:
    """What is opened for a masked picture.

    Args:
        masks: of --mask, then of each --label.
        styles: of each --label.
        background: what stands in the rest.
    """

    masks: tuple[MaskSource, ...]
    styles: tuple[LoadedStyle, ...]
    background: LoadedStyle | Backdrop


def open_parts(
    config: CameraConfig, frames: int | None, load: Callable[[StyleEntry], LoadedStyle]
) -> MaskedParts | None:
    """Open the masks, and the styles beside the one in front; None where there is no mask.

    Args:
        config: of the command.
        frames: of the source; None where nobody knows.
        load: opens a style.
    Raises:
        LivebrushError: what cannot be opened.
    """
    if config.mask is None:
        return None
    first = parse_mask(config.mask)
    specs = [first, *(first.with_label(label) for label, _ in config.labels)]
    masks = tuple(open_mask(spec, frames=frames) for spec in specs)
    styles = tuple(load(entry) for _, entry in config.labels)
    rest = config.background or Backdrop("original")
    return MaskedParts(masks, styles, rest if isinstance(rest, Backdrop) else load(rest))


def put_together(
    parts: MaskedParts,
    front: Painter,
    *,
    stage: Stage | None = None,
    options: EngineOptions,
    network: SizeRule,
    steady: SteadyLevel,
    times: StageTimes,
    tell: Callable[[str], None],
    opened: ExitStack,
) -> MaskedPainter:
    """Return what paints every part: the front before the labels' styles, and those before the background.

    Args:
        parts: as they were opened.
        front: paints what --mask means.
        stage: of a student, which paints the rest, too.
        options: of the engines.
        network: size that the networks see.
        steady: how steady the paintings are kept.
        times: takes the first mask's time.
        tell: is told, in one line, when a mask fails.
        opened: closes everything in the end.
    """

    def player(style: LoadedStyle, place: int) -> StylePlayer:
        size = network.beside(f"style {place}") if isinstance(network, Resolution) else network
        # Its own times: the stages that are shown are those of the style in front.
        played = StylePlayer(
            [], style, options=options, times=StageTimes(), size=size, steadier=Steadier(steady)
        )
        opened.callback(played.close)
        return played

    def masked(painter: Painter, place: int, rear: Painter | Backdrop) -> MaskedPainter:
        made = MaskedPainter(
            painter,
            parts.masks[place],
            rear,
            times if place == 0 else StageTimes(),
            tell,
            cost=_cost(network, place),
            # The first one's front is the player that keys change; whoever shows it asks it.
            front_name=parts.styles[place - 1].entry.name if place else None,
        )
        opened.callback(made.close)
        return made

    if stage is not None:
        painter = StudentPainter(front, parts.masks[0], stage, times, tell, cost=_cost(network, 0))
        opened.callback(painter.close)
        return painter
    rest = parts.background
    rear: Painter | Backdrop = rest if isinstance(rest, Backdrop) else player(rest, 0)
    for place in range(len(parts.styles), 0, -1):
        rear = masked(player(parts.styles[place - 1], place), place, rear)
    return masked(front, 0, rear)


def _cost(network: SizeRule, place: int) -> Callable[[float], None]:
    """Return what is told the milliseconds of a mask."""

    def cost(ms: float) -> None:
        if isinstance(network, Resolution):
            network.add_cost(f"mask {place}", 0, ms)

    return cost
