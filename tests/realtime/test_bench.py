import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from realtime import bench
from realtime.bench import BenchOptions, bench_table, run_bench
from realtime.bench_contender import parse_contender
from realtime.engine import EngineOptions
from realtime.errors import ContractError, EngineError, OptionError
from realtime.timing import STAGES


@pytest.fixture(scope="module")
def result(network_style: Path) -> dict[str, Any]:
    contender = parse_contender(f"{network_style}@openvino:fp32", EngineOptions())
    return run_bench(BenchOptions(contender, (96, 64), rounds=2, frames=3))


def test_the_result_is_plain_json(result: dict[str, Any]) -> None:
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_only_the_rounds_are_counted_not_the_warm_up(result: dict[str, Any]) -> None:
    for loop in result["loops"].values():
        frames = loop["frames"]
        assert frames["shown"] == 2 * 3
        assert frames["captured"] == frames["shown"] + frames["dropped"]
    assert (result["rounds"], result["frames_per_round"]) == (2, 3)


def test_a_file_loses_no_frame(result: dict[str, Any]) -> None:
    assert result["loops"]["file"]["frames"] == {"captured": 6, "shown": 6, "dropped": 0}


def test_every_stage_of_the_loop_was_measured_on_both_sources(result: dict[str, Any]) -> None:
    assert list(result["loops"]) == ["camera", "file"]
    for loop in result["loops"].values():
        for stage in STAGES:
            summary = loop["latency_ms"][stage]
            assert 0 <= summary["p50"] <= summary["p95"] <= summary["p99"] <= summary["max"]


def test_the_loop_stands_beside_the_network_alone(result: dict[str, Any]) -> None:
    network = result["network"]
    assert network["fps"] > 0
    assert network["latency_ms"]["p50"] > 0
    for loop in result["loops"].values():
        shares = [a / b for a, b in zip(network["ms"]["rounds"], loop["ms"]["rounds"], strict=True)]
        assert loop["share"]["rounds"] == pytest.approx(shares, rel=1e-4)
        assert len(shares) == 2


def test_the_first_source_s_loop_is_told_as_a_run_s_statistics_are(result: dict[str, Any]) -> None:
    camera = result["loops"]["camera"]
    assert result["source"] == "camera"
    assert result["fps"] == camera["fps"]
    assert result["latency_ms"] == camera["latency_ms"]
    assert result["frames"] == camera["frames"]
    assert result["loop_share"] == camera["share"]["median"]


def test_the_share_of_the_machine_s_own_speed_follows_from_flop(result: dict[str, Any]) -> None:
    flop = 2 * (3 * 8 * 81 + 8 * 16 * 9 / 4 + 16 * 3 * 81) * 96 * 64  # of the "network" style
    assert result["network_gflops"] == pytest.approx(flop * result["network"]["fps"] / 1e9, abs=0.02)
    assert result["matmul_gflops"] > 0
    assert result["matmul_share"] > 0


def test_what_ran_and_where_is_in_the_result(result: dict[str, Any]) -> None:
    assert result["engine"]["name"] == "openvino"
    assert result["engine"]["precision"] == "fp32"
    assert result["engine"]["version"] == result["machine"]["versions"]["openvino"]
    assert result["size"] == "96x64"
    assert result["machine"]["cores"] >= 1
    assert result["first_frame_ms"] > 0
    assert result["peak_rss_mb"] > 0


def test_the_table_shows_network_and_loop(result: dict[str, Any]) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(bench_table(result))
    text = console.export_text()
    assert "network at 96x64: openvino fp32" in text
    for row in ("network alone", "loop, camera: infer", "loop, file: in to out"):
        assert row in text
    for source in ("camera", "file"):
        assert f"{result['loops'][source]['share']['median']:.1%} on a {source}" in " ".join(text.split())


def test_the_table_does_without_what_was_not_measured(result: dict[str, Any]) -> None:
    nothing = {"matmul_share": None, "matmul_gflops": None, "first_frame_ms": None}
    caption = str(bench_table(result | nothing).caption)
    assert "matrix product" not in caption
    assert "first picture" not in caption


def test_one_source_alone_can_be_measured(network_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "matmul_gflops", lambda threads: 10.0 * threads)
    contender = parse_contender(f"{network_style}@onnxruntime", EngineOptions(device="cpu", threads=3))
    result = run_bench(BenchOptions(contender, (64, 64), ("file",), rounds=1, frames=2))
    assert list(result["loops"]) == ["file"]
    assert result["source"] == "file"
    assert result["matmul_gflops"] == 30.0
    assert result["matmul_share"] == pytest.approx(result["network_gflops"] / 30, abs=2e-3)


def test_a_size_that_the_style_does_not_take_is_refused_before_anything_runs(network_style: Path) -> None:
    contender = parse_contender(str(network_style), EngineOptions())
    with pytest.raises(ContractError, match="height"):
        run_bench(BenchOptions(contender, (64, 32)))


def test_a_device_that_there_is_not_is_one_line(tiny_style: Path) -> None:
    contender = parse_contender(f"{tiny_style}@openvino", EngineOptions(device="cuda"))
    with pytest.raises(EngineError, match="openvino does not run on cuda"):
        run_bench(BenchOptions(contender, (64, 64)))


@pytest.mark.parametrize("wrong", [{"rounds": 0}, {"frames": 1}])
def test_options_out_of_range_are_named(wrong: dict[str, int]) -> None:
    (option,) = wrong
    with pytest.raises(OptionError, match=f"{option} must be at least"):
        BenchOptions(parse_contender("udnie", EngineOptions()), **wrong)  # type: ignore[arg-type]
