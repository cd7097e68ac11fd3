"""`python run_camera.py`: the command line of the camera. Nothing heavy is imported to read it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from realtime import command_options as given
from realtime.console import run_command

if TYPE_CHECKING:
    from realtime.catalog import StyleEntry

DEFAULT_STYLE = "starry_night"
VIRTUAL_CAMERA = "--virtual-camera"
DEFAULT_DETAIL = 0.7  # of realtime.guided, which is not imported to read the command line

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def camera(
    style: Annotated[
        str,
        typer.Option(
            metavar="NAME|PICTURE|FILE.onnx",
            help="What paints: a name (python -m realtime styles), any picture, random:SEED, or a mix such "
            "as a.jpg:0.6,b.jpg:0.4.",
        ),
    ] = DEFAULT_STYLE,
    source: Annotated[
        Optional[str],  # noqa: UP045 - Typer reads the types when it runs
        typer.Option(
            metavar="0|demo|FILE|FOLDER|URL",
            help="Camera number, the built-in demo scene, a video, pictures, or an http or rtsp address. "
            "Without it: camera 0, or the demo scene where there is no camera.",
        ),
    ] = None,
    output: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(
            metavar="FILE|FOLDER",
            help="Write a video file, or pictures into a folder. Given more than once, each fails alone.",
        ),
    ] = None,
    virtual_camera: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="[NAME]",
            help="Be a webcam for other programs, beside the window or, with --no-window, instead of it. "
            "Without a name the first virtual camera is taken.",
        ),
    ] = None,
    no_window: Annotated[
        bool,
        typer.Option(
            "--no-window", help="Open no window. With neither --output nor --stats a short clip is written."
        ),
    ] = False,
    max_frames: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="N", help="Stop after N frames."),
    ] = None,
    size: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help="What the network sees. Without it: the source's size when a file is written, at most "
            "360 pixels on the shorter side for a camera or a window.",
        ),
    ] = None,
    target_fps: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            metavar="N",
            help="For what is watched live: lower and raise the network's size so that N frames a second "
            "(1 to 240) are kept, up to --size or the source's own.",
        ),
    ] = None,
    output_size: given.OutputSize = None,
    engine: given.EngineName = "auto",
    precision: given.Precision = "auto",
    device: given.Device = "auto",
    threads: given.Threads = None,
    strength: given.Strength = 1.0,
    towards: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="NAME|PICTURE", help="A second style: the keys ] and [ move towards it and back, live."
        ),
    ] = None,
    style_strength: Annotated[
        float,
        typer.Option(
            help="Of a style made of a picture: below 1 strokes and colours move towards the source's own."
        ),
    ] = 1.0,
    mask: given.Mask = None,
    background: given.Background = None,
    label: given.Label = None,
    semantic: given.Semantic = None,
    style_mask: given.StyleMask = None,
    one_pass: Annotated[
        bool,
        typer.Option(
            "--one-pass",
            help="With --semantic: one network paints both parts at once, less boldly than one for each.",
        ),
    ] = False,
    original_colors: given.OriginalColors = False,
    detail: Annotated[
        float,
        typer.Option(
            help="Fine detail of the source in a painting of a smaller size: 0 is none, 1 the sharpest."
        ),
    ] = DEFAULT_DETAIL,
    steady: Annotated[
        str,
        typer.Option(
            metavar="auto|off|light|full",
            help="Against shimmer: light steadies what stands still, full also follows what moves; auto is "
            "light for what is live, full for a film, off for pictures.",
        ),
    ] = "auto",
    stats: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE.json", help="Write counts, frame rate and latency of every stage."),
    ] = None,
    debug: given.Debug = False,
) -> int:
    """Paint a camera, a video or pictures in the style of a painting, live.

    Keys in the window: H shows them all, N and P change the style, Q quits.

    Examples:

        python run_camera.py --style starry_night

        python run_camera.py --style holiday.jpg

        python run_camera.py --style udnie --source clip.mp4 --output painted.mp4

        python run_camera.py --style the_great_wave --target-fps 30

        python run_camera.py --style starry_night --mask person --background the_great_wave

        python run_camera.py --semantic portrait.jpg --mask person

        python run_camera.py --style udnie --virtual-camera
    """
    from realtime.backdrop import find_backdrop
    from realtime.camera_config import CameraConfig, parse_size
    from realtime.catalog import find_style
    from realtime.engine import EngineOptions
    from realtime.semantic import find_parts
    from realtime.steady import as_level

    others = (None if style == DEFAULT_STYLE else style, background, towards, label)
    parts = find_parts(semantic, style_mask, mask, others, one_pass=one_pass)
    found = find_style(style) if parts is None else parts.region
    behind = None if background is None else find_backdrop(background) or find_style(background)
    config = CameraConfig(
        style=found,
        towards=_way(style, found, towards),
        style_strength=style_strength,
        source=source,
        outputs=tuple(output or ()),
        virtual_camera=virtual_camera,
        window=not no_window,
        max_frames=max_frames,
        network_wh=parse_size("--size", size),
        output_wh=parse_size("--output-size", output_size),
        engine=EngineOptions(engine, precision, device, threads, looks_back=steady != "off"),
        strength=strength,
        original_colors=original_colors,
        detail=detail,
        steady=None if steady == "auto" else as_level(steady, "auto"),
        mask=mask,
        background=behind if parts is None else parts.rest,
        labels=tuple((name, find_style(style)) for name, style in given.parse_labels(label)),
        target_fps=target_fps,
        stats=stats,
    )
    from realtime.camera import run_camera

    return run_camera(config)


def _way(style: str, first: StyleEntry, towards: str | None) -> tuple[StyleEntry, ...]:
    """Return the styles from one to the other; none where there is no other."""
    if towards is None:
        return ()
    from realtime.catalog import find_style
    from realtime.style_walk import LIVE_STEPS, walk_styles

    return (first, *walk_styles(style, towards, LIVE_STEPS)[1:-1], find_style(towards))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: see `realtime.console`."""
    given_arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(app, _with_a_name(given_arguments), program="run_camera.py")


def _with_a_name(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with an empty name after a `--virtual-camera` without one; Typer wants a value."""
    named: list[str] = []
    for argument, following in zip(arguments, [*arguments[1:], "-"], strict=True):
        named.append(argument)
        if argument == VIRTUAL_CAMERA and following.startswith("-"):
            named.append("")
    return named
