from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from clip_makers import numbered_picture, read_clip
from film_runners import paint
from PIL import Image

from realtime.errors import OptionError, SinkError, SourceError
from realtime.film_inputs import Input, find_inputs, name_outputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of mixed things."""
    for name in ("b.mp4", "a10.mov", "a9.mkv", "notes.txt", "cover.jpg", ".hidden.mp4", "more.doc", "x.zip"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "inner").mkdir()
    for name in ("2.png", "10.png", "1.png"):
        (tmp_path / "inner" / name).write_bytes(b"x")
    return tmp_path


def names(words: list[str]) -> list[str]:
    return [one.source.name for one in find_inputs(words).films]


def test_a_folder_means_its_films_in_natural_order_and_the_rest_is_named(folder: Path) -> None:
    found = find_inputs([str(folder)])
    assert [one.source.name for one in found.films] == ["a9.mkv", "a10.mov", "b.mp4"]
    assert found.left_out == (f"left out of {folder}: cover.jpg, inner, more.doc and 2 more",)


def test_a_folder_of_pictures_is_one_film_in_natural_order(folder: Path) -> None:
    (one,) = find_inputs([str(folder / "inner")]).films
    assert [file.name for file in one.files] == ["1.png", "2.png", "10.png"]
    assert one.name == "inner"


def test_numbered_pictures_and_patterns_are_found(folder: Path) -> None:
    (one,) = find_inputs([str(folder / "inner" / "%d.png")]).films
    assert [file.name for file in one.files] == ["1.png", "2.png", "10.png"]
    assert names([str(folder / "a*.m*")]) == ["a9.mkv", "a10.mov"]
    assert names([str(folder / "*.mp4"), str(folder / "b.mp4")]) == ["b.mp4"]


def test_a_name_that_looks_like_a_pattern_is_taken_as_it_is(folder: Path) -> None:
    (folder / "[1].mp4").write_bytes(b"x")
    assert names([str(folder / "[1].mp4")]) == ["[1].mp4"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("no.mp4", "no such file or folder"),
        ("no*.mp4", "nothing matches it"),
        ("no_%04d.png", "there are no pictures numbered so"),
        ("empty", "holds neither films nor pictures"),
        ("https://me:secret@there/a.mp4", "https://... is an address"),
    ],
)
def test_a_word_that_means_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=message) as refused:
        find_inputs([word])
    assert "secret" not in str(refused.value)


def test_a_picture_that_moves_is_a_film_and_its_frames_come_out(tmp_path: Path) -> None:
    moving, still = tmp_path / "moving.png", tmp_path / "still.png"
    images = [Image.fromarray(numbered_picture(number, (64, 48))) for number in range(20)]
    images[0].save(moving, save_all=True, append_images=images[1:], duration=40)
    images[0].save(still)
    found = find_inputs([str(moving), str(still)]).films
    assert found == (Input(moving), Input(still, (still,)))
    assert paint(moving, tmp_path / "out.mkv", segment_frames=10).result == "painted"
    clip = read_clip(tmp_path / "out.mkv")
    assert clip.numbers == list(range(20))
    assert clip.times_s[1] == Fraction(1, 25)


def test_an_animated_webp_is_refused_with_what_to_do(tmp_path: Path) -> None:
    moving = tmp_path / "moving.webp"
    images = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    images[0].save(moving, save_all=True, append_images=images[1:], duration=40)
    assert find_inputs([str(moving)]).films == (Input(moving),)
    with pytest.raises(SourceError, match=r"moving\.webp is an animated WebP.*make pictures of it first"):
        paint(moving, tmp_path / "out.mkv")
    images[0].save(moving)
    assert paint(moving, tmp_path / "out.mkv", files=[moving]).frames == 1


def outputs(inputs: list[str], output: str, codec: str | None = None) -> list[str]:
    films = name_outputs([Input(Path(name)) for name in inputs], output, codec)
    return [str(film.output) for film in films]


def test_one_film_goes_into_a_file_or_under_its_own_name_into_a_folder(tmp_path: Path) -> None:
    assert outputs(["a.mov"], "x/b.mp4") == ["x/b.mp4"]
    assert outputs(["a.mov"], "x/") == ["x/a.mov"]
    assert outputs(["a.mov"], "x") == ["x/a.mov"]
    (tmp_path / "d.mp4").mkdir()
    assert outputs(["a.mov"], str(tmp_path / "d.mp4")) == [str(tmp_path / "d.mp4" / "a.mov")]


def test_films_keep_their_kind_of_file_where_they_can() -> None:
    assert outputs(["a.mov", "b.avi", "c.webm", "d.gif"], "x") == [
        "x/a.mov",
        "x/b.mp4",
        "x/c.webm",
        "x/d.gif",
    ]
    assert outputs(["a.mov", "b.mkv"], "x", "prores") == ["x/a.mov", "x/b.mkv"]
    assert outputs(["a.mp4", "b.webm"], "x", "vp9") == ["x/a.mp4", "x/b.webm"]
    assert outputs(["a.mp4"], "x", "png") == ["x"]
    assert outputs(["a.mp4", "b.mp4"], "x", "png") == ["x/a", "x/b"]


def test_pictures_become_pictures_or_the_film_that_is_asked_for() -> None:
    pictures = Input(Path("shots/%04d.png"), (Path("shots/0001.png"),))
    assert [str(film.output) for film in name_outputs([pictures], "x", None)] == ["x"]
    assert [str(film.output) for film in name_outputs([pictures], "x.mp4", None)] == ["x.mp4"]
    assert [str(film.output) for film in name_outputs([pictures, Input(Path("a.mp4"))], "x", None)] == [
        *("x/shots", "x/a.mp4")
    ]


@pytest.mark.parametrize("word", ["%02d.png", "."])
def test_pictures_of_the_folder_one_is_in_are_called_like_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    (tmp_path / "seq").mkdir()
    (tmp_path / "seq" / "01.png").touch()
    monkeypatch.chdir(tmp_path / "seq")
    films = find_inputs([word]).films
    assert [str(film.output) for film in name_outputs(films, "zz/", "h264")] == [str(Path("zz", "seq.mp4"))]


def test_two_films_with_one_name_are_refused_before_anything_is_painted() -> None:
    with pytest.raises(OptionError, match=r"a/1.avi and b/1.mp4 would both become x/1.mp4"):
        outputs(["a/1.avi", "b/1.mp4"], "x")


def test_several_films_do_not_fit_into_one_file() -> None:
    with pytest.raises(OptionError, match=r"2 films cannot all become x.mp4; name a folder"):
        outputs(["a.mp4", "b.mp4"], "x.mp4")


def test_an_output_never_takes_an_inputs_place(tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"x")
    (tmp_path / "link.mp4").symlink_to(clip)
    for output in (str(clip), str(tmp_path), str(tmp_path / "link.mp4")):
        with pytest.raises(SinkError, match="is an input itself"):
            outputs([str(clip)], output)
    with pytest.raises(SinkError, match="is an input itself"):
        outputs([str(clip), str(tmp_path / "b.avi"), str(tmp_path / "out" / ".." / "b.mp4")], str(tmp_path))


def test_pictures_are_not_painted_into_their_own_folder(tmp_path: Path) -> None:
    (tmp_path / "000007.png").touch()
    for word in (tmp_path / "%06d.png", tmp_path / "000007.png"):
        with pytest.raises(SinkError, match="is an input itself"):
            name_outputs(find_inputs([str(word)]).films, str(tmp_path), "png")


def test_an_ending_that_nothing_writes_is_refused() -> None:
    with pytest.raises(OptionError, match=r"x.avi must end in one of .mp4"):
        outputs(["a.mp4"], "x.avi")
    with pytest.raises(OptionError, match=r"a .webm file cannot hold h264"):
        outputs(["a.mp4"], "x.webm", "h264")
