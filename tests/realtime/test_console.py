"""Errors in one line, exit codes, and Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated

import pytest
import typer

from realtime.console import report, run_command, stop_on_signals
from realtime.errors import MissingExtraError, OptionError, SourceBrokenError

ROOT = Path(__file__).resolve().parents[2]


def make_app(error: BaseException | None = None, result: int | None = None) -> typer.Typer:
    app = typer.Typer(add_completion=False)

    @app.command()
    def command(
        number: Annotated[int, typer.Option()] = 1, debug: Annotated[bool, typer.Option("--debug")] = False
    ) -> int | None:
        if error is not None:
            raise error
        return result

    return app


@pytest.mark.parametrize(("result", "exit_code"), [(None, 0), (0, 0), (130, 130)])
def test_what_a_command_returns_is_the_exit_code(result: int | None, exit_code: int) -> None:
    assert run_command(make_app(result=result), [], program="test") == exit_code


@pytest.mark.parametrize(
    "arguments",
    [["--nmber", "1"], ["--number", "many"], ["--number"], ["surplus"]],
    ids=lambda a: " ".join(a),
)
def test_a_wrong_option_is_one_line_and_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(make_app(), arguments, program="test") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")


@pytest.mark.parametrize(
    "error",
    [
        OptionError("strength must be from 0 to 1,\n got 7"),
        SourceBrokenError("clip.mp4", 12, 0.4, "truncated"),
        MissingExtraError("openvino", "cpu"),
    ],
)
def test_an_error_of_ours_is_one_line_and_exit_code_2(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(make_app(error), [], program="test") == 2
    printed = capsys.readouterr()
    assert printed.err == f"error: {' '.join(str(error).split())}\n"
    assert printed.out == ""


def test_a_fault_nobody_foresaw_is_one_line_that_offers_debug(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(make_app(ZeroDivisionError("division by zero")), [], program="test") == 1
    error = capsys.readouterr().err
    assert error == "error: ZeroDivisionError: division by zero; run again with --debug to see where\n"


def test_debug_shows_the_traceback_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(make_app(OptionError("no")), ["--debug"], program="test") == 2
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.endswith("error: no\n")


def test_a_missing_package_names_the_line_that_installs_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(ModuleNotFoundError("No module named 'av'", name="av"), debug=False) == 2
    assert 'pip install "livebrush[cpu]"' in capsys.readouterr().err


def test_a_missing_system_library_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    error = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
    assert report(error, debug=False) == 2
    printed = capsys.readouterr().err
    assert "libGL.so.1" in printed
    assert "apt-get install" in printed


def test_ctrl_c_before_anything_came_out_is_exit_code_130() -> None:
    assert run_command(make_app(KeyboardInterrupt()), [], program="test") == 130


def test_the_first_ctrl_c_asks_to_stop_and_the_second_insists() -> None:
    stop = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signals(stop):
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_a_request_to_end_stops_as_ctrl_c_does() -> None:
    stop = threading.Event()
    with stop_on_signals(stop):
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(30)


def test_signals_are_left_alone_outside_the_main_thread() -> None:
    stop, seen = threading.Event(), []

    def run() -> None:
        with stop_on_signals(stop):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


def test_a_reader_that_has_seen_enough_is_no_traceback() -> None:
    script = (
        "import sys, typer\nfrom realtime.console import run_command, say\napp = typer.Typer()\n"
        "@app.command()\ndef command() -> None:\n"
        "    sys.stdin.read()\n    print('x' * 10)\n"
        "sys.exit(run_command(app, [], program='test'))\n"
    )
    command = [sys.executable, "-c", script]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:  # type: ignore[call-overload]
        process.stdout.close()
        process.stdin.close()
        error = process.stderr.read()
        assert process.wait(30) == 1
    assert error == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_ctrl_c_is_heard_where_a_shell_had_it_ignored_and_nohup_keeps_its_promise() -> None:
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    for number in before:
        signal.signal(number, signal.SIG_IGN)
    try:
        with stop_on_signals(stop):
            signal.raise_signal(signal.SIGHUP)
            assert not stop.is_set()
            signal.raise_signal(signal.SIGINT)
            assert stop.is_set()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
