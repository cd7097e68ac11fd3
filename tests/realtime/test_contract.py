import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx_makers import make_contract, make_style_onnx

from realtime.contract import METADATA_KEY, StyleContract, read_contract
from realtime.errors import ContractError


def test_a_contract_survives_json_unchanged() -> None:
    contract = make_contract(
        title="神奈川沖浪裏",
        training={"pictures": 8000, "style_weight": 8.0},
        layout="NCHW",
        dtype="float32",
        value_range=(0, 1),
    )
    assert StyleContract.from_json(contract.to_json()) == contract


def test_json_is_the_same_whatever_the_order_of_fields() -> None:
    contract = make_contract()
    backwards = dict(reversed(list(json.loads(contract.to_json()).items())))
    assert StyleContract.from_json(json.dumps(backwards)).to_json() == contract.to_json()


def test_fields_of_later_versions_are_ignored() -> None:
    plain = json.loads(make_contract().to_json()) | {"temporal_state": [1, 2]}
    assert StyleContract.from_json(json.dumps(plain)) == make_contract()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", 2),
        ("schema", "1"),
        ("name", ""),
        ("name", "../evil"),
        ("name", "Starry Night"),
        ("name", 5),
        ("title", None),
        ("title", "two\nlines"),
        ("artist", "\x1b[31mred"),
        ("year", 1889),
        ("kind", "diffusion"),
        ("layout", "NHCW"),
        ("layout", ["NHWC"]),
        ("dtype", "float16"),
        ("dtype", "float32"),  # goes with NCHW only
        ("colour", "GRB"),
        ("value_range", [0, 1]),
        ("value_range", 5),
        ("value_range", [0, 255, 3]),
        ("min_size", 0),
        ("min_size", 5000),  # above max_size
        ("min_size", 64.5),
        ("min_size", True),
        ("max_size", 10**9),
        ("size_multiple", 0),
        ("size_multiple", "4"),
        ("flop_per_pixel", -1.0),
        ("flop_per_pixel", float("nan")),
        ("flop_per_pixel", float("inf")),
        ("flop_per_pixel", 10**400),
        ("flop_per_pixel", "many"),
        ("weights_precision", "fp8"),
        ("weights_sha256", "abc"),
        ("weights_sha256", "G" * 64),
        ("training", [1]),
    ],
)
def test_the_field_that_does_not_fit_is_named(field: str, value: Any) -> None:
    plain = json.loads(make_contract().to_json()) | {field: value}
    with pytest.raises(ContractError, match=field) as caught:
        StyleContract.from_json(json.dumps(plain))
    assert "\n" not in str(caught.value)


def test_missing_fields_are_named() -> None:
    plain = json.loads(make_contract().to_json())
    del plain["title"], plain["weights_sha256"]
    with pytest.raises(ContractError, match="has no title, weights_sha256"):
        StyleContract.from_json(json.dumps(plain))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5", "[" * 100_000, '{"name": "a"'])
def test_what_is_no_contract_is_a_contract_error(text: str) -> None:
    with pytest.raises(ContractError):
        StyleContract.from_json(text)


def test_a_newer_schema_asks_for_an_update() -> None:
    plain = json.loads(make_contract().to_json()) | {"schema": 7, "kind": "something new"}
    with pytest.raises(ContractError, match=r"schema 7 .* update livebrush"):
        StyleContract.from_json(json.dumps(plain))


@pytest.mark.parametrize("size_wh", [(64, 64), (4096, 4096), (641, 359)])
def test_sizes_within_the_contract_pass(size_wh: tuple[int, int]) -> None:
    make_contract().check_size(size_wh)


@pytest.mark.parametrize(
    ("size_wh", "what"),
    [((63, 64), "width"), ((64, 63), "height"), ((4097, 64), "width"), ((64, 4097), "height")],
)
def test_sizes_outside_the_contract_are_refused(size_wh: tuple[int, int], what: str) -> None:
    with pytest.raises(ContractError, match=f"{what} from 64 to 4096"):
        make_contract().check_size(size_wh)


def test_a_size_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(ContractError, match="height that is a multiple of 4, got 66"):
        make_contract(size_multiple=4).check_size((64, 66))


def test_the_contract_of_a_file_is_read(tiny_style: Path) -> None:
    contract = read_contract(tiny_style)
    assert (contract.name, contract.layout, contract.dtype) == ("tiny", "NHWC", "uint8")


def test_the_reader_agrees_with_the_onnx_package(network_style: Path) -> None:
    properties = {entry.key: entry.value for entry in onnx.load(str(network_style)).metadata_props}
    assert read_contract(network_style).to_json() == properties[METADATA_KEY]


def test_an_onnx_file_without_a_contract_says_how_to_make_one(tmp_path: Path) -> None:
    path = make_style_onnx(tmp_path / "bare.onnx", with_contract=False)
    with pytest.raises(ContractError, match="no Livebrush style; make one with: python -m export"):
        read_contract(path)


def test_an_unfit_contract_names_the_file(tmp_path: Path) -> None:
    path = make_style_onnx(tmp_path / "odd.onnx", contract_json='{"schema": 1}')
    with pytest.raises(ContractError, match=r"odd\.onnx: contract has no name"):
        read_contract(path)


def test_a_schema_that_is_a_thousand_digits_is_refused_in_one_short_line() -> None:
    plain = json.loads(make_contract().to_json()) | {"schema": 10**1000}
    with pytest.raises(ContractError) as refused:
        StyleContract.from_json(json.dumps(plain))
    assert len(str(refused.value)) < 300
