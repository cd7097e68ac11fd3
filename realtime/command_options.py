"""The options that every command has that opens an engine."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from realtime.engine_table import ENGINES
from realtime.errors import OptionError

EngineName = Annotated[
    str, typer.Option(metavar="NAME", help=f"auto (the fastest installed), {', '.join(ENGINES)}.")
]
Precision = Annotated[str, typer.Option(help="auto, fp32, bf16, fp16 or int8.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Threads = Annotated[
    Optional[int],  # noqa: UP045 - Typer reads the types when it runs
    typer.Option(metavar="N", help="For the network; without it one for each core."),
]
OriginalColors = Annotated[bool, typer.Option("--original-colors", help="Keep the colours of the source.")]
OutputSize = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(metavar="WIDTHxHEIGHT", help="The picture that comes out; without it the source's size."),
]
Strength = Annotated[float, typer.Option(help="0 is the original, 1 the painting.")]
Steady = Annotated[
    str,
    typer.Option(
        metavar="off|light|full",
        help="Against shimmer: light steadies what stands still, full also follows what moves.",
    ),
]
Mask = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        metavar="person|motion|key:#rrggbb|FILE|FOLDER|FILE:LABEL|NET.onnx:LABEL",
        help="Paint only what a mask means: persons, what moves, all but a colour, what is bright in a "
        "picture or in the masks of a video or folder beside the clip, or labels there (a palette's numbers, "
        "or greys: masks/:1,2), or labels of a segmentation network.",
    ),
]
Background = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        metavar="original|blur|picture:FILE|NAME|PICTURE",
        help="With --mask, what the rest shows: the source (which it is if not given), the source blurred, a "
        "picture, or another style.",
    ),
]
Label = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        metavar="LABEL=NAME|PICTURE",
        help="With --mask FILE:LABEL or NET.onnx:LABEL, another label of it and the style that paints it; "
        "may be repeated.",
    ),
]
Semantic = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        metavar="PICTURE",
        help="With --mask, in place of --style and --background: what the mask means is painted in the "
        "style of its counterpart in this picture, the rest in that of the picture's rest.",
    ),
]
StyleMask = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        metavar="PICTURE|PICTURE:LABEL",
        help="With --semantic, where the picture shows what --mask means: bright there, or a label. "
        "Without it, a --mask that is a network, such as person, looks for itself.",
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]


def parse_labels(words: list[str] | None) -> tuple[tuple[str, str], ...]:
    """Return the label and the style of each LABEL=STYLE.

    Raises:
        OptionError: one of them is not of that form, or a label has two styles.
    """
    pairs: list[tuple[str, str]] = []
    for word in words or ():
        label, equals, style = (part.strip() for part in word.partition("="))
        if not (label and equals and style):
            raise OptionError(f"--label must be LABEL=STYLE, such as 2=udnie, got {word!r}")
        if label in dict(pairs):
            raise OptionError(f"--label {label} is given twice; a label has one style")
        pairs.append((label, style))
    return tuple(pairs)
