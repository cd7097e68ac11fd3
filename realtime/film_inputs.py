"""Which films the words on the command line mean, and what each one's output is called.

| word                                   | means                                                         |
| -------------------------------------- | ------------------------------------------------------------- |
| a file                                 | that film, whatever its name ends in; a picture is a sequence |
| a picture that moves (APNG)            | that film                                                     |
| a folder with films in it              | every film in it, in natural order; its subfolders are left   |
| a folder with pictures and no film     | one sequence of pictures                                      |
| shots/%04d.png                         | one sequence of the pictures numbered so                      |
| a pattern with *, ? or []              | every file and folder that it matches                         |
| s3://bucket/film.mp4 and the like      | the film, the folder's films, or what the pattern matches     |

One input and an output with a suffix: that file. Everything else goes into the output as a folder, each
film under its own name. Two films that would get one name are refused before anything is painted, and so
is an output in an input's place.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.codecs import CODECS, PICTURES, SUFFIXES, choose_codec
from realtime.errors import OptionError, SinkError, SourceError
from realtime.film import Film
from realtime.film_pictures import is_numbered, numbered_files
from realtime.film_remote import Remote, find_remote, full_address, is_address, scratch_folder
from realtime.film_store import work_folder
from realtime.picture_header import is_animation
from realtime.sinks import takes_place_of
from realtime.source_folder import list_pictures, natural_key
from realtime.sources import PICTURE_SUFFIXES, URL_SCHEMES

# fmt: off
FILM_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2v", ".vob", ".ts", ".m2ts", ".mts",
    ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".ogm", ".3gp", ".3g2", ".mxf", ".gif", ".y4m", ".h264", ".264",
    ".hevc", ".265", ".ivf", ".dv", ".rm", ".rmvb", ".divx", ".nut",
})
# fmt: on


@dataclass(frozen=True)
class Input:
    """One film to be painted: a file, or pictures and what they are called together."""

    source: Path
    files: tuple[Path, ...] = ()
    remote: Remote | None = None

    @property
    def name(self) -> str:
        """What its output is called, without a suffix."""
        if self.remote is not None:
            return self.source.stem
        place = Path(os.path.abspath(self.source))  # "." and a bare %04d.png name no folder
        if self.files and not place.is_dir():
            return place.stem.split("%")[0].rstrip("_-. ") or place.parent.name
        return place.name if place.is_dir() else place.stem


@dataclass(frozen=True)
class Inputs:
    """What was found.

    Args:
        films: each once, in order.
        left_out: lines on what lies among them and is no film.
    """

    films: tuple[Input, ...]
    left_out: tuple[str, ...]


def find_inputs(words: Sequence[str]) -> Inputs:
    """Return the films that the words mean; one that is meant twice is there once.

    Raises:
        SourceError: a word means nothing.
    """
    found: dict[str, Input] = {}
    left_out: list[str] = []
    for word in words:
        for one in _meant_by(word, left_out):
            found.setdefault(one.remote.address if one.remote else os.path.realpath(one.source), one)
    return Inputs(tuple(found.values()), tuple(left_out))


def _meant_by(word: str, left_out: list[str]) -> Iterator[Input]:
    path = Path(word).expanduser()
    if is_address(word):
        scheme = word.split("://")[0]
        if scheme.lower() in URL_SCHEMES:
            raise SourceError(f"{scheme}://... is an address; paint it with: python run_camera.py --source")
        yield from (Input(Path(one.name), remote=one) for one in find_remote(word, FILM_SUFFIXES))
        return
    if path.exists():
        yield from _in_path(path, left_out)
        return
    if is_numbered(path):
        files = numbered_files(path)
        if not files:
            raise SourceError(f"{word}: there are no pictures numbered so")
        yield Input(path, tuple(files))
        return
    matches = sorted((Path(match) for match in glob.glob(str(path))), key=natural_key)
    if not matches:
        what = "nothing matches it" if glob.has_magic(word) else "no such file or folder"
        raise SourceError(f"{word}: {what}")
    for match in matches:
        if match.is_dir() or match.suffix.lower() in FILM_SUFFIXES | PICTURE_SUFFIXES:
            yield from _in_path(match, left_out)
        else:
            left_out.append(f"{match} is left out: it is no film by its name")


def _in_path(path: Path, left_out: list[str]) -> Iterator[Input]:
    if path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES and not is_animation(path):
        yield Input(path, (path,))
    elif not path.is_dir():
        yield Input(path)
    else:
        yield from _in_folder(path, left_out)


def _in_folder(folder: Path, left_out: list[str]) -> Iterator[Input]:
    try:
        files = sorted((f for f in folder.iterdir() if not f.name.startswith(".")), key=natural_key)
    except OSError as error:
        raise SourceError(f"the folder {folder} cannot be read: {error.strerror}") from error
    films = [file for file in files if file.is_file() and file.suffix.lower() in FILM_SUFFIXES]
    if films:
        others = [file.name for file in files if file not in films]
        if others:
            more = f" and {len(others) - 3} more" if len(others) > 3 else ""
            left_out.append(f"left out of {folder}: {', '.join(others[:3])}{more}")
        yield from (Input(film) for film in films)
        return
    pictures = list_pictures(folder)
    if not pictures:
        raise SourceError(f"{folder} holds neither films nor pictures")
    yield Input(folder, tuple(pictures))


def name_outputs(inputs: Sequence[Input], output: str, codec: str | None) -> list[Film]:
    """Return what each film is written to.

    Args:
        inputs: the films.
        output: a file for one film, or a folder; as it was typed, since "out/" is a folder.
        codec: asked for; None for what fits.
    Raises:
        OptionError: two films would get one name, or the codec does not fit.
        SinkError: an output would take an input's place.
    """
    named = _at_address if is_address(output) else _at_path
    films = [_with_copy(film) for film in named(inputs, output, codec)]
    _refuse_clashes(films)
    return films


def _at_address(inputs: Sequence[Input], output: str, codec: str | None) -> list[Film]:
    suffix = Path(output).suffix.lower()
    as_folder = output.endswith("/") or len(inputs) > 1 or suffix not in SUFFIXES
    films = []
    for one in inputs:
        kind = _suffix_for(one, codec) if as_folder else suffix
        if kind == PICTURES:
            raise OptionError(
                "a folder of pictures cannot be stored at an address; name a folder, or --codec"
            )
        choose_codec(codec, kind)
        upload = full_address(f"{output.rstrip('/')}/{one.name}{kind}" if as_folder else output)
        place = scratch_folder(upload) / Path(upload).name
        films.append(Film(one.source, place, one.files, one.remote, upload))
    return films


def _with_copy(film: Film) -> Film:
    """Name the copy that a film at an address is painted from; beside what its painting is kept in."""
    if film.remote is None:
        return film
    folder = work_folder(film.output) / "source" / film.remote.mark
    return replace(film, source=folder / film.remote.name)


def _at_path(inputs: Sequence[Input], output: str, codec: str | None) -> list[Film]:
    place = Path(output).expanduser()
    suffix = place.suffix.lower()
    as_folder = output.endswith(("/", os.sep)) or place.is_dir() or len(inputs) > 1 or not suffix
    if as_folder and suffix in SUFFIXES and not place.is_dir():
        raise OptionError(f"{len(inputs)} films cannot all become {place}; name a folder")
    if not as_folder:
        if suffix not in SUFFIXES:
            raise OptionError(f"{place} must end in one of {', '.join(SUFFIXES)}, or name a folder")
        choose_codec(codec, suffix)
        return [Film(inputs[0].source, place, inputs[0].files, inputs[0].remote)]
    return [_in_output_folder(one, place, codec, alone=len(inputs) == 1) for one in inputs]


def _in_output_folder(one: Input, folder: Path, codec: str | None, *, alone: bool) -> Film:
    suffix = _suffix_for(one, codec)
    if suffix == PICTURES:
        return Film(one.source, folder if alone else folder / one.name, one.files, one.remote)
    return Film(one.source, folder / f"{one.name}{suffix}", one.files, one.remote)


def _suffix_for(one: Input, codec: str | None) -> str:
    """Return the kind of file: the input's own where it can be, else the first that holds the codec."""
    own = PICTURES if one.files else one.source.suffix.lower()
    if codec is None:
        return own if own in (*SUFFIXES, PICTURES) else ".mp4"
    choose_codec(codec, CODECS[codec].holders[0] if codec in CODECS else own)
    holders = CODECS[codec].holders
    return own if own in holders else holders[0]


def _refuse_clashes(films: Sequence[Film]) -> None:
    taken: dict[str, Film] = {}
    addresses = {film.remote.address for film in films if film.remote is not None}
    sources = {os.path.realpath(path): path for film in films for path in (film.source, *film.files)}
    for film in films:
        place = os.path.realpath(film.output)
        if place in taken:
            raise OptionError(
                f"{taken[place].input_name} and {film.input_name} would both become {film.output_name}; "
                "paint them into two folders"
            )
        taken[place] = film
        is_input = place in sources or any(takes_place_of(film.output, path) for path in sources.values())
        if is_input or film.upload in addresses or f"file://{place}" in addresses:
            raise SinkError(f"{film.output_name} is an input itself; give --output another name")
