"""Masks of films: each frame has its own, however the film is cut, stopped, or begun in the middle."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clip_makers import read_clip, write_clip
from film_makers import write_rich_film
from film_runners import IDENTITY, Count, paint
from numpy.typing import NDArray

from realtime.catalog import StyleEntry
from realtime.cli import main
from realtime.contract import read_contract
from realtime.engine import EngineOptions, open_engine
from realtime.errors import MaskError, OptionError, SourceError
from realtime.film import Film, OwnBrushes, paint_film
from realtime.film_cut import FilmCut
from realtime.film_mask import FilmMask, read_film_mask
from realtime.film_plan import FilmOptions
from realtime.film_workers import WorkerBrushes
from realtime.style_timeline import StyleTimeline
from realtime.testing import IdentityEngine

COUNT, PIECE = 80, 20
Image = NDArray[np.uint8]


class Inverting(IdentityEngine):
    """Paints the negative."""

    def infer(self, image: Image) -> Image:
        return 255 - super().infer(image)


def is_meant(number: int) -> bool:
    """Which frames the masks below mean wholly; the others not at all. No piece is like the one before."""
    return bin(number * 37).count("1") % 2 == 1


def mask_folder(folder: Path, count: int = COUNT) -> Path:
    folder.mkdir()
    for number in range(count):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((8, 8), 255 * is_meant(number), np.uint8))
    return folder


def mask_video(file: Path, count: int = COUNT, fps: int = 25) -> Path:
    with av.open(str(file), "w") as output:
        stream = output.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.gop_size = 32, 32, "yuv420p", 12
        for number in range(count):
            grey = np.full((32, 32, 3), 255 * is_meant(number), np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, "bgr24").reformat(format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, fps)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return file


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rich_film(tmp_path_factory.mktemp("films") / "in.mkv", count=COUNT, gop=10)


def masked(path: Path, background: str = "original", **labels: str) -> FilmMask:
    return read_film_mask(str(path), background, labels)


def expected(numbers: range) -> list[int]:
    return [255 - number if is_meant(number) else number for number in numbers]


MAKERS: Mapping[str, Callable[[Path], Path]] = {
    "folder": lambda folder: mask_folder(folder / "masks"),
    "video": lambda folder: mask_video(folder / "masks.mp4"),
    "video of another rate": lambda folder: mask_video(folder / "masks.mkv", COUNT + 20),
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    ("cut", "numbers"),
    [
        ({}, range(COUNT)),
        ({"start_s": Fraction("1.6"), "end_s": Fraction("2.8")}, range(40, 70)),
        ({"every": 3}, range(0, COUNT, 3)),
    ],
)
def test_every_frame_has_its_own_mask_wherever_the_film_begins(
    film: Path, tmp_path: Path, kind: str, cut: dict[str, Fraction], numbers: range
) -> None:
    mask = masked(MAKERS[kind](tmp_path))
    output = tmp_path / "out.mkv"
    result = paint(
        film, output, engine=Inverting(), mask=mask, segment_frames=PIECE, crf=4, cut=FilmCut(**cut)
    )
    assert read_clip(output).numbers == expected(numbers)
    assert result.reason == ""


def test_at_another_rate_a_frame_has_the_mask_of_the_picture_that_it_shows(
    film: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.mkv"
    cut = FilmCut(fps=Fraction(50), start_s=Fraction("0.8"))
    paint(film, output, engine=Inverting(), mask=masked(mask_folder(tmp_path / "masks")), cut=cut, crf=4)
    twice = [number for number in range(20, COUNT) for _ in range(2)]
    assert read_clip(output).numbers == [expected(range(n, n + 1))[0] for n in twice]


@pytest.mark.parametrize("at", [1, 20, 47])
@pytest.mark.parametrize("kind", ["folder", "video"])
def test_a_masked_film_that_was_stopped_goes_on_as_if_it_had_not_been(
    film: Path, tmp_path: Path, at: int, kind: str
) -> None:
    mask, whole, output = masked(MAKERS[kind](tmp_path)), tmp_path / "whole.mkv", tmp_path / "out.mkv"
    paint(film, whole, engine=Inverting(), mask=mask, segment_frames=PIECE, steady="full")
    stop = threading.Event()
    first = Count(lambda painted: stop.set() if painted == at else None)
    asked = {"engine": Inverting(), "mask": mask, "segment_frames": PIECE, "steady": "full"}
    assert paint(film, output, stop=stop, count=first, **asked).result == "stopped"
    second = Count()
    paint(film, output, count=second, **asked)
    assert second.done == (at - 1) // PIECE * PIECE  # a piece is whole when a frame of the next has come
    assert digest(output) == digest(whole)


@pytest.mark.parametrize("steady", ["off", "full"])
def test_several_processes_give_the_same_bytes_as_one_of_a_mask_that_remembers(
    film: Path, tmp_path: Path, tiny_style: Path, steady: str
) -> None:
    from onnx_makers import write_mask_network

    entry = StyleEntry("tiny", tiny_style, read_contract(tiny_style), shipped=False)
    network = write_mask_network(tmp_path / "net.onnx", ["sea", "sky"])
    mask = read_film_mask(f"{network}:sky", "blur", {"sea": "tiny"})
    engine = EngineOptions(threads=1)
    options = FilmOptions(
        StyleTimeline("tiny"),
        {"tiny": entry},
        engine,
        segment_frames=PIECE,
        mask=mask,
        steady=steady,  # type: ignore[arg-type]
    )
    one, two = tmp_path / "one.mkv", tmp_path / "two.mkv"
    brushes = OwnBrushes({"tiny": open_engine(tiny_style, engine)}, threading.Event())
    paint_film(Film(film, one), options, brushes, Count())
    with WorkerBrushes(options.styles, engine, 2, threading.Event()) as workers:
        paint_film(Film(film, two), options, workers, Count())
    assert digest(one) == digest(two)


def test_masks_that_end_before_the_film_leave_the_last_one_and_that_is_said(
    film: Path, tmp_path: Path
) -> None:
    assert is_meant(50)
    output = tmp_path / "out.mkv"
    mask = masked(mask_folder(tmp_path / "masks", 51))
    result = paint(film, output, engine=Inverting(), mask=mask, segment_frames=PIECE, crf=4)
    stays = [*expected(range(51)), *(255 - number for number in range(51, COUNT))]
    assert read_clip(output).numbers == stays
    assert result.result == "painted"
    assert result.reason.endswith("masks has 51 masks for 80 frames; the last one stays")
    video = masked(mask_video(tmp_path / "masks.mp4", 51))
    again = paint(film, tmp_path / "two.mkv", engine=Inverting(), mask=video, segment_frames=PIECE, crf=4)
    assert read_clip(tmp_path / "two.mkv").numbers == stays
    assert "ends at 2.04 s, before the film; the last mask stays" in again.reason


def test_another_mask_paints_every_piece_again(film: Path, tmp_path: Path) -> None:
    folder, output, stop = mask_folder(tmp_path / "masks"), tmp_path / "out.mkv", threading.Event()
    first = Count(lambda painted: stop.set() if painted == 70 else None)
    paint(film, output, mask=masked(folder), segment_frames=PIECE, stop=stop, count=first)
    same = Count()
    stop = threading.Event()
    stop.set()
    paint(film, output, mask=masked(folder), segment_frames=PIECE, stop=stop, count=same)
    assert same.done == 60
    cv2.imwrite(str(folder / "7.png"), np.full((8, 8), 99, np.uint8))
    again = Count()
    paint(film, output, mask=masked(folder), segment_frames=PIECE, count=again)
    assert (again.done, again.painted) == (0, COUNT)


def test_a_mask_that_changes_while_it_is_used_gives_no_output(film: Path, tmp_path: Path) -> None:
    folder, output = mask_folder(tmp_path / "masks"), tmp_path / "out.mkv"
    change = Count(lambda painted: (folder / "70.png").write_bytes(b"") if painted == 79 else None)
    with pytest.raises(SourceError, match=r"70\.png was changed while it was used; run the same command"):
        paint(film, output, mask=masked(folder), count=change)
    assert not output.exists()


def test_a_mask_that_cannot_be_read_fails_the_film(film: Path, tmp_path: Path) -> None:
    folder = mask_folder(tmp_path / "masks")
    (folder / "30.png").write_bytes(b"no picture")
    with pytest.raises(MaskError, match=r"30\.png cannot be read as a picture"):
        paint(film, tmp_path / "out.mkv", mask=masked(folder))


def test_a_mask_that_learns_as_it_goes_is_refused_with_what_to_do() -> None:
    with pytest.raises(OptionError, match="use: python run_camera.py --mask motion"):
        read_film_mask("motion", "original", {})
    with pytest.raises(MaskError, match="--label wants a --mask that names a label itself"):
        read_film_mask("key:#00ff00", "original", {"1": "x"})


def test_labels_have_each_its_style_through_the_real_command(
    tmp_path: Path, tiny_style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Label 85 is inverted, label 170 too through --label, and the rest is as it was."""
    write_clip(tmp_path / "in.mp4", count=12, size_wh=(64, 48), codec_options={"qp": "4"})
    (tmp_path / "masks").mkdir()
    for number in range(12):
        labels = np.zeros((48, 64), np.uint8)
        labels[:16], labels[16:32] = 85, 170
        cv2.imwrite(str(tmp_path / "masks" / f"{number:03d}.png"), labels)
    source, output = str(tmp_path / "in.mp4"), str(tmp_path / "out.mkv")
    words = ["video", source, "-o", output, "--style", str(tiny_style), "--steady", "off", "--json"]
    words += ["--crf", "4", "--mask", f"{tmp_path / 'masks'}:85", "--label", f"170={tiny_style}"]
    assert main(words) == 0, capsys.readouterr()
    assert json.loads(capsys.readouterr().out)["films"][0]["frames"] == 12
    with av.open(output) as container:
        images = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    with av.open(source) as container:
        before = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    for painted, image in zip(images, before, strict=True):
        assert np.abs(painted[:28].astype(int) - (255 - image[:28].astype(int))).mean() < 6
        assert np.abs(painted[36:].astype(int) - image[36:]).mean() < 6


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--background", "blur"], "--background is what stands around a mask"),
        (["--label", "2=udnie"], "--label paints labels of a --mask"),
        (["--mask", "missing.png"], "there is no such file; a mask is person, motion"),
        (["--mask", "person", "--label", "udnie"], "--label must be LABEL=STYLE, such as 2=udnie"),
        (["--mask", "person", "--background", "picture:missing.jpg"], "cannot be read as a picture"),
        (["--mask", "person:sky"], "there is no such file"),
    ],
)
def test_what_cannot_be_masked_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    write_clip(tmp_path / "in.mp4", count=3)
    assert main(["video", str(tmp_path / "in.mp4"), "-o", str(tmp_path / "out.mp4"), *words]) != 0
    err = capsys.readouterr().err
    assert says in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("what", ["masks.mp4", "masks", "behind.png"])
def test_a_film_never_takes_the_place_of_its_masks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    write_clip(tmp_path / "in.mp4", count=3)
    mask_video(tmp_path / "masks.mp4", count=3)
    mask_folder(tmp_path / "masks", count=3)
    cv2.imwrite(str(tmp_path / "behind.png"), np.zeros((48, 64, 3), np.uint8))
    output, words = tmp_path / what, ["--mask", str(tmp_path / what)]
    if what == "behind.png":
        output = tmp_path / "behind"
        output.mkdir()
        picture = (tmp_path / what).rename(output / "000001.png")
        words = ["--mask", str(tmp_path / "masks"), "--background", f"picture:{picture}"]
    codec = [] if output.suffix else ["--codec", "png"]
    kept = {file: digest(file) for file in sorted(tmp_path.rglob("*")) if file.is_file()}
    assert main(["video", str(tmp_path / "in.mp4"), "-o", str(output), *codec, *words]) != 0
    assert "which --mask needs; give another name" in capsys.readouterr().err
    assert {file: digest(file) for file in kept} == kept


def test_styles_of_a_mask_are_opened_and_hashed(tmp_path: Path) -> None:
    mask = FilmMask((), ("label",), "behind", None, "digest")
    options = FilmOptions(StyleTimeline("front"), {"front": IDENTITY}, mask=mask)
    assert options.painting == ("front", "label", "behind")
