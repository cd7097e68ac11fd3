"""What can go wrong in an export, as the user should read it.

ExportError               one line: what it got and what to do; exit code 2
└── ParityError           the exported file paints another picture than the checkpoint; exit code 1
"""

from realtime.errors import LivebrushError


class ExportError(LivebrushError):
    """The base of all errors of export. Its text is one line for the user."""

    exit_code = 2


class ParityError(ExportError):
    """The exported file runs, but its pictures differ from the checkpoint's by more than is allowed."""

    exit_code = 1
