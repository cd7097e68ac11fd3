"""Does what the command was asked for: networks that paint, one or several, each to each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from export.errors import ExportError, ParityError
from export.kinds import KINDS, check_kind, kind_of
from export.outputs import file_suffix, output_files
from export.source import Source, load_source
from export.targets import TARGETS, ExportOptions, require_packages
from realtime.export_program import PROGRESS

if TYPE_CHECKING:
    from export.verify import Check

_TITLE = "against the checkpoint"
_PAGE = "web"
_CHECKPOINT = "checkpoint"


@dataclass(frozen=True)
class Order:
    """What is asked for beside the networks.

    Args:
        names: of targets.
        asked: precision and size as they were typed.
        is_dynamic: any size was asked for in so many words.
        out: a folder, or the file to write.
        picture: the style's own, so that it can be mixed.
        verify: compare with the network.
        progress: say how far it is, for `realtime.export_program`.
    """

    names: list[str]
    asked: ExportOptions
    is_dynamic: bool
    out: Path
    picture: Path | None
    verify: bool
    progress: bool = False

    def say_done(self, percent: int) -> None:
        """Say how far it is, if that is wanted."""
        if self.progress:
            typer.echo(f"{PROGRESS}{percent}")

    def options(self, kind: str) -> dict[str, ExportOptions]:
        """Return what each target is asked for; raises ExportError where a kind does not go."""
        return {name: check_kind(kind, name, self.asked, is_dynamic=self.is_dynamic) for name in self.names}


def export_one(source: str, order: Order) -> None:
    """Write one network to each target.

    Raises:
        ExportError: if it does not go there, or cannot be written.
        ParityError: if what was written is over a limit.
    """
    kind = kind_of(source)
    options = order.options(kind)
    if not KINDS[kind].paints:
        from export.other_kinds import export_other

        return export_other(kind, source, order, options)
    require_packages(order.names)
    files = output_files([source], order.out, order.names)
    order.say_done(25)
    loaded = load_source(source)
    order.say_done(50)
    if order.picture is not None:
        from export.mixable import with_hidden

        loaded = replace(loaded, content=with_hidden(loaded.content, order.picture))
    _show_checks([_export([loaded], name, files[name], options[name], order.verify) for name in order.names])


def export_several(sources: list[str], order: Order) -> None:
    """Write each network to each target, and all of them to a target that holds several.

    Raises:
        ExportError, ParityError: as `export_one`; for a network that paints nothing, but for one that finds
            people, which a page has beside its styles.
    """
    if order.picture is not None:
        raise ExportError("--picture is of one style, not of several")
    kinds = {source: kind_of(source) for source in sources}
    people = [source for source, kind in kinds.items() if kind == "person" and order.names == [_PAGE]]
    if len(people) > 1:
        raise ExportError(f"a page has one network that finds people, instead got {', '.join(people)}")
    sources = [source for source in sources if source not in people]
    for source in sources:
        if not KINDS[kinds[source]].paints:
            raise ExportError(f"{source} is no style; export a {kinds[source]} network alone")
    options = {source: order.options(kinds[source]) for source in sources}
    require_packages(order.names)
    files = output_files(sources, order.out, order.names)
    loaded, checks = {source: load_source(source) for source in sources}, []
    for name in order.names:
        groups = [sources] if TARGETS[name].file_name else [[source] for source in sources]
        for group in groups:
            networks, given = [loaded[source] for source in group], options[group[0]][name]
            checks.append(_export(networks, name, files[name], given, order.verify, people))
    _show_checks(checks)


def _export(
    sources: list[Source],
    name: str,
    file: Path,
    options: ExportOptions,
    verify: bool,
    people: Sequence[str] = (),
) -> Check | None:
    """Write one target, say so, and return what the comparison with the network found, if there is one.

    Args:
        sources: one, unless the target holds several.
        people: a network that finds people, for a page.
    """
    target = TARGETS[name]
    if file.is_dir() and not file.name.endswith(target.suffix):  # a package is a folder, too
        file = file / (target.file_name or f"{sources[0].name}{file_suffix(name, options)}")
    if target.file_name:
        from export.to_web import write_page

        notes = write_page(sources, file, options, people[0] if people else None)
    else:
        notes = target.write(sources[0], file, options)
    from export.verify import check_page, total_size

    is_whole = name == _CHECKPOINT
    credits = sources[0].credits(whole=is_whole) if len(sources) == 1 else f"{len(sources)} styles"
    typer.echo(f"{file}: {credits}, {total_size(file) / 1000:.0f} KB")
    if not verify or not (target.painters or target.inspector):
        return None
    return check_page(sources, name, file, options, tuple(notes))


def _show_checks(checks: Sequence[Check | None]) -> None:
    """Print and write what was found.

    Raises:
        ParityError: if anything is over a limit.
    """
    made = [check for check in checks if check is not None]
    if not made:
        return
    from export.report import print_checks, write_report

    print_checks(made, title=_TITLE)
    for why in dict.fromkeys(f"{check.target}: {check.not_run}" for check in made if check.not_run):
        typer.echo(why)
    written = [str(path) for check in made for path in write_report(check)]
    typer.echo(f"reports: {', '.join(path for path in written if path.endswith('.md'))}")
    faults = [f"{check.file.name} in {fault}" for check in made for fault in check.faults]
    if faults:
        more = f"; and {len(faults) - 1} more, see the reports" if len(faults) > 1 else ""
        raise ParityError(f"{faults[0]}{more}")
