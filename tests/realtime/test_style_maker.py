from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from meta_makers import COLOUR_SHARE, FRAME_SHARE

from realtime.contract import read_contract
from realtime.engine import EngineOptions, open_engine
from realtime.errors import ContractError, StyleFileError
from realtime.meta_file import MetaFile
from realtime.style_maker import HIDDEN_KEY, META_KEY, Credits, StyleMaker, plain_name, read_hidden

CREDITS = Credits("warm", "Warm", "Nobody", "c. 1900")


@pytest.fixture
def maker(meta_file: Path) -> StyleMaker:
    return StyleMaker(MetaFile(meta_file))


def test_hidden_numbers_come_from_the_picture(maker: StyleMaker) -> None:
    picture = np.full((48, 90, 3), (51, 102, 204), np.uint8)
    np.testing.assert_allclose(maker.hidden(picture), [0.2, 0.4, 0.8] * 2, atol=1e-3)


@pytest.mark.parametrize("shape", [(40, 400, 3), (400, 40, 3)])
def test_of_a_long_picture_the_middle_counts(maker: StyleMaker, shape: tuple[int, int, int]) -> None:
    picture = np.zeros(shape, np.uint8)
    middle = (slice(None), slice(160, 240)) if shape[1] == 400 else (slice(160, 240), slice(None))
    picture[middle] = 255
    np.testing.assert_allclose(maker.hidden(picture), np.ones(6), atol=1e-3)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_made_style_paints_as_its_hidden_numbers_say(
    maker: StyleMaker, engine: str, tmp_path: Path
) -> None:
    pytest.importorskip(engine)
    path = tmp_path / "made.onnx"
    path.write_bytes(maker.make(np.array([0.2, 0.4, 0.8] * 2, np.float32), CREDITS))
    opened = open_engine(path, EngineOptions(engine=engine, precision="fp32", device="cpu"))
    painted = opened.infer(np.full((64, 80, 3), 100, np.uint8))
    expected = FRAME_SHARE * 100 + COLOUR_SHARE * 255 * np.array([0.2, 0.4, 0.8])
    assert np.abs(painted.astype(int) - expected).max() <= 1
    opened.close()


def test_a_made_style_is_valid_onnx_with_one_contract(maker: StyleMaker, tmp_path: Path) -> None:
    path = tmp_path / "made.onnx"
    path.write_bytes(maker.make(maker.random_hidden(1), CREDITS))
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [entry.key for entry in model.metadata_props] == ["livebrush"]
    contract = read_contract(path)
    assert (contract.name, contract.title, contract.year) == ("warm", "Warm", "c. 1900")


def test_different_styles_have_different_hashes(maker: StyleMaker, tmp_path: Path) -> None:
    hashes = set()
    for seed in (1, 1, 2):
        path = tmp_path / f"{seed}.onnx"
        path.write_bytes(maker.make(maker.random_hidden(seed), CREDITS))
        hashes.add(read_contract(path).weights_sha256)
    assert len(hashes) == 2


def test_a_made_style_carries_its_hidden_numbers(maker: StyleMaker, tmp_path: Path) -> None:
    hidden, path = maker.random_hidden(3), tmp_path / "made.onnx"
    path.write_bytes(maker.make(hidden, CREDITS))
    found = read_hidden(read_contract(path), maker)
    assert found is not None
    np.testing.assert_allclose(found, hidden, atol=2e-3)


def test_random_styles_are_the_same_for_the_same_seed(maker: StyleMaker) -> None:
    np.testing.assert_array_equal(maker.random_hidden(7), maker.random_hidden(7))
    assert (maker.random_hidden(7) != maker.random_hidden(8)).any()


def test_hidden_numbers_of_another_meta_network_are_not_taken(maker: StyleMaker) -> None:
    kept = b64encode(np.zeros(6, "<f2").tobytes()).decode()
    contract = replace(maker.plan.contract, training={HIDDEN_KEY: kept, META_KEY: "another"})
    assert read_hidden(contract, maker) is None
    assert read_hidden(replace(contract, training={}), maker) is None


@pytest.mark.parametrize("kept", ["%%%", "AAAA", 7, b64encode(np.full(6, np.nan, "<f2").tobytes()).decode()])
def test_damaged_hidden_numbers_are_one_line(maker: StyleMaker, kept: object) -> None:
    with pytest.raises(ContractError, match="hidden numbers of style any are damaged"):
        read_hidden(replace(maker.plan.contract, training={HIDDEN_KEY: kept}), maker)


def test_hidden_numbers_of_another_length_are_refused(maker: StyleMaker) -> None:
    with pytest.raises(StyleFileError, match="takes 6 hidden numbers, got 5"):
        maker.make(np.zeros(5, np.float32), CREDITS)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Été à Paris", "t_paris"), ("IMG_0042", "img_0042"), ("...", "picture"), ("a+b", "a_b")],
)
def test_any_name_is_made_one_for_a_contract(text: str, name: str) -> None:
    assert plain_name(text) == name
