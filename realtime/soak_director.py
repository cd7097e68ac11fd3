"""Who lets things happen in a soak, and who watches: decided by a seed, between two frames."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from realtime.catalog import StyleEntry
from realtime.engine import engines_for, is_installed
from realtime.frame import Frame
from realtime.masked_painter import MaskedPainter
from realtime.painter import Painted
from realtime.sink_apart import ApartSink
from realtime.sink_video import VideoSink
from realtime.soak_faults import CAMERA_FAULTS, CameraPort, FaultyShelf, FaultySink
from realtime.soak_measure import Record, rest_times
from realtime.style_player import StylePlayer
from realtime.timing import Clock

EVERY_S = 12.0  # between two events, in the mean
WARM_UP_PACE = 3
AGAIN_S = 4.0  # between two tries to have the first engine back
BACK_S = 8.0  # after an engine has failed, the one that took its place fails too: else no two were alike


class SwitchedPainter:
    """Paints with a mask or without one; see `realtime.painter.Painter`."""

    def __init__(self, player: StylePlayer, masked: MaskedPainter) -> None:
        self.mask_is_on = False
        self._player, self._masked = player, masked

    def paint(self, frame: Frame) -> Painted:
        """Return the painting of one frame."""
        return self._masked.paint(frame) if self.mask_is_on else self._player.paint(frame)

    def interrupt(self) -> None:
        """Let a painting that hangs fail now."""
        self._masked.interrupt()


class Director:
    """Lets things happen, between two frames; see `realtime.output.WatchedWriter`.

    Args:
        seed: decides what happens when.
        length_s: of the run, seconds.
        clock: seconds.
        stop: set when the time is over.
        folder: for the recordings, which are deleted when they end.
    """

    def __init__(self, seed: int, length_s: float, clock: Clock, stop: threading.Event, folder: Path) -> None:
        self.rest = 0
        """Which rest the show is in, from 1 on; 0 while it is not, or not yet as it was at first."""
        self.happened: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        """How often each kind of line was said, by its first words."""
        self._seed, self._random = seed, random.Random(seed)
        self._clock = clock
        self._stop = stop
        self._began_at = clock()
        self._length_s = length_s
        self._rests = rest_times(length_s)
        self._next_at = self._began_at + EVERY_S
        self._deck: list[str] = []  # what happens next, the last one first
        self._style_deck: list[StyleEntry] = []
        self._engine_back_at: float | None = None
        self._is_resting = False
        self._folder = folder
        self._recording: tuple[ApartSink, FaultySink, Path] | None = None
        self._events: dict[str, Callable[[], object]] = {}

    def begin(
        self,
        player: StylePlayer,
        styles: Sequence[StyleEntry],
        painter: SwitchedPainter,
        port: CameraPort,
        shelf: FaultyShelf,
    ) -> None:
        """Take what things happen to, and which styles there are."""
        self._styles = styles
        self._player, self._painter, self._port, self._shelf = player, painter, port, shelf
        self._first = player.current
        entry = self._first.entry
        broken = replace(entry, name=FaultyShelf.BROKEN, path=self._folder / "broken.onnx")
        self._events = {
            "next style": lambda: player.step(1),
            "another style": self._choose_another,
            "mask": self._switch_mask,
            "recording": self._switch_recording,
        }
        self._faults: dict[str, Callable[[], object]] = {
            **{fault: lambda fault=fault: port.orders.append(fault) for fault in CAMERA_FAULTS},  # type: ignore[misc]
            "style that does not load": lambda: player.choose(broken),
            "full disk": self._fill_disk,
        }
        if all(is_installed(name) for name in engines_for(entry.path, at_once=True)):
            self._faults["engine fails"] = self._fail_engine

    def with_faults(self) -> None:
        """Let faults happen too."""
        self._events |= self._faults

    def tell(self, line: str) -> None:
        """Count a line that people would see; from any thread."""
        self.told[" ".join(line.split()[:3])] += 1

    def write(self, frame: Frame) -> None:
        """Record the frame, if anything is recorded, and let happen what is due."""
        if self._recording is not None:
            self._recording[0].write(frame)
        self.idle(paused=False)

    def idle(self, *, paused: bool) -> None:
        """Let happen what is due."""
        now = self._clock()
        if now >= self._began_at + self._length_s:
            self._stop.set()
        while (problem := self._player.take_problem()) is not None:
            self.tell(problem)
        if self._engine_back_at is not None and now >= self._engine_back_at:
            self._engine_back_at = None
            self._shelf.fail_once()
        if self._rest(now):
            self._next_at = max(self._next_at, now + EVERY_S / 2)
        elif now >= self._next_at:
            # Before the first rest more often: libraries keep what was made for as much as was ever open.
            is_warm = now >= self._began_at + self._rests[0][0]
            every_s = EVERY_S if is_warm else EVERY_S / WARM_UP_PACE
            self._next_at = now + self._random.uniform(0.5, 1.5) * every_s
            name = self._draw()
            self.happened[name] += 1
            self._events[name]()

    def _draw(self) -> str:
        """Return what happens next: everything once, in an order by chance, before anything does again."""
        if not self._deck:
            self._deck = sorted(self._events)
            self._random.shuffle(self._deck)
        return self._deck.pop()

    def _choose_another(self) -> None:
        """Ask for a style, all of them once before any is asked for again."""
        if not self._style_deck:
            self._style_deck = list(self._styles)
            self._random.shuffle(self._style_deck)
        self._player.choose(self._style_deck.pop())

    def _rest(self, now: float) -> bool:
        """Tell whether a rest is due, and bring the show to it: the first style alone, on its engine."""
        at_s = now - self._began_at
        due = [number for number, (begin, end) in enumerate(self._rests, 1) if begin <= at_s < end]
        if bool(due) != self._is_resting:
            self._is_resting = bool(due)
            self._player.spare_memory(self._is_resting)
            if self._is_resting:
                self._clear_away()
                self._begin_part(due[0])
        rest = 0
        if due and self._back_to_first(now):
            begin, end = self._rests[due[0] - 1]
            # The first half is for what ends beside the show: engines that are closed, encoders.
            rest = due[0] if at_s >= (begin + end) / 2 else 0
        if rest and rest != self.rest:
            self._player.spare_memory(True)  # what the C library keeps of what was freed is not counted
        self.rest = rest
        return bool(due)

    def _begin_part(self, rest: int) -> None:
        """Decide what happens until the next rest: in turns the same two parts, ten minutes in all.

        So the last ten minutes are the first ten again. With other styles in them, some three times as slow
        as others, they were 15% slower by that alone.
        """
        self._random = random.Random(f"{self._seed} {rest % 2}")
        self._deck, self._style_deck = [], []

    def _clear_away(self) -> None:
        self._player.choose(self._first.entry)
        self._painter.mask_is_on = False
        if self._recording is not None:
            self._switch_recording()

    def _back_to_first(self, now: float) -> bool:
        """Have the first style paint on its engine; return whether it does by now."""
        paints, first = self._player.current, self._first
        if paints.info.name == first.info.name:
            self._engine_back_at = None
            return paints.entry.path == first.entry.path
        if self._engine_back_at is None or self._engine_back_at > now + AGAIN_S:  # another's turn ends early
            self._engine_back_at = now + AGAIN_S  # once more then, if this is too soon
            self._shelf.fail_once()
        return False

    def close(self) -> None:
        """End the recording."""
        if self._recording is not None:
            self._switch_recording()

    def _switch_mask(self) -> None:
        self._painter.mask_is_on = not self._painter.mask_is_on

    def _switch_recording(self) -> None:
        if self._recording is None:
            path = self._folder / "recording.mp4"
            sink = FaultySink(VideoSink(path))
            self._recording = ApartSink(sink, path.name, self.tell), sink, path
            return
        (apart, _, path), self._recording = self._recording, None
        if apart.failure is None:  # else its end was told already
            apart.close()
        path.unlink(missing_ok=True)

    def _fill_disk(self) -> None:
        if self._recording is None:
            self._switch_recording()
        assert self._recording is not None
        self._recording[1].full = True

    def _fail_engine(self) -> None:
        if self._engine_back_at is None:
            self._shelf.fail_once()
            self._engine_back_at = self._clock() + BACK_S


class Observer:
    """Takes the age of every frame that was shown; see `realtime.output.Writer`."""

    def __init__(
        self, record: Record, clock: Clock, every_minute: Callable[[Record], None], director: Director
    ) -> None:
        self._record, self._clock, self._every_minute = record, clock, every_minute
        self._director = director
        self._began_at: float | None = None
        self._minutes = 0

    def write(self, frame: Frame) -> None:
        """Take one frame."""
        now = self._clock()
        self._began_at = now if self._began_at is None else self._began_at
        at_s = now - self._began_at
        self._record.add_frame(at_s, (now - frame.captured_at) * 1000, self._director.rest)
        if at_s >= 60 * (self._minutes + 1):
            self._minutes = int(at_s // 60)
            self._every_minute(self._record)
