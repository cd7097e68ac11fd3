import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onnx_makers import make_style_onnx
from rich.console import Console

from realtime import bench_compare
from realtime.bench_compare import CompareOptions, compare_subjects, compare_tables, run_compare
from realtime.bench_contender import parse_contender
from realtime.bench_load import Scene
from realtime.bench_subject import SETTLING, Subject
from realtime.engine import EngineOptions
from realtime.errors import ContractError, EngineError, OptionError
from realtime.testing import FakeClock, IdentityEngine

ONE_THREAD = EngineOptions(device="cpu", threads=1)


def make_fake(clock: FakeClock, took_s: Callable[[float], float], calls: list[str], name: str) -> Subject:
    """A subject whose engine takes as long as the function says, at the time that it is."""

    def before_infer(_: int) -> None:
        calls.append(name)
        clock.advance(took_s(clock()))

    engine = IdentityEngine(before_infer=before_infer)
    return Subject(engine, Scene.of_noise((64, 48)), frames=2, clock=clock)


def test_ratios_worked_by_hand() -> None:
    clock, calls = FakeClock(), list[str]()
    subjects = [make_fake(clock, lambda _, ms=ms: ms / 1000, calls, f"{ms}") for ms in (30, 10, 60)]
    figures = compare_subjects(subjects, (), rounds=3)
    assert [figure["network"]["ms"]["median"] for figure in figures] == pytest.approx([30, 10, 60])
    assert [figure["network"]["speed_ratio"]["median"] for figure in figures] == pytest.approx([1, 3, 0.5])
    assert all(figure["loops"] == {} for figure in figures)


def test_they_take_turns_in_an_order_that_alternates() -> None:
    clock, calls = FakeClock(), list[str]()
    subjects = [make_fake(clock, lambda _: 0.01, calls, name) for name in "ab"]
    compare_subjects(subjects, (), rounds=4)
    turn = SETTLING + 2
    turns = calls[2 * turn :: turn]  # the warm-up first
    assert "".join(turns) == "abbabaab"


def test_a_machine_that_grows_slower_changes_no_ratio() -> None:
    clock, calls = FakeClock(), list[str]()

    def slower(ms: float) -> Callable[[float], float]:
        return lambda now_s: ms / 1000 * (1 + now_s)  # twice as slow after a second

    subjects = [make_fake(clock, slower(ms), calls, f"{ms}") for ms in (20, 10)]
    figures = compare_subjects(subjects, (), rounds=8)
    rounds_ms = figures[0]["network"]["ms"]["rounds"]
    assert rounds_ms[-1] > 2 * rounds_ms[0]  # measured one after the other, the second would have lost
    assert figures[1]["network"]["speed_ratio"]["median"] == pytest.approx(2.0, rel=0.01)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    style = make_style_onnx(tmp_path_factory.mktemp("styles") / "net.onnx", kind="network")
    texts = (f"{style}@onnxruntime:fp32", f"{style}@openvino:fp32")
    contenders = tuple(parse_contender(text, ONE_THREAD) for text in texts)
    sizes_wh = ((64, 64), (96, 64))
    return run_compare(CompareOptions(contenders, sizes_wh, ("camera", "file"), rounds=2, frames=2))


def test_the_result_is_plain_json(result: dict[str, Any]) -> None:
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_what_really_ran_is_in_the_result(result: dict[str, Any]) -> None:
    assert [at_size["size"] for at_size in result["sizes"]] == ["64x64", "96x64"]
    for at_size in result["sizes"]:
        names = [contender["engine"]["name"] for contender in at_size["contenders"]]
        assert names == ["onnxruntime", "openvino"]
        for contender in at_size["contenders"]:
            assert contender["engine"]["version"]
            assert contender["engine"]["threads"] == 1
            assert contender["style"] == "net"
    assert result["machine"]["versions"]["openvino"]


def test_network_and_both_loops_of_every_contender_have_a_ratio_of_every_round(
    result: dict[str, Any],
) -> None:
    for at_size in result["sizes"]:
        first = at_size["contenders"][0]
        for contender in at_size["contenders"]:
            assert list(contender["loops"]) == ["camera", "file"]
            pairs = [(contender["network"], first["network"])]
            pairs += [(contender["loops"][source], first["loops"][source]) for source in ("camera", "file")]
            for own, firsts in pairs:
                expected = [a / b for a, b in zip(firsts["ms"]["rounds"], own["ms"]["rounds"], strict=True)]
                assert own["speed_ratio"]["rounds"] == pytest.approx(expected, rel=1e-4)
                assert len(expected) == result["rounds"] == 2


def test_the_table_fits_a_narrow_terminal(result: dict[str, Any]) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    for table in compare_tables(result):
        console.print(table)
    text = console.export_text()
    assert "onnxruntime fp32" in text
    assert "openvino fp32" in text
    for row in ("│ A │ network alone", "│ B │ loop, camera", "│ B │ loop, file"):
        assert row in text
    assert "1.00 (1.00 to 1.00)" in text
    assert "…" not in text


def test_a_size_that_one_of_them_does_not_take_is_refused_before_anything_runs(tmp_path: Path) -> None:
    large = make_style_onnx(tmp_path / "large.onnx", min_size=128)
    contenders = tuple(parse_contender(text, ONE_THREAD) for text in ("udnie", str(large)))
    with pytest.raises(ContractError, match="large takes a width from 128"):
        run_compare(CompareOptions(contenders, ((96, 96),)))


def test_an_engine_that_does_not_run_on_the_device_is_named() -> None:
    contender = parse_contender("udnie@openvino", EngineOptions(device="cuda"))
    with pytest.raises(EngineError, match="openvino does not run on cuda"):
        run_compare(CompareOptions((contender, contender), ((64, 64),)))


def test_when_one_cannot_be_opened_the_others_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = IdentityEngine()
    engines = iter([opened])

    def open_engine(*_: object) -> IdentityEngine:
        for engine in engines:
            return engine
        raise EngineError("no more of them")

    monkeypatch.setattr(bench_compare, "open_engine", open_engine)
    contender = parse_contender("udnie", ONE_THREAD)
    with pytest.raises(EngineError, match="no more of them"):
        run_compare(CompareOptions((contender, contender), ((64, 64),)))
    assert opened.closed


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(OptionError, match="frames must be at least 2"):
        CompareOptions((), frames=1)
