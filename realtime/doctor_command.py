"""`python -m realtime doctor`: what works here, what is missing, and the line that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from realtime import command_options as given

if TYPE_CHECKING:
    from realtime.doctor import Check

_MARKS = {"ok": "ok", "note": "-", "broken": "BROKEN"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    debug: given.Debug = False,
) -> int:
    """Look at cameras, display, engines, codecs, folders and versions, and say what mends what is missing.

    The exit code is 0 if a show can run here, and 1 if something that it needs is broken. A camera, a display
    and a virtual camera are not needed.

    Examples:

        python -m realtime doctor

        python -m realtime doctor --json
    """
    import json
    import sys

    from rich.console import Console

    from realtime.doctor import all_parts, examine, is_well, to_plain

    errors = Console(file=sys.stderr)
    with errors.status("looking ...") as status:
        checks = examine(all_parts(), lambda group: status.update(f"looking at {group} ..."))
    if as_json:
        print(json.dumps(to_plain(checks), indent=2))
    else:
        _print(checks)
    return 0 if is_well(checks) else 1


def _print(checks: Sequence[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from realtime.doctor import is_well

    table = Table(show_edge=False, box=None, padding=(0, 2, 0, 0))
    for column in ("", "", "", "found"):
        table.add_column(column, overflow="fold")
    group = ""
    for check in checks:
        table.add_row(
            "" if check.group == group else check.group,
            _MARKS[check.state],
            escape(check.name),
            escape(check.says),
        )
        group = check.group
    console = Console()
    console.print(table)
    mends = [(check, check.mend) for check in checks if check.mend is not None]
    if mends:
        console.print("\nWhat mends what is missing:")
    for check, mend in mends:
        # Not folded: it is to be copied.
        console.print(f"  {escape(check.group)}, {escape(check.name)}:\n    {escape(mend)}", soft_wrap=True)
    ending = "a show can run here" if is_well(checks) else "something that a show needs is broken"
    console.print(f"\n{ending}")
