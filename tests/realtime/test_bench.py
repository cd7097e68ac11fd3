import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from realtime.bench import BenchOptions, bench_table, run_bench
from realtime.engine import EngineOptions
from realtime.errors import ContractError, OptionError, StyleNotFoundError
from realtime.timing import STAGES


@pytest.fixture(scope="module")
def result(network_style: Path) -> dict[str, Any]:
    options = BenchOptions(
        str(network_style), (96, 64), EngineOptions(engine="openvino", precision="fp32"), rounds=2, frames=3
    )
    return run_bench(options)


def test_the_result_is_plain_json(result: dict[str, Any]) -> None:
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_only_the_rounds_are_counted_not_the_warm_up(result: dict[str, Any]) -> None:
    frames = result["frames"]
    assert frames["shown"] == 2 * 3
    assert frames["captured"] == frames["shown"] + frames["dropped"]
    assert (result["rounds"], result["frames_per_round"]) == (2, 3)


def test_every_stage_of_the_loop_was_measured(result: dict[str, Any]) -> None:
    for stage in STAGES:
        summary = result["latency_ms"][stage]
        assert 0 <= summary["p50"] <= summary["p95"] <= summary["p99"] <= summary["max"]


def test_the_loop_stands_beside_the_network_alone(result: dict[str, Any]) -> None:
    assert result["network"]["fps"] > 0
    assert result["fps"] > 0
    assert result["loop_share"] > 0
    assert result["network"]["latency_ms"]["p50"] > 0


def test_the_share_of_the_machine_s_own_speed_follows_from_flop(result: dict[str, Any]) -> None:
    flop = 2 * (3 * 8 * 81 + 8 * 16 * 9 / 4 + 16 * 3 * 81) * 96 * 64  # of the "network" style
    assert result["network_gflops"] == pytest.approx(flop * result["network"]["fps"] / 1e9, abs=0.02)
    assert result["matmul_gflops"] > 0
    assert result["matmul_share"] > 0


def test_what_ran_and_where_is_in_the_result(result: dict[str, Any]) -> None:
    assert result["engine"]["name"] == "openvino"
    assert result["engine"]["precision"] == "fp32"
    assert result["size"] == "96x64"
    assert result["machine"]["cores"] >= 1
    assert result["first_frame_ms"] > 0
    assert result["peak_rss_mb"] > 0


def test_the_table_shows_network_and_loop(result: dict[str, Any]) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(bench_table(result))
    text = console.export_text()
    assert "network at 96x64: openvino fp32" in text
    for row in ("network alone", "loop: infer", "loop: camera to screen"):
        assert row in text
    assert f"{result['loop_share']:.1%} of the network alone" in text


def test_the_table_does_without_a_share_where_there_is_none(result: dict[str, Any]) -> None:
    caption = bench_table(result | {"matmul_share": None, "matmul_gflops": None}).caption
    assert "matrix product" not in str(caption)


def test_a_size_that_the_style_does_not_take_is_refused_before_anything_runs(network_style: Path) -> None:
    with pytest.raises(ContractError, match="height"):
        run_bench(BenchOptions(str(network_style), (64, 32)))


def test_an_unknown_style_is_not_found() -> None:
    with pytest.raises(StyleNotFoundError):
        run_bench(BenchOptions("no_such_style"))


@pytest.mark.parametrize("wrong", [{"rounds": 0}, {"frames": 1}])
def test_options_out_of_range_are_named(wrong: dict[str, int]) -> None:
    (option,) = wrong
    with pytest.raises(OptionError, match=f"{option} must be at least"):
        BenchOptions("udnie", **wrong)  # type: ignore[arg-type]
