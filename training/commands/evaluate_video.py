"""The command `python -m training evaluate-video`."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.words import option


def evaluate_video(
    style: Annotated[
        str,
        typer.Argument(
            help="A style's name, a style file .onnx or a checkpoint .pt; or what was painted of the clip."
        ),
    ],
    clip: Annotated[Path, typer.Argument(help="A video file, or a folder of its frames.")],
    frames: Annotated[int | None, option("Only so many, from the first on. [all]")] = None,
    size: Annotated[int, option("Shorter side of the frames; smaller clips keep theirs.")] = 360,
    flow: Annotated[str, option("auto (RAFT where its weights are, else DIS), dis or raft.")] = "auto",
    weights: Annotated[
        Path | None, option("RAFT's weights: a file or folder, before LIVEBRUSH_WEIGHTS and the download.")
    ] = None,
    device: Annotated[str, option("For RAFT and a checkpoint: auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, option("CPU threads; 0 for all cores.")] = 0,
    json: Annotated[Path | None, option("Write the report, with every pair of frames, to this file.")] = None,
    sheet: Annotated[
        Path | None, option("Draw frames, motion, what counts, where they differ, and the curve: FILE.png.")
    ] = None,
    debug: Annotated[bool, option("Show tracebacks.")] = False,
) -> int:
    """Judge how steady a style paints a clip: E_warp of the input, of the network alone, of the product.

    Example: python -m training evaluate-video starry_night clip.mp4 --sheet steadiness.png
    Example: python -m training evaluate-video painted.mkv clip.mp4

    E_warp is the mean squared difference between a frame and the one before it, moved onto it by the input's
    optical flow, where that can be trusted; on pictures in [0, 1]. Figures compare at one size and flow.
    Ctrl-C prints what was measured so far.
    """
    from training.config_evaluate_video import EvaluateVideoConfig
    from training.evaluate_video import evaluate_video as run_evaluate_video

    return run_evaluate_video(
        EvaluateVideoConfig(
            style=style,
            clip=clip,
            frames=frames,
            size=size,
            flow=flow,
            weights=weights,
            device=device,
            threads=threads,
            json=json,
            sheet=sheet,
        )
    )
