"""What the video judge says: one set of plain values, for a program and as a table."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from training.clips import Clip
from training.console import plain_console
from training.judge.product import ProductClip
from training.judge.steadiness import VERSION, Measured
from training.style_files import Painter

INPUT, FRAME_BY_FRAME, PRODUCT, PAINTED = "input", "frame_by_frame", "product", "painted"
LABELS = {
    INPUT: "the clip itself",
    FRAME_BY_FRAME: "network, frame by frame",
    PRODUCT: "the product",
    PAINTED: "the painting",
}


@dataclass(frozen=True)
class Prepared:
    """The three clips, ready to be compared.

    Attributes:
        clip: the frames that are judged, as a lossless file.
        count: how many there are.
        product: what the product made of them, or None where it cannot be had.
        why_no_product: one line; empty where there is one.
    """

    clip: Clip
    count: int
    product: ProductClip | None
    why_no_product: str


def plain_report(painter: Painter, prepared: Prepared, measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report as plain values: what --json writes.

    Args:
        painter: the network alone.
        prepared: the clips that were compared.
        measured: of `measured_report`.
    """
    product = None if prepared.product is None else prepared.product.engine
    engines = {FRAME_BY_FRAME: painter.engine, PRODUCT: product}
    clips = {name: {**row, "engine": engines.get(name)} for name, row in measured["clips"].items()}
    return {
        "style": painter.name,
        "style_sha256": hashlib.sha256(painter.file.read_bytes()).hexdigest(),
        "no_product": prepared.why_no_product or None,
        **measured,
        "clips": clips,
    }


def measured_report(
    clip: Path,
    flow: Mapping[str, Any],
    count: int,
    size_wh: tuple[int, int],
    measured: Measured,
    *,
    complete: bool,
) -> dict[str, Any]:
    """Return what was measured, whatever painted, as plain values.

    Args:
        clip: as the user named it.
        flow: what decided the optical flow.
        count, size_wh: how many frames there are, and how large.
        measured: at least one pair.
        complete: it was not stopped before the last pair.
    """
    clips = {
        name: {
            "e_warp": score.e_warp,
            "rmse": score.rmse,
            "ratio_to_input": score.ratio if math.isfinite(score.ratio) else None,
            "contrast": score.contrast,
        }
        for name, score in measured.scores().items()
    }
    curves = {f"e_warp_{name}": values for name, values in measured.errors.items()}
    return {
        "definition": VERSION,
        "clip": clip_name(clip),
        "size": "{}x{}".format(*size_wh),
        "frames": count,
        "complete": complete,
        "flow": dict(flow),
        "pairs": len(measured.frames),
        "cuts": measured.frames_left_out("cut"),
        "lost": measured.frames_left_out("lost"),
        "pixels_counted": sum(measured.shares) / len(measured.shares),
        "clips": clips,
        "curve": {"frame": measured.frames, "pixels_counted": measured.shares, **curves},
    }


def clip_name(clip: Path) -> str:
    """Return what a clip is called; folders of frames are often called just that."""
    return f"{clip.resolve().parent.name}/{clip.name}" if clip.is_dir() else clip.name


def print_report(plain: Mapping[str, Any]) -> None:
    """Print the table and what must be known to compare it with others."""
    table = Table(title=report_title(plain), title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("E_warp x 1000", "RMSE", "x the clip's", "contrast"):
        table.add_column(heading, justify="right")
    rows = plain["clips"] if "painting" in plain else (INPUT, FRAME_BY_FRAME, PRODUCT)
    for name in rows:
        row, label = plain["clips"].get(name), LABELS[name]
        if row is None:
            table.add_row(label, "-", "-", "-", "-")
            continue
        ratio = "-" if row["ratio_to_input"] is None else f"{row['ratio_to_input']:.2f}"
        e_warp, rmse = f"{1000 * row['e_warp']:.4g}", f"{row['rmse']:.4f}"
        table.add_row(label, e_warp, rmse, ratio, f"{row['contrast']:.3f}")
    console = plain_console()
    console.print(table)
    for line in _remarks(plain):
        console.print(line, highlight=False, soft_wrap=True)


def report_title(plain: Mapping[str, Any]) -> str:
    """Return what was judged, in a line."""
    return f"{plain.get('style') or plain['painting']} on {plain['clip']}, {plain['size']}"


def _remarks(plain: Mapping[str, Any]) -> Iterator[str]:
    yield f"{plain['pairs']} pairs of frames, {plain['pixels_counted']:.1%} of their pixels counted"
    details = ", ".join(f"{key} {value}" for key, value in plain["flow"].items() if key != "method")
    yield f"optical flow: {plain['flow']['method']} ({details})"
    for why, what in (("cuts", "at cuts"), ("lost", "where the flow lost the motion")):
        if plain[why]:
            numbers = ", ".join(map(str, plain[why][:10])) + (", ..." if len(plain[why]) > 10 else "")
            yield f"{len(plain[why])} left out {what}: frame {numbers}"
    engine = plain["clips"].get(PRODUCT, {}).get("engine")
    if engine is not None:
        alone = plain["clips"][FRAME_BY_FRAME]["engine"]
        yield f"the network alone ran on {alone}, the product on {engine['name']} {engine['precision']}"
    if plain.get("no_product"):
        yield f"the product's clip is not to be had: {plain['no_product']}"
    if not plain["complete"]:
        yield f"stopped: {plain['pairs']} pairs of {plain['frames'] - 1} were measured"
