"""The loop's copies and allocations, counted: what it does to each frame besides painting it."""

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from onnx_makers import make_style_onnx

from realtime import pipeline
from realtime.engine import EngineOptions, engines_for, open_engine
from realtime.frame import Frame
from realtime.painter import EnginePainter, NetworkSize
from realtime.sinks import NullSink
from realtime.testing import make_frame
from realtime.timing import StageTimes

SIZE_WH = (320, 192)
PICTURE_BYTES = 320 * 192 * 3
WARM_UP, FRAMES = 6, 30


def run_loop(style: Path, engine: str, network_wh: tuple[int, int]) -> int:
    """Paint and put out frames one after the other, as the loop's two threads do.

    Returns:
        By how many bytes the memory of numpy, OpenCV and Python ever rose above the warm loop's.
    """
    frames = [make_frame(index, size_wh=SIZE_WH) for index in range(WARM_UP + FRAMES)]
    options = EngineOptions(engine=engine, device="cpu", threads=1)
    times = StageTimes()
    painter = EnginePainter(open_engine(style, options), times, NetworkSize(network_wh))
    output = pipeline.SinkOutput([NullSink()], times)
    tracemalloc.start()
    try:
        before = 0
        for number, frame in enumerate(frames):
            if number == WARM_UP:
                before = tracemalloc.get_traced_memory()[0]
                tracemalloc.reset_peak()
            output.show(painter.paint(frame))
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("styles")
    return make_style_onnx(folder / "invert.onnx", "invert", colour="BGR")


@pytest.mark.parametrize("engine", sorted(engines_for(Path("any.onnx"), at_once=True)))
def test_a_warm_loop_takes_no_memory_for_pictures(style: Path, engine: str) -> None:
    assert run_loop(style, engine, SIZE_WH) < PICTURE_BYTES / 8


@pytest.mark.parametrize("engine", sorted(engines_for(Path("any.onnx"), at_once=True)))
def test_joining_detail_takes_memory_at_the_small_size_only(style: Path, engine: str) -> None:
    """A dozen maps of grey, a twelfth of the picture each; the pictures themselves are there already."""
    assert run_loop(style, engine, (160, 96)) < PICTURE_BYTES


def test_the_measure_sees_a_copy(style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paint = EnginePainter.paint

    def paint_a_copy(self: EnginePainter, frame: Frame) -> Any:
        return paint(self, frame.with_image(frame.image.copy()))

    monkeypatch.setattr(EnginePainter, "paint", paint_a_copy)
    assert run_loop(style, "openvino", SIZE_WH) > PICTURE_BYTES / 2


@pytest.fixture
def opencv_calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of OpenCV's functions that pass over pictures, in the order in which they were called."""
    calls: list[str] = []
    lock = threading.Lock()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            with lock:
                calls.append(name)
            return function(*arguments, **options)

        return call

    for name in ("resize", "cvtColor", "addWeighted", "copyMakeBorder", "split", "merge"):
        monkeypatch.setattr(cv2, name, counted(name, getattr(cv2, name)))
    yield calls


@pytest.mark.parametrize("engine", sorted(engines_for(Path("any.onnx"), at_once=True)))
def test_a_frame_of_the_network_s_size_is_passed_over_by_the_network_alone(
    style: Path, engine: str, opencv_calls: list[str]
) -> None:
    run_loop(style, engine, SIZE_WH)
    assert opencv_calls == []


def test_a_graph_in_another_order_costs_one_pass_each_way(tmp_path: Path, opencv_calls: list[str]) -> None:
    run_loop(make_style_onnx(tmp_path / "invert.onnx", "invert"), "openvino", SIZE_WH)
    assert opencv_calls == ["cvtColor"] * 2 * (WARM_UP + FRAMES)


def test_the_engine_reads_the_frame_s_own_memory(style: Path) -> None:
    """Its picture is read-only, which OpenVINO does not take: it must be read all the same, not copied."""
    engine = open_engine(style, EngineOptions(engine="openvino", device="cpu", threads=1))
    image = np.full((192, 320, 3), 9, np.uint8)
    image.flags.writeable = False
    engine.infer(image)
    tracemalloc.start()
    painted = engine.infer(image)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 2 * PICTURE_BYTES  # the painting's, as the first one is dropped only now
    assert (painted == 246).all()
