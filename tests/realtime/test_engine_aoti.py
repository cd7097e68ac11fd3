"""Packages that torch has compiled, run for real on this processor."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from aoti_makers import tiny_network
from fake_card import FakeTorch
from numpy.typing import NDArray
from onnx_makers import make_style_onnx

from realtime import engine_aoti, engine_exported, pipeline
from realtime.catalog import find_style, list_styles
from realtime.contract import read_contract
from realtime.engine import EngineOptions, TimesNetwork, choose_engine, engines_for, open_engine
from realtime.engine_aoti import AotiEngine
from realtime.errors import ContractError, EngineError
from realtime.painter import EnginePainter
from realtime.testing import CollectingSink, ScriptedSource
from realtime.timing import StageTimes

Image = NDArray[np.uint8]
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def card_package(tmp_path: Path, package: Path) -> Path:
    """The package of this processor, saying that it was compiled for a card."""
    path = tmp_path / "tiny.pt2"
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith("metadata.json"):
                data = data.replace(b'"AOTI_DEVICE_KEY": "cpu"', b'"AOTI_DEVICE_KEY": "cuda"')
            target.writestr(entry, data)
    return path


def open_package(path: Path, **options: object) -> AotiEngine:
    engine = open_engine(path, EngineOptions(**options))  # type: ignore[arg-type]
    assert isinstance(engine, AotiEngine)
    return engine


def reference(image_bgr: Image) -> Image:
    rgb = torch.from_numpy(image_bgr[..., ::-1].copy()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        levels = (tiny_network()(rgb)[0].clamp(0, 1) * 255).round().byte()
    painted: Image = levels.permute(1, 2, 0).numpy()[..., ::-1]
    return painted


@pytest.mark.parametrize("size_wh", [(64, 64), (97, 65), (96, 72), (131, 97), (98, 66)])
def test_any_size_is_painted_as_the_network_does(package: Path, size_wh: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    painted = open_package(package).infer(image)
    assert painted.shape == image.shape
    assert painted.flags.c_contiguous
    assert painted.std() > 5
    assert np.abs(painted.astype(int) - reference(image)).max() <= 1


def test_a_package_opens_by_its_file_as_onnx_does(package: Path) -> None:
    assert engines_for(package) == ["aoti"]
    assert choose_engine(EngineOptions(), package) == "aoti"
    engine = open_engine(find_style(str(package)), EngineOptions(threads=1))
    info = engine.info
    assert (info.name, info.precision, info.provider, info.device) == ("aoti", "fp32", "CPU", "cpu")
    assert info.threads == 1 == torch.get_num_threads()
    assert engine.contract.title == "Tiny"
    assert engine.contract.training["steps"] == 1


def test_a_painting_belongs_to_the_caller(package: Path, picture: Image) -> None:
    engine = open_package(package)
    picture.flags.writeable = False  # as a frame's is
    first = engine.infer(picture)
    kept = first.copy()
    again = engine.infer(255 - picture)
    assert (first == kept).all()
    assert not np.shares_memory(first, again)
    first[:] = 0


def test_the_catalogue_lists_packages_and_an_onnx_file_goes_first(user_styles: Path, package: Path) -> None:
    (user_styles / "mine.pt2").write_bytes(package.read_bytes())
    assert find_style("mine").path.name == "mine.pt2"
    make_style_onnx(user_styles / "mine.onnx")
    assert find_style("mine").path.name == "mine.onnx"
    assert [entry.path.name for entry in list_styles() if not entry.shipped] == ["mine.onnx"]


def test_an_engine_does_not_open_the_other_kind_of_file(package: Path) -> None:
    with pytest.raises(EngineError, match=r"openvino opens \.onnx files, not tiny\.pt2; use --engine aoti"):
        open_package(package, engine="openvino")


@pytest.fixture
def compiled(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Give the package in the place of the command that compiles one; return what it was asked."""
    asked: list[list[str]] = []

    def run(arguments: list[str], progress: Callable[[float], bool]) -> None:
        asked.append(arguments)
        shutil.copy(package, arguments[arguments.index("--out") + 1])

    monkeypatch.setattr(engine_exported, "run_export", run)
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))
    return asked


def test_a_style_file_is_compiled_when_it_is_first_asked_for(
    compiled: list[list[str]], tiny_style: Path, tmp_path: Path
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (65, 97, 3), dtype=np.uint8)
    for _ in range(2):
        with closing(open_engine(tiny_style, EngineOptions(engine="aoti", device="cpu"))) as engine:
            painted = engine.infer(image)
            info = engine.info
        assert painted.dtype == np.uint8 and painted.flags.c_contiguous
        # The package is for any size; a real one is for 100x68, and this is what is painted of that.
        padded = cv2.copyMakeBorder(image, 0, 3, 0, 3, cv2.BORDER_REFLECT_101)
        assert np.abs(painted.astype(int) - reference(np.asarray(padded, np.uint8))[:65, :97]).max() <= 1
        assert (info.name, info.precision, info.device) == ("aoti", "fp32", "cpu")
    (asked,) = compiled
    assert asked[0] == str(tiny_style) and {"--to", "aoti", "--device", "cpu", "68x100"} <= set(asked)
    (file,) = (tmp_path / "cache" / "aoti").iterdir()
    assert file.suffix == ".pt2"


def test_another_processor_has_a_package_of_its_own(
    compiled: list[list[str]], tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for capability in ("AVX2", "AVX512", "AVX2"):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda found=capability: found)
        open_engine(tiny_style, EngineOptions(engine="aoti", device="cpu")).prepare((64, 64))
    assert len(compiled) == 2


def test_a_card_that_is_asked_for_and_not_there_is_told(tiny_style: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(EngineError, match="torch finds no card here; use --device cpu"):
        open_engine(tiny_style, EngineOptions(engine="aoti", device="cuda"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"device": "cuda"},
            "compiled for cpu, not cuda; use --device cpu, or export it again: .*--device cuda",
        ),
        ({"precision": "bf16"}, "compiled in fp32, not bf16; use --precision auto"),
    ],
)
def test_what_it_was_not_compiled_for_is_refused(
    package: Path, options: dict[str, str], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        open_package(package, **options)


def test_a_size_outside_the_contract_is_refused(package: Path) -> None:
    with pytest.raises(ContractError, match="height"):
        open_package(package).prepare((96, 40))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a card")
def test_a_package_for_a_card_says_that_there_is_none(card_package: Path) -> None:
    with pytest.raises(EngineError, match="compiled for cuda, and torch finds no card here"):
        open_package(card_package)


def test_on_the_processor_the_onnx_file_beside_a_card_s_package_paints(
    card_package: Path, picture: Image
) -> None:
    """What a show goes on with when its card fails: see `realtime.style_player`."""
    options = EngineOptions(device="cpu", threads=1)
    with pytest.raises(EngineError, match=r"does not run on the processor; put tiny\.onnx beside it"):
        open_engine(card_package, options)
    make_style_onnx(card_package.with_suffix(".onnx"))
    engine = open_engine(card_package, options)
    assert engine.info.device == "cpu"
    assert np.abs(engine.infer(picture).astype(int) - (255 - picture)).max() <= 2


def test_torch_that_does_not_load_is_one_line_with_the_pip_line(package: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.modules['torch'] = None\n"
        "from realtime.contract import read_contract; from realtime.engine import EngineOptions\n"
        "from realtime.engine_aoti import open_style; path = Path(sys.argv[1])\n"
        "open_style(path, read_contract(path), EngineOptions())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(package)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "EngineError: torch does not load" in done.stderr.splitlines()[-1]
    assert 'pip install "livebrush[export]"' in done.stderr


def test_code_that_is_broken_inside_a_package_is_one_line(tmp_path: Path, package: Path) -> None:
    path = tmp_path / "broken.pt2"
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            is_code = entry.filename.endswith(".so")
            target.writestr(entry, b"no machine code" if is_code else source.read(entry))
    with pytest.raises(EngineError, match=r"aoti cannot load .*broken\.pt2") as caught:
        open_package(path)
    assert "\n" not in str(caught.value)


def test_a_closed_engine_paints_no_more(package: Path, picture: Image) -> None:
    engine = open_package(package)
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.infer(picture)


def test_the_network_alone_is_timed(package: Path) -> None:
    engine = open_package(package)
    assert isinstance(engine, TimesNetwork)
    times = engine.time_network((96, 64), 3)
    assert len(times) == 3
    assert min(times) > 0


@pytest.fixture
def card_engine(
    card_package: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[AotiEngine, FakeTorch]:
    """An engine that takes this processor for a card: the package runs, the card's queues do not."""
    model = torch._inductor.aoti_load_package(str(package))
    fake = FakeTorch(model)
    fake.cuda.is_available = lambda: True  # type: ignore[attr-defined]
    loads: list[bool] = []

    def load(path: str, *, run_single_threaded: bool) -> object:
        loads.append(run_single_threaded)
        return fake.cuda.model

    fake._inductor = type("Inductor", (), {"aoti_load_package": staticmethod(load)})  # type: ignore[attr-defined]
    monkeypatch.setattr(engine_aoti, "load_torch", lambda: fake)
    engine = open_package(card_package)
    assert loads == [True]
    return engine, fake


def test_on_a_card_pictures_come_out_painted(
    card_engine: tuple[AotiEngine, FakeTorch], picture: Image
) -> None:
    engine, fake = card_engine
    assert np.abs(engine.infer(picture).astype(int) - reference(picture)).max() <= 1
    assert (engine.info.provider, engine.info.device, engine.info.precision) == ("CUDA graph", "cuda", "tf32")
    assert engine.in_flight == 2
    assert fake.cuda.calls["replay"] == 1


def test_a_card_that_fails_in_the_middle_is_an_engine_error_in_one_line(
    card_engine: tuple[AotiEngine, FakeTorch], picture: Image
) -> None:
    engine, fake = card_engine
    fake.cuda.out_of_memory = True
    with pytest.raises(EngineError, match=r"aoti failed on .*tiny\.pt2: CUDA out of memory") as caught:
        engine.infer(picture)
    assert "\n" not in str(caught.value)


def test_the_loop_keeps_two_frames_in_flight_and_their_order(
    card_engine: tuple[AotiEngine, FakeTorch],
) -> None:
    engine, _ = card_engine
    times, sink = StageTimes(), CollectingSink()
    painter = EnginePainter(engine, times)
    source = ScriptedSource.of_frames(7)
    pipeline.run(source, painter, pipeline.SinkOutput([sink], times), times=times)
    assert [frame.index for frame in sink.frames] == list(range(7))
    assert (times.captured, times.shown, times.dropped) == (7, 7, 0)
    for frame in sink.frames:
        grey = np.full((64, 96, 3), frame.index, np.uint8)
        assert np.abs(frame.image.astype(int) - reference(grey)).max() <= 1
    assert read_contract(engine._path).name == "tiny"
