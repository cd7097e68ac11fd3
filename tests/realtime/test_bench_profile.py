import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from onnx_makers import make_style_onnx
from rich.console import Console

from realtime import bench_profile
from realtime.bench_contender import parse_contender
from realtime.bench_profile import PROFILERS, ProfileOptions, profile_tables, run_profile
from realtime.engine import EngineOptions, engines_for
from realtime.errors import EngineError, MissingExtraError, OptionError, SinkError

RUNS = 4
ENGINE_NAMES = ("onnxruntime", "openvino")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("profiles") / "new" / "folder"
    style = make_style_onnx(tmp_path_factory.mktemp("styles") / "net.onnx", kind="network")
    return {name: run_profile(make_options(style, name, folder, order="graph")) for name in ENGINE_NAMES}


def make_options(style: Path | str, engine: str, folder: Path, **fields: Any) -> ProfileOptions:
    contender = parse_contender(f"{style}@{engine}:fp32", EngineOptions(device="cpu", threads=1))
    return ProfileOptions(contender, folder, (96, 64), RUNS, **fields)


@pytest.mark.parametrize("engine", ENGINE_NAMES)
class TestEveryEngine:
    def test_the_convolutions_are_found_in_their_order(
        self, results: dict[str, dict[str, Any]], engine: str
    ) -> None:
        rows = [row for row in results[engine]["operators"] if row["type"] in ("Conv", "Convolution")]
        # Without their channels: onnxruntime fills them up to whole vectors.
        assert [row["shape"][2:] for row in rows] == [[64, 96], [32, 48], [64, 96]]
        assert all(row["kernel"] for row in rows)

    def test_names_are_unique_and_places_follow_the_graph(
        self, results: dict[str, dict[str, Any]], engine: str
    ) -> None:
        rows = results[engine]["operators"]
        assert len({row["name"] for row in rows}) == len(rows)
        assert [row["place"] for row in rows] == list(range(len(rows)))

    def test_shares_add_up_and_so_do_the_types(self, results: dict[str, dict[str, Any]], engine: str) -> None:
        result = results[engine]
        rows, types = result["operators"], result["types"]
        assert sum(row["share"] for row in rows) == pytest.approx(1, abs=0.01)
        assert sum(entry["ms"] for entry in types) == pytest.approx(result["operators_ms"], rel=0.01)
        assert sum(entry["count"] for entry in types) == len(rows)
        assert types[0]["ms"] >= types[-1]["ms"]

    def test_the_operators_lie_within_the_pictures(
        self, results: dict[str, dict[str, Any]], engine: str
    ) -> None:
        # Whatever the machine does beside: what is measured within cannot be longer than what is around.
        events = read_trace(results[engine])
        pictures_us = sum(event["dur"] for event in events if event["name"] in ("picture", "model_run"))
        around = ("picture", "model_run", "SequentialExecutor::Execute")
        operators_us = sum(event["dur"] for event in events if event["name"] not in around)
        assert 0 < operators_us <= pictures_us

    def test_the_trace_begins_with_the_first_run_that_counts(
        self, results: dict[str, dict[str, Any]], engine: str
    ) -> None:
        events = read_trace(results[engine])
        assert sum(event["name"] in ("picture", "model_run") for event in events) == RUNS
        assert min(event["ts"] for event in events) == 0
        for row in results[engine]["operators"]:
            assert sum(event["name"] == row["name"] for event in events) == RUNS
        assert not any(event["name"] == "session_initialization" for event in events)

    def test_the_file_has_every_operator(self, results: dict[str, dict[str, Any]], engine: str) -> None:
        result = results[engine]
        with Path(result["files"]["table"]).open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        assert [line["name"] for line in lines] == [row["name"] for row in result["operators"]]
        assert [float(line["ms"]) for line in lines] == [row["ms"] for row in result["operators"]]

    def test_the_result_is_plain_json_and_says_what_ran(
        self, results: dict[str, dict[str, Any]], engine: str
    ) -> None:
        result = results[engine]
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        assert (result["engine"]["name"], result["engine"]["threads"]) == (engine, 1)
        assert result["engine"]["version"] == result["machine"]["versions"][engine]
        assert 0 < result["picture_min_ms"] <= result["picture_ms"]

    def test_the_table_is_one_line_an_operator(self, results: dict[str, dict[str, Any]], engine: str) -> None:
        console = Console(width=80, record=True, file=io.StringIO())
        operators, types = profile_tables(results[engine])
        assert operators.row_count <= len(results[engine]["operators"])
        for table in (operators, types):
            console.print(table)
        text = console.export_text()
        assert "net at 96x64" in text
        assert "x64x96" in text
        assert f"medians of {RUNS} runs" in " ".join(text.split())


def read_trace(result: dict[str, Any]) -> list[dict[str, Any]]:
    trace = json.loads(Path(result["files"]["trace"]).read_text(encoding="utf-8"))
    return [event for event in trace["traceEvents"] if event["ph"] == "X"]


def test_by_time_the_longest_operator_comes_first(tmp_path: Path, network_style: Path) -> None:
    result = run_profile(make_options(network_style, "openvino", tmp_path))
    times = [row["ms"] for row in result["operators"]]
    assert times == sorted(times, reverse=True)


def test_a_shipped_style_can_be_profiled(tmp_path: Path) -> None:
    result = run_profile(make_options("starry_night", "openvino", tmp_path))
    assert "Convolution" in {entry["type"] for entry in result["types"]}
    assert Path(result["files"]["trace"]).name == "starry_night-openvino-fp32-96x64.trace.json"


def test_small_operators_stand_in_one_line(results: dict[str, dict[str, Any]]) -> None:
    result = dict(results["onnxruntime"])
    result["operators"] = [row | {"share": 0.001} for row in result["operators"][:5]]
    (cells,) = [column._cells for column in profile_tables(result)[0].columns[:1]]
    assert cells == ["5 smaller"]


@pytest.mark.parametrize(("wrong", "says"), [({"runs": 0}, "frames"), ({"order": "name"}, "--sort")])
def test_options_out_of_range_are_named(tmp_path: Path, wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        ProfileOptions(parse_contender("udnie", EngineOptions()), tmp_path, **wrong)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, tiny_style: Path) -> None:
    (tmp_path / "file").write_text("here already")
    with pytest.raises(SinkError, match="--profile .* cannot be made a folder"):
        run_profile(make_options(tiny_style, "openvino", tmp_path / "file"))


def test_a_device_that_the_engine_does_not_run_on_is_named(tmp_path: Path) -> None:
    contender = parse_contender("udnie@openvino", EngineOptions(device="cuda"))
    with pytest.raises(EngineError, match="openvino does not run on cuda"):
        run_profile(ProfileOptions(contender, tmp_path, (64, 64)))


def test_an_engine_without_a_profiler_names_those_that_have_one(
    tmp_path: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(PROFILERS, "openvino")
    with pytest.raises(EngineError, match="openvino cannot be profiled; use --engine onnxruntime"):
        run_profile(make_options(tiny_style, "openvino", tmp_path))


def test_an_engine_that_is_not_installed_names_the_extra(
    tmp_path: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_profile, "is_installed", lambda _: False)
    with pytest.raises(MissingExtraError, match="pip install"):
        run_profile(make_options(tiny_style, "openvino", tmp_path))


def test_every_engine_can_be_profiled() -> None:
    assert set(PROFILERS) == set(engines_for(Path("any.onnx"), at_once=True))
