"""What a benchmark measures, as users type it: a style, and with it perhaps an engine and a precision.

starry_night    mine.onnx    starry_night@onnxruntime    mine.onnx@openvino:bf16
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from realtime.catalog import SUFFIXES, StyleEntry, find_style
from realtime.engine import PRECISIONS, EngineOptions
from realtime.errors import OptionError
from realtime.style_spec import is_file

EXPECTED = "NAME or FILE.onnx, optionally with @ENGINE or @ENGINE:PRECISION behind it"
_EXAMPLE = "starry_night@openvino:bf16"


@dataclass(frozen=True)
class Contender:
    """A style and what runs it.

    Args:
        text: as it was typed.
        style: found, its contract read.
        engine: options for opening it.
    """

    text: str
    style: StyleEntry
    engine: EngineOptions


def parse_contender(text: str, defaults: EngineOptions) -> Contender:
    """Return what was typed: a style, with the engine and the precision that it names, if it does.

    Args:
        text: see the module's docstring.
        defaults: device, threads, and whatever the text leaves open.
    Raises:
        OptionError: it is put together otherwise, or names no engine or precision that there is.
        LivebrushError: the style is not found or cannot be used.
    """
    style, at, how = _split(text.strip())
    engine, colon, precision = how.partition(":")
    wrong = not style or (at and not engine) or (colon and not precision)
    if wrong or style.rpartition(":")[2] in PRECISIONS:  # which stands behind an engine only
        raise OptionError(f"{text!r} is not {EXPECTED}, such as {_EXAMPLE}")
    try:
        options = replace(
            defaults, engine=engine or defaults.engine, precision=precision or defaults.precision
        )
    except OptionError as error:
        raise OptionError(f"{text!r}: {error}") from error
    return Contender(text.strip(), find_style(style), options)


def parse_contenders(texts: Sequence[str], defaults: EngineOptions) -> tuple[Contender, ...]:
    """Return two contenders or more; the same one twice shows how far the machine can be trusted.

    Raises:
        OptionError: there are fewer than two.
        LivebrushError: as for each of them.
    """
    if len(texts) < 2:
        got = f"only {texts[0]}" if texts else "nothing"
        raise OptionError(f"--compare takes two or more of {EXPECTED}, got {got}")
    return tuple(parse_contender(text, defaults) for text in texts)


def _split(text: str) -> tuple[str, str, str]:
    # The name of a file, or of its folder, may have an @ in it.
    if "@" not in text or text.lower().endswith(SUFFIXES) or is_file(text):
        return text, "", ""
    return text.rpartition("@")
