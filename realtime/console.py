"""How every command of the runtime talks: one line for an error, no traceback without --debug.

Exit codes: 0 done; 1 a fault of ours; 2 something the user can mend; 130 Ctrl-C before anything came out.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

import typer

from realtime.errors import LivebrushError

if TYPE_CHECKING:
    from rich.console import Console

EXIT_FAULT = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

# What Typer raises for a wrong option, by its public name: newer versions of Typer bring their own
# copy of click, older ones use the package.
_UsageProblem: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

_SYSTEM_LIBRARIES = "on Debian or Ubuntu: apt-get install libgl1 libglib2.0-0 libxcb1 libsm6 libxext6"


def run_command(app: typer.Typer, arguments: Sequence[str] | None = None, *, program: str) -> int:
    """Run a command and return its exit code; whatever it raises becomes one line on stderr.

    Args:
        app: its functions return None or an exit code.
        arguments: without the program's name; None for the ones of this process.
        program: as the user types it, for the help.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks a letter shows "?"
            stream.reconfigure(errors="replace")
    try:
        result = typer.main.get_command(app)(arguments, prog_name=program, standalone_mode=False)
        sys.stdout.flush()
        return int(result or 0)
    except BrokenPipeError:  # `... | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAULT
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except Exception as error:
        return report(error, debug="--debug" in arguments)


def plain_console() -> Console:
    """Return Rich's console for tables; names and texts stay as they are, neither markup nor emoji."""
    from rich.console import Console

    return Console(markup=False, emoji=False)


def report(error: Exception, *, debug: bool) -> int:
    """Print what went wrong, on one line, and return the exit code that belongs to it."""
    if debug:
        traceback.print_exception(error)
    line, exit_code = _describe(error)
    if line:
        print(f"error: {' '.join(line.split())}", file=sys.stderr)
    return exit_code


def say(text: str) -> None:
    """Print one line about what is going on."""
    with suppress(OSError):  # a terminal that was closed must not stop a recording
        print(text, flush=True)


def _describe(error: Exception) -> tuple[str, int]:
    if isinstance(error, LivebrushError):
        return str(error), error.exit_code
    if isinstance(error, _UsageProblem):
        text = str(getattr(error, "format_message", lambda: error)())
        if type(error).__name__ == "NoArgsIsHelpError":  # carries the help itself
            print(text)
            return "", EXIT_USAGE
        return text, EXIT_USAGE
    if isinstance(error, ModuleNotFoundError):
        return f'{error.name} is not installed; get it with: pip install "livebrush[cpu]"', EXIT_USAGE
    if isinstance(error, ImportError) and ".so" in str(error):
        return f"a library of the system is missing ({error}); {_SYSTEM_LIBRARIES}", EXIT_USAGE
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{text}; run again with --debug to see where", EXIT_FAULT


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and a request to end set `stop`; a second Ctrl-C raises KeyboardInterrupt.

    So nothing is interrupted in the middle of a frame, and files end as they should. In the main
    thread only; elsewhere nothing is changed.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # SIGINT also where it is ignored, as a shell does for what it starts with "&": whoever sends it means
    # it. A hang-up stays ignored, as `nohup` wants it.
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
