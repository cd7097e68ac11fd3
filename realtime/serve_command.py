"""`python -m realtime serve`: the command line. Nothing heavy is imported to read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from realtime import command_options as given
from realtime.camera_command import DEFAULT_STYLE

WEB_PACKAGES = ("fastapi", "uvicorn", "websockets", "pydantic")


def serve(
    style: Annotated[
        str,
        typer.Option(
            metavar="NAME|PICTURE|FILE.onnx", help="What paints first; names: python -m realtime styles."
        ),
    ] = DEFAULT_STYLE,
    source: Annotated[
        Optional[str],  # noqa: UP045 - Typer reads the types when it runs
        typer.Option(
            metavar="0|demo|FILE|FOLDER|URL",
            help="What is painted for all viewers; a film begins again at its end. Without it: camera 0, or "
            "the demo scene where there is no camera.",
        ),
    ] = None,
    port: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="N", help="Without it 8720; 0 takes any that is free."),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. Beyond this machine (0.0.0.0) it needs --tls-cert and --tls-key, and "
            "the page's address holds a token."
        ),
    ] = "127.0.0.1",
    tls_cert: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE.pem", help="Certificate for https."),
    ] = None,
    tls_key: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE.pem", help="Its private key."),
    ] = None,
    token: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            envvar="LIVEBRUSH_TOKEN",
            show_envvar=False,
            help="What the address must hold (or LIVEBRUSH_TOKEN); without it a new one where one is needed.",
        ),
    ] = None,
    watch_token: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            envvar="LIVEBRUSH_WATCH_TOKEN",
            show_envvar=False,
            help="In the address in place of --token: whoever has it may watch and change nothing (or "
            "LIVEBRUSH_WATCH_TOKEN); without it a new one where there is a token.",
        ),
    ] = None,
    viewers: Annotated[int, typer.Option(metavar="N", help="How many may watch at once.")] = 20,
    cameras: Annotated[
        int, typer.Option(metavar="N", help="How many visitors' own cameras are painted at once.")
    ] = 2,
    page_fps: Annotated[
        int, typer.Option("--page-fps", metavar="N", help="Pictures a second that viewers get at most.")
    ] = 30,
    mjpeg: Annotated[
        bool, typer.Option("--mjpeg", help="Also give a plain stream that OBS and VLC open: /stream.mjpg.")
    ] = False,
    recordings: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FOLDER", help="Keep recordings there; without it they go with the page."),
    ] = None,
    size: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help="What the network sees; without it at most 360 pixels on the shorter side.",
        ),
    ] = None,
    output_size: given.OutputSize = None,
    strength: given.Strength = 1.0,
    original_colors: given.OriginalColors = False,
    mask: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="person|motion|key:#rrggbb", help="Paint only what a mask means."),
    ] = None,
    background: Annotated[
        str, typer.Option(metavar="original|blur|NAME", help="With --mask, what the rest shows.")
    ] = "original",
    steady: given.Steady = "light",
    engine: given.EngineName = "auto",
    precision: given.Precision = "auto",
    device: given.Device = "auto",
    threads: given.Threads = None,
    debug: given.Debug = False,
) -> int:
    """Show the paintings on a page in the browser, with everything to change them.

    Examples:

        python -m realtime serve --style starry_night

        python -m realtime serve --source clip.mp4 --mjpeg

        python -m realtime serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem
    """
    from realtime.camera_config import parse_size
    from realtime.catalog import find_style
    from realtime.engine import EngineOptions
    from realtime.errors import MissingExtraError
    from realtime.page.config import ServeConfig
    from realtime.steady import as_level

    config = ServeConfig(
        style=find_style(style),
        source=source,
        host=host,
        port=port,
        token=token,
        watch_token=watch_token,
        tls_cert=tls_cert,
        tls_key=tls_key,
        network_wh=parse_size("--size", size),
        output_wh=parse_size("--output-size", output_size),
        engine=EngineOptions(engine, precision, device, threads, looks_back=steady != "off"),
        strength=strength,
        original_colors=original_colors,
        mask=mask,
        background=background,
        steady=as_level(steady),
        viewers=viewers,
        cameras=cameras,
        page_fps=page_fps,
        mjpeg=mjpeg,
        recordings=recordings,
    )
    try:
        from realtime.page import server
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in WEB_PACKAGES:
            raise MissingExtraError(package, "web") from error
        raise
    return server.serve(config)
