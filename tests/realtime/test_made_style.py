import logging
from pathlib import Path

import numpy as np
import pytest
from meta_makers import COLOUR_SHARE, FRAME_SHARE, write_flat
from onnx_makers import make_style_onnx

from realtime import catalog, style_maker
from realtime.bench_contender import parse_contender
from realtime.catalog import StyleEntry, find_style, read_catalogue
from realtime.engine import EngineOptions, open_engine
from realtime.errors import OptionError, StyleFileError, StyleNotFoundError, StylePictureError

RED, BLUE = (0, 0, 200), (200, 0, 0)
FRAME = np.full((64, 64, 3), 100, np.uint8)


@pytest.fixture(autouse=True)
def cache(meta_network: Path) -> Path:
    return meta_network


def colour_of(style: StyleEntry) -> np.ndarray:
    """Return the mean colour, BGR, that a style made by the tiny meta network has."""
    engine = open_engine(style, EngineOptions(engine="onnxruntime"))
    painted = engine.infer(FRAME)[0, 0].astype(float)
    engine.close()
    return (painted - FRAME_SHARE * 100) / COLOUR_SHARE


def no_encoder(*_: object) -> None:
    raise AssertionError("the encoder ran")


def test_any_picture_is_a_style(tmp_path: Path) -> None:
    style = find_style(str(write_flat(tmp_path / "Red Sky.png", RED)))
    assert (style.name, style.contract.name, style.contract.title) == ("Red Sky", "red_sky", "Red Sky")
    np.testing.assert_allclose(colour_of(style), RED, atol=3)


def test_the_same_picture_opens_from_the_cache(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = find_style(str(write_flat(tmp_path / "red.png", RED)))
    monkeypatch.setattr(style_maker, "run_graph", no_encoder)
    again = find_style(str(write_flat(tmp_path / "elsewhere" / "same.png", RED)))
    assert again.path == first.path and again.path.parent == cache
    assert (again.name, again.contract.title) == ("same", "same")
    with pytest.raises(AssertionError, match="the encoder ran"):
        find_style(str(write_flat(tmp_path / "blue.png", BLUE)))


def test_a_damaged_file_in_the_cache_is_made_anew(tmp_path: Path) -> None:
    picture = write_flat(tmp_path / "red.png", RED)
    find_style(str(picture)).path.write_bytes(b"damaged")
    np.testing.assert_allclose(colour_of(find_style(str(picture))), RED, atol=3)


def test_a_mix_moves_from_one_end_to_the_other(tmp_path: Path) -> None:
    red, blue = write_flat(tmp_path / "red.png", RED), write_flat(tmp_path / "blue.png", BLUE)
    colours = [
        colour_of(find_style(f"{red}:{1 - share},{blue}:{share}")) for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    from_red = [np.abs(colour - RED).sum() for colour in colours]
    from_blue = [np.abs(colour - BLUE).sum() for colour in colours]
    assert from_red == sorted(from_red) and from_blue == sorted(from_blue, reverse=True)
    assert from_red[0] < 9 and from_blue[-1] < 9
    assert find_style(f"{red}:0.5,{blue}:0.5").name == "red+blue"


def test_weights_that_do_not_add_up_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    red, blue = write_flat(tmp_path / "red.png", RED), write_flat(tmp_path / "blue.png", BLUE)
    with caplog.at_level(logging.WARNING):
        scaled = find_style(f"{red}:3,{blue}:1")
    assert "taken as red.png 0.75, blue.png 0.25" in caplog.text
    assert scaled.path == find_style(f"{red}:0.75,{blue}:0.25").path


def test_a_random_style_is_the_same_every_time() -> None:
    assert find_style("random:7").path == find_style("random:7").path != find_style("random:8").path
    assert find_style("random:7").name == "random-7"


def test_a_style_that_was_made_can_be_mixed_and_one_that_was_trained_cannot(
    tmp_path: Path, user_styles: Path
) -> None:
    made = find_style(str(write_flat(tmp_path / "red.png", RED)))
    (user_styles / "kept.onnx").write_bytes(made.path.read_bytes())
    make_style_onnx(user_styles / "plain.onnx")
    blue = write_flat(tmp_path / "blue.png", BLUE)
    np.testing.assert_allclose(colour_of(find_style(f"kept:0.5,{blue}:0.5")), [100, 0, 100], atol=3)
    np.testing.assert_allclose(colour_of(find_style(f"{made.path}:0.5,{blue}:0.5")), [100, 0, 100], atol=3)
    with pytest.raises(OptionError, match=r"style plain cannot be mixed.*these do: kept"):
        find_style(f"plain:0.5,{blue}:0.5")


def test_a_style_alone_stays_as_it_is(user_styles: Path) -> None:
    path = make_style_onnx(user_styles / "plain.onnx")
    assert find_style("plain:0.5").path == find_style("plain").path == path


def test_a_name_counts_before_a_file(
    tmp_path: Path, user_styles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_flat(tmp_path / "sky.png", RED).rename(tmp_path / "sky")
    np.testing.assert_allclose(colour_of(find_style("sky")), RED, atol=3)
    own = make_style_onnx(user_styles / "sky.onnx")
    assert find_style("sky").path == own


def test_the_catalogue_lists_nothing_of_the_cache(tmp_path: Path) -> None:
    before = read_catalogue()
    find_style(str(write_flat(tmp_path / "red.png", RED)))
    assert read_catalogue() == before


def test_without_a_meta_network_only_made_styles_are_out_of_reach(
    tmp_path: Path, user_styles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(tmp_path / "none"))
    path = make_style_onnx(user_styles / "plain.onnx")
    assert find_style("plain").path == path
    with pytest.raises(StyleFileError, match="no meta network is installed, which pictures as styles need"):
        find_style(str(write_flat(tmp_path / "red.png", RED)))


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("nowhere.jpg", StylePictureError, r"style picture nowhere\.jpg does not exist"),
        ("nowhere.onnx", StyleFileError, r"nowhere\.onnx does not exist"),
        ("nowhere.onnx,also.onnx", StyleFileError, r"style file nowhere\.onnx does not exist"),
        ("random:seven", OptionError, "such as random:7; got 'random:seven'"),
        ("undie", StyleNotFoundError, "did you mean udnie"),
    ],
)
def test_what_does_not_exist_is_one_line(
    text: str, error: type[Exception], says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_style_onnx(tmp_path / "udnie.onnx")
    monkeypatch.setattr(catalog, "shipped_dir", lambda: tmp_path)
    with pytest.raises(error, match=says):
        find_style(text)


def test_a_picture_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "note.jpg").write_text("hello")
    with pytest.raises(StylePictureError, match=r"note\.jpg cannot be used as a style"):
        find_style(str(tmp_path / "note.jpg"))


def test_a_picture_can_be_benchmarked_with_an_engine_behind_the_at(tmp_path: Path) -> None:
    picture = write_flat(tmp_path / "at@home" / "red.png", RED)
    assert parse_contender(str(picture), EngineOptions()).style.name == "red"
    contender = parse_contender(f"{picture}@onnxruntime:fp32", EngineOptions())
    assert (contender.style.name, contender.engine.engine) == ("red", "onnxruntime")
