"""What paints a show: one style, or two that a mask parts, exchanged while it plays.

Opening a mask or a second style takes a while; that is done in a thread of its own, and the scene that plays
goes on until the new one is ready.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from realtime.backdrop import Backdrop
from realtime.catalog import StyleEntry
from realtime.engine import EngineOptions
from realtime.errors import LivebrushError
from realtime.frame import Frame
from realtime.mask import open_mask
from realtime.masked_painter import MaskedPainter
from realtime.painter import Painted, SizeRule, SizeWh
from realtime.steady import Steadier, SteadyLevel
from realtime.style_player import StylePlayer, load_style
from realtime.timing import StageTimes


@dataclass(frozen=True)
class Parting:
    """How a picture is parted.

    Args:
        mask: as `--mask` takes it.
        background: what stands where the mask does not mean the painting.
        swapped: front and back change places.
    """

    mask: str
    background: StyleEntry | Backdrop
    swapped: bool = False


class Scene:
    """Paints with a player, and something else behind it where a mask says so; see `painter.Painter`.

    Args:
        player: paints in front; closed by whoever opened it.
        options: for the engine of a style behind.
        times: takes the mask's time.
        size: which size a network sees.
        steady: how steady paintings behind are kept.
    """

    def __init__(
        self,
        player: StylePlayer,
        *,
        options: EngineOptions,
        times: StageTimes,
        size: SizeRule,
        steady: SteadyLevel,
    ) -> None:
        self.player = player
        self._options, self._times, self._size, self._steady = options, times, size, steady
        self._one_at_a_time = threading.Lock()
        self._masked: MaskedPainter | None = None
        self._back: StylePlayer | None = None
        self._size_wh: SizeWh | None = None
        self._swapped = False
        self.version = 0
        """Grows whenever the picture is parted in another way."""

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame; from any thread."""
        with self._one_at_a_time:
            self._size_wh = frame.size_wh
            return (self._masked or self.player).paint(frame)

    def part(self, parting: Parting | None) -> None:
        """Open a mask and what is behind it, and paint so from then on; None paints whole pictures again.

        Returns when it is ready: call it in a thread of its own.

        Raises:
            LivebrushError: if it cannot be opened; the scene stays as it was.
        """
        masked, back = (None, None) if parting is None else self._open(parting)
        with self._one_at_a_time:
            before = self._masked, self._back
            self._masked, self._back = masked, back
            self._swapped = parting is not None and parting.swapped
            self.version += 1
        _close(*before)

    def swap(self, swapped: bool) -> None:
        """Have front and back as they are, or in each other's place, from the next frame on.

        Nothing is opened anew, and a mask keeps what it has learnt.
        """
        with self._one_at_a_time:
            if self._masked is None or swapped == self._swapped:
                return
            self._masked.swap()
            self._swapped = swapped
            self.version += 1

    def spare_memory(self, spare: bool) -> None:
        """Keep only the engines that paint, or as many as before again; from any thread."""
        back = self._back
        for player in (self.player, back):
            if player is not None:
                player.spare_memory(spare)

    def close(self) -> None:
        """Give back the mask and what is behind it; after the painting has ended."""
        self.part(None)

    def _open(self, parting: Parting) -> tuple[MaskedPainter, StylePlayer | None]:
        mask = open_mask(parting.mask)
        back: StylePlayer | None = None
        try:
            if isinstance(parting.background, StyleEntry):
                back = self._open_style(parting.background)
        except LivebrushError:
            mask.close()
            raise
        behind: StylePlayer | Backdrop = back or _backdrop(parting)
        masked = MaskedPainter(self.player, mask, behind, self._times, self.player.tell)
        if parting.swapped:
            masked.swap()
        return masked, back

    def _open_style(self, entry: StyleEntry) -> StylePlayer:
        size_wh = self._size_wh
        network_wh = None if size_wh is None else self._size(size_wh, entry.contract)
        loaded = load_style(entry, self._options, lambda: network_wh)
        # Its own times: the stages that are shown are those of the style in front.
        return StylePlayer(
            [],
            loaded,
            options=self._options,
            times=StageTimes(),
            size=self._size,
            steadier=Steadier(self._steady),
        )


def _backdrop(parting: Parting) -> Backdrop:
    assert isinstance(parting.background, Backdrop)  # a style has become a player
    return parting.background


def _close(masked: MaskedPainter | None, back: StylePlayer | None) -> None:
    closers: list[Callable[[], None]] = [each.close for each in (masked, back) if each is not None]
    for close in closers:
        close()
