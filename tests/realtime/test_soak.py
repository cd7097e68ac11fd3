"""The soak on a clock that a test moves, with engines that need no network; and its judgement of figures."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime import soak as soak_module
from realtime import soak_director, soak_measure, style_player
from realtime.catalog import StyleEntry
from realtime.engine import Engine, EngineOptions
from realtime.errors import ContractError, LivebrushError, OptionError
from realtime.frame import Frame
from realtime.mask import Alpha, FrameMask
from realtime.soak import SoakConfig, World, run_soak
from realtime.soak_faults import CAMERA_FAULTS
from realtime.soak_measure import Record, Sample, judge, rest_times, windows
from realtime.testing import FakeClock, IdentityEngine, make_contract, running_threads
from realtime.warm_engines import OpenStyle

STYLES = tuple(
    StyleEntry(name, Path(f"{name}.onnx"), make_contract(name), shipped=True) for name in ("a", "b", "c")
)


class HalfMask(FrameMask):
    """Means the left half."""

    def alpha(self, frame: Frame) -> Alpha:
        alpha = np.zeros(frame.image.shape[:2], np.uint8)
        alpha[:, : alpha.shape[1] // 2] = 255
        return alpha


def open_identity(style: StyleEntry, options: EngineOptions) -> Engine:
    return IdentityEngine(style.contract)


def open_named(style: StyleEntry, options: EngineOptions) -> Engine:
    """Open an engine that has the name that was asked for."""
    engine = IdentityEngine(style.contract)
    name = "openvino" if options.engine == "auto" else options.engine
    engine.info = replace(engine.info, name=name)
    return engine


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert running_threads() == []


def run(
    minutes: float, *, seed: int = 0, faults: bool = True, open_style: OpenStyle = open_identity
) -> tuple[dict[str, Any], Record]:
    clock, record = FakeClock(), Record(lambda at_s: Sample(at_s, 100.0, 10, 5))
    world = World(
        clock, clock.advance, clock.advance, open_style=open_style, open_mask=HalfMask, styles=STYLES
    )
    config = SoakConfig(minutes, size_wh=(96, 64), seed=seed, faults=faults)
    return run_soak(config, record, stop=threading.Event(), world=world), record


def test_an_evening_has_everything_that_goes_wrong_and_goes_on_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(soak_director, "EVERY_S", 3.0)
    result, record = run(6)
    happened = set(result["events"])
    assert {"next style", "another style", "mask", "recording"} <= happened
    assert set(CAMERA_FAULTS) <= happened
    assert {"style that does not load", "full disk"} <= happened
    assert result["frames"]["captured"] == result["frames"]["shown"] + result["frames"]["dropped"]
    assert any("broken: the file" in line for line in result["lines"])
    assert any(line.startswith("recording.mp4 ended early") for line in result["lines"])
    assert record.samples[-1].at_s > 5 * 60
    assert result["ended_by"] is None


def test_what_ends_the_show_is_told_and_what_was_measured_is_kept() -> None:
    def fail(painted: int) -> None:
        if painted == 50:
            raise ContractError("another size")  # what no other engine would paint either

    clock, record = FakeClock(), Record(lambda at_s: Sample(at_s, 100.0, 10, 5))
    world = World(
        clock,
        clock.advance,
        clock.advance,
        open_style=lambda style, options: IdentityEngine(style.contract, before_infer=fail),
        open_mask=HalfMask,
        styles=STYLES,
    )
    config = SoakConfig(5, size_wh=(96, 64), faults=False)
    result = run_soak(config, record, stop=threading.Event(), world=world)
    assert result["ended_by"] == "ContractError: another size"
    assert record.samples


def test_without_faults_nothing_fails() -> None:
    result, _ = run(3, faults=False)
    assert set(result["events"]) <= {"next style", "another style", "mask", "recording"}
    assert result["lines"] == {}


def test_every_other_part_between_rests_is_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_director, "EVERY_S", 2.0)
    clock, at = FakeClock(), list[tuple[float, str]]()
    draw = soak_director.Director._draw

    def draw_watched(director: soak_director.Director) -> str:
        at.append((clock() - director._began_at, draw(director)))
        return at[-1][1]

    monkeypatch.setattr(soak_director.Director, "_draw", draw_watched)
    world = World(
        clock, clock.advance, clock.advance, open_style=open_identity, open_mask=HalfMask, styles=STYLES
    )
    record = Record(lambda at_s: Sample(at_s, 100.0, 10, 5))
    run_soak(SoakConfig(5, (96, 64), faults=False), record, stop=threading.Event(), world=world)
    parts = [
        [name for moment, name in at if end <= moment < following]
        for (_, end), (following, _) in itertools.pairwise(rest_times(300))
    ]
    shortest = min(map(len, parts))
    assert len(parts) == 3 and shortest >= 8
    assert parts[0][:shortest] == parts[2][:shortest] != parts[1][:shortest]


def test_what_was_freed_is_given_back_once_in_every_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back: list[None] = []
    monkeypatch.setattr(style_player, "give_back_memory", lambda: given_back.append(None))
    _, record = run(3, faults=False)
    rests = max(sample.rest for sample in record.samples)
    assert rests >= 2
    assert len(given_back) == 2 * rests  # when it begins, and when it begins to count


def test_it_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run(2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{"minutes": 0}, {"minutes": float("nan")}, {"minutes": 1, "fps": 0.5}])
def test_options_that_cannot_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        SoakConfig(**options)  # type: ignore[arg-type]


def test_the_windows_of_an_hour_leave_out_five_minutes_and_of_a_minute_a_quarter() -> None:
    assert windows(3600) == ((300, 900), (3000, 3600))
    assert windows(60) == ((15, 30), (45, 60))


def test_it_rests_every_five_minutes_and_at_the_end() -> None:
    rests = rest_times(3600)
    assert rests[0] == (300, 324)
    assert rests[1] == (600, 624)
    assert rests[-1] == (3576, 3600)
    assert len(rests) == 12
    for length_s in (60, 119, 330, 1e5):
        rests = rest_times(length_s)
        assert len(rests) >= 2
        assert all(a_end <= b_begin for (_, a_end), (b_begin, _) in itertools.pairwise(rests))
        assert rests[-1][1] == length_s


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, str, bool]]:
    """Return, for every frame to come: number of the rest, style, engine, whether the mask is on.

    The clock stands still while a style loads, so that loading takes no time in it.
    """
    frames: list[tuple[int, str, str, bool]] = []
    directors: list[soak_director.Director] = []
    begin, add_frame, advance = soak_director.Director.begin, Record.add_frame, FakeClock.advance

    def begin_watched(director: soak_director.Director, *parts: Any) -> None:
        directors.append(director)
        begin(director, *parts)

    def see(record: Record, at_s: float, latency_ms: float, rest: int = 0) -> None:
        paints = directors[0]._player.current
        frames.append((rest, paints.entry.name, paints.info.name, directors[0]._painter.mask_is_on))
        add_frame(record, at_s, latency_ms, rest)

    def advance_when_loaded(clock: FakeClock, seconds: float) -> None:
        while directors and directors[0]._player.loading is not None:
            time.sleep(0.0002)
        advance(clock, seconds)

    monkeypatch.setattr(FakeClock, "advance", advance_when_loaded)
    monkeypatch.setattr(soak_director.Director, "begin", begin_watched)
    monkeypatch.setattr(soak_director, "EVERY_S", 2.0)
    monkeypatch.setattr(Record, "add_frame", see)
    return frames


def test_a_rest_is_the_show_as_it_began(seen: list[tuple[int, str, str, bool]]) -> None:
    _, record = run(6)
    assert {(style, mask) for rest, style, _, mask in seen if rest} == {("a", False)}
    assert {(style, mask) for rest, style, _, mask in seen if not rest} == {
        (style, mask) for style in ("a", "b", "c") for mask in (True, False)
    }
    assert {sample.rest for sample in record.samples} == set(range(len(rest_times(360)) + 1))


def test_an_engine_that_took_the_firsts_place_is_no_rest(
    seen: list[tuple[int, str, str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it costs cannot be compared: the first is brought back before anything is measured."""
    monkeypatch.setattr(soak_director, "BACK_S", 1e9)  # it would stay
    result, record = run(6, open_style=open_named)
    assert result["events"]["engine fails"] > 1
    assert {engine for rest, _, engine, _ in seen if rest} == {"openvino"}
    assert {engine for rest, _, engine, _ in seen if not rest} == {"openvino", "onnxruntime"}
    assert len({sample.rest for sample in record.samples}) == len(rest_times(360)) + 1


def test_everything_happens_once_before_anything_happens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_director, "EVERY_S", 1.0)
    result, _ = run(4)
    counts = result["events"].values()
    assert max(counts) - min(counts) <= 1 + len(rest_times(240))  # every rest begins a new deck
    assert min(counts) > 2


def record_of(
    memory_growth: float = 1.0, threads: int = 0, files: int = 0, latency_growth: float = 1.0
) -> Record:
    """Return an hour's record that grows evenly by these from beginning to end."""
    record = Record(
        lambda s: Sample(
            s,
            400 * memory_growth ** (s / 3600),
            20 + int(threads * s / 3600),
            9 + int(files * s / 3600),
        )
    )
    rests = rest_times(3600)
    for second in range(3601):
        rest = next((n for n, (begin, end) in enumerate(rests, 1) if begin <= second < end), 0)
        record.add_frame(float(second), 50 * latency_growth ** (second / 3600), rest)
    return record


def verdicts(record: Record) -> dict[str, bool]:
    return {finding.name.split(",")[0]: finding.passed for finding in judge(record)}


def test_what_stays_as_it_is_passes() -> None:
    assert set(verdicts(record_of()).values()) == {True}


@pytest.mark.parametrize(
    ("grows", "name"),
    [
        ({"memory_growth": 1.04}, "memory"),
        ({"threads": 3}, "threads"),
        ({"files": 3}, "open files"),
        ({"latency_growth": 1.2}, "latency p99"),
    ],
)
def test_what_grows_beyond_its_limit_does_not(grows: dict[str, float], name: str) -> None:
    found = verdicts(record_of(**grows))  # type: ignore[arg-type]
    assert [key for key, passed in found.items() if not passed] == [name]


def test_little_growth_passes() -> None:
    assert set(verdicts(record_of(memory_growth=1.015, latency_growth=1.08)).values()) == {True}


def test_too_little_to_compare_is_said() -> None:
    with pytest.raises(LivebrushError, match="give --minutes 2 or more"):
        judge(Record())


@pytest.mark.parametrize(
    ("memory_growth", "ended_by", "exit_code"), [(1.0, None, 0), (1.5, None, 1), (1.0, "EngineError: x", 1)]
)
def test_the_command_ends_with_what_it_found(
    memory_growth: float,
    ended_by: str | None,
    exit_code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from realtime.cli import main

    def measured(config: SoakConfig, record: Record, **_: object) -> dict[str, object]:
        made = record_of(memory_growth=memory_growth)
        record.samples, record.latency_at_s, record.latency_ms = (
            made.samples,
            made.latency_at_s,
            made.latency_ms,
        )
        return {
            "frames": {"captured": 9, "shown": 8, "dropped": 1}, "fps": 30.0,
            "events": {"mask": 2}, "lines": {}, "ended_by": ended_by,
        }  # fmt: skip

    monkeypatch.setattr(soak_module, "run_soak", measured)
    assert main(["soak", "--minutes", "60", "--json"]) == exit_code
    said = json.loads(capsys.readouterr().out)
    assert said["passed"] is (exit_code == 0)
    assert {finding["name"] for finding in said["findings"]} == {
        "memory, MB", "threads", "open files", "latency p99, ms",
    }  # fmt: skip
    assert main(["soak", "--minutes", "60"]) == exit_code
    printed = capsys.readouterr()
    assert ("GREW" in printed.out) is (memory_growth > 1)
    assert ("the show ended: EngineError: x" in printed.err) is (ended_by is not None)


def test_the_process_is_looked_at_once_a_second() -> None:
    looks: list[float] = []

    def probe(at_s: float) -> Sample:
        looks.append(at_s)
        return Sample(at_s, 1.0, 1, 1)

    record = Record(probe)
    for index in range(90):
        record.add_frame(index / 30, 5.0)
    assert looks == [0.0, 1.0, 2.0]
    assert soak_measure.look_at_process(3.0).threads >= 1
