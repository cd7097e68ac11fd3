"""Styles as a finished page, a folder: networks, runtime, camera and all, for any server of files.

`web_page/` beside this file is what every page has. The rest is written here: the networks, which are style
files as they are, bytes to bytes; onnxruntime-web; pictures; and the lists that the page reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from export import to_onnx
from export.browser import what_lacks
from export.errors import ExportError
from export.kinds import PERSON_NAME
from export.parity import paint
from export.source import Source
from export.targets import ExportOptions
from export.web_pictures import ICON_SIDES, icons, sample, thumb
from export.web_runtime import BUILDS, FOLDER, PACKAGE, VERSION, write_runtime
from export.whole import written_whole
from realtime.mask import PERSON
from realtime.mask_network import MaskContract

PAGE_FILE, LIST_FILE, WORKER_FILE = "index.html", "page.json", "sw.js"
PERSON_FILE = "person.onnx"
_STATIC = Path(__file__).parent / "web_page"
_COLOURS = {"background_color": "#161412", "theme_color": "#161412"}


def why_not_here() -> str:
    """Return why a page cannot be run on this machine, and what to do; "" if it can."""
    return what_lacks()


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write a page with one style; see `write_page`."""
    return write_page([source], file, options)


def write_page(
    sources: Sequence[Source], file: Path, options: ExportOptions, person: str | None = None
) -> list[str]:
    """Write a page with these styles, the first of which it opens with; whole or not at all.

    Args:
        sources: what paints, each of another name.
        file: its index.html; everything else lies in the same folder. What else is there stays.
        options: the precision of the networks.
        person: the network that finds people, as it is typed; None for the one that ships.
    Returns:
        What is worth knowing of the networks.
    Raises:
        ExportError: if the folder holds another page, a name comes twice, the runtime cannot be had, or
            something cannot be written.
    """
    _check_folder(file)
    _check_names(sources)
    notes: list[str] = []
    with written_whole(file) as part:
        folder = part.parent
        write_runtime(folder / FOLDER)
        styles = _write_styles(sources, folder, options, notes)
        _write_pictures(sources[0], folder)
        (folder / "manifest.webmanifest").write_text(json.dumps(_manifest(), indent=1))
        _write_person(person or PERSON_NAME, folder / PERSON_FILE)
        _write_list(folder, styles, options)
        for static in sorted(_STATIC.iterdir()):
            if static.name != WORKER_FILE:
                (folder / static.name).write_bytes(static.read_bytes())
        _write_worker(folder)
    return notes


def page_files(file: Path) -> list[Path]:
    """Return every file of a written page, whatever else lies in its folder."""
    worker = (file.parent / WORKER_FILE).read_text(encoding="utf-8").splitlines()[0]
    page = json.loads(worker.removeprefix("const PAGE = ").removesuffix(";"))
    runtime = sorted(path.name for path in (file.parent / FOLDER).iterdir())
    names = [
        WORKER_FILE,
        *(name or PAGE_FILE for name in page["files"]),
        *(f"{FOLDER}/{name}" for name in runtime),
    ]
    return [file.parent / name for name in names]


def _check_folder(file: Path) -> None:
    if file.exists() and not (file.parent / LIST_FILE).is_file():
        raise ExportError(f"--out {file.parent} holds another page, {file.name}; name another folder")


def _check_names(sources: Sequence[Source]) -> None:
    names = [source.name for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExportError(f"a page has each style once; {twice[0]} comes twice")


def _write_styles(
    sources: Sequence[Source], folder: Path, options: ExportOptions, notes: list[str]
) -> list[dict[str, Any]]:
    """Write each network and its small painting; return what the page's list says of them."""
    (folder / "styles").mkdir()
    styles = []
    for source in sources:
        network, picture = f"styles/{source.name}.onnx", f"styles/{source.name}.jpg"
        found = _write_network(source, folder / network, options)
        notes += [f"{source.name}: {note}" for note in found] if len(sources) > 1 else found
        (folder / picture).write_bytes(thumb(partial(paint, source.network)))
        credits = {key: source.content["style"].get(key) or "" for key in ("name", "title", "artist", "year")}
        styles.append(
            {**credits, "title": credits["title"] or source.name, "file": network, "thumb": picture}
        )
    return styles


def _write_network(source: Source, file: Path, options: ExportOptions) -> list[str]:
    with _of_the_page():
        return to_onnx.write(source.alone(), file, replace(options, pixels="uint8"))


def _write_person(source: str, file: Path) -> None:
    """Write what finds people; the network that ships as it is."""
    if source == PERSON_NAME:
        file.write_bytes(PERSON.read_bytes())
        return
    from export.other_kinds import load_person
    from export.to_person import export_person

    with _of_the_page():
        export_person(*load_person(source), file)


@contextmanager
def _of_the_page() -> Iterator[None]:
    """Let an error of the disk be one of the page, not of this part of it."""
    try:
        yield
    except ExportError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        raise


def _write_pictures(first: Source, folder: Path) -> None:
    (folder / "sample.jpg").write_bytes(sample())
    for side, icon in icons(partial(paint, first.network)).items():
        (folder / f"icon-{side}.png").write_bytes(icon)


def _manifest() -> dict[str, Any]:
    """Return what makes the page installable."""
    icon = {"type": "image/png", "purpose": "any maskable"}
    return {
        "name": "Livebrush",
        "short_name": "Livebrush",
        "description": "What your camera sees, as a moving painting. Nothing leaves this device.",
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        **_COLOURS,
        "icons": [{"src": f"icon-{side}.png", "sizes": f"{side}x{side}", **icon} for side in ICON_SIDES],
    }


def _write_list(folder: Path, styles: list[dict[str, Any]], options: ExportOptions) -> None:
    looks = MaskContract.read(folder / PERSON_FILE)
    page = {
        "styles": styles,
        "person": {"file": PERSON_FILE, "area": looks.area, "multiple": looks.multiple},
        "sample": "sample.jpg",
        "precision": options.precision,
        "runtime": f"{PACKAGE} {VERSION}",
        "runtimes": {name: build.to_plain() for name, build in BUILDS.items()},
    }
    (folder / LIST_FILE).write_text(json.dumps(page, indent=1, ensure_ascii=False), encoding="utf-8")


def _write_worker(folder: Path) -> None:
    """Write the service worker: what it keeps, and a version that changes with any byte of it."""
    kept = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.parent.name != FOLDER]
    digest = hashlib.sha256(f"{PACKAGE} {VERSION}".encode())
    for path in kept:
        digest.update(path.read_bytes())
    names = ["" if path.name == PAGE_FILE else path.relative_to(folder).as_posix() for path in kept]
    script = (_STATIC / WORKER_FILE).read_text(encoding="utf-8")
    digest.update(script.encode())
    page = {"version": digest.hexdigest()[:16], "files": names}
    (folder / WORKER_FILE).write_text(f"const PAGE = {json.dumps(page)};\n{script}", encoding="utf-8")
