"""Which programs have a camera open. Linux tells of those of the same user; elsewhere nobody knows."""

from __future__ import annotations

import os
from pathlib import Path

PROCESSES = Path("/proc")


def camera_holders(index: int, processes: Path = PROCESSES, *, own_id: int | None = None) -> list[str]:
    """Return name and number of each other program that has this camera open, such as "zoom (1234)".

    Args:
        index: of the camera.
        processes: where Linux lists them.
        own_id: number of the process that does not count; None for this one.
    """
    device, own = f"/dev/video{index}", str(os.getpid() if own_id is None else own_id)
    entries = [entry for entry in processes.glob("[0-9]*") if entry.name != own]
    return [f"{_name(entry)} ({entry.name})" for entry in sorted(entries) if _has_open(entry, device)]


def _has_open(entry: Path, device: str) -> bool:
    try:
        return any(os.readlink(handle) == device for handle in (entry / "fd").iterdir())
    except OSError:  # another user's, or it has ended meanwhile
        return False


def _name(entry: Path) -> str:
    try:
        return (entry / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a program"
