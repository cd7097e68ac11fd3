"""Memory that is taken once a size: the code that feeds a card, run for real with "cpu" as its device."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx_makers import make_style_onnx

from realtime import engine_onnxruntime
from realtime.binding_onnxruntime import BoundSession
from realtime.contract import read_contract
from realtime.engine import EngineOptions
from realtime.engine_onnxruntime import OnnxRuntimeEngine
from realtime.errors import EngineError
from realtime.providers_onnxruntime import CPU, CUDA, TENSORRT

Image = NDArray[np.uint8]
# A test replaces what the module has of these.
REAL_SESSION, REAL_VALUE = ort.InferenceSession, ort.OrtValue


class CountedRuntime:
    """onnxruntime, whose allocations and copies are counted."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.OrtValue = SimpleNamespace(ortvalue_from_shape_and_type=self._allocate)

    def _allocate(self, shape: list[int], dtype: Any, device: str, number: int) -> Any:
        assert device in ("cpu", "cuda")
        self.calls["allocate"] += 1
        return CountedValue(REAL_VALUE.ortvalue_from_shape_and_type(shape, dtype, "cpu", number), self.calls)


class CountedValue:
    """An OrtValue that counts."""

    def __init__(self, value: Any, calls: Counter[str]) -> None:
        self.value = value
        self._calls = calls

    def update_inplace(self, data: NDArray[Any]) -> None:
        self._calls["copy in"] += 1
        self.value.update_inplace(data)

    def numpy(self) -> NDArray[Any]:
        self._calls["copy out"] += 1
        array: NDArray[Any] = self.value.numpy().copy()  # as from a card
        return array


class CountedBinding:
    """An IOBinding for values that count."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self.real = session.io_binding()

    def bind_ortvalue_input(self, name: str, value: CountedValue) -> None:
        self.real.bind_ortvalue_input(name, value.value)

    def bind_ortvalue_output(self, name: str, value: CountedValue) -> None:
        self.real.bind_ortvalue_output(name, value.value)


class CardSession:
    """A real session on the processor that says it got what it was asked for first.

    `asked` has the providers of every session that was opened; a provider among `refused` is not got, and
    those in `failing` make opening fail when they are to record a CUDA graph.
    """

    asked: ClassVar[list[list[Any]]] = []
    refused: ClassVar[set[str]] = set()
    refuses_graphs = False
    runtime: CountedRuntime

    def __init__(self, path: Path, options: ort.SessionOptions, providers: list[Any]) -> None:
        type(self).asked.append(providers)
        named = [provider if isinstance(provider, str) else provider[0] for provider in providers]
        self._options = {p[0]: p[1] for p in providers if not isinstance(p, str)}
        if self.refuses_graphs and self._options.get(CUDA, {}).get("enable_cuda_graph") == "1":
            raise RuntimeError("This session cannot use the CUDA Graph feature\nas requested")
        self._names = [name for name in named if name not in self.refused]
        self._real = REAL_SESSION(path, options, providers=[CPU])

    def get_providers(self) -> list[str]:
        return self._names

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return self._options

    def io_binding(self) -> CountedBinding:
        return CountedBinding(self._real)

    def run_with_iobinding(self, binding: CountedBinding) -> None:
        self.runtime.calls["run"] += 1
        self._real.run_with_iobinding(binding.real)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[CardSession]]:
    """A machine with a card, CUDA and TensorRT, as far as onnxruntime tells."""

    class Session(CardSession):
        asked: ClassVar[list[list[Any]]] = []
        refused: ClassVar[set[str]] = set()
        runtime = CountedRuntime()

    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ort, "get_available_providers", lambda: [TENSORRT, CUDA, CPU])
    monkeypatch.setattr(ort, "InferenceSession", Session)
    monkeypatch.setattr(ort, "OrtValue", Session.runtime.OrtValue)
    engine_onnxruntime._find_cuda.cache_clear()
    yield Session
    engine_onnxruntime._find_cuda.cache_clear()


@pytest.fixture
def style(tmp_path: Path) -> Path:
    return make_style_onnx(tmp_path / "invert.onnx", colour="BGR")


def open_with(path: Path, **options: Any) -> OnnxRuntimeEngine:
    return OnnxRuntimeEngine(path, read_contract(path), EngineOptions(device="cuda", **options))


def test_pictures_pass_through_memory_that_is_taken_once(style: Path, picture: Image) -> None:
    """For real: onnxruntime's own values on its own device "cpu"."""
    CardSession.runtime = CountedRuntime()
    calls = CardSession.runtime.calls
    session = CardSession(style, ort.SessionOptions(), [CPU])
    bound = BoundSession(CardSession.runtime, session, (1, *picture.shape), picture.dtype, "cpu", CPU)
    picture.flags.writeable = False  # as a frame's is
    paintings = []
    for number in range(1, 4):
        image = picture if number % 2 else 255 - picture
        paintings.append(bound.run(image[None])[0])
        assert calls == {"allocate": 2, "copy in": number, "run": number, "copy out": number}
    assert (paintings[0] == 255 - picture).all()
    assert (paintings[1] == picture).all()  # and was not written over


def test_the_plain_runtime_is_bound_as_the_counted_one_is(style: Path, picture: Image) -> None:
    session = ort.InferenceSession(style, providers=[CPU])
    bound = BoundSession(ort, session, (1, *picture.shape), picture.dtype, "cpu", CPU)
    first = bound.run(picture[None])[0]
    bound.run(255 - picture[None])
    bound.run_in_place()
    assert (first == 255 - picture).all()


def test_on_a_card_a_frame_costs_one_copy_each_way_and_no_memory_of_the_card(
    card: type[CardSession], style: Path, picture: Image
) -> None:
    engine = open_with(style)
    engine.prepare((96, 72))
    before = Counter(card.runtime.calls)
    for _ in range(5):
        assert (engine.infer(picture) == 255 - picture).all()
    assert card.runtime.calls - before == {"copy in": 5, "run": 5, "copy out": 5}


def test_a_size_gets_a_session_that_records_a_graph(
    card: type[CardSession], style: Path, picture: Image
) -> None:
    engine = open_with(style)
    assert engine.info.provider == CUDA
    engine.infer(picture)
    (_, first), (_, second) = card.asked[0][0], card.asked[1][0]
    assert (first["enable_cuda_graph"], second["enable_cuda_graph"]) == ("0", "1")
    assert (second["prefer_nhwc"], second["cudnn_conv_algo_search"]) == ("1", "EXHAUSTIVE")
    assert engine.info.provider == f"{CUDA}, CUDA graph"
    for width in (64, 65, 66, 67):
        engine.infer(np.zeros((64, width, 3), np.uint8))
    assert len(engine._bound) == EngineOptions().keep_sizes


def test_a_graph_that_cannot_be_recorded_is_done_without_and_said(
    card: type[CardSession], style: Path, picture: Image
) -> None:
    card.refuses_graphs = True
    engine = open_with(style)
    assert (engine.infer(picture) == 255 - picture).all()
    assert engine.info.provider == CUDA


def test_half_precision_goes_through_tensorrt_whose_engine_is_kept(
    card: type[CardSession], style: Path, picture: Image, tmp_path: Path
) -> None:
    engine = open_with(style, precision="fp16")
    engine.infer(picture)
    name, options = card.asked[-1][0]
    assert name == TENSORRT
    assert options["trt_fp16_enable"] == "1"
    assert Path(options["trt_engine_cache_path"]).is_dir()
    assert Path(options["trt_engine_cache_path"]).is_relative_to(tmp_path / "cache")
    assert (engine.info.provider, engine.info.precision) == (TENSORRT, "fp16")


def test_tensorrt_that_is_not_got_is_said_and_not_replaced(
    card: type[CardSession], style: Path, picture: Image
) -> None:
    card.refused = {TENSORRT}
    engine = open_with(style, precision="fp16")
    with pytest.raises(EngineError, match="did not get TensorRT, which fp16 needs here"):
        engine.infer(picture)


def test_a_build_without_tensorrt_names_what_to_do(
    card: type[CardSession], style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, CPU])
    with pytest.raises(EngineError, match="fp16 through TensorRT only"):
        open_with(style, precision="fp16")


@pytest.mark.usefixtures("card")
def test_a_card_that_fails_on_a_frame_is_an_engine_error(
    style: Path, picture: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_with(style)

    def fail(*_: object) -> None:
        raise RuntimeError("CUDA failure 2: out of memory\n; GPU=0")

    monkeypatch.setattr(CardSession, "run_with_iobinding", fail)
    with pytest.raises(EngineError, match=r"onnxruntime failed on .*invert\.onnx: CUDA failure 2") as caught:
        engine.infer(picture)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("card")
def test_the_network_alone_is_timed_without_a_copy(card: type[CardSession], style: Path) -> None:
    engine = open_with(style)
    engine.prepare((96, 64))
    before = Counter(card.runtime.calls)
    assert len(engine.time_network((96, 64), 4)) == 4
    assert card.runtime.calls - before == {"run": 4}
