import json
import zipfile
from pathlib import Path

import pytest
from onnx_makers import make_contract

from realtime.contract import METADATA_KEY, read_contract
from realtime.errors import ContractError, StyleFileError
from realtime.package_metadata import read_package_metadata


def write_package(path: Path, metadata: str, *, folder: str = "tiny/data/aotinductor/model") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{folder}/abc.wrapper_metadata.json", metadata)
        archive.writestr(f"{folder}/abc.wrapper.so", b"machine code")
    return path


def test_the_contract_of_a_package_is_read_without_torch(tmp_path: Path) -> None:
    contract = make_contract(only_wh=(96, 64), weights_precision="bf16")
    text = json.dumps({METADATA_KEY: contract.to_json(), "AOTI_DEVICE_KEY": "cuda"})
    path = write_package(tmp_path / "tiny.pt2", text)
    assert read_contract(path) == contract
    assert read_package_metadata(path)["AOTI_DEVICE_KEY"] == "cuda"


def test_a_package_of_somebody_else_is_no_style(tmp_path: Path) -> None:
    path = write_package(tmp_path / "other.pt2", json.dumps({"AOTI_DEVICE_KEY": "cpu"}))
    with pytest.raises(ContractError, match=r"other\.pt2 is a package but no Livebrush style"):
        read_contract(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no .pt2 package, or a damaged one"),
        (b"PK\x03\x04 but nothing behind it", "no .pt2 package, or a damaged one"),
        (None, "does not exist"),
    ],
)
def test_what_is_no_package_is_one_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "odd.pt2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StyleFileError, match=message) as caught:
        read_contract(path)
    assert "\n" not in str(caught.value)


def test_a_package_cut_short_or_with_broken_metadata_is_one_line(tmp_path: Path) -> None:
    whole = write_package(tmp_path / "whole.pt2", "{}")
    (tmp_path / "cut.pt2").write_bytes(whole.read_bytes()[:-30])
    write_package(tmp_path / "text.pt2", "{nothing")
    write_package(tmp_path / "deep.pt2", "[" * 100_000)
    write_package(tmp_path / "zip.pt2", "{}", folder="something/else")
    for name in ("cut", "text", "deep", "zip"):
        with pytest.raises(StyleFileError, match=rf"{name}\.pt2 is no \.pt2 package"):
            read_package_metadata(tmp_path / f"{name}.pt2")


def test_a_package_whose_compressed_bytes_are_damaged_is_refused(tmp_path: Path) -> None:
    """hypothesis found it: the archive's own lists are whole, and only what lies in it is not."""
    file = tmp_path / "damaged.pt2"
    name = "tiny/data/aotinductor/model/m_metadata.json"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, '{"AOTI_DEVICE_KEY": "cpu"}' * 20)
    data = bytearray(file.read_bytes())
    data[30 + len(name)] = 0xFF  # a kind of block that there is not
    file.write_bytes(data)
    with pytest.raises(StyleFileError, match="damaged one"):
        read_package_metadata(file)
