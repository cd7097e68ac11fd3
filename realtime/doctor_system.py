"""What the doctor says of the networks that ship, video codecs, folders, the machine and versions."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from realtime import __version__
from realtime.bench_machine import load_average, machine
from realtime.catalog import read_catalogue, user_dir
from realtime.codecs import CODECS
from realtime.doctor import Check
from realtime.engine import is_installed
from realtime.errors import LivebrushError
from realtime.process import available_mb
from realtime.shipped_hashes import check_shipped, network_files
from realtime.style_cache import style_cache

_CLOSE = "close other programs"
_AGAIN = "pip install --force-reinstall livebrush"
NEEDED_CODEC = "h264"
LITTLE_SPACE_GB, LITTLE_MEMORY_MB = 1.0, 500.0
_EXTRAS = {"web": ("fastapi", "uvicorn", "websockets", "aiortc"), "ray": ("ray", "fsspec", "s3fs")}
_EXTRA_FOR = {"web": "python -m realtime serve", "ray": "films on more machines than one"}
_OF_CARDS = ("_nvenc", "_qsv", "_videotoolbox")
_PACKAGES = ("numpy", "opencv-python", "av", "typer", "rich", "psutil")


def networks() -> list[Check]:
    """Look whether the networks that ship are whole, and at the user's own styles."""
    checks = [_network(file) for file in network_files()]
    broken = [check for check in checks if check.state == "broken"]
    found = read_catalogue()
    own = sum(not style.shipped for style in found.styles)
    whole = Check("networks", "shipped", "ok", f"{len(checks) - len(broken)} are what they were")
    mine = Check("networks", "your own", "ok", f"{own} in {user_dir()}")
    return [whole, *broken, mine, *(Check("networks", "a style", "note", line) for line in found.problems)]


def _network(file: Path) -> Check:
    try:
        check_shipped(file)
    except LivebrushError as error:
        return Check("networks", file.name, "broken", str(error), _AGAIN)
    return Check("networks", file.name, "ok", "is what it was")


def extras() -> list[Check]:
    """Look which extras are installed whole."""
    return [_extra(extra, packages) for extra, packages in _EXTRAS.items()]


def _extra(extra: str, packages: Sequence[str]) -> Check:
    missing = [package for package in packages if not is_installed(package)]
    if missing:
        says = f"{', '.join(missing)} not installed: {_EXTRA_FOR[extra]}"
        return Check("extras", extra, "note", says, f'pip install "livebrush[{extra}]"')
    return Check("extras", extra, "ok", f"installed: {_EXTRA_FOR[extra]}")


def codecs() -> list[Check]:
    """Look which of the codecs PyAV's FFmpeg has; H.264 is needed."""
    import av

    have = [name for name, codec in CODECS.items() if _encodes(codec.encoder)]
    lack = [name for name in CODECS if name not in have]
    cards = [name for name in have if name.endswith(_OF_CARDS)]
    version = ".".join(map(str, av.library_versions["libavformat"]))
    mend = "pip install --force-reinstall --only-binary av av"
    needed = NEEDED_CODEC in have
    checks = [
        Check(
            "video",
            "writes",
            "ok" if needed else "broken",
            f"{', '.join(name for name in have if name not in cards) or 'nothing'} (libavformat {version})",
            None if needed else mend,
        )
    ]
    if cards:
        checks.append(Check("video", "with a card", "note", f"{', '.join(cards)}, where there is one"))
    if lack:
        checks.append(Check("video", "cannot write", "note", f"{', '.join(lack)}: not in this FFmpeg"))
    return checks


def _encodes(encoder: str) -> bool:
    import av
    import av.codec

    try:
        av.codec.Codec(encoder, "w")
    except (ValueError, av.FFmpegError):  # PyAV's UnknownCodecError is a ValueError
        return False
    return True


def folders() -> list[Check]:
    """Look whether the folders that are written to can be, and what room is left."""
    places = {
        "here": Path.cwd(),
        "your styles": user_dir(),
        "cache": style_cache().folder,
        "temporary": Path(tempfile.gettempdir()),
    }
    return [_folder(name, path) for name, path in places.items()]


def _folder(name: str, path: Path) -> Check:
    existing = next((part for part in (path, *path.parents) if part.exists()), Path(path.anchor))
    free_gb = shutil.disk_usage(existing).free / 1e9
    says = f"{path}, {free_gb:.1f} GB free" + ("" if path.exists() else ", made when it is needed")
    if not os.access(existing, os.W_OK):
        mend = f'icacls "{existing}"' if sys.platform == "win32" else f"sudo chown $USER {existing}"
        return Check("folders", name, "broken" if name == "temporary" else "note", f"{says}, not ours", mend)
    if free_gb < LITTLE_SPACE_GB:
        return Check("folders", name, "note", f"{says}: recordings would end early", "make room there")
    return Check("folders", name, "ok", says)


def machine_facts() -> list[Check]:
    """Say what machine this is, and whether it is busy or short of memory."""
    facts, left_mb = machine(load_average()), available_mb()
    says = f"{facts['processor']}, {facts['usable_cores']} cores, {facts['system']}"
    load = facts["load_before"]
    busy = load is not None and load > facts["usable_cores"]
    checks = [Check("machine", "processor", "ok", says)]
    if busy:
        checks.append(
            Check("machine", "load", "note", f"{load:g}: other programs run", "close other programs")
        )
    short = left_mb < LITTLE_MEMORY_MB
    memory = f"{left_mb / 1000:.1f} GB available"
    mend = _CLOSE if short else None
    return [*checks, Check("machine", "memory", "note" if short else "ok", memory, mend)]


def versions(packages: Sequence[str] = _PACKAGES) -> list[Check]:
    """Say which versions are installed."""
    found = [f"livebrush {__version__}", f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:  # another distribution of the same, such as a headless OpenCV
            found.append(f"{package} unknown")
    return [Check("versions", "", "ok", ", ".join(found))]
