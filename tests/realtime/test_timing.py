import json
import threading

import numpy as np
import pytest

from realtime import __version__
from realtime.engine import EngineInfo
from realtime.timing import STAGES, Samples, StageTimes

ENGINE = EngineInfo("openvino", "bf16", "CPU", 2, "cpu")


class SteppedClock:
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def times(clock: SteppedClock) -> StageTimes:
    return StageTimes(clock, started_at=99.5)


def test_two_frames_a_second_apart_are_one_frame_per_second(clock: SteppedClock, times: StageTimes) -> None:
    times.count_shown()
    clock.now_s += 1
    times.count_shown()
    assert times.fps() == 1.0
    assert times.recent_fps() == 1.0


def test_there_is_no_rate_before_two_frames_or_without_time(times: StageTimes) -> None:
    assert times.fps() == 0.0
    times.count_shown()
    assert times.fps() == 0.0
    times.count_shown()  # at the same moment: the clock stood still
    assert times.fps() == 0.0


def test_the_recent_rate_forgets_what_is_long_past(clock: SteppedClock, times: StageTimes) -> None:
    for step_s in [1.0] * 100 + [0.1] * 100:
        times.count_shown()
        clock.now_s += step_s
    assert times.recent_fps() == pytest.approx(10)
    assert times.fps() == pytest.approx(199 / (100 * 1.0 + 99 * 0.1))


def test_a_pause_is_no_part_of_the_rate(clock: SteppedClock, times: StageTimes) -> None:
    for _ in range(5):
        times.count_shown()
        clock.now_s += 0.1
    times.interrupt()
    clock.now_s += 3600
    for _ in range(5):
        times.count_shown()
        clock.now_s += 0.1
    assert times.fps() == pytest.approx(10)
    assert times.recent_fps() == pytest.approx(10)
    assert times.shown == 10


def test_percentiles_of_one_to_a_hundred() -> None:
    samples = Samples()
    for ms in range(100, 0, -1):
        samples.add(ms)
    assert samples.summary() == {"p50": 50.5, "p95": 95.05, "p99": 99.01, "max": 100}


def test_one_sample_is_every_percentile() -> None:
    samples = Samples()
    samples.add(7.0)
    assert samples.summary() == {"p50": 7.0, "p95": 7.0, "p99": 7.0, "max": 7.0}


def test_a_stall_of_a_minute_is_not_clipped() -> None:
    samples = Samples()
    for ms in [10.0] * 98 + [60_000.0] * 2:
        samples.add(ms)
    summary = samples.summary()
    assert summary is not None
    assert summary["max"] == 60_000
    assert summary["p99"] > 1000


def test_full_samples_keep_the_maximum_and_a_fair_choice_of_the_rest() -> None:
    samples = Samples(max_samples=1000)
    samples.add(5000.0)  # the first is as likely to be forgotten as any other
    values = np.random.default_rng(0).permutation(50_000) / 1000  # 0 to 50 ms
    for ms in values:
        samples.add(float(ms))
    summary = samples.summary()
    assert summary is not None
    assert samples.count == 50_001
    assert summary["max"] == 5000
    assert summary["p50"] == pytest.approx(25, abs=2.5)
    assert summary["p95"] == pytest.approx(47.5, abs=1.5)


def test_recent_samples_decide_the_head_up_line(times: StageTimes) -> None:
    for ms in [500.0] * 100 + [20.0] * 30:
        times.record("infer", ms)
    assert times.recent_ms("infer") == 20
    assert times.recent_ms("sink") == 0


def test_the_last_sample_of_a_stage_can_be_asked_for(times: StageTimes) -> None:
    assert times.last_ms("infer") == 0.0
    for ms in (1.0, 9.0, 4.0):
        times.record("infer", ms)
    assert times.last_ms("infer") == 4.0
    assert times.last_ms("sink") == 0.0


def test_measuring_a_stage_takes_its_time(clock: SteppedClock, times: StageTimes) -> None:
    with times.measure("infer"):
        clock.now_s += 0.030
    assert times.latency_ms()["infer"] == {"p50": 30.0, "p95": 30.0, "p99": 30.0, "max": 30.0}


def test_a_stage_that_raises_is_measured_too(clock: SteppedClock, times: StageTimes) -> None:
    with pytest.raises(RuntimeError), times.measure("sink"):
        clock.now_s += 0.5
        raise RuntimeError
    assert times.recent_ms("sink") == pytest.approx(500)


def test_an_unknown_stage_is_refused(times: StageTimes) -> None:
    with pytest.raises(KeyError):
        times.record("lunch", 1.0)


def test_total_is_from_capture_to_screen(clock: SteppedClock, times: StageTimes) -> None:
    captured_at = clock()
    clock.now_s += 0.045
    times.count_shown(captured_at)
    assert times.recent_ms("total") == pytest.approx(45)


def test_the_first_frame_is_counted_from_the_start_and_only_once(
    clock: SteppedClock, times: StageTimes
) -> None:
    assert times.first_frame_ms() is None
    clock.now_s += 0.5
    times.count_shown()
    clock.now_s += 5
    times.count_shown()
    assert times.first_frame_ms() == pytest.approx(1000)


def test_another_clock_starts_at_its_own_now(clock: SteppedClock) -> None:
    times = StageTimes(clock)
    clock.now_s += 2
    times.count_shown()
    assert times.first_frame_ms() == pytest.approx(2000)


def test_the_real_clock_starts_with_the_process() -> None:
    times = StageTimes()
    times.count_shown()
    first_frame_ms = times.first_frame_ms()
    assert first_frame_ms is not None
    assert first_frame_ms > 10  # the imports above took longer than that


def test_counts_from_many_threads_lose_nothing() -> None:
    times = StageTimes()

    def work() -> None:
        for _ in range(2000):
            times.count_captured()
            times.count_dropped()
            times.count_shown()
            times.record("infer", 1.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (times.captured, times.dropped, times.shown) == (8000, 8000, 8000)


def test_statistics_have_every_field_and_are_json(clock: SteppedClock, times: StageTimes) -> None:
    for _ in range(3):
        times.count_captured()
    times.count_dropped()
    for _ in range(2):
        with times.measure("infer"):
            clock.now_s += 0.04
        times.count_shown(captured_at=clock() - 0.05)
    stats = times.to_stats(ENGINE, style="udnie", source="demo", size="640x360")
    assert json.loads(json.dumps(stats, allow_nan=False)) == stats
    assert stats["frames"] == {"captured": 3, "shown": 2, "dropped": 1}
    assert stats["fps"] == 25
    assert set(stats["latency_ms"]) == set(STAGES)
    assert stats["latency_ms"]["infer"]["p50"] == 40
    assert stats["latency_ms"]["total"]["max"] == 50
    assert stats["latency_ms"]["capture"] is None
    assert stats["first_frame_ms"] == pytest.approx(540)
    assert stats["engine"] == {"name": "openvino", "precision": "bf16", "provider": "CPU", "threads": 2}
    assert stats["peak_rss_mb"] > 20
    assert (stats["style"], stats["livebrush"]) == ("udnie", __version__)


def test_statistics_of_a_run_without_frames_are_json_too(times: StageTimes) -> None:
    stats = times.to_stats(ENGINE)
    assert json.loads(json.dumps(stats, allow_nan=False))["first_frame_ms"] is None
