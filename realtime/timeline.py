"""Presentation times that only grow, whatever a container says."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

JUMP_BACK_S = 1  # a broadcast's clock that wraps or restarts jumps further than frames are out of order


class Timeline:
    """Places frames in time: exactly where the container has them, wherever that makes sense.

    Args:
        time_base: seconds per unit.
        step: units between two frames, for frames that carry no time.
        offset: units taken from every given time.
    """

    def __init__(self, time_base: Fraction, *, step: int, offset: int = 0) -> None:
        self.time_base = time_base
        self._step = step
        self._offset = offset
        self._last: int | None = None

    @property
    def end(self) -> int:
        """When the last placed frame ends; 0 before the first."""
        return 0 if self._last is None else self._last + self._step

    def place(self, pts: int | None) -> int:
        """Return the frame's time in units, later than every one before.

        A missing time follows the last by one step; a repeated one by the least unit; where the clock
        jumps back by more than `JUMP_BACK_S` it is set on from there.
        """
        placed = self.end if pts is None else pts - self._offset
        if self._last is not None and placed <= self._last:
            if (self._last - placed) * self.time_base > JUMP_BACK_S:
                self._offset -= self.end - placed
                placed = self.end
            else:
                placed = self._last + 1
        self._last = placed
        return placed


class PacketClock:
    """Sets packets on where a recorded broadcast's clock jumps back, as `Timeline` does frames.

    All of a file's streams share one clock. The first to jump says by how much; the others follow, each no
    further back than it has come.
    """

    def __init__(self) -> None:
        self._jumps_s: list[Fraction] = []
        self._streams: dict[int, _StreamClock] = {}

    def set_on(self, packet: Any) -> None:
        """Move a packet's times; packets of each stream come in the order of their decoding."""
        given = packet.dts if packet.dts is not None else packet.pts
        if given is None:
            return
        stream = self._streams.setdefault(packet.stream_index, _StreamClock())
        base: Fraction = packet.time_base
        moment = given + round(stream.added_s / base)
        if stream.last is not None and (stream.last - moment) * base > JUMP_BACK_S:
            own_s = stream.added_s + (stream.end - moment) * base
            if stream.jumps == len(self._jumps_s):
                self._jumps_s.append(own_s)
            stream.added_s = max(own_s, self._jumps_s[stream.jumps])
            stream.jumps += 1
            moment = given + round(stream.added_s / base)
        # A subtitle may be shown beyond the beginning of the next.
        length = 0 if packet.stream.type == "subtitle" else packet.duration or 0
        stream.last, stream.end = moment, moment + length
        if stream.added_s:
            added = round(stream.added_s / base)
            packet.pts = None if packet.pts is None else packet.pts + added
            packet.dts = None if packet.dts is None else packet.dts + added


@dataclass
class _StreamClock:
    added_s: Fraction = Fraction(0)
    jumps: int = 0
    last: int | None = None
    end: int = 0
