"""Steady films in pieces: a seam is not seen, and each piece is the same whoever painted the one before."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from film_runners import Count, paint
from motion_makers import texture

from realtime import film_source

PIECE = 30


@pytest.fixture(scope="module")
def still_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety frames of a still room with a camera's noise, without loss; any frame may begin a piece."""
    file = tmp_path_factory.mktemp("films") / "room.mkv"
    chance, room = np.random.default_rng(0), texture((96, 64))
    with av.open(str(file), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "bgr0"
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


def test_large_frames_are_not_kept_to_warm_up_the_next_piece_and_stop_as_well(
    still_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = paint_pictures(still_film, tmp_path / "kept")
    monkeypatch.setattr(film_source, "MOST_KEPT", 1)
    again = paint_pictures(still_film, tmp_path / "again")
    for one, other in zip(kept, again, strict=True):
        assert (one == other).all()  # no frame of this film is lost, so it is the same ones
    whole, output, stop = tmp_path / "whole.mkv", tmp_path / "out.mkv", threading.Event()
    asked = {"segment_frames": PIECE, "steady": "full"}
    paint(still_film, whole, **asked)
    first = Count(lambda painted: stop.set() if painted == 70 else None)
    assert paint(still_film, output, stop=stop, count=first, **asked).result == "stopped"
    paint(still_film, output, **asked)
    assert output.read_bytes() == whole.read_bytes()
