"""What a show and its gallery say of themselves to a browser."""

from __future__ import annotations

import time
from collections import Counter

from realtime.catalog import StyleEntry
from realtime.page.changes import Figures, GalleryInfo, RecordingInfo, State, StyleInfo, StyleNow
from realtime.page.gallery import MOST_UPLOAD_BYTES, Gallery
from realtime.page.show import Show
from realtime.window_view import engine_label


def describe(show: Show, gallery: Gallery) -> State:
    """Return what is set, and what can be seen of it."""
    settings, controls, player = show.settings, show.controls, show.player
    contract, loading = player.current.entry.contract, player.loading
    return State(
        source=show.source.info.name,
        own_camera=show.own_camera,
        painting=StyleNow(
            style=settings.style,
            mix_with=settings.mix_with,
            mix=settings.mix,
            title=contract.title,
            painted_by=contract.painted_by,
            loading=None if loading is None else loading.contract.title,
        ),
        strength=controls.strength,
        detail=controls.detail,
        original_colors=controls.original_colors,
        mask=settings.mask,
        key=settings.key,
        background=settings.background,
        swapped=settings.swapped,
        paused=controls.paused,
        recording=show.recorder.wanted,
        recordings=[
            RecordingInfo(name=each.name, seconds=round(each.seconds, 1)) for each in show.recorder.finished
        ],
        trouble=show.trouble,
        gallery=gallery.version,
    )


def measure(show: Show) -> Figures:
    """Return what was measured of late."""
    times, painted, last_at = show.times, show.output.painted, show.output.last_at
    taken = show.output.snapshot()
    size_wh = show.source.info.size_wh if taken is None else (taken[0].shape[1], taken[0].shape[0])
    network_wh = (0, 0) if painted is None else painted.network_wh
    seconds = show.recorder.seconds
    return Figures(
        fps=round(times.recent_fps(), 1),
        latency_ms=round(times.recent_ms("total"), 1),
        network_ms=round(times.recent_ms("infer"), 1),
        dropped=times.dropped,
        shown=times.shown,
        size=f"{size_wh[0]}x{size_wh[1]}",
        network_size=f"{network_wh[0]}x{network_wh[1]}",
        engine=engine_label(show.player.current.info),
        viewers=show.broadcast.viewers,
        age_s=0.0 if last_at is None else round(time.perf_counter() - last_at, 1),
        recording_s=None if seconds is None else round(seconds, 1),
    )


def list_gallery(gallery: Gallery) -> GalleryInfo:
    """Return what is offered."""
    version = gallery.version  # before the list: a change between the two is seen the next time
    offers = gallery.offers()
    titles = Counter(offer.entry.contract.title for offer in offers)
    styles = [
        StyleInfo(
            name=offer.entry.name,
            title=_title(offer.entry, unique=titles[offer.entry.contract.title] == 1),
            painted_by=offer.entry.contract.painted_by,
            mixable=offer.mixable,
            uploaded=offer.uploaded,
        )
        for offer in offers
    ]
    return GalleryInfo(
        version=version,
        styles=styles,
        can_add=gallery.can_add,
        most_upload_mb=MOST_UPLOAD_BYTES // (1024 * 1024),
    )


def _title(entry: StyleEntry, *, unique: bool) -> str:
    """Return a title that tells a style from others of the same painting."""
    contract = entry.contract
    return contract.title if unique else f"{contract.title} ({contract.preset})"
