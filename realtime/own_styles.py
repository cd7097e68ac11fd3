"""The user's own styles: pictures that are kept by name, and forgotten again."""

from __future__ import annotations

import re
from pathlib import Path

from realtime.catalog import StyleEntry, is_style, parse_style, shipped_dir, user_dir
from realtime.contract import read_contract
from realtime.errors import OptionError, SinkError, StyleNotFoundError
from realtime.made_style import mix_hidden, sources_of
from realtime.meta_file import find_meta_file
from realtime.onnx_metadata import ONNX_SUFFIX, STEADY_SUFFIX
from realtime.package_metadata import PACKAGE_SUFFIX
from realtime.style_maker import Credits, StyleMaker

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")


def add_style(text: str, credits: Credits, *, overwrite: bool = False) -> StyleEntry:
    """Make a style of a picture, of chance or of a mix, and keep it in the user's folder.

    Args:
        text: see `realtime.style_spec`.
        credits: its name is what the style is called.
        overwrite: take the place of a style of the user's own with this name.
    Raises:
        OptionError: if the name does not fit, is taken, or the text is a style already.
        LivebrushError: if it cannot be made, or not be written.
    """
    if not _NAME.fullmatch(credits.name):
        raise OptionError(
            f'--name must be up to 60 lower case letters, digits, "_", "." and "-", got {credits.name!r}'
        )
    path = user_dir() / f"{credits.name}{ONNX_SUFFIX}"
    if path.exists() and not overwrite:
        raise OptionError(f"there is a style {credits.name} of yours; give --overwrite, or another --name")
    if is_style(text):
        raise OptionError(f"{text} is a style already; to call it otherwise copy its file to {user_dir()}")
    maker = StyleMaker(find_meta_file())
    style = maker.make(mix_hidden(maker, sources_of(parse_style(text))), credits)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(style)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SinkError(f"{path} cannot be written ({error.strerror or error})") from error
    return StyleEntry(credits.name, path, read_contract(path), shipped=False)


def remove_style(name: str) -> list[Path]:
    """Delete a style of the user's own, and return its files.

    Raises:
        OptionError: if it is one that ships.
        StyleNotFoundError: if there is none.
        SinkError: if it cannot be deleted.
    """
    files = [user_dir() / f"{name}{suffix}" for suffix in (ONNX_SUFFIX, STEADY_SUFFIX, PACKAGE_SUFFIX)]
    found = [file for file in files if file.parent == user_dir() and file.is_file()]
    if not found:
        if (shipped_dir() / f"{name}{ONNX_SUFFIX}").is_file():
            raise OptionError(f"{name} came with Livebrush and is not removed; only your own styles are")
        raise StyleNotFoundError(name)
    for file in found:
        try:
            file.unlink()
        except OSError as error:
            raise SinkError(f"{file} cannot be deleted ({error.strerror or error})") from error
    return found
