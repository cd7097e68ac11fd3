"""Where frames come from: one protocol, and the choice of a source by what the user typed.

| typed                                   | source                      | live: may drop its oldest frame |
| --------------------------------------- | --------------------------- | ------------------------------- |
| `0`, `1`, `/dev/video0`                 | `source_camera.CameraSource`| yes                             |
| `demo`                                  | `demo.DemoSource`           | when paced                      |
| `http://`, `rtsp://` and the like       | `source_video.VideoSource`  | when it has no duration         |
| a folder, or one picture                | `source_folder.FolderSource`| no                              |
| any other file                          | `source_video.VideoSource`  | no                              |

A source never drops a frame by itself: it says in `SourceInfo.live` whether the loop may.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from realtime.errors import SourceError
from realtime.frame import Frame

if TYPE_CHECKING:
    from realtime.media import Colour

Clock = Callable[[], float]
Sleep = Callable[[float], None]
SourceKind = Literal["camera", "file", "url", "folder", "demo"]

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
URL_SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "srt", "tcp", "udp")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELP = "give a camera number, demo, a video file, a folder of pictures, or an http or rtsp address"


@dataclass(frozen=True)
class SourceInfo:
    """What a source promises about its frames.

    Args:
        name: for people to read; an address is redacted.
        kind: what it is.
        size_wh: width and height in pixels of its frames as they are shown, rotation applied. The
            pictures of a folder may differ; this is the first one's.
        fps: frames per second; None while unknown. A camera's is measured, not believed.
        frame_count: how many frames it will give, None if unknown or endless.
        live: the present moment matters more than every frame: the loop drops the oldest.
        path: the video file or the folder on disk, None for everything else.
        pixel_aspect: width of a pixel by its height as shown; 1 for square pixels.
        address: what PyAV opens to copy the sound, None where there is none. May hold credentials:
            never print it (it is not in the repr).
        colour: how a film says its colours are to be shown, None for what is no film.
    """

    name: str
    kind: SourceKind
    size_wh: tuple[int, int]
    fps: float | None = None
    frame_count: int | None = None
    live: bool = False
    path: Path | None = None
    pixel_aspect: Fraction = Fraction(1)
    address: str | None = field(default=None, repr=False, compare=False)
    colour: Colour | None = None


class Source(Protocol):
    """Gives one frame after another; used from one thread at a time."""

    @property
    def info(self) -> SourceInfo:
        """What this source promises; a camera's measured fps appears here as it becomes known."""
        ...

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end. May wait for it.

        Raises:
            SourceBrokenError: the source broke off half-way; every good frame was given before.
            SourceError: it gave something that is no picture.
        """
        ...

    def close(self) -> None:
        """Let go of the camera, file or connection; not while another thread is in read()."""
        ...


def open_source(
    spec: str,
    *,
    size_wh: tuple[int, int] | None = None,
    paced: bool = True,
    clock: Clock = time.perf_counter,
) -> Source:
    """Open what the user named; see the table at the top of this module.

    Args:
        spec: camera number, `demo`, file, folder or address.
        size_wh: asked of a camera, drawn by the demo scene; other sources have their own size.
        paced: True lets the demo scene behave as a live 30 fps camera, False as a file.
        clock: seconds, for `Frame.captured_at`.
    Raises:
        SourceError: there is no such source, or it gives no pictures.
    """
    scheme = _SCHEME.match(spec)
    if scheme and scheme[1].lower() in URL_SCHEMES:
        from realtime.source_video import VideoSource

        return VideoSource(spec, clock=clock)
    if scheme:
        raise SourceError(
            f"{redact(spec)}: addresses begin with one of {', '.join(URL_SCHEMES)}, not {scheme[1]}"
        )
    if spec == "demo":
        from realtime.demo import DemoSource

        return DemoSource(size_wh, paced=paced, clock=clock)
    camera = re.fullmatch(r"(?:/dev/video)?(\d+)", spec)
    if camera:
        from realtime.source_camera import CameraSource

        return CameraSource(int(camera[1]), size_wh=size_wh, clock=clock)
    return _open_path(spec, clock)


def _open_path(spec: str, clock: Clock) -> Source:
    path = Path(spec).expanduser()
    if not spec.strip() or not os.path.exists(path):
        raise SourceError(f"no source {spec!r}: no such file or folder; {_HELP}")
    if path.is_dir() or path.suffix.lower() in PICTURE_SUFFIXES:
        from realtime.source_folder import FolderSource

        return FolderSource(path, clock=clock)
    from realtime.source_video import VideoSource

    return VideoSource(path, clock=clock)


_SECRET_PART = re.compile(
    r"\b(user|username|login|pass|passwd|password|pwd|token|key|apikey|api_key|secret|auth|sig|signature)"
    r"=[^&/;?#\s]*",
    re.IGNORECASE,
)


def redact(address: str) -> str:
    """Return the address without what could be a secret: `rtsp://me:pw@cam/1?t=9` -> `rtsp://***@cam/1?t=***`.

    Hidden are user and password, every value of the query, and `password=...` and its like anywhere
    (some cameras take them in the path). What is not an address comes back as it is.
    """
    scheme = _SCHEME.match(address)
    if not scheme:
        return address
    head, rest = scheme[0], address[scheme.end() :]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    at = authority.rfind("@")
    if at < 0 and re.search(r":(?!\d*$)", authority) and not authority.startswith("["):
        at = rest.rfind("@")  # "user:pa/ss@host": what follows the colon is no port, so it is a password
    if at >= 0:
        head, rest = head + "***@", rest[at + 1 :]
    place, mark, query = rest.partition("?")
    query = re.sub(r"=[^&#]*", "=***", query) if "=" in query else ("***" if query else "")
    return head + _SECRET_PART.sub(r"\1=***", place + mark + query)
