"""What there is on this machine, what is missing, and the line that mends it.

Every part looks at one thing and returns checks; one that fails is a check itself, so that the rest is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "note", "broken"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        group: such as "cameras".
        name: of the thing.
        state: "ok"; "note" for what a show does without; "broken" for what it needs.
        says: what was found, one line.
        mend: the exact line that mends it; None where nothing is to be mended.
    """

    group: str
    name: str
    state: State
    says: str
    mend: str | None = None


Part = Callable[[], Sequence[Check]]


def examine(parts: dict[str, Part], watch: Callable[[str], None] = lambda _: None) -> list[Check]:
    """Run all parts, whatever happens in one.

    Args:
        parts: by their group.
        watch: is told what is looked at now.
    """
    found: list[Check] = []
    for group, part in parts.items():
        watch(group)
        try:
            found += part()
        except Exception as error:  # of a driver or a library: that is news too
            line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            found.append(Check(group, group, "broken", f"it could not be looked at ({line})"))
    return found


def all_parts() -> dict[str, Part]:
    """Return every part by its group, in the order in which it is shown."""
    from realtime import doctor_devices, doctor_engines, doctor_system

    return {
        "engines": doctor_engines.engines,
        "networks": doctor_system.networks,
        "cameras": doctor_devices.cameras,
        "display": doctor_devices.display,
        "virtual camera": doctor_devices.virtual_camera,
        "video": doctor_system.codecs,
        "extras": doctor_system.extras,
        "folders": doctor_system.folders,
        "machine": doctor_system.machine_facts,
        "versions": doctor_system.versions,
    }


def is_well(checks: Sequence[Check]) -> bool:
    """Tell whether a show can run: nothing that it needs is broken."""
    return all(check.state != "broken" for check in checks)


def to_plain(checks: Sequence[Check]) -> dict[str, Any]:
    """Return plain JSON values."""
    return {"well": is_well(checks), "checks": [asdict(check) for check in checks]}
