"""What becomes of a file or message that anyone may have made: it is used, or refused with a named error.

Each function takes one input and raises where that does not hold. hypothesis calls them with inputs that are
made to a plan (`tests/realtime/test_fuzz.py`, `tests/realtime/page/test_fuzz.py`), atheris with bytes that it
finds to reach new code (`fuzz/run.py`).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
from write_watch import nothing_written_outside

from realtime.contract import StyleContract, read_contract
from realtime.errors import ContractError, LivebrushError, MaskError, OptionError, StyleFileError
from realtime.mask_files import PictureMask
from realtime.onnx_metadata import parse_metadata
from realtime.package_metadata import read_package_metadata
from realtime.style_picture import decode_style_picture
from realtime.style_timeline import read_timeline
from realtime.testing import make_frame

FRAME = make_frame()
LONGEST_LINE = 600
writes_nothing = nothing_written_outside()


@writes_nothing
def try_contract(text: str) -> bool:
    """Read a contract; tell whether it is one."""
    try:
        contract = StyleContract.from_json(text)
    except ContractError as error:
        check_line(error)
        return False
    assert StyleContract.from_json(contract.to_json()) == contract
    with suppress(ContractError):
        contract.check_size((640, 360))
    return True


@writes_nothing
def try_style_bytes(content: bytes) -> bool:
    """Read the metadata of an ONNX file; tell whether there are any."""
    try:
        found = parse_metadata(io.BytesIO(content), len(content), "any.onnx")
    except StyleFileError as error:
        check_line(error)
        return False
    assert all(isinstance(text, str) for pair in found.items() for text in pair)
    return bool(found)


@writes_nothing
def try_style_file(file: Path) -> bool:
    """Read the contract of a style file or package; tell whether it has one."""
    if file.suffix == ".pt2":
        with suppress(LivebrushError):
            read_package_metadata(file)
    try:
        read_contract(file)
    except LivebrushError:
        return False
    return True


@writes_nothing
def try_style_picture(content: bytes) -> bool:
    """Decode a picture as a style; tell whether it is one."""
    try:
        image = decode_style_picture(content, "any picture")
    except LivebrushError as error:
        check_line(error)
        return False
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size
    return True


@writes_nothing
def try_mask_picture(file: Path, labels: Sequence[int]) -> bool:
    """Read a picture as a mask; tell whether it is one."""
    try:
        alpha = PictureMask(file, labels).alpha(FRAME)
    except MaskError as error:
        check_line(error)
        return False
    assert alpha.dtype == np.uint8 and alpha.ndim == 2 and alpha.size
    return True


@writes_nothing
def try_timeline(file: Path, moments: Sequence[Fraction]) -> bool:
    """Read a timeline, and ask it what paints at these moments; tell whether it is one."""
    try:
        timeline = read_timeline(file, "first")
    except OptionError as error:
        check_line(error)
        return False
    for moment in moments:
        mix = timeline.at(moment)
        assert abs(sum(mix.shares.values()) - 1) < 1e-6
        assert 0 <= mix.strength <= 1
        assert set(mix.shares) <= set(timeline.styles)
    return True


def check_line(error: Exception) -> None:
    """Check that an error can be shown in a line."""
    text = str(error)
    assert "\n" not in text and len(text) < LONGEST_LINE, text
