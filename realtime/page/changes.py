"""What a viewer may change, and what a show says of itself: the JSON on the wire, as checked models."""

from __future__ import annotations

from typing import Annotated, Literal, Optional

from pydantic import BaseModel, ConfigDict, Field

StyleName = Annotated[str, Field(min_length=1, max_length=120)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
MaskKind = Literal["off", "person", "motion", "key"]


class Change(BaseModel):
    """Everything that a viewer can set; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    style: Optional[StyleName] = None  # noqa: UP045 - Pydantic reads the types when it runs
    mix_with: Optional[Annotated[str, Field(max_length=120)]] = None  # noqa: UP045
    """A second style; empty for none."""
    mix: Optional[Share] = None  # noqa: UP045
    """0 is the first style, 1 the second."""
    strength: Optional[Share] = None  # noqa: UP045
    detail: Optional[Share] = None  # noqa: UP045
    original_colors: Optional[bool] = None  # noqa: UP045
    mask: Optional[MaskKind] = None  # noqa: UP045
    key: Optional[Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]] = None  # noqa: UP045
    """The colour that "key" leaves out."""
    background: Optional[StyleName] = None  # noqa: UP045
    """original, blur, or the name of a style."""
    swapped: Optional[bool] = None  # noqa: UP045
    paused: Optional[bool] = None  # noqa: UP045
    recording: Optional[bool] = None  # noqa: UP045


class StyleNow(BaseModel):
    """What paints."""

    style: str
    mix_with: str
    mix: float
    title: str
    painted_by: str
    loading: Optional[str]  # noqa: UP045


class RecordingInfo(BaseModel):
    """A film that can be fetched from /api/recordings/NAME."""

    name: str
    seconds: float


class State(BaseModel):
    """What viewers set and see of a show; figures are apart, for they change all the time."""

    source: str
    own_camera: bool
    painting: StyleNow
    strength: float
    detail: float
    original_colors: bool
    mask: MaskKind
    key: str
    background: str
    swapped: bool
    paused: bool
    recording: bool
    recordings: list[RecordingInfo]
    trouble: Optional[str]  # noqa: UP045
    gallery: int
    """Grows with every style that is added."""


class Figures(BaseModel):
    """What is measured, about the last second."""

    fps: float
    latency_ms: float
    """From the moment the source had a frame until it was put out."""
    network_ms: float
    dropped: int
    shown: int
    size: str
    network_size: str
    engine: str
    viewers: int
    age_s: float
    """Since the last picture."""
    recording_s: Optional[float]  # noqa: UP045


class StyleInfo(BaseModel):
    """A style of the gallery."""

    name: str
    title: str
    painted_by: str
    mixable: bool
    uploaded: bool


class GalleryInfo(BaseModel):
    """All styles, and whether pictures can be added."""

    version: int
    styles: list[StyleInfo]
    can_add: bool
    most_upload_mb: int
