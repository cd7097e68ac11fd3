import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx_makers import make_style_onnx

from realtime.contract import FLOATS_KEY, read_contract
from realtime.engine import EngineOptions
from realtime.engine_openvino import PRECISIONS, OpenVinoEngine, choose_precision, floats_precision
from realtime.errors import EngineError

Image = NDArray[np.uint8]


def open_with(path: Path, precision: str = "auto") -> OpenVinoEngine:
    return OpenVinoEngine(path, read_contract(path), EngineOptions(precision=precision))


def offered() -> list[str]:
    names = []
    for name in PRECISIONS:
        try:
            names.append(choose_precision(name))
        except EngineError:
            continue
    return names


def test_auto_is_bf16_where_the_processor_has_it_and_never_fp16() -> None:
    assert choose_precision("auto") == ("bf16" if "bf16" in offered() else "fp32")


@pytest.mark.parametrize(
    ("weights", "notes", "asked", "floats"),
    [
        ("int8", {}, "int8", "auto"),
        ("int8", {FLOATS_KEY: "fp32"}, "auto", "fp32"),
        ("int8", {FLOATS_KEY: "fp32"}, "bf16", "bf16"),
        ("int8", {FLOATS_KEY: ["fp32"]}, "auto", "auto"),
        ("int8", {FLOATS_KEY: "fp64"}, "auto", "auto"),
        ("fp16", {FLOATS_KEY: "fp32"}, "auto", "auto"),
    ],
)
def test_what_is_left_in_floats_of_8_bits_is_as_precise_as_the_file_needs(
    weights: str, notes: dict[str, object], asked: str, floats: str, tiny_style: Path
) -> None:
    contract = replace(read_contract(tiny_style), weights_precision=weights, training=notes)
    assert floats_precision(contract, asked) == floats


@pytest.mark.parametrize("precision", sorted(PRECISIONS))
def test_what_was_asked_for_is_what_the_compiled_network_says(tiny_style: Path, precision: str) -> None:
    if precision in offered():
        assert open_with(tiny_style, precision).info.precision == precision
    else:
        with pytest.raises(EngineError, match=f"openvino offers fp32.* not {precision}"):
            open_with(tiny_style, precision)


def test_bf16_paints_the_same_picture(network_style: Path, picture: Image) -> None:
    if "bf16" not in offered():
        pytest.skip("this processor has no bf16")
    exact, rounded = (open_with(network_style, name).infer(picture) for name in ("fp32", "bf16"))
    error = np.mean((exact.astype(float) - rounded) ** 2)
    assert 10 * np.log10(255**2 / error) > 40  # dB


def test_instance_norm_of_a_saturated_frame_stays_finite(network_style: Path) -> None:
    for value in (0, 255):
        flat = np.full((128, 128, 3), value, np.uint8)
        painted = open_with(network_style).infer(flat)
        exact = open_with(network_style, "fp32").infer(flat)
        assert np.abs(painted.astype(int) - exact).mean() < 4


def test_a_size_is_compiled_once_and_the_oldest_is_forgotten(tiny_style: Path) -> None:
    contract = read_contract(tiny_style)
    engine = OpenVinoEngine(tiny_style, contract, EngineOptions("openvino", keep_sizes=3))
    sizes = [(64 + 8 * step, 64) for step in range(4)]
    for size_wh in sizes[:-1]:
        engine.prepare(size_wh)
    first = engine._compiled[sizes[0]]
    engine.prepare(sizes[0])  # used again: now the second is the oldest
    assert engine._compiled[sizes[0]] is first
    engine.prepare(sizes[-1])
    assert set(engine._compiled) == {sizes[0], *sizes[2:]}


def test_an_engine_made_and_prepared_in_another_thread_runs_in_this_one(
    tiny_style: Path, picture: Image
) -> None:
    made: list[OpenVinoEngine] = []

    def make() -> None:
        engine = open_with(tiny_style)
        engine.prepare((96, 72))
        made.append(engine)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert np.abs(made[0].infer(picture).astype(int) - (255 - picture)).max() <= 2


def test_the_smallest_size_fits_the_multiple(tmp_path: Path) -> None:
    path = make_style_onnx(tmp_path / "by_ten.onnx", min_size=64, size_multiple=10)
    assert open_with(path).info.name == "openvino"
    assert OpenVinoEngine(path, read_contract(path), EngineOptions())._smallest() == 70
