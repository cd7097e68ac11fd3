import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_makers import make_contract
from rich.console import Console

from realtime import bench_device, bench_rates
from realtime.bench_contender import parse_contender
from realtime.bench_device import (
    ACTIVATIONS,
    DEFAULT_SIZES,
    LOOP,
    LOWER_BOUND,
    NETWORK,
    PICTURE,
    DeviceOptions,
    default_sizes,
    device_table,
    reached,
    run_device_bench,
    traffic_per_pixel,
)
from realtime.bench_rates import COPY, FROM_CARD, MATMUL, TO_CARD, Device, measure_device
from realtime.bench_rounds import Spread
from realtime.engine import EngineInfo, EngineOptions
from realtime.errors import OptionError


def even(value: float) -> Spread:
    return Spread.of([value])


@pytest.fixture(scope="module", params=["onnxruntime", "openvino"])
def result(request: pytest.FixtureRequest, network_style: Path) -> dict[str, Any]:
    contender = parse_contender(f"{network_style}@{request.param}", EngineOptions(device="cpu", threads=1))
    return run_device_bench(DeviceOptions(contender, ((96, 64),), rounds=2, frames=3))


def test_the_result_is_plain_json_with_every_round(result: dict[str, Any]) -> None:
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    (at_size,) = result["sizes"]
    for what in (NETWORK, PICTURE, LOOP):
        assert len(at_size[what]["ms"]["rounds"]) == 2
        latency = at_size[what]["latency_ms"]
        assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["max"]
    assert at_size["rates"][COPY]["median"] > 0
    assert at_size["rates"][MATMUL]["median"] > 0
    assert at_size["rates"][TO_CARD] is None  # there is no bus to the processor
    assert at_size["loop_copy_share"] is None
    assert result["device"]["name"] == result["machine"]["processor"]


def test_the_table_says_what_is_compared_with_what(result: dict[str, Any]) -> None:
    console = Console(file=io.StringIO(), width=160)
    console.print(device_table(result))
    text = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    for words in (
        "96x64",
        "network alone",
        "in and out",
        "whole loop",
        "lower bound",
        "numpy fp32",
    ):
        assert words in text


def test_a_package_is_measured_with_its_estimate_of_traffic(package: Path) -> None:
    contender = parse_contender(str(package), EngineOptions(threads=1))
    result = run_device_bench(DeviceOptions(contender, ((96, 64),), rounds=1, frames=2))
    assert result["engine"]["name"] == "aoti"
    assert result["traffic"]["counts"] == ACTIVATIONS
    assert (
        result["traffic"]["bytes_per_pixel"]
        == contender.style.contract.training["activation_bytes_per_pixel"]
    )


def test_shares_worked_by_hand() -> None:
    """A million pixels in 2 ms; 1000 operations and 200 bytes a pixel."""
    contract = make_contract(flop_per_pixel=1000, training={"activation_bytes_per_pixel": 200})
    rates = {COPY: even(1000), MATMUL: even(5), TO_CARD: even(50), FROM_CARD: even(30)}
    found = reached(contract, 1_000_000, {NETWORK: [2.0], LOOP: [4.0]}, rates)
    assert found["tflops"] == 0.5
    assert found["matmul_share"] == 0.1
    assert found["gbps"] == 100
    assert found["copy_share"] == 0.1
    assert found["frame_copy_ms"] == 0.1  # 3 MB at 30 GB/s, the slower way
    assert found["loop_copy_share"] == 0.025
    assert found["loop_share"] == 0.5


def test_what_cannot_be_measured_is_not_guessed() -> None:
    info = EngineInfo("onnxruntime", "tf32", "CUDAExecutionProvider", 4, device="cuda")
    device = measure_device(info, "some processor")
    assert device.turns == {}
    assert "--engine aoti" in device.note
    found = reached(make_contract(), 100, {NETWORK: [1.0], LOOP: [1.0]}, {})
    assert [found[key] for key in ("matmul_share", "copy_share", "loop_copy_share")] == [None] * 3


def test_traffic_without_an_estimate_is_the_picture_alone() -> None:
    assert traffic_per_pixel(make_contract()) == (6.0, LOWER_BOUND)
    for odd in ("many", -3, None):
        assert traffic_per_pixel(make_contract(training={"activation_bytes_per_pixel": odd}))[0] == 6.0


def test_sizes_are_four_unless_the_style_has_but_one() -> None:
    assert default_sizes(make_contract()) == DEFAULT_SIZES
    assert default_sizes(make_contract(only_wh=(96, 64))) == ((96, 64),)


def test_too_few_rounds_are_refused(network_style: Path) -> None:
    with pytest.raises(OptionError, match="rounds"):
        DeviceOptions(parse_contender(str(network_style), EngineOptions()), rounds=0)


def test_a_card_s_rates_are_taken_by_its_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the stand-in half a millisecond goes by from mark to mark."""
    from fake_card import FakeTorch

    from realtime import engine_aoti

    class Fake(FakeTorch):
        def ones(self, *size: int, **options: Any) -> Any:
            return np.zeros(1)  # never copied: see copy_

        zeros = ones  # type: ignore[assignment]

        def zeros_like(self, _: Any) -> Any:
            return self

        def copy_(self, _: Any, non_blocking: bool = False) -> None:
            pass

    fake = Fake(lambda image: image)
    fake.cuda.get_device_name = lambda: "Some Card"  # type: ignore[attr-defined]
    monkeypatch.setattr(engine_aoti, "load_torch", lambda: fake)
    device = measure_device(EngineInfo("aoti", "fp16", "CUDA graph", 4, device="cuda"), "some processor")
    assert (device.name, device.matmul_type) == ("Some Card", "fp16")
    assert list(device.turns) == [COPY, MATMUL, TO_CARD, FROM_CARD]
    assert device.turns[COPY]() == pytest.approx(2 * 2**30 / 0.5e-3 / 1e9)


def test_numpy_s_copy_rate_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench_rates.COPY_BYTES, "cpu", 1 << 20)
    assert bench_rates.numpy_copy_gbps() > 0
    assert isinstance(bench_device.measure_device, type(measure_device))
    assert Device("a", {}, "b").note == ""
