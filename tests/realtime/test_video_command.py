"""The command from one end to the other: real films, a real network, real files."""

from __future__ import annotations

import io
import json
import os
import sys
import weakref
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clip_makers import numbered_picture, read_clip, read_number, write_clip
from film_runners import Count, paint
from rich.console import Console

from realtime.cli import main
from realtime.engine import EngineOptions, open_engine
from realtime.film_report import BatchBars
from realtime.frame import Frame
from realtime.testing import IdentityEngine

Run = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tiny_style: Path
) -> Run:
    """Run the command in an empty folder, unsteadied, for speed; return exit code and printed lines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run_it(*arguments: object) -> tuple[int, list[str], list[str]]:
        exit_code = main(["video", *map(str, arguments), "--style", str(tiny_style), "--steady", "off"])
        printed = capsys.readouterr()
        return exit_code, printed.out.splitlines(), printed.err.splitlines()

    return run_it


def row(lines: list[str], name: str) -> list[str]:
    """Return the cells of a file's row in the table."""
    return next(line.split() for line in lines if line.split()[:1] == [name])


def test_a_film_comes_out_painted_and_the_table_says_so(run: Run, tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", count=30, sound="aac")
    exit_code, out, err = run("in.mp4", "-o", "out.mp4")
    assert (exit_code, err) == (0, [])
    assert row(out, "in.mp4")[:2] == ["in.mp4", "30"]
    assert "painted" in row(out, "in.mp4")
    clip = read_clip(tmp_path / "out.mp4")
    assert clip.numbers == [255 - number for number in range(30)]  # the network inverts the picture
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


def test_a_batch_goes_on_when_one_fails_and_again_does_only_that(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    write_clip(tmp_path / "clips" / "a.mp4", count=20)
    (tmp_path / "clips" / "b.mp4").write_bytes(b"this is no film" * 100)
    write_clip(tmp_path / "clips" / "c.mkv", count=10)
    (tmp_path / "clips" / "notes.txt").write_text("x")
    exit_code, out, err = run("clips", "-o", "painted")
    assert (exit_code, err) == (1, [])
    assert out[0] == "left out of clips: notes.txt"
    assert [row(out, name)[-1] for name in ("a.mp4", "c.mkv")] == ["painted", "painted"]
    assert row(out, "b.mp4")[1:4] == ["failed", "clips/b.mp4", "cannot"]
    write_clip(tmp_path / "clips" / "b.mp4", count=15)
    exit_code, out, _ = run("clips", "-o", "painted", "--json")
    films = json.loads("\n".join(out))["films"]
    assert exit_code == 0
    assert [(film["result"], film["painted"]) for film in films] == [
        *(("unchanged", 0), ("painted", 15), ("unchanged", 0))
    ]
    assert sorted(path.name for path in (tmp_path / "painted").iterdir()) == ["a.mp4", "b.mp4", "c.mkv"]


def test_a_film_with_a_gap_is_in_part_again_when_the_batch_goes_on(run: Run, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mkv", count=30).read_bytes()
    (tmp_path / "whole.mkv").unlink()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / "none.mkv").write_bytes(b"this is no film" * 100)
    run("cut.mkv", "none.mkv", "-o", "painted")
    (tmp_path / "none.mkv").write_bytes(whole)
    exit_code, out, _ = run("cut.mkv", "none.mkv", "-o", "painted", "--json")
    facts = json.loads("\n".join(out))
    assert (exit_code, facts["failed"]) == (1, 1)
    assert [film["result"] for film in facts["films"]] == ["in part", "painted"]
    assert "the file is cut short" in facts["films"][0]["reason"]
    assert facts["films"][0]["painted"] == 0


def test_a_film_that_disappears_meanwhile_does_not_stop_the_others(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mkv", "b.mkv", "c.mkv"):
        write_clip(tmp_path / name, count=5)
    monkeypatch.setattr(BatchBars, "film", _removing(tmp_path / "b.mkv", BatchBars.film))
    exit_code, out, err = run("a.mkv", "b.mkv", "c.mkv", "-o", "painted")
    assert (exit_code, err) == (1, [])
    assert [row(out, name)[-1] for name in ("a.mkv", "c.mkv")] == ["painted", "painted"]
    assert " ".join(row(out, "b.mkv")) == "b.mkv failed b.mkv cannot be read: No such file or directory"


def _removing(film: Path, begin: Callable[[BatchBars, str], None]) -> Callable[[BatchBars, str], None]:
    """Return what removes a film when its turn comes."""

    def begin_without(bars: BatchBars, name: str) -> None:
        if name == film.name:
            film.unlink()
        begin(bars, name)

    return begin_without


def test_names_in_brackets_and_colons_are_shown_as_they_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d[").mkdir()
    (tmp_path / "d[" / "b].mp4").write_bytes(b"this is no film" * 100)
    write_clip(tmp_path / "[draft] :cat:.mp4", count=3)
    exit_code, out, err = run("[draft] :cat:.mp4", "d[/b].mp4", "-o", "painted")
    assert (exit_code, err) == (1, [])
    assert row(out, "[draft]")[:3] == ["[draft]", ":cat:.mp4", "3"]
    assert row(out, "b].mp4")[1:4] == ["failed", "d[/b].mp4", "cannot"]


def test_json_is_one_object_for_a_program(run: Run, tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", count=12)
    exit_code, out, err = run("in.mp4", "-o", "out.mkv", "--json")
    facts = json.loads("\n".join(out))
    film = facts["films"][0]
    assert (exit_code, err, facts["failed"]) == (0, [], 0)
    assert (film["input"], film["output"], film["result"]) == ("in.mp4", "out.mkv", "painted")
    assert (film["frames"], film["painted"]) == (12, 12)
    assert film["fps"] > 0


def test_pictures_go_in_and_come_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "shots").mkdir()
    for number in range(12):
        cv2.imwrite(str(tmp_path / "shots" / f"{number}.png"), numbered_picture(number, (65, 49)))
    (tmp_path / "shots" / "5.png").write_bytes(b"not a picture")
    exit_code, out, _ = run("shots", "-o", "painted", "--segment-frames", "5")
    assert exit_code == 1
    assert "1 picture could not be decoded, from 0.20 to 0.20 s" in " ".join(row(out, "shots"))
    pictures = sorted((tmp_path / "painted").iterdir())
    numbers = [255 - read_number(cv2.imread(str(picture))) for picture in pictures]
    assert numbers == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert cv2.imread(str(pictures[0])).shape == (49, 65, 3)
    exit_code, _, _ = run("shots/%d.png", "-o", "film.mp4", "--fps", "10")
    assert read_clip(tmp_path / "film.mp4").times_s == [Fraction(n, 10) for n in range(12) if n != 5]


def test_a_film_comes_out_as_pictures(run: Run, tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", count=12, sound="aac")
    exit_code, out, _ = run("in.mp4", "-o", "painted", "--codec", "png", "--segment-frames", "5")
    assert exit_code == 0
    pictures = sorted((tmp_path / "painted").iterdir())
    assert [picture.name for picture in pictures] == [f"{number:06d}.png" for number in range(12)]
    assert [255 - read_number(cv2.imread(str(picture))) for picture in pictures] == list(range(12))
    assert "1 audio track left out" in " ".join(out)


def test_a_shorter_film_leaves_no_pictures_of_a_longer_one_behind_it(run: Run, tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", count=12, fps=10)
    run("in.mp4", "-o", "painted", "--codec", "png")
    own = ["0000011.png", "000011.jpg", "00011.png", "cover.png", "x000011.png"]
    for name in own:
        (tmp_path / "painted" / name).write_bytes(b"somebody's own")
    exit_code, _, _ = run("in.mp4", "-o", "painted", "--codec", "png", "--end", "0.5")
    assert exit_code == 0
    names = [picture.name for picture in (tmp_path / "painted").iterdir()]
    assert sorted(names) == sorted([*own, *(f"{number:06d}.png" for number in range(5))])


@pytest.mark.parametrize(
    ("codec", "name", "found"),
    [
        ("h264", "out.mov", "h264"),
        ("hevc", "out.mp4", "hevc"),
        ("av1", "out.webm", "libdav1d"),
        ("vp9", "out.webm", "vp9"),
        ("prores", "out.mov", "prores"),
        ("ffv1", "out.mkv", "ffv1"),
        ("gif", "out.gif", "gif"),
        ("webp", "out.webp", "webp"),
    ],
)
def test_every_codec_reaches_a_file_that_opens(
    run: Run, tmp_path: Path, codec: str, name: str, found: str
) -> None:
    write_clip(tmp_path / "in.mp4", count=12, size_wh=(64, 64), fps=25)
    exit_code, _, _ = run("in.mp4", "-o", name, "--codec", codec, "--segment-frames", "5")
    assert exit_code == 0
    if codec == "webp":
        from PIL import Image

        with Image.open(tmp_path / name) as moving:
            assert (getattr(moving, "n_frames"), moving.size) == (12, (64, 64))  # noqa: B009
        return
    clip = read_clip(tmp_path / name)
    assert clip.stream["codec"] == found
    assert clip.numbers == [255 - number for number in range(12)]
    assert clip.times_s == pytest.approx([n / 25 for n in range(12)], abs=1e-3)


def test_a_card_that_is_not_there_is_one_clear_line(run: Run, tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", count=3)
    exit_code, out, _ = run("in.mp4", "-o", "out.mp4", "--codec", "hevc_videotoolbox", "--json")
    if exit_code == 0:
        pytest.skip("this machine has it")
    assert "hevc_videotoolbox cannot encode 64x48" in json.loads("\n".join(out))["films"][0]["reason"]
    assert not (tmp_path / "out.mp4").exists()


def test_all_options_reach_the_film(run: Run, tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", count=50, fps=25, gop=10)
    exit_code, _, _ = run(
        *("in.mp4", "-o", "out.mkv", "--start", "0:00.4", "--end", "1.2", "--every", "2", "--crf", "5"),
        *("--strength", "0", "--output-size", "130x98", "--size", "64x64", "--pixel-format", "yuv444p"),
    )
    clip = read_clip(tmp_path / "out.mkv")
    assert exit_code == 0
    assert clip.numbers == list(range(10, 30, 2))
    assert clip.size_wh == (130, 98)
    assert clip.stream["pix_fmt"] == "yuv444p"


def test_a_timeline_reaches_the_film(run: Run, tmp_path: Path, network_style: Path) -> None:
    write_clip(tmp_path / "in.mp4", count=30, fps=30)
    changes = [{"at": 0.5, "strength": 0.0}, {"at": 0.8, "style": str(network_style), "strength": 1}]
    (tmp_path / "styles.json").write_text(json.dumps(changes))
    exit_code, _, err = run("in.mp4", "-o", "out.mkv", "--timeline", "styles.json")
    assert (exit_code, err) == (0, [])
    numbers = read_clip(tmp_path / "out.mkv").numbers
    assert numbers[:24] == [*(255 - n for n in range(15)), *range(15, 24)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing.mp4", "-o", "x.mp4"), "error: nothing.mp4: no such file or folder"),
        (("in.mp4", "-o", "in.mp4"), "error: in.mp4 is an input itself; give --output another name"),
        (("in.mp4", "-o", "x.mp4", "--codec", "h265"), "error: --codec must be one of h264"),
        (("in.mp4", "-o", "x.mp4", "--crf", "99"), "error: --crf of h264 must be from 0 to 51, got 99"),
        (("in.mp4", "-o", "x.mp4", "--fps", "fast"), "error: --fps must be a number such as 24"),
        (("in.mp4", "-o", "x.mp4", "--start", "soon"), "error: --start must be seconds or H:MM:SS"),
        (("in.mp4", "-o", "x.mp4", "--workers", "0"), "error: --workers must be from 1 to 256, got 0"),
        (("in.mp4", "-o", "x.mp4", "--strength", "2"), "error: strength must be from 0"),
        (("in.mp4", "-o", "x.mp4", "--timeline", "no.json"), "error: --timeline no.json cannot be read"),
    ],
)
def test_a_wrong_option_is_one_line_before_anything_is_painted(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    write_clip(tmp_path / "in.mp4", count=3)
    exit_code, out, err = run(*arguments)
    assert (exit_code, out, len(err)) == (2, [], 1)
    assert err[0].startswith(message)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--style", "sty.webp"),
        ("--style", "random:1:0.5,sty.webp:0.5"),
        ("--timeline", "changes.json"),
        ("--mask", "m.png", "--background", "sty.webp"),
        ("--mask", "m.png:100", "--label", "200=sty.webp"),
        ("--mask", "m.png", "--background", "picture:sty.webp"),
        ("--mask", "m.png", "--semantic", "sty.webp", "--style-mask", "m.png"),
    ],
)
@pytest.mark.usefixtures("meta_network")
def test_no_film_takes_the_place_of_a_picture_that_a_style_is_made_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "in.mp4", count=3)
    cv2.imwrite("sty.webp", numbered_picture(3, (64, 48)))
    cv2.imwrite("m.png", np.full((48, 64), [1, 2] * 32, np.uint8) * 100)
    (tmp_path / "changes.json").write_text('[{"at": 0.05, "style": "sty.webp"}]')
    before = (tmp_path / "sty.webp").read_bytes()
    assert main(["video", "in.mp4", "-o", "sty.webp", "--steady", "off", *arguments]) == 2
    assert "error: sty.webp would overwrite sty.webp" in capsys.readouterr().err
    assert (tmp_path / "sty.webp").read_bytes() == before


def test_the_help_shows_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["video", "--help"]) == 0
    assert "python -m realtime video clip.mkv -o painted.mkv --style udnie" in capsys.readouterr().out


def test_bars_show_each_film_and_all_of_them_with_frames_a_second() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with BatchBars(2, console) as bars:
        bars.film("first.mp4")
        bars.begin(10, 4)
        for _ in range(6):
            bars.advance()
        bars.film("[/second].mp4")
        bars.begin(5, 0)
        bars.advance(5)
    shown = screen.getvalue()
    for text in ("first.mp4", "[/second].mp4", "all films", "10/10", "5/5", "2/2", "fps"):
        assert text in shown


def test_frames_of_a_film_are_never_all_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: dict[int, int] = {}  # where the pixels of each living view lie
    most = 0
    whole = Frame.__post_init__

    def watched(frame: Frame) -> None:
        nonlocal most
        whole(frame)
        view = frame.image
        alive[id(view)] = view.__array_interface__["data"][0]
        weakref.finalize(view, alive.pop, id(view), None)
        most = max(most, len(set(alive.values())))

    monkeypatch.setattr(Frame, "__post_init__", watched)
    source = write_clip(tmp_path / "in.mp4", count=250, gop=250)
    paint(source, tmp_path / "out.mp4", engine=IdentityEngine(), count=Count())
    assert 2 <= most <= 24  # those on their way through the loop, and their paintings, of 250


def test_the_painting_is_the_engines_own(run: Run, tmp_path: Path, network_style: Path) -> None:
    write_clip(tmp_path / "in.mkv", count=4, codec="ffv1", pix_fmt="bgr0", size_wh=(96, 64))
    assert (
        main(
            [
                "video",
                "in.mkv",
                "-o",
                "out.mkv",
                "--style",
                str(network_style),
                "--codec",
                "ffv1",
                "--steady",
                "off",
            ]
        )
        == 0
    )
    engine = open_engine(network_style, EngineOptions())
    with av.open("out.mkv") as container:
        for number, frame in enumerate(container.decode(video=0)):
            expected = engine.infer(numbered_picture(number, (96, 64)))
            assert np.abs(frame.to_ndarray(format="bgr24").astype(int) - expected).max() <= 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_line(run: Run, tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", count=3)
    (tmp_path / "locked").mkdir(mode=0o500)
    exit_code, out, _ = run("in.mp4", "-o", "locked/out.mp4")
    assert exit_code == 1
    assert "cannot be written" in " ".join(out)
