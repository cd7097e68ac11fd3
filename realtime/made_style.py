"""From what the user typed, a picture or a mix, to a style file: in the cache, or where it is to stay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from realtime.catalog import StyleEntry, find_style, is_style, list_styles
from realtime.contract import read_contract
from realtime.errors import LivebrushError, OptionError
from realtime.meta_file import find_meta_file
from realtime.picture_header import check_header, read_bytes
from realtime.style_cache import StyleCache, style_cache
from realtime.style_maker import Credits, Hidden, StyleMaker, plain_name, read_hidden
from realtime.style_spec import Part

_LONGEST_NAME = 60


@dataclass(frozen=True)
class Source:
    """What a part of a mix stands for.

    Args:
        name: for people to read.
        identity: what its hidden numbers depend on.
        weight: its share.
        hidden: works its hidden numbers out.
    """

    name: str
    identity: str
    weight: float
    hidden: Callable[[StyleMaker], Hidden]


def make_style(parts: Sequence[Part]) -> StyleEntry:
    """Return the style of a picture, of chance or of a mix: from the cache, or made now.

    Args:
        parts: see `realtime.style_spec`; a style alone stays as it is.
    Raises:
        LivebrushError: if no meta network is installed, or a picture or a style cannot be used.
    """
    if len(parts) == 1 and is_style(parts[0].text):
        return find_style(parts[0].text)
    sources = sources_of(parts)  # what is wrong with a picture is said first
    return mix_styles(StyleMaker(find_meta_file()), sources)


def sources_of(parts: Sequence[Part]) -> list[Source]:
    """Return what parts stand for; pictures are read, but not decoded yet.

    Raises:
        LivebrushError: if one cannot be read.
    """
    return [_source(part) for part in parts]


def mix_styles(maker: StyleMaker, sources: Sequence[Source], cache: StyleCache | None = None) -> StyleEntry:
    """Return the style between styles, from the cache or made now.

    Args:
        maker: what makes it.
        sources: the styles.
        cache: where its file is kept; None for the user's.
    Raises:
        LivebrushError: if a picture or a style cannot be used, or the cache cannot be written.
    """
    sources = [source for source in sources if source.weight > 0]
    credits, cache = _credits(sources), cache or style_cache()
    key = _key(maker, sources)
    entry = _entry(cache.find(key), credits)
    if entry is None:
        entry = _entry(cache.put(key, maker.make(mix_hidden(maker, sources), credits)), credits)
    assert entry is not None  # the file was written a moment ago
    return entry


def mix_hidden(maker: StyleMaker, sources: Sequence[Source]) -> Hidden:
    """Return the weighted mean of the sources' hidden numbers."""
    mixed = np.zeros(maker.plan.hidden_numbers, np.float32)
    for source in sources:
        mixed += np.float32(source.weight) * source.hidden(maker)
    return mixed


def _entry(path: Path | None, credits: Credits) -> StyleEntry | None:
    """Return the style in a file of the cache; None if there is none, or it is damaged."""
    if path is None:
        return None
    try:
        contract = read_contract(path)
    except LivebrushError:
        return None
    # The picture may have been called something else when the file was made.
    contract = replace(contract, name=plain_name(credits.name), title=credits.title)
    return StyleEntry(credits.name, path, contract, shipped=False)


def _source(part: Part) -> Source:
    seed = part.seed
    if seed is not None:
        return Source(
            f"random-{seed}", f"random {seed}", part.weight, lambda maker: maker.random_hidden(seed)
        )
    if is_style(part.text):
        return source_of_style(find_style(part.text), part.weight)
    path = Path(part.text).expanduser()
    return source_of_picture(read_bytes(path), path.name, part.weight)


def source_of_picture(data: bytes, name: str, weight: float = 1.0) -> Source:
    """Return what a picture file stands for.

    Args:
        data: the whole file.
        name: of the file, for messages and as the style's name.
        weight: its share.
    Raises:
        StylePictureError: if it is no picture, too small or too large.
    """
    check_header(data, name)

    def hidden(maker: StyleMaker) -> Hidden:
        from realtime.style_picture import decode_style_picture

        return maker.hidden(decode_style_picture(data, name, short_side=maker.plan.style_size))

    return Source(Path(name).stem, f"picture {hashlib.sha256(data).hexdigest()}", weight, hidden)


def source_of_style(style: StyleEntry, weight: float = 1.0) -> Source:
    """Return what a style stands for in a mix; its hidden numbers are read when they are needed."""

    def hidden(maker: StyleMaker) -> Hidden:
        found = read_hidden(style.contract, maker)
        if found is None:
            raise _cannot_be_mixed(style, maker)
        return found

    identity = hashlib.sha256(style.contract.to_json().encode()).hexdigest()
    return Source(style.name, f"style {identity}", weight, hidden)


def _cannot_be_mixed(style: StyleEntry, maker: StyleMaker) -> OptionError:
    others = [entry.name for entry in list_styles() if read_hidden(entry.contract, maker) is not None]
    can = f"these do: {', '.join(others)}" if others else "no style here does; mix pictures"
    return OptionError(
        f"style {style.name} cannot be mixed, for it carries no hidden numbers of this meta network; {can}"
    )


def _credits(sources: Sequence[Source]) -> Credits:
    name = "+".join(source.name for source in sources)[:_LONGEST_NAME]
    title = name
    if len(sources) > 1:
        title = ", ".join(f"{source.name} {source.weight:.0%}" for source in sources)
    return Credits(name, "".join(letter if letter.isprintable() else "?" for letter in title))


def _key(maker: StyleMaker, sources: Sequence[Source]) -> str:
    made_of = [[source.identity, round(source.weight, 6)] for source in sources]
    text = json.dumps([maker.plan.content_sha256, made_of])
    return hashlib.sha256(text.encode()).hexdigest()
