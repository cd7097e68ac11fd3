"""Writes a style file for any picture: Shen et al. 2018, Meta Networks for Neural Style Transfer.

    picture ── encoder (ONNX) ── style vector ── to_hidden ── hidden numbers ── writers ── a style file

Hidden numbers are where styles are mixed. Nothing here needs torch; see `realtime.meta_file`.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.contract import INPUT_NAME, METADATA_KEY, StyleContract
from realtime.errors import ContractError, StyleFileError
from realtime.meta_file import MetaFile, MetaFilePlan
from realtime.onnx_metadata import append_metadata
from realtime.small_graph import run_graph

HIDDEN_KEY, META_KEY = "hidden", "meta"  # in a contract's `training`
Hidden = NDArray[np.float32]
# A longer picture is cut to this shape: no painting was practised on that is all of one.
_LONGEST = 2.0
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Credits:
    """Who is to be named on a style.

    Args:
        name: what contracts do not want in a name is replaced.
        title, artist, year: of the picture; any may be empty.
    """

    name: str
    title: str
    artist: str = ""
    year: str = ""


def plain_name(text: str) -> str:
    """Return a name as contracts want it: lower case letters, digits, "_", "." and "-"."""
    plain = re.sub(r"[^a-z0-9_.-]+", "_", text.lower()).lstrip("_.-")
    return plain[:_LONGEST_NAME] or "picture"


class StyleMaker:
    """Makes style files with one meta network.

    Args:
        meta: its file.
    """

    def __init__(self, meta: MetaFile) -> None:
        self.meta = meta
        self.plan = meta.plan

    def hidden(self, picture: NDArray[np.uint8]) -> Hidden:
        """Return the hidden numbers of a picture, (H, W, 3) uint8 BGR of any size.

        Raises:
            EngineError: if no engine is installed, or it fails on it.
        """
        image = np.ascontiguousarray(_as_practised(picture, self.plan.style_size)[None])
        (vector,) = run_graph(self.meta.encoder, {INPUT_NAME: image})
        return self._from_vector(vector.reshape(-1))

    def random_hidden(self, seed: int) -> Hidden:
        """Return the hidden numbers of a style that no picture has; the same ones for the same seed.

        The numbers of a style vector are about as often as not on either side of 0, with a spread of 1.
        """
        vector = np.random.default_rng(seed).standard_normal(self.plan.style_numbers)
        return self._from_vector(vector.astype(np.float32))

    def make(self, hidden: Hidden, credits: Credits) -> bytes:
        """Return the style file, ONNX, that hidden numbers write.

        Raises:
            ContractError: if the credits do not fit.
            StyleFileError: if the meta network is damaged.
        """
        numbers = self._write(hidden)
        contract = replace(
            self.plan.contract,
            name=plain_name(credits.name),
            title=credits.title,
            artist=credits.artist,
            year=credits.year,
            weights_sha256=hashlib.sha256(numbers.tobytes()).hexdigest(),
            training=self._training(hidden),
        )
        data = bytearray(self.meta.template)
        with_zero = np.append(numbers, np.float32(0))
        for patch, places in zip(self.plan.patches, self.meta.places, strict=True):
            values = with_zero[places].astype(f"<{np.dtype(patch.dtype).str[1:]}").tobytes()
            data[patch.offset : patch.offset + len(values)] = values
        return append_metadata(data, {METADATA_KEY: contract.to_json()})

    def _from_vector(self, vector: Hidden) -> Hidden:
        weight, bias = self.meta.to_hidden
        return np.asarray(np.maximum(weight @ vector + bias, 0), np.float32)

    def _write(self, hidden: Hidden) -> Hidden:
        """Return the numbers that hidden numbers write, of all groups one after the other."""
        if hidden.shape != (self.plan.hidden_numbers,):
            raise StyleFileError(
                f"this meta network takes {self.plan.hidden_numbers} hidden numbers, got {hidden.size}"
            )
        written = [
            scale * (rows.astype(np.float32) @ group)
            for (rows, scale), group in zip(
                self.meta.writers, hidden.reshape(len(self.plan.groups), -1), strict=True
            )
        ]
        return np.asarray(self.meta.shared + np.concatenate(written), np.float32)

    def _training(self, hidden: Hidden) -> dict[str, Any]:
        return {**self.plan.contract.training, **hidden_notes(self.plan, hidden)}


def hidden_notes(plan: MetaFilePlan, hidden: Hidden) -> dict[str, str]:
    """Return what a contract's `training` says of hidden numbers, and of which meta network they are."""
    kept = b64encode(hidden.astype("<f2").tobytes()).decode("ascii")
    return {META_KEY: plan.weights_sha256, HIDDEN_KEY: kept}


def read_hidden(contract: StyleContract, maker: StyleMaker) -> Hidden | None:
    """Return the hidden numbers that a style carries; None if it has none that this meta network wrote.

    Raises:
        ContractError: if they are damaged.
    """
    kept: Mapping[str, Any] = contract.training
    if HIDDEN_KEY not in kept or kept.get(META_KEY, maker.plan.weights_sha256) != maker.plan.weights_sha256:
        return None
    try:
        hidden = np.frombuffer(b64decode(kept[HIDDEN_KEY], validate=True), "<f2").astype(np.float32)
    except (ValueError, TypeError) as error:
        raise _odd_hidden(contract) from error
    if hidden.shape != (maker.plan.hidden_numbers,) or not np.isfinite(hidden).all():
        raise _odd_hidden(contract)
    return hidden


def _odd_hidden(contract: StyleContract) -> ContractError:
    return ContractError(
        f"the hidden numbers of style {contract.name} are damaged; make it again, or use it by itself"
    )


def _as_practised(picture: NDArray[np.uint8], short_side: int) -> NDArray[np.uint8]:
    """Return the middle of a picture at the size that the encoder was trained at."""
    import cv2

    height, width = picture.shape[:2]
    longest = round(_LONGEST * min(height, width))
    top, left = (max(0, (side - longest) // 2) for side in (height, width))
    cut = picture[top : top + longest, left : left + longest]
    scale = short_side / min(height, width)
    size_wh = round(cut.shape[1] * scale), round(cut.shape[0] * scale)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cut, size_wh, interpolation=how), np.uint8)
