"""What viewers set of a show, and how all shows paint."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.engine import EngineOptions
from realtime.page.changes import MaskKind
from realtime.page.recorder import Films
from realtime.painter import SizeWh
from realtime.steady import SteadyLevel

CONTROLS = ("strength", "detail", "original_colors", "paused")
"""What of a `Change` is in `Controls`; the rest but the recording is in `Settings`."""


@dataclass(frozen=True)
class Settings:
    """What viewers have set beside `Controls`.

    Args:
        style: what paints, as it was asked for.
        mix_with: a second style; empty for none.
        mix: share of the second.
        mask: which part is painted.
        key: the colour that "key" leaves out.
        background: what stands in the rest.
        swapped: front and back have changed places.
    """

    style: str
    mix_with: str = ""
    mix: float = 0.0
    mask: MaskKind = "off"
    key: str = "#00ff00"
    background: str = "original"
    swapped: bool = False

    @property
    def painted_by(self) -> tuple[object, ...]:
        """What decides which style paints."""
        return self.style, self.mix_with, self.mix

    @property
    def parted_by(self) -> tuple[object, ...]:
        """What decides how the picture is parted."""
        return self.mask, self.key, self.background


@dataclass(frozen=True)
class ShowOptions:
    """How shows paint; the same for all of them.

    Args:
        engine: engine, precision, device and threads.
        network_wh: what the network sees; None for at most 360 pixels on the shorter side.
        output_wh: the picture that comes out; None for the source's size.
        steady: how steady paintings are kept.
        page_fps: pictures a second at most, for viewers.
        films: takes recordings.
    """

    engine: EngineOptions
    films: Films
    network_wh: SizeWh | None = None
    output_wh: SizeWh | None = None
    steady: SteadyLevel = "light"
    page_fps: int = 30
