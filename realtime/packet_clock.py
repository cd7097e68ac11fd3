"""Times of packets where a recorded broadcast's clock jumps back, as where two recordings were joined."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from realtime.timeline import JUMP_BACK_S

_MOST_WAITING = 2000  # packets: what jumps alone goes on by itself then


class PacketClock:
    """Sets packets on where the clock of their file jumps back, as `Timeline` does frames.

    All streams are set on by as much as the pictures, so that sound stays with them from join to join. What
    of it overlaps then, since it went on after the last picture, is left out.

    Args:
        leader: index of the stream of pictures.
    """

    def __init__(self, leader: int | None) -> None:
        self._leader = leader
        self._jumps_s: list[Fraction] = []  # what times are set on by, after each jump
        self._streams: dict[int, _StreamClock] = {}

    def in_order(self, packets: Iterable[Any]) -> Iterator[Any]:
        """Yield packets with their times moved; each stream's in the order in which they are decoded.

        Sound that comes to a jump before the pictures do waits for them.
        """
        waiting: deque[Any] = deque()
        for packet in packets:
            jumps = len(self._jumps_s)
            if packet.stream_index != self._leader and (waiting or self._is_ahead(packet)):
                waiting.append(packet)
            elif self._place(packet):
                yield packet
            if len(self._jumps_s) > jumps or len(waiting) > _MOST_WAITING:
                yield from self._placed(waiting)
        yield from self._placed(waiting)

    def _placed(self, waiting: deque[Any]) -> Iterator[Any]:
        while waiting:
            packet = waiting.popleft()
            if self._place(packet):
                yield packet

    def _is_ahead(self, packet: Any) -> bool:
        stream = self._stream(packet)
        return stream.jumps == len(self._jumps_s) and stream.jumps_back(packet)

    def _stream(self, packet: Any) -> _StreamClock:
        return self._streams.setdefault(packet.stream_index, _StreamClock())

    def _place(self, packet: Any) -> bool:
        """Move a packet's times; return whether it is one to be kept."""
        stream, base = self._stream(packet), packet.time_base
        if _given(packet) is None:
            return True
        if stream.jumps_back(packet):
            if stream.jumps == len(self._jumps_s):
                self._jumps_s.append(stream.end_s - _given_s(packet))
            stream.added_s = self._jumps_s[stream.jumps]
            stream.jumps += 1
        begin_s = _given_s(packet) + stream.added_s
        # A subtitle may be shown beyond the beginning of the next.
        length_s = 0 if packet.stream.type == "subtitle" else (packet.duration or 0) * base
        if stream.jumps and packet.stream_index != self._leader and begin_s + length_s / 2 < stream.end_s:
            return False
        stream.last_s, stream.end_s = begin_s, begin_s + length_s
        added = round(stream.added_s / base)
        if added:
            packet.pts = None if packet.pts is None else packet.pts + added
            packet.dts = None if packet.dts is None else packet.dts + added
        return True


@dataclass
class _StreamClock:
    """Where one stream has come to, in seconds of what goes out."""

    added_s: Fraction = Fraction(0)
    jumps: int = 0
    last_s: Fraction | None = None
    end_s: Fraction = Fraction(0)

    def jumps_back(self, packet: Any) -> bool:
        """Tell whether a packet's time lies further before the last one's than packets are out of order."""
        if self.last_s is None or _given(packet) is None:
            return False
        return self.last_s - _given_s(packet) - self.added_s > JUMP_BACK_S


def _given(packet: Any) -> int | None:
    moment: int | None = packet.dts if packet.dts is not None else packet.pts
    return moment


def _given_s(packet: Any) -> Fraction:
    return Fraction((_given(packet) or 0) * packet.time_base)
