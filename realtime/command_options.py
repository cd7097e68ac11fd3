"""The options that every command has that opens an engine."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

EngineName = Annotated[
    str, typer.Option(help="auto (the fastest installed), onnxruntime, openvino, or aoti.")
]
Precision = Annotated[str, typer.Option(help="auto, fp32, bf16, fp16 or int8.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Threads = Annotated[
    Optional[int],  # noqa: UP045 - Typer reads the types when it runs
    typer.Option(metavar="N", help="For the network; without it one for each core."),
]
Strength = Annotated[float, typer.Option(help="0 is the original, 1 the painting.")]
Steady = Annotated[
    str,
    typer.Option(
        metavar="off|light|full",
        help="Against shimmer: light steadies what stands still, full also follows what moves.",
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]
