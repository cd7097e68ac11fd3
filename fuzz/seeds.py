"""Inputs that are good, for the fuzzer to begin with: each target's own."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from fuzz_page import make_offer
from onnx_makers import make_style_onnx

from realtime.testing import make_contract


def contract() -> list[bytes]:
    """Return a contract."""
    return [make_contract().to_json().encode()]


def style() -> list[bytes]:
    """Return a style file."""
    with tempfile.TemporaryDirectory() as folder:
        return [make_style_onnx(Path(folder) / "tiny.onnx", kind="invert").read_bytes()]


def package() -> list[bytes]:
    """Return a package with a contract, without what paints."""
    file = io.BytesIO()
    metadata = {"AOTI_DEVICE_KEY": "cpu", "livebrush": make_contract().to_json()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("tiny/data/aotinductor/model/m_metadata.json", json.dumps(metadata))
    return [file.getvalue()]


def pictures() -> list[bytes]:
    """Return a picture in every kind of file that is read."""
    rows, columns = np.mgrid[0:48, 0:64]
    image = np.stack([rows * 5, columns * 4, rows + columns], axis=2).astype(np.uint8)
    kinds = (".png", ".jpg", ".bmp", ".tiff", ".webp", ".gif")
    return [cv2.imencode(kind, image)[1].tobytes() for kind in kinds]


def grey() -> list[bytes]:
    """Return a mask."""
    rows, columns = np.mgrid[0:24, 0:32]
    return [cv2.imencode(".png", (rows * columns % 9).astype(np.uint8))[1].tobytes()]


def jpeg() -> list[bytes]:
    """Return a camera's picture."""
    return [cv2.imencode(".jpg", np.full((64, 96, 3), 90, np.uint8))[1].tobytes()]


def timeline() -> list[bytes]:
    """Return two timelines."""
    return [
        b'[{"at": 0, "style": "a"}, {"at": "1:05.5", "style": "b", "fade": 2}]',
        b'[{"at": 80, "strength": 0.4, "fade": 1}]',
    ]


def messages() -> list[bytes]:
    """Return what a browser says."""
    return [
        b'{"type":"set","change":{"style":"tiny","strength":0.5,"mask":"key","key":"#00ff00"}}',
        b'{"type":"got","number":3}',
        b'{"type":"ping","at":1.5}',
        b'{"type":"want","pictures":true,"original":true}',
        b'{"type":"offer","sdp":"v=0"}',
    ]


def changes() -> list[bytes]:
    """Return what a viewer may set."""
    return [b'{"strength":0.5,"paused":false}', b'{"mask":"motion","background":"blur"}']


def offer() -> list[bytes]:
    """Return a browser's offer."""
    return [make_offer().encode()]


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "contract": contract,
    "style_bytes": style,
    "style_file": style,
    "package": package,
    "style_picture": pictures,
    "mask_picture": pictures,
    "mask_labels": grey,
    "timeline": timeline,
    "message": messages,
    "camera_picture": jpeg,
    "offer": offer,
    "upload": jpeg,
    "state": changes,
    "socket": messages,
    "camera": jpeg,
    "signalling": offer,
}
