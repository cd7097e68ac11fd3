"""`python -m realtime`: the runtime's commands beside the camera."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from realtime.bench_command import bench
from realtime.console import run_command
from realtime.doctor_command import doctor
from realtime.serve_command import serve
from realtime.soak_command import soak
from realtime.styles_command import app as styles
from realtime.video_command import video

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def realtime() -> None:
    """Run styles on cameras and videos. The camera itself: python run_camera.py --help."""


app.add_typer(styles, name="styles")
app.command()(bench)
app.command()(doctor)
app.command()(soak)
app.command()(video)
app.command()(serve)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: see `realtime.console`."""
    return run_command(app, arguments, program="python -m realtime")
