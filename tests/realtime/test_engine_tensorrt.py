"""TensorRT, its calls checked against a stand-in that computes the very graph; no card is needed."""

from pathlib import Path

import numpy as np
import pytest
from fake_tensorrt import FakeCudaRuntime, FakeTensorRt
from numpy.typing import NDArray

from realtime import engine as engine_module
from realtime import engine_tensorrt
from realtime.catalog import find_style
from realtime.contract import read_contract
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.engine_tensorrt import TensorRtEngine, load_tensorrt
from realtime.errors import EngineError, MissingExtraError
from realtime.tensorrt_build import Profile

OPTIONS = EngineOptions(engine="tensorrt")
Image = NDArray[np.uint8]


@pytest.fixture
def trt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeTensorRt:
    """TensorRT 10 on a machine with one card."""
    return install(monkeypatch, tmp_path, FakeTensorRt())


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, trt: FakeTensorRt) -> FakeTensorRt:
    pytest.importorskip("onnx")
    monkeypatch.setattr(engine_tensorrt, "load_tensorrt", lambda: (trt, FakeCudaRuntime()))
    monkeypatch.setattr(engine_module, "is_installed", lambda package: True)
    monkeypatch.setattr(engine_tensorrt, "card", lambda: "NVIDIA Fake, 570.1")
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(folder / "cache"))
    return trt


def open_it(options: EngineOptions = OPTIONS) -> TensorRtEngine:
    opened = open_engine(find_style("starry_night"), options)
    assert isinstance(opened, TensorRtEngine)
    return opened


def noise(size_wh: tuple[int, int] = (96, 64)) -> Image:
    return np.random.default_rng(0).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)


def psnr(one: Image, other: Image) -> float:
    return float(10 * np.log10(255**2 / max(np.square(one.astype(float) - other).mean(), 1e-9)))


@pytest.mark.parametrize("size_wh", [(96, 64), (101, 67)])
def test_it_paints_what_the_other_engines_paint(trt: FakeTensorRt, size_wh: tuple[int, int]) -> None:
    engine = open_it()
    expected: Engine = open_engine(find_style("starry_night"), EngineOptions(precision="fp32", device="cpu"))
    assert psnr(engine.infer(noise(size_wh)), expected.infer(noise(size_wh))) > 50
    info = engine.info
    assert (info.name, info.precision, info.device) == ("tensorrt", "fp16", "cuda")
    assert info.provider == "TensorRT 10.13.0.35"
    engine.close()
    engine.close()


@pytest.mark.parametrize(("version", "flags"), [("10.13.0.35", 1 << 1), ("11.4.0.106", 0)])
def test_the_network_is_strongly_typed_in_10_and_11(
    version: str, flags: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trt = install(monkeypatch, tmp_path, FakeTensorRt(version))
    open_it().prepare((96, 64))
    assert trt.noted("create_network") == [flags]
    assert not trt.noted("clear_flag")  # which 11 has for tf32 only
    open_it(EngineOptions(engine="tensorrt", precision="fp32")).prepare((96, 64))
    assert trt.noted("clear_flag") == ["tf32"]


def test_an_engine_is_built_once_and_found_again(trt: FakeTensorRt, tmp_path: Path) -> None:
    for _ in range(2):
        engine = open_it()
        engine.prepare((96, 64))
        engine.infer(noise((640, 360)))  # another size, the same profile
        engine.close()
    assert len(trt.noted("build")) == 1
    assert trt.noted("build") == [((1, 64, 64, 3), (1, 360, 640, 3), (1, 1920, 1920, 3))]
    files = sorted(path.name for path in (tmp_path / "cache" / "tensorrt").iterdir())
    assert len(files) == 2 and files[0].startswith("starry_night-fp16-") and files[1].startswith("timing-")


def test_another_card_precision_version_or_size_is_another_engine(
    trt: FakeTensorRt, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_it().prepare((96, 64))
    open_it().prepare((1280, 720))
    open_it(EngineOptions(engine="tensorrt", precision="bf16")).is_built((96, 64))
    assert not open_it(EngineOptions(engine="tensorrt", precision="bf16")).is_built((96, 64))
    assert open_it().is_built((96, 64)) and open_it().is_built((1280, 720))
    trt.__version__ = "10.14.0.1"
    assert not open_it().is_built((96, 64))
    trt.__version__ = "10.13.0.35"
    monkeypatch.setattr(engine_tensorrt, "card", lambda: "NVIDIA Fake, 571.0")
    assert not open_it().is_built((96, 64))


def test_what_one_build_measured_is_given_to_the_next(trt: FakeTensorRt) -> None:
    open_it().prepare((96, 64))
    open_it().prepare((1280, 720))
    assert trt.noted("timing") == [b"", b"measured;"]


def test_a_damaged_engine_is_built_anew(trt: FakeTensorRt, tmp_path: Path) -> None:
    open_it().prepare((96, 64))
    (file,) = (tmp_path / "cache" / "tensorrt").glob("*.engine")
    whole = file.read_bytes()
    file.write_bytes(b"half of it")
    open_it().prepare((96, 64))
    assert file.read_bytes() == whole and len(trt.noted("build")) == 2


def test_progress_rises_to_the_end_and_may_be_given_up(trt: FakeTensorRt, tmp_path: Path) -> None:
    told: list[float] = []

    def go_on(done: float) -> bool:
        told.append(done)
        return True

    open_it().build((96, 64), go_on)
    assert told == sorted(told) and len(told) == 12 and told[0] == 0.125 and told[-1] == 1
    with pytest.raises(EngineError, match="given up"):
        open_it().build((1280, 720), lambda _done: False)
    assert len(list((tmp_path / "cache" / "tensorrt").glob("*.engine"))) == 1


def test_what_tensorrt_says_of_a_failure_is_one_line(trt: FakeTensorRt, tmp_path: Path) -> None:
    trt.refuses_to_build = True
    with pytest.raises(EngineError, match="TensorRT cannot build an engine: Error Code 2: OutOfMemory"):
        open_it().prepare((96, 64))
    trt.cannot_parse = True
    with pytest.raises(EngineError, match="cannot read the style's graph: In node 3: no importer for Mod"):
        open_it().prepare((96, 64))
    assert not list((tmp_path / "cache" / "tensorrt").glob("*.engine"))


def test_a_card_that_fails_is_one_line_and_its_memory_is_given_back(trt: FakeTensorRt) -> None:
    engine = open_it()
    engine.prepare((96, 64))
    cuda = engine._cuda
    assert len(cuda.memory) == 2
    cuda.fails = True
    with pytest.raises(EngineError, match="the card failed: error 700: an illegal memory access"):
        engine.infer(noise())
    engine.close()
    assert not cuda.memory
    assert engine.time_network((96, 64), 3) == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (EngineOptions(engine="tensorrt", device="cpu"), "tensorrt runs on NVIDIA cards only"),
        (EngineOptions(engine="tensorrt", precision="int8"), "int8 needs a quantised style file"),
    ],
)
def test_what_it_cannot_do_is_refused_before_anything_is_built(
    options: EngineOptions, message: str, trt: FakeTensorRt
) -> None:
    with pytest.raises(EngineError, match=message):
        open_it(options)
    assert not trt.calls


def test_a_cache_that_cannot_be_written_is_one_line(trt: FakeTensorRt, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(EngineError, match="cannot be written: .*name another folder in LIVEBRUSH_CACHE"):
        open_it().prepare((96, 64))


def test_profiles_are_few_and_stand_upright_where_the_pictures_do() -> None:
    contract = read_contract(find_style("starry_night").path)
    assert Profile.of(contract, (656, 368)) == Profile.of(contract, (640, 360))
    assert Profile.of(contract, (720, 1280)).best_wh == (720, 1280)
    assert str(Profile.of(contract, (3840, 2160))) == "3840x2160-3840x2160-3840x2160"


def test_without_tensorrt_the_line_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "is_installed", lambda package: package != "tensorrt")
    with pytest.raises(MissingExtraError, match=r'pip install "livebrush\[tensorrt\]"'):
        open_engine(find_style("starry_night"), OPTIONS)


def test_without_a_card_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    from types import ModuleType

    bindings = ModuleType("cuda.bindings")
    bindings.runtime = FakeCudaRuntime(cards=0)  # type: ignore[attr-defined]
    for name, module in (
        ("tensorrt", FakeTensorRt()),
        ("cuda", ModuleType("cuda")),
        ("cuda.bindings", bindings),
    ):
        monkeypatch.setitem(sys.modules, name, module)  # type: ignore[arg-type]
    monkeypatch.setattr(engine_tensorrt, "is_installed", lambda package: True)
    with pytest.raises(EngineError, match="tensorrt finds no NVIDIA card here"):
        load_tensorrt()
