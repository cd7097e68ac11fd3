"""The file of a meta network, meta.npz: all that is needed to write a style file, without torch.

A style file of a meta network is always the same graph, the `template`; only its numbers differ. So the file
holds that graph as bytes, and for each of its tensors that a style writes where it lies and which of the
written numbers goes where. `python -m export META.pt --to onnx` makes it.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.contract import StyleContract
from realtime.errors import ContractError, StyleFileError
from realtime.shipped_hashes import check_shipped

FILE_NAME = "meta.npz"
FORMAT = 1
_DTYPES = {"float16": np.float16, "float32": np.float32}
_HOW_TO_GET = "make one with: python -m export meta.pt --to onnx --out realtime/models"


@dataclass(frozen=True)
class Patch:
    """A tensor of the template that every style writes.

    Args:
        offset: of its first byte in the template.
        dtype: float16 or float32, little-endian.
        count: how many numbers it has.
    """

    offset: int
    dtype: str
    count: int


@dataclass(frozen=True, kw_only=True)
class MetaFilePlan:
    """What a meta network's file says of itself, as JSON.

    Args:
        format: version of this file.
        weights_sha256: of the meta network; hidden numbers mean something to this one only.
        content_sha256: of everything else in the file: what styles it writes.
        style_size: the shorter side of a style picture as the encoder wants it, pixels.
        style_numbers: D, how long a style vector is.
        hidden: how many hidden numbers write one group.
        groups: how many numbers each group has.
        patches: of the template.
        contract: of any style, but for its credits and its hash; `training` says how the network was trained.
    """

    format: int = FORMAT
    weights_sha256: str
    content_sha256: str
    style_size: int
    style_numbers: int
    hidden: int
    groups: tuple[int, ...]
    patches: tuple[Patch, ...]
    contract: StyleContract

    @property
    def hidden_numbers(self) -> int:
        """How many hidden numbers a style has."""
        return self.hidden * len(self.groups)

    def to_json(self) -> str:
        """Return the text that `from_json` reads."""
        return json.dumps({**asdict(self), "contract": json.loads(self.contract.to_json())})

    @classmethod
    def from_json(cls, text: str) -> MetaFilePlan:
        """Read a plan; ValueError, TypeError, KeyError or ContractError if it is none."""
        plain = json.loads(text)
        if plain["format"] != FORMAT:
            raise ValueError(f"format {plain['format']!r} is not the {FORMAT} that this version reads")
        known = {f.name: plain[f.name] for f in fields(cls) if f.name in plain}
        known["groups"] = tuple(int(count) for count in plain["groups"])
        known["patches"] = tuple(Patch(**patch) for patch in plain["patches"])
        known["contract"] = StyleContract.from_json(json.dumps(plain["contract"]))
        return cls(**known)


class MetaFile:
    """An open meta.npz. Its parts are read when they are first asked for.

    Args:
        path: of the file.
    Raises:
        StyleFileError: if it is missing, damaged or something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise StyleFileError(f"there is no meta network at {path}; {_HOW_TO_GET}")
        try:
            self.plan = MetaFilePlan.from_json(self._read("plan").tobytes().decode("utf-8"))
        except (ValueError, TypeError, KeyError, RecursionError, ContractError) as error:
            raise self._damaged(error) from error

    @cached_property
    def encoder(self) -> bytes:
        """ONNX: `image`, (1, H, W, 3) uint8 BGR -> the style vector, (1, D) float32."""
        return self._read("encoder").tobytes()

    @cached_property
    def template(self) -> bytes:
        """ONNX: a style file without its numbers and its contract."""
        return self._read("template").tobytes()

    @cached_property
    def to_hidden(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(H, D) and (H,): hidden numbers = relu(the first @ style vector + the second)."""
        weight, bias = self._read("to_hidden"), self._read("to_hidden_bias")
        self._check(weight.shape == (self.plan.hidden_numbers, self.plan.style_numbers), "to_hidden")
        self._check(bias.shape == weight.shape[:1], "to_hidden_bias")
        return weight.astype(np.float32), bias.astype(np.float32)

    @cached_property
    def writers(self) -> tuple[tuple[NDArray[np.int8], NDArray[np.float32]], ...]:
        """Of each group (numbers, hidden) int8 and one scale a row: numbers = scale * (rows @ hidden)."""
        found = []
        for number, count in enumerate(self.plan.groups):
            rows, scale = self._read(f"writer_{number}"), self._read(f"scale_{number}")
            fits = (
                rows.dtype == np.int8 and rows.shape == (count, self.plan.hidden) and scale.shape == (count,)
            )
            self._check(fits, f"writer_{number}")
            found.append((rows, scale.astype(np.float32)))
        return tuple(found)

    @cached_property
    def shared(self) -> NDArray[np.float32]:
        """What is added to the written numbers, of all groups one after the other."""
        shared = self._read("shared").astype(np.float32)
        self._check(shared.shape == (sum(self.plan.groups),), "shared")
        return shared

    @cached_property
    def places(self) -> tuple[NDArray[np.int32], ...]:
        """Of each patch which of the written numbers goes where; their count stands for a zero."""
        numbers, size = sum(self.plan.groups), len(self.template)
        found = []
        for index, patch in enumerate(self.plan.patches):
            places = self._read(f"places_{index}")
            end = patch.offset + patch.count * np.dtype(_DTYPES[patch.dtype]).itemsize
            fits = (
                places.shape == (patch.count,)
                and places.dtype == np.int32
                and 0 <= patch.offset <= end <= size
            )
            self._check(bool(fits and places.min() >= 0 and places.max() <= numbers), f"places_{index}")
            found.append(places)
        return tuple(found)

    def _read(self, name: str) -> NDArray[Any]:
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                return np.asarray(arrays[name])
        except (
            OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error
        ) as error:  # fmt: skip
            raise self._damaged(error) from error

    def _check(self, fits: bool, name: str) -> None:
        if not fits:
            raise self._damaged(ValueError(f"{name} does not fit the plan"))

    def _damaged(self, error: Exception) -> StyleFileError:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        return StyleFileError(
            f"{self.path} is no meta network of Livebrush, or a damaged one ({reason}); {_HOW_TO_GET}"
        )


def meta_path() -> Path:
    """Return where the meta network is looked for: in LIVEBRUSH_MODELS, else in what was installed."""
    named = os.environ.get("LIVEBRUSH_MODELS")
    folder = Path(named).expanduser() if named else Path(__file__).parent / "models"
    return folder / FILE_NAME


def find_meta_file() -> MetaFile:
    """Open the meta network that is installed.

    Raises:
        StyleFileError: if none is installed, or it is damaged.
    """
    path = meta_path()
    if not path.is_file():
        raise StyleFileError(
            f"no meta network is installed, which pictures as styles need: {path} does not exist; "
            f"{_HOW_TO_GET}, or set LIVEBRUSH_MODELS to its folder"
        )
    check_shipped(path)
    return MetaFile(path)
