"""Texts of subtitles, from one kind of file to another."""

from __future__ import annotations

import pytest

from realtime.subtitles import convert_text

SRT = b'{\\an8}<i>Hello</i> <font color="#ff0000">there</font>, 2 < 3 & 4 > 1'
VTT = b"<v Mary><c.loud>Tom &amp; <i>Jerry</i></c> <00:00:01.500>sing"


@pytest.mark.parametrize(
    ("data", "codec", "wanted", "text"),
    [
        (SRT, "subrip", "mov_text", "Hello there, 2 < 3 & 4 > 1"),
        (SRT, "subrip", "webvtt", "<i>Hello</i> there, 2 < 3 &amp; 4 > 1"),
        (VTT, "webvtt", "mov_text", "Tom & Jerry sing"),
        (VTT, "webvtt", "subrip", "Tom & <i>Jerry</i> sing"),
        (rb"0,0,Default,,0,0,0,,{\i1}one\Ntwo", "ass", "subrip", "one\ntwo"),
    ],
)
def test_marks_that_the_other_kind_does_not_know_are_not_shown_as_text(
    data: bytes, codec: str, wanted: str, text: str
) -> None:
    made = convert_text(data, codec, wanted)
    if wanted == "mov_text":
        assert int.from_bytes(made[:2], "big") == len(made) - 2
        made = made[2:]
    assert made.decode() == text


def test_a_subtitle_of_nothing_but_marks_is_left_out() -> None:
    assert convert_text(b"{\\an8}<b></b> ", "subrip", "mov_text") == b""
