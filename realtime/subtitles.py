"""Subtitles as text, from what one kind of file holds to what another can hold."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection

# What the text of a subtitle is called in each kind of file, for those that hold no other.
TEXT_OF = {"mp4": "mov_text", "mov": "mov_text", "webm": "webvtt", "matroska": "subrip"}
# FFmpeg's encoders of subtitles are opened with the header of an ASS script, whatever they write.
ASS_HEADER = (
    b"[Script Info]\r\nScriptType: v4.00+\r\n\r\n[V4+ Styles]\r\n"
    b"Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    b"Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, "
    b"Alignment, MarginL, MarginR, MarginV, Encoding\r\n"
    b"Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\r\n\r\n"
    b"[Events]\r\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n"
)
_ASS_FIELDS = 8  # before the text, as Matroska and FFmpeg store an event
_TAG = re.compile(r"</?([A-Za-z]+)[^<>\n]*>|<\d[\d:.]*>")  # of SubRip and WebVTT, with when words are sung
_OVERRIDE = re.compile(r"\{\\[^}]*\}")  # of ASS, such as {\an8}, which SubRip has taken over
# What each kind of text has of it; MP4's has none.
_TAGS_OF = {"subrip": ("i", "b", "u"), "webvtt": ("i", "b", "u")}


def is_text(codec: str) -> bool:
    """Tell whether subtitles of this codec are text, not pictures."""
    return codec in _READERS


def convert_text(data: bytes, codec: str, wanted: str) -> bytes:
    """Return a subtitle's packet as another codec has it; empty where nothing is shown."""
    text = _without_marks(_READERS[codec](data), _TAGS_OF.get(wanted, ())).strip()
    if codec == "webvtt":
        text = html.unescape(text)
    if wanted == "webvtt":
        text = text.replace("&", "&amp;")
    if not text:
        return b""
    encoded = text.replace("\r\n", "\n").encode()
    return len(encoded).to_bytes(2, "big") + encoded if wanted == "mov_text" else encoded


def _without_marks(text: str, kept: Collection[str]) -> str:
    """Return a text without marks for how it looks; only plain tags of these names stay."""

    def tag(found: re.Match[str]) -> str:
        name = (found[1] or "").lower()
        return found[0] if name in kept and found[0] in (f"<{found[1]}>", f"</{found[1]}>") else ""

    return _TAG.sub(tag, _OVERRIDE.sub("", text))


def _plain(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _mov_text(data: bytes) -> str:
    return _plain(data[2 : 2 + int.from_bytes(data[:2], "big")])  # boxes of styles may follow


def _ass(data: bytes) -> str:
    text = _plain(data).split(",", _ASS_FIELDS)[-1]
    return re.sub(r"\{[^}]*\}", "", text).replace(r"\N", "\n").replace(r"\n", "\n").replace(r"\h", " ")


_READERS: dict[str, Callable[[bytes], str]] = {
    "subrip": _plain,
    "srt": _plain,
    "text": _plain,
    "webvtt": _plain,
    "mov_text": _mov_text,
    "ass": _ass,
    "ssa": _ass,
}
