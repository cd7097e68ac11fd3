"""Choosing an engine, and what every engine must do alike, on real networks."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx_makers import SHIFT_PX, make_style_onnx

from realtime import engine as engine_module
from realtime.catalog import find_style
from realtime.engine import (
    Engine,
    EngineOptions,
    choose_engine,
    default_threads,
    engines_for,
    open_engine,
)
from realtime.errors import ContractError, EngineError, MissingExtraError, OptionError, StyleFileError

Image = NDArray[np.uint8]
ONNX_ENGINES = sorted(engines_for(Path("any.onnx"), at_once=True))
EACH_ENGINE = pytest.mark.parametrize("name", ONNX_ENGINES)
EACH_LAYOUT = pytest.mark.parametrize("layout", ["NHWC", "NCHW"])


def open_fp32(path: Path, name: str) -> Engine:
    return open_engine(path, EngineOptions(engine=name, precision="fp32", device="cpu"))


def install(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    monkeypatch.setattr(engine_module, "is_installed", lambda package: package in packages)


@EACH_ENGINE
@EACH_LAYOUT
def test_a_picture_is_inverted_exactly(tmp_path: Path, picture: Image, name: str, layout: str) -> None:
    engine = open_fp32(make_style_onnx(tmp_path / "invert.onnx", layout=layout), name)
    painted = engine.infer(picture)
    assert painted.dtype == np.uint8
    assert (painted == 255 - picture).all()


@EACH_ENGINE
@EACH_LAYOUT
def test_width_and_height_and_colours_keep_their_places(
    tmp_path: Path, picture: Image, name: str, layout: str
) -> None:
    engine = open_fp32(make_style_onnx(tmp_path / "shift.onnx", "shift", layout=layout), name)
    painted = engine.infer(picture)
    assert (painted[:, SHIFT_PX:] == picture[:, :-SHIFT_PX]).all()
    assert (painted[:, :SHIFT_PX] == picture[:, :1]).all()


@EACH_ENGINE
def test_every_size_in_equal_size_out_odd_ones_included(network_style: Path, name: str) -> None:
    engine = open_fp32(network_style, name)
    for width, height in ((64, 64), (65, 97), (101, 64), (96, 72), (64, 64)):
        noise = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
        assert engine.infer(noise).shape == (height, width, 3)


def test_the_engines_agree_on_a_network(network_style: Path, picture: Image) -> None:
    first, second = (open_fp32(network_style, name).infer(picture) for name in ONNX_ENGINES)
    assert first.std() > 5  # a picture, not a constant
    assert np.abs(first.astype(int) - second).max() <= 1


@EACH_ENGINE
@EACH_LAYOUT
def test_a_painting_belongs_to_the_caller(tmp_path: Path, picture: Image, name: str, layout: str) -> None:
    engine = open_fp32(make_style_onnx(tmp_path / "invert.onnx", layout=layout), name)
    first = engine.infer(picture)
    kept = first.copy()
    first_again = engine.infer(255 - picture)
    assert (first == kept).all()  # the second run did not write over it
    assert not np.shares_memory(first, first_again)
    first[:] = 0  # it may be written to


@EACH_ENGINE
def test_the_picture_that_goes_in_is_left_alone(tiny_style: Path, picture: Image, name: str) -> None:
    before = picture.copy()
    picture.flags.writeable = False  # as a frame's image is
    assert (open_fp32(tiny_style, name).infer(picture) == 255 - before).all()
    assert (picture == before).all()


@EACH_ENGINE
def test_an_engine_says_what_really_runs(tiny_style: Path, name: str) -> None:
    info = open_engine(tiny_style, EngineOptions(engine=name, precision="fp32", threads=1)).info
    assert (info.name, info.precision, info.device, info.threads) == (name, "fp32", "cpu", 1)
    assert "CPU" in info.provider


@EACH_ENGINE
def test_threads_are_one_per_core_unless_asked(tiny_style: Path, name: str) -> None:
    assert open_fp32(tiny_style, name).info.threads == default_threads()


@EACH_ENGINE
def test_preparing_a_size_outside_the_contract_is_refused(tiny_style: Path, name: str) -> None:
    engine = open_fp32(tiny_style, name)
    engine.prepare((96, 72))
    with pytest.raises(ContractError, match="width"):
        engine.prepare((63, 72))


@EACH_ENGINE
def test_a_network_that_fails_is_an_engine_error_in_one_line(
    tmp_path: Path, picture: Image, name: str
) -> None:
    engine = open_fp32(make_style_onnx(tmp_path / "failing.onnx", "failing"), name)
    with pytest.raises(EngineError, match=r"failing\.onnx") as caught:
        engine.infer(picture)
    assert "\n" not in str(caught.value)


@EACH_ENGINE
def test_a_graph_that_no_engine_can_load_is_an_engine_error(
    tmp_path: Path, tiny_style: Path, name: str
) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(tiny_style.read_bytes().replace(b"Transpose", b"Transpoze"))
    with pytest.raises(EngineError, match=rf"{name} cannot load .*odd\.onnx") as caught:
        open_fp32(path, name)
    assert "\n" not in str(caught.value)


@EACH_ENGINE
def test_a_closed_engine_paints_no_more(tiny_style: Path, picture: Image, name: str) -> None:
    engine = open_fp32(tiny_style, name)
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.infer(picture)


@EACH_ENGINE
def test_cuda_where_there_is_none_is_an_engine_error_that_says_what_to_do(
    tiny_style: Path, name: str
) -> None:
    from realtime.engine_onnxruntime import cuda_loads

    if cuda_loads():
        pytest.skip("this machine has CUDA")
    with pytest.raises(EngineError, match="--device cpu"):
        open_engine(tiny_style, EngineOptions(engine=name, device="cuda"))


@EACH_ENGINE
def test_int8_needs_a_quantised_style_file(tiny_style: Path, name: str) -> None:
    with pytest.raises(EngineError, match="int8 needs a quantised style file"):
        open_engine(tiny_style, EngineOptions(engine=name, precision="int8"))


def test_a_style_of_the_catalogue_opens_as_its_file_does(tiny_style: Path, picture: Image) -> None:
    engine = open_engine(find_style(str(tiny_style)))
    assert engine.contract.name == "tiny"
    assert np.abs(engine.infer(picture).astype(int) - (255 - picture)).max() <= 2


def test_what_is_no_style_file_is_found_before_any_engine_starts(tmp_path: Path) -> None:
    (tmp_path / "odd.onnx").write_bytes(b"odd")
    with pytest.raises(StyleFileError):
        open_engine(tmp_path / "odd.onnx")


@pytest.mark.parametrize(
    ("installed", "options", "chosen"),
    [
        (("onnxruntime", "openvino"), EngineOptions(), "openvino"),
        (("onnxruntime",), EngineOptions(), "onnxruntime"),
        (("openvino",), EngineOptions(), "openvino"),
        (("openvino",), EngineOptions(device="cpu"), "openvino"),
        (("onnxruntime", "openvino"), EngineOptions(precision="bf16"), "openvino"),
        (("onnxruntime", "openvino"), EngineOptions(device="cuda"), "onnxruntime"),
        (("onnxruntime", "openvino"), EngineOptions(engine="onnxruntime"), "onnxruntime"),
    ],
)
def test_auto_is_the_fastest_installed_that_can(
    monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...], options: EngineOptions, chosen: str
) -> None:
    install(monkeypatch, *installed)
    assert choose_engine(options) == chosen


def test_auto_is_onnxruntime_where_cuda_really_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_cuda_is_best", lambda precision: precision == "auto")
    assert choose_engine(EngineOptions()) == "onnxruntime"
    assert choose_engine(EngineOptions(device="cpu")) == "openvino"
    assert choose_engine(EngineOptions(precision="bf16")) == "openvino"


def test_without_any_engine_the_pip_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    with pytest.raises(MissingExtraError, match=r'pip install "livebrush\[cpu\]"'):
        choose_engine(EngineOptions())


def test_a_precision_that_no_installed_engine_offers_names_one_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, "onnxruntime")
    with pytest.raises(MissingExtraError, match="openvino is not installed"):
        choose_engine(EngineOptions(precision="bf16", device="cpu"))


@EACH_ENGINE
def test_an_engine_that_is_not_installed_names_the_pip_line(
    monkeypatch: pytest.MonkeyPatch, tiny_style: Path, name: str
) -> None:
    install(monkeypatch)
    with pytest.raises(MissingExtraError, match=rf"{name} is not installed.*livebrush\[cpu\]"):
        open_engine(tiny_style, EngineOptions(engine=name))


def test_a_package_hidden_from_import_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    assert not engine_module.is_installed("openvino")
    assert engine_module.is_installed("numpy")


@pytest.mark.parametrize(
    "wrong",
    [{"engine": "caffe"}, {"precision": "fp8"}, {"device": "tpu"}, {"threads": 0}, {"threads": 5000}],
)
def test_an_option_out_of_range_is_named(wrong: dict[str, str]) -> None:
    (option,) = wrong
    with pytest.raises(OptionError, match=rf"{option} must be .*got"):
        EngineOptions(**wrong)  # type: ignore[arg-type]
