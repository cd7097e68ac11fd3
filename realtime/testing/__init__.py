"""Try Livebrush, or what you build on it, without a camera, a network, a window or a clock.

    from realtime import pipeline, testing
    from realtime.painter import EnginePainter
    from realtime.timing import StageTimes

    clock = testing.FakeClock()
    times = StageTimes(clock)
    source = testing.ScriptedSource.of_frames(3, clock=clock)
    sink = testing.CollectingSink()
    painter = EnginePainter(testing.IdentityEngine(), times)
    pipeline.run(source, painter, pipeline.SinkOutput([sink], times), times=times)
    assert [frame.index for frame in sink.frames] == [0, 1, 2]

Nothing here needs more than the core of the runtime, and nothing sleeps.
"""

from realtime.testing.clock import FakeClock
from realtime.testing.engines import FaultyEngine, IdentityEngine, make_contract
from realtime.testing.sinks import CollectingSink
from realtime.testing.sources import (
    ScriptedCamera,
    ScriptedCapture,
    ScriptedSource,
    Step,
    make_frame,
)
from realtime.testing.threads import running_threads

__all__ = [
    "CollectingSink",
    "FakeClock",
    "FaultyEngine",
    "IdentityEngine",
    "ScriptedCamera",
    "ScriptedCapture",
    "ScriptedSource",
    "Step",
    "make_contract",
    "make_frame",
    "running_threads",
]
