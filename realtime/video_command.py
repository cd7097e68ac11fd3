"""`python -m realtime video`: the command line. Nothing heavy is imported to read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from realtime import command_options as given
from realtime.camera_command import DEFAULT_DETAIL, DEFAULT_STYLE

_SEGMENT_FRAMES = 240  # of realtime.film_scan, which is not imported to read the command line


def video(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="IN...",
            help="Films, folders of films or of pictures, patterns such as 'clips/*.mp4' or shots/%04d.png; "
            "s3://BUCKET/FILM.mp4 and the like.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|FOLDER",
            help="An .mp4, .mkv, .mov, .webm, .gif or .webp file, or a folder, where films keep their names.",
        ),
    ],
    style: Annotated[
        str,
        typer.Option(metavar="NAME|PICTURE|FILE.onnx", help="What paints; names: python -m realtime styles."),
    ] = DEFAULT_STYLE,
    timeline: Annotated[
        Optional[Path],  # noqa: UP045 - Typer reads the types when it runs
        typer.Option(
            metavar="FILE.json",
            help='Styles and strengths that change: [{"at": 5, "style": "udnie", "fade": 2}, '
            '{"at": "1:05", "strength": 0.5}], in seconds of the film that goes in.',
        ),
    ] = None,
    mask: given.Mask = None,
    background: given.Background = None,
    label: given.Label = None,
    semantic: given.Semantic = None,
    style_mask: given.StyleMask = None,
    strength: given.Strength = 1.0,
    original_colors: Annotated[
        bool, typer.Option("--original-colors", help="Keep the colours of the film.")
    ] = False,
    detail: Annotated[
        float,
        typer.Option(
            help="Fine detail of the film in a painting of a smaller size: 0 is none, 1 the sharpest."
        ),
    ] = DEFAULT_DETAIL,
    steady: given.Steady = "full",
    size: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="WIDTHxHEIGHT", help="What the network sees; without it the film's size."),
    ] = None,
    output_size: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="WIDTHxHEIGHT", help="The picture that comes out; without it the film's size."),
    ] = None,
    start: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="TIME", help="Where in the film to begin: seconds, or H:MM:SS."),
    ] = None,
    end: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="TIME", help="Where in the film to end."),
    ] = None,
    fps: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="N", help="Frames a second, such as 24 or 30000/1001; without it the film's own times."
        ),
    ] = None,
    every: Annotated[int, typer.Option(metavar="N", help="Paint one frame in N, each at its own time.")] = 1,
    codec: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="h264, hevc, av1, vp9, prores, ffv1, gif, webp, png (a folder of pictures), or of a card: "
            "h264_nvenc, hevc_nvenc, av1_nvenc and the like. Without it what fits the output."
        ),
    ] = None,
    crf: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            help="Quality in the codec's own numbers; lower is better, for webp and videotoolbox worse."
        ),
    ] = None,
    preset: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="Speed by the codec's own names, such as ultrafast, medium or slow; without it one that "
            "costs little beside the network (of h264 superfast); the profile of prores."
        ),
    ] = None,
    pixel_format: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="NAME", help="Such as yuv444p or yuv420p10le; without it what players play."),
    ] = None,
    engine: given.EngineName = "auto",
    precision: given.Precision = "auto",
    device: given.Device = "auto",
    threads: given.Threads = None,
    workers: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            metavar="N",
            help="Processes that paint pieces of a film side by side; without it 1, or all that --ray has "
            "room for.",
        ),
    ] = None,
    ray: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="auto|ADDRESS",
            help="Paint on a Ray cluster: auto for the one that this machine belongs to, or HOST:PORT, or "
            "ray://HOST:PORT. Its nodes must have Livebrush, and see the films at the same place or address.",
        ),
    ] = None,
    ray_gpus: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(
            metavar="N",
            help="Graphics cards that a worker of the cluster takes, such as 0.5; without it 1 with "
            "--device cuda, else none.",
        ),
    ] = None,
    segment_frames: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Frames that a piece has at least: what is lost when the process is killed.",
        ),
    ] = _SEGMENT_FRAMES,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    debug: given.Debug = False,
) -> int:
    """Paint films: the same film comes out, painted, with its times, sound, subtitles and all else kept.

    A run that was stopped or killed goes on where it was when the same command is given again. A film that
    fails does not stop the others; the exit code is 1 if any failed or could be read only in part.

    Examples:

        python -m realtime video clip.mkv -o painted.mkv --style udnie

        python -m realtime video holiday/ -o painted/ --style the_great_wave --codec hevc --crf 22

        python -m realtime video films/ -o painted/ --ray auto

        python -m realtime video clip.mp4 -o painted.mp4 --mask masks/ --background the_great_wave

        python -m realtime video clip.mp4 -o painted.mp4 --semantic portrait.jpg --mask person

        python -m realtime video clip.mp4 -o clip.gif --start 0:05 --end 0:08 --fps 12 --output-size 320x180
    """
    from realtime.catalog import find_style
    from realtime.engine import EngineOptions
    from realtime.semantic import find_parts
    from realtime.steady import as_level
    from realtime.video import VideoConfig, run_video

    others = (None if style == DEFAULT_STYLE else style, timeline, background, label)
    # A film is painted in pieces, by processes that open style files.
    parts = find_parts(semantic, style_mask, mask, others)
    rest = None if parts is None or parts.rest is None else str(parts.rest.path)
    config = VideoConfig.from_words(
        inputs=tuple(inputs),
        output=output,
        style=find_style(style) if parts is None else parts.region,
        timeline=timeline,
        strength=strength,
        mask=mask,
        background=background if rest is None else rest,
        labels=given.parse_labels(label),
        typed=tuple(text for text in (style, semantic, style_mask) if text is not None),
        original_colors=original_colors,
        detail=detail,
        steady=as_level(steady),
        size=size,
        output_size=output_size,
        start=start,
        end=end,
        fps=fps,
        every=every,
        codec=codec,
        crf=crf,
        preset=preset,
        pixel_format=pixel_format,
        engine=EngineOptions(engine, precision, device, threads),
        workers=workers,
        ray=ray,
        ray_gpus=ray_gpus,
        segment_frames=segment_frames,
        as_json=as_json,
    )
    return run_video(config)
