"""What a style file promises, as JSON in the metadata of the ONNX file.

The graph takes `image` and gives `stylized_image`, of the same height and width, batch of one:
uint8 (1, H, W, 3) in [0, 255], or float32 (1, 3, H, W) in [0, 1]. That of a recurrent style takes its last
painting, too: `before`, moved onto the frame, of the same shape, and how far each pixel of it is trusted,
`trust`, uint8 (1, H, W, 1). Normalisation, padding and clamp are inside. The order of colours is the
contract's: BGR is what cameras and OpenCV have, so that a frame goes in as it is. Reading a contract
needs neither the `onnx` package nor an engine: see `onnx_metadata`, and `package_metadata` for a package
that torch has compiled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from realtime.errors import ContractError
from realtime.onnx_metadata import read_metadata
from realtime.package_metadata import PACKAGE_SUFFIX, read_package_metadata

METADATA_KEY = "livebrush"
INPUT_NAME = "image"
OUTPUT_NAME = "stylized_image"
# What a recurrent style takes beside it; see `realtime.recurrent`.
BEFORE_NAME, TRUST_NAME = "before", "trust"
# In `training` of an 8-bit style: the precision that what is left in floats needs; not there if any will do.
FLOATS_KEY = "floats"
SCHEMA = 1
RECURRENT = "recurrent"
KINDS = ("transform", RECURRENT)
COLOURS = ("RGB", "BGR")
VALUE_RANGES: dict[tuple[str, str], tuple[int, int]] = {
    ("NHWC", "uint8"): (0, 255),
    ("NCHW", "float32"): (0, 1),
}
WEIGHTS_PRECISIONS = ("fp16", "bf16", "fp32", "int8")
MAX_SIZE = 16384
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class StyleContract:
    """One style's promises and credits.

    Args:
        schema: version of this list of fields.
        name: what users type: lower case letters, digits, "_", "." and "-".
        title, artist, year: credits of the painting; year is free text, such as "c. 1831".
        kind: how the style is painted, one of `KINDS`: frame by frame, or with the last painting in view.
        preset: size of the network, such as "fast".
        layout, dtype, colour, value_range: of the graph's input and output, a pair of `VALUE_RANGES`.
        min_size, max_size: least and greatest height and width, pixels.
        size_multiple: height and width must be multiples of this.
        only_wh: the one width and height that the file was compiled for; None for any.
        flop_per_pixel: floating point operations per picture pixel, a multiply-add counted as two.
        weights_precision: of the weights as stored.
        weights_sha256: hexadecimal, over the weights.
        livebrush_version: that wrote the file.
        training: anything else worth keeping about how it was trained; plain JSON values.
    Raises:
        ContractError: naming the first field that does not fit.
    """

    schema: int = SCHEMA
    name: str
    title: str
    artist: str
    year: str
    kind: str = "transform"
    preset: str
    layout: str = "NHWC"
    dtype: str = "uint8"
    colour: str = "RGB"
    value_range: tuple[int, int] = (0, 255)
    min_size: int = 64
    max_size: int = 4096
    size_multiple: int = 1
    only_wh: tuple[int, int] | None = None
    flop_per_pixel: float
    weights_precision: str
    weights_sha256: str
    livebrush_version: str
    training: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The schema first: a newer one may have changed what every other field means.
        if self.schema != SCHEMA:
            raise ContractError(
                f"contract schema {_short(self.schema)} is not the {SCHEMA} that this version reads; "
                "update livebrush or export the style again"
            )
        _check_types(self)
        _check_values(self)

    @property
    def painted_by(self) -> str:
        """Artist and year, as far as they are known, in one line."""
        return ", ".join(known for known in (self.artist, self.year) if known)

    def check_size(self, size_wh: tuple[int, int]) -> None:
        """Raise ContractError unless the network takes pictures of this width and height."""
        for what, pixels in zip(("width", "height"), size_wh, strict=True):
            if not self.min_size <= pixels <= self.max_size:
                raise ContractError(
                    f"style {self.name} takes a {what} from {self.min_size} to {self.max_size} pixels, "
                    f"got {pixels}; choose another --size"
                )
            if pixels % self.size_multiple:
                raise ContractError(
                    f"style {self.name} takes a {what} that is a multiple of {self.size_multiple}, "
                    f"got {pixels}; choose another --size"
                )
        if self.only_wh is not None and tuple(size_wh) != self.only_wh:
            only, got = (f"{width}x{height}" for width, height in (self.only_wh, size_wh))
            raise ContractError(f"style {self.name} was compiled for {only}, got {got}; use --size {only}")

    def to_json(self) -> str:
        """Return the JSON that goes into the ONNX metadata under `METADATA_KEY`."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)} | {"training": dict(self.training)}
        return json.dumps(plain, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> StyleContract:
        """Read what `to_json` wrote; fields of later versions are ignored.

        Raises:
            ContractError: naming the field that is missing or does not fit.
        """
        try:
            plain = json.loads(text)
        # RecursionError: deeply nested JSON. Both come from a file that anyone may have written.
        except (ValueError, RecursionError) as error:
            raise ContractError("contract is not JSON; export the style again") from error
        if not isinstance(plain, dict):
            raise ContractError(
                f"contract must be a JSON object, got {_short(plain)}; export the style again"
            )
        known = {f.name: plain[f.name] for f in fields(cls) if f.name in plain}
        required = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]
        if missing := [name for name in required if name not in known]:
            raise ContractError(f"contract has no {', '.join(missing)}; export the style again")
        for name in ("value_range", "only_wh"):
            if isinstance(known.get(name), list):
                known[name] = tuple(known[name])
        return cls(**known)


def read_contract(path: Path) -> StyleContract:
    """Read the contract of a style file without opening it in an engine.

    Raises:
        StyleFileError: if the file is missing, cannot be read, is cut short or is no ONNX file.
        ContractError: if it has no contract, or one that does not fit; the message names the file.
    """
    is_package = path.suffix.lower() == PACKAGE_SUFFIX
    text = (read_package_metadata if is_package else read_metadata)(path).get(METADATA_KEY)
    if text is None:
        kind = "a package" if is_package else "ONNX"
        raise ContractError(f"{path} is {kind} but no Livebrush style; make one with: python -m export")
    try:
        return StyleContract.from_json(text)
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from error


def _check_types(contract: StyleContract) -> None:
    for name in [f.name for f in fields(contract) if f.type == "str"]:
        value = getattr(contract, name)
        if not isinstance(value, str):
            raise _unfit(name, "text", value)
        if not value.isprintable():  # credits are printed on terminals and drawn on screen
            raise _unfit(name, "one printable line", value)
    for name in ("min_size", "max_size", "size_multiple"):
        value = getattr(contract, name)
        if type(value) is not int:  # not isinstance: True is an int
            raise _unfit(name, "a whole number", value)
    only_wh = contract.only_wh
    if only_wh is not None and not (
        isinstance(only_wh, tuple) and len(only_wh) == 2 and all(type(side) is int for side in only_wh)
    ):
        raise _unfit("only_wh", "two whole numbers or null", only_wh)
    flop = contract.flop_per_pixel
    if type(flop) not in (int, float) or not 0 <= flop <= 1e12:
        raise _unfit("flop_per_pixel", "a number from 0 to 1e12", flop)
    if not isinstance(contract.training, Mapping):
        raise _unfit("training", "an object", contract.training)


def _check_values(contract: StyleContract) -> None:
    if not _NAME.fullmatch(contract.name):
        raise _unfit("name", 'lower case letters, digits, "_", "." and "-"', contract.name)
    if contract.kind not in KINDS:
        raise _unfit("kind", f"one of {', '.join(KINDS)}", contract.kind)
    expected_range = VALUE_RANGES.get((contract.layout, contract.dtype))
    if expected_range is None:
        raise _unfit("layout, dtype", "NHWC, uint8 or NCHW, float32", f"{contract.layout}, {contract.dtype}")
    if contract.value_range != expected_range:
        raise _unfit("value_range", f"{expected_range} for {contract.dtype}", contract.value_range)
    if contract.colour not in COLOURS:
        raise _unfit("colour", f"one of {', '.join(COLOURS)}", contract.colour)
    if not 1 <= contract.min_size <= contract.max_size <= MAX_SIZE:
        sizes = f"{contract.min_size}, {contract.max_size}"
        raise _unfit("min_size, max_size", f"rising, from 1 to {MAX_SIZE}", sizes)
    if not 1 <= contract.size_multiple <= contract.max_size:
        raise _unfit("size_multiple", "from 1 to max_size", contract.size_multiple)
    if contract.weights_precision not in WEIGHTS_PRECISIONS:
        raise _unfit(
            "weights_precision", f"one of {', '.join(WEIGHTS_PRECISIONS)}", contract.weights_precision
        )
    if not _SHA256.fullmatch(contract.weights_sha256):
        raise _unfit("weights_sha256", "64 hexadecimal digits", contract.weights_sha256)


def _unfit(name: str, expected: str, got: object) -> ContractError:
    return ContractError(
        f"contract field {name} must be {expected}, got {_short(got)}; export the style again"
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
