"""What paints on when an engine fails in the middle of a show: which faults count, and who is next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime.contract import StyleContract
from realtime.engine import ENGINES, Engine, EngineInfo, EngineOptions, engines_for, is_installed
from realtime.engine_guard import EngineGuard, EngineHangsError, NoPictureError, check_picture
from realtime.errors import EngineError, LivebrushError
from realtime.recurrent import look_back
from realtime.warm_engines import LoadedStyle

NARROW = ("bf16", "fp16")


class GuardedEngine:
    """An engine whose painting is waited for no longer than the guard allows, and looked at.

    Args:
        engine: that paints.
        guard: calls it.
    """

    def __init__(self, engine: Engine, guard: EngineGuard) -> None:
        self._engine = engine
        self._guard = guard

    @property
    def info(self) -> EngineInfo:
        """What really runs."""
        return self._engine.info

    @property
    def contract(self) -> StyleContract:
        """What the style file promises."""
        return self._engine.contract

    def prepare(self, size_wh: tuple[int, int]) -> None:
        """Compile and warm up, as long as that takes."""
        self._engine.prepare(size_wh)

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture, as `realtime.engine.Engine` does.

        Raises:
            EngineHangsError, NoPictureError: see there.
        """
        painting = self._guard.call(partial(self._engine.infer, image))
        check_picture(image, painting)
        return painting

    @property
    def looks_back(self) -> bool:
        """Whether it may be shown its last painting; see `realtime.recurrent.RecurrentEngine`."""
        return look_back(self._engine) is not None

    def infer_after(
        self, image: NDArray[np.uint8], before: NDArray[np.uint8], trust: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Paint one picture after another one, guarded likewise."""
        engine = look_back(self._engine)
        assert engine is not None  # who calls has asked
        painting = self._guard.call(partial(engine.infer_after, image, before, trust))
        check_picture(image, painting)
        return painting

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()


def is_fault(error: Exception) -> bool:
    """Tell whether an engine failed, rather than a picture not fitting its style."""
    return isinstance(error, EngineError) or not isinstance(error, LivebrushError)


def hangs(fault: Exception) -> bool:
    """Tell whether the engine may still be at work."""
    return isinstance(fault, EngineHangsError)


def other_engines(
    failed: EngineInfo, path: Path, options: EngineOptions, fault: Exception
) -> Iterator[EngineOptions]:
    """Yield what to try in the place of an engine that failed, best first; all on the processor.

    Args:
        failed: what ran.
        path: of the style file, which decides who can open it.
        options: what was asked for; its threads are kept.
        fault: what it did.
    """
    if failed.device != "cpu":
        yield EngineOptions(device="cpu", threads=options.threads)
        return
    if isinstance(fault, NoPictureError) and failed.precision in NARROW:
        # Too large a number for 16 bits is none for 32.
        yield EngineOptions(failed.name, "fp32", "cpu", options.threads)
    for name in engines_for(path, at_once=True):
        if name != failed.name and is_installed(ENGINES[name].package):
            yield EngineOptions(name, device="cpu", threads=options.threads)
    if failed.name in ENGINES and not hangs(fault):
        # Opened anew: a fault that has passed, or one that every other engine has too.
        yield EngineOptions(failed.name, device="cpu", threads=options.threads)


def paint_with_next(
    others: Iterable[EngineOptions],
    load: Callable[[EngineOptions], LoadedStyle],
    paint: Callable[[LoadedStyle], NDArray[np.uint8]],
    fault: Exception,
) -> tuple[LoadedStyle, EngineOptions, NDArray[np.uint8]]:
    """Return the first of other engines that paints, its options, and the painting, (H, W, 3) uint8 BGR.

    Args:
        others: what to try.
        load: opens an engine.
        paint: paints with it.
        fault: of the engine that failed first.
    Raises:
        What the last of them raised; the fault, if there are none.
    """
    try:
        for options in others:
            try:
                loaded = load(options)
            except Exception as error:
                fault = error
                continue
            try:
                return loaded, options, paint(loaded)
            except Exception as error:
                fault = error
                if not hangs(error):
                    loaded.engine.close()
        raise fault
    finally:
        del fault  # its traceback holds this frame: a circle around engines and pictures


def rescue_line(failed: EngineInfo, now: EngineInfo, fault: Exception) -> str:
    """Return the line that tells people that another engine goes on."""
    if failed.device != "cpu":
        before, after = failed.device, "the processor"
    elif failed.name == now.name and failed.precision != now.precision:
        before, after = f"{failed.name} {failed.precision}", now.precision
    elif failed.name == now.name:
        before, after = failed.name, "opened anew it"
    else:
        before, after = failed.name, now.name
    why = str(fault) if isinstance(fault, LivebrushError) else f"{type(fault).__name__}: {fault}"
    return f"{before} failed, {after} goes on: {why}"
