from pathlib import Path

import pytest
from onnx_makers import make_style_onnx

from realtime.bench_contender import parse_contender, parse_contenders
from realtime.engine import EngineOptions
from realtime.errors import OptionError, StyleNotFoundError

DEFAULTS = EngineOptions(device="cpu", threads=1)


def test_a_name_alone_leaves_the_engine_open() -> None:
    contender = parse_contender("starry_night", DEFAULTS)
    assert contender.style.name == "starry_night"
    assert contender.engine == DEFAULTS


def test_engine_and_precision_stand_behind_the_at() -> None:
    contender = parse_contender(" udnie@openvino:bf16 ", DEFAULTS)
    assert contender.text == "udnie@openvino:bf16"
    assert (contender.engine.engine, contender.engine.precision) == ("openvino", "bf16")
    assert (contender.engine.device, contender.engine.threads) == ("cpu", 1)


def test_what_is_not_named_comes_from_the_options() -> None:
    contender = parse_contender("udnie@openvino", EngineOptions(engine="onnxruntime", precision="fp32"))
    assert (contender.engine.engine, contender.engine.precision) == ("openvino", "fp32")


@pytest.mark.parametrize("folder", ["plain", "at@home", "with:colon"])
def test_a_file_is_taken_with_its_whole_path(tmp_path: Path, folder: str) -> None:
    path = make_style_onnx(tmp_path / folder / "mine.onnx")
    assert parse_contender(str(path), DEFAULTS).style.path == path
    contender = parse_contender(f"{path}@onnxruntime:fp32", DEFAULTS)
    assert (contender.style.path, contender.engine.engine) == (path, "onnxruntime")


@pytest.mark.parametrize("text", ["", "@openvino", "udnie@", "udnie@openvino:", "udnie@:bf16", "udnie:bf16"])
def test_anything_else_is_told_what_was_expected(text: str) -> None:
    with pytest.raises(OptionError, match="NAME or FILE.onnx, optionally with @ENGINE") as caught:
        parse_contender(text, DEFAULTS)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("how", ["abacus", "openvino:fp8"])
def test_an_engine_or_precision_that_there_is_not_is_named(how: str) -> None:
    with pytest.raises(OptionError, match=f"'udnie@{how}': .* must be one of auto"):
        parse_contender(f"udnie@{how}", DEFAULTS)


def test_an_unknown_style_offers_the_nearest() -> None:
    with pytest.raises(StyleNotFoundError, match="udnie"):
        parse_contender("undie@openvino", DEFAULTS)


@pytest.mark.parametrize("texts", [[], ["udnie"]])
def test_a_comparison_needs_two(texts: list[str]) -> None:
    with pytest.raises(OptionError, match="--compare takes two or more"):
        parse_contenders(texts, DEFAULTS)


def test_the_same_one_twice_is_a_comparison() -> None:
    first, second = parse_contenders(["udnie", "udnie"], DEFAULTS)
    assert first == second
