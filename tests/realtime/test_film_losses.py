"""What a film loses by being painted is said."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from clip_makers import numbered_picture
from film_makers import write_rich_film
from film_runners import paint


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "says"),
    [
        ("in.mov", "prores_ks", "yuva444p10le", "transparency left out; painted with 8 bits a colour, of 12"),
        ("in.mov", "png", "rgba", "transparency left out"),
        ("in.mkv", "ffv1", "gbrp10le", "painted with 8 bits a colour, of 10"),
        ("in.gif", "gif", "rgb8", ""),
    ],
)
def test_what_no_network_sees_of_the_pictures_is_said(
    tmp_path: Path, name: str, codec: str, pix_fmt: str, says: str
) -> None:
    with av.open(str(tmp_path / name), "w") as output:
        stream: Any = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for number in range(3):
            picture = av.VideoFrame.from_ndarray(numbered_picture(number, (64, 48)), "bgr24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(picture.reformat(format=pix_fmt)))
        output.mux(stream.encode(None))
    assert paint(tmp_path / name, tmp_path / "out.mkv").reason == says


def test_attached_files_that_an_output_has_no_place_for_are_said(tmp_path: Path) -> None:
    result = paint(write_rich_film(tmp_path / "in.mkv"), tmp_path / "out.mp4")
    assert "1 attached file left out: .mp4 holds none" in result.reason
