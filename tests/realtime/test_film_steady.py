"""Steady films in pieces: a seam is not seen, and each piece is the same whoever painted the one before."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import pytest
from film_runners import Count, paint
from motion_makers import texture

from realtime.film_cut import FilmCut, window_of
from realtime.film_scan import scan_film
from realtime.film_source import FilmFrame, FilmSource
from realtime.sources import SourceInfo
from realtime.testing import IdentityEngine

PIECE = 30


@pytest.fixture(scope="module")
def still_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety frames of a still room with a camera's noise, without loss; any frame may begin a piece."""
    file = tmp_path_factory.mktemp("films") / "room.mkv"
    chance, room = np.random.default_rng(0), texture((96, 64))
    with av.open(str(file), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "bgr0"
        stream.codec_context.gop_size = 1
        for number in range(3 * PIECE):
            noisy = np.clip(room + chance.normal(0, 3, room.shape), 0, 255).round().astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(noisy, "bgr24").reformat(format="bgr0")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file


def paint_pictures(film: Path, folder: Path, **options: object) -> list[np.ndarray]:
    result = paint(film, folder, codec="png", segment_frames=PIECE, **{"steady": "full", **options})
    assert result.frames == 3 * PIECE
    return [cv2.imread(str(file)).astype(np.float64) for file in sorted(folder.glob("*.png"))]


def changes(pictures: list[np.ndarray]) -> np.ndarray:
    """Return E_warp of every pair; nothing moves."""
    pairs = zip(pictures[1:], pictures[:-1], strict=True)
    return np.array([np.square(now - before).mean() for now, before in pairs])


def test_no_seam_shows_between_pieces(still_film: Path, tmp_path: Path) -> None:
    steady = changes(paint_pictures(still_film, tmp_path / "steady"))
    alone = changes(paint_pictures(still_film, tmp_path / "alone", steady="off"))
    settled = [n for n in range(20, len(steady)) if n % PIECE != PIECE - 1]
    neighbours = steady[settled].mean()
    assert neighbours < 0.1 * alone.mean()
    for seam in (PIECE - 1, 2 * PIECE - 1):
        assert steady[seam] == pytest.approx(neighbours, rel=0.05)


@pytest.mark.parametrize("at", [5, 29, 31, 60, 80])
def test_a_steady_film_that_was_stopped_goes_on_as_if_it_had_not_been(
    still_film: Path, tmp_path: Path, at: int
) -> None:
    whole, output = tmp_path / "whole.mkv", tmp_path / "out.mkv"
    paint(still_film, whole, segment_frames=PIECE, steady="full")
    stop = threading.Event()
    first = Count(lambda painted: stop.set() if painted == at else None)
    asked = {"segment_frames": PIECE, "steady": "full"}
    assert paint(still_film, output, stop=stop, count=first, **asked).result == "stopped"
    paint(still_film, output, **asked)
    assert output.read_bytes() == whole.read_bytes()


def test_another_level_paints_every_piece_again(still_film: Path, tmp_path: Path) -> None:
    output, stop = tmp_path / "out.mkv", threading.Event()
    first = Count(lambda painted: stop.set() if painted == 70 else None)
    paint(still_film, output, segment_frames=PIECE, steady="full", stop=stop, count=first)
    again = Count()
    paint(still_film, output, segment_frames=PIECE, steady="light", count=again)
    assert (again.done, again.painted) == (0, 3 * PIECE)


class KeepsItsPast(IdentityEngine):
    """Paints a first frame as it is, and for ever after what it painted before."""

    looks_back = True

    def infer_after(self, image: np.ndarray, before: np.ndarray, trust: np.ndarray) -> np.ndarray:
        return before.copy()


def test_a_piece_ends_as_the_next_one_begins_whatever_stays_of_the_past(
    still_film: Path, tmp_path: Path
) -> None:
    steady = changes(paint_pictures(still_film, tmp_path / "steady", engine=KeepsItsPast()))
    apart = 2 * 3**2  # two frames' noise: what each piece would keep of its first
    assert steady.max() < apart / 25  # of it most is rounding to levels
    assert steady[2 * PIECE - 8] > 0  # the past is another one on each side of a seam


def test_frames_lead_to_the_next_piece_that_is_wanted_and_none_is_decoded_twice(still_film: Path) -> None:
    scan = scan_film(still_film, segment_frames=PIECE)
    assert [segment.first_index for segment in scan.segments] == [0, PIECE, 2 * PIECE]
    cut = FilmCut(end_s=Fraction(50, 25))
    window = window_of(cut, scan)

    def read(*numbers: int) -> list[FilmFrame]:
        pieces = [scan.segments[number] for number in numbers]
        info = SourceInfo("room", "file", (96, 64), fps=25.0)
        source = FilmSource(scan, pieces, cut, window, info, decoded_wh=(96, 64), warm_up=4)
        return [cast(FilmFrame, frame) for frame in iter(source.read, None)]

    both, second = read(0, 1), read(1)
    assert [frame.number for frame in both] == list(range(50))
    assert [frame.leads for frame in both if frame.leads] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert [frame.number for frame in both if frame.leads] == [26, 27, 28, 29]
    assert [(frame.number, frame.segment, frame.leads) for frame in second if frame.warms_up] == [
        (number, 1, 0) for number in (26, 27, 28, 29)
    ]
