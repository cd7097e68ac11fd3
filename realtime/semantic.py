"""One style picture, its regions matched to the frame's: each part takes the style of its counterpart.

    style picture ── its mask ──┬── the region, the rest covered with it ──> style of what the mask means
                                └── the rest, the region covered with it ──> style of everything else

Both are styles as any picture's is, see `realtime.made_style`; frames are painted as with --background. In
one pass the student paints both parts at once, see `realtime.student`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from realtime.catalog import StyleEntry
from realtime.errors import MaskError, OptionError
from realtime.frame import Frame
from realtime.made_style import Source, mix_styles
from realtime.mask import Alpha, MaskSpec, open_mask, parse_mask
from realtime.mask_edges import fit_alpha
from realtime.meta_file import find_meta_file
from realtime.picture_header import check_header, read_bytes
from realtime.preprocess import resize
from realtime.region_fill import Image, fill_around
from realtime.student import STYLE_SIDE, student_entry, student_path
from realtime.style_maker import StyleMaker
from realtime.style_picture import decode_style_picture

# Less of the style picture than this is no region: a style cannot be told by it.
LEAST_SHARE = 0.01
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SemanticStyle:
    """The two styles of a picture.

    Args:
        region: of what the mask means.
        rest: of everything else; None where one network paints both at once.
        notes: what is to be said of the masks, a line each.
    """

    region: StyleEntry
    rest: StyleEntry | None
    notes: tuple[str, ...] = ()


def find_parts(
    semantic: str | None,
    style_mask: str | None,
    mask: str | None,
    others: Sequence[object],
    *,
    one_pass: bool = False,
) -> SemanticStyle | None:
    """Return what a command's options ask for, and log what is to be said; None without --semantic.

    Args:
        semantic, style_mask, mask: as typed.
        others: the options that say styles otherwise; none may be given.
        one_pass: see `find_semantic`.
    Raises:
        LivebrushError: as `find_semantic`, or if the options do not go together.
    """
    if semantic is None:
        if one_pass:
            raise OptionError("--one-pass is of both parts of a style picture; give that with --semantic")
        if style_mask is not None:
            raise OptionError("--style-mask shows a part of a style picture; give that with --semantic")
        return None
    if any(others):
        raise OptionError(
            "--semantic says all of the styles: leave --style, --background, --towards, --timeline and "
            "--label out"
        )
    parts = find_semantic(semantic, style_mask, mask, one_pass=one_pass)
    for note in parts.notes:
        _log.warning("%s", note)
    return parts


def find_semantic(
    picture: str, style_mask: str | None, mask: str | None, *, one_pass: bool = False
) -> SemanticStyle:
    """Return the styles of a picture's region and of its rest: from the cache, or made now.

    Args:
        picture: the style picture's path.
        style_mask: a picture of its shape, bright where it shows what the frame's mask means, or FILE:LABEL;
            without one, a mask that is a network looks at the style picture itself.
        mask: of the frames, as `--mask` has it.
        one_pass: the student paints both parts at once.
    Raises:
        OptionError: without a mask, or if the style's mask cannot be read or is of another shape.
        StylePictureError: if the picture cannot be used.
        LivebrushError: if a mask cannot be opened, or no meta network is installed.
    """
    if mask is None:
        raise OptionError("--semantic needs --mask; for one style in all of the frame give --style PICTURE")
    path = Path(picture).expanduser()
    data = read_bytes(path)
    check_header(data, path.name)
    spec = parse_mask(mask)
    if one_pass:
        image = decode_style_picture(data, path.name, short_side=STYLE_SIDE)
        alpha, note = _region(image, path, style_mask, spec)
        return SemanticStyle(student_entry(path, image, alpha, student_path()), None, _listed(note))
    maker = StyleMaker(find_meta_file())
    image = decode_style_picture(data, path.name, short_side=maker.plan.style_size)
    alpha, note = _region(image, path, style_mask, spec)
    image, alpha = _at_work_size(image, alpha, maker.plan.style_size)
    digest = hashlib.sha256(data + alpha.tobytes()).hexdigest()
    styles = [
        mix_styles(maker, [_source(f"{path.stem}{suffix}", f"{what} {digest}", image, part)])
        for what, suffix, part in (("region", "", alpha), ("rest", " rest", 255 - alpha))
    ]
    return SemanticStyle(styles[0], styles[1], _listed(note))


def _listed(note: str | None) -> tuple[str, ...]:
    return () if note is None else (note,)


def _source(name: str, identity: str, image: Image, alpha: Alpha) -> Source:
    return Source(name, identity, 1.0, lambda maker: maker.hidden(fill_around(image, alpha)))


def _region(image: Image, path: Path, style_mask: str | None, spec: MaskSpec) -> tuple[Alpha, str | None]:
    """Return where the style picture shows what the mask means, and a line if one of both lacks it."""
    everywhere = np.full(image.shape[:2], 255, np.uint8)
    if style_mask is not None:
        alpha, named = _drawn(style_mask, image, path), f"--style-mask {style_mask}"
    elif spec.kind == "network":
        alpha, named = _found(spec, image), f"--mask {spec.text}"
    else:
        return everywhere, f"{path.name} has no --style-mask: all of it is the style of both parts"
    share = float(alpha.mean()) / 255
    if share < LEAST_SHARE:
        return 0 * alpha, f"{named} means nothing in {path.name}: there all of the picture is the style"
    if share > 1 - LEAST_SHARE:
        return everywhere, f"{named} means all of {path.name}: it is the style of the rest, too"
    return alpha, None


def _drawn(style_mask: str, image: Image, path: Path) -> Alpha:
    """Return the mask that somebody has drawn, at the picture's size."""
    try:
        spec = parse_mask(style_mask)
        if spec.kind != "picture":
            raise OptionError(f"--style-mask {style_mask} must be a picture, or PICTURE:LABEL")
        alpha = open_mask(spec).alpha(_frame(image))
    except MaskError as error:
        raise OptionError(str(error).replace("--mask", "--style-mask", 1)) from error
    (height, width), (style_height, style_width) = alpha.shape, image.shape[:2]
    # A large JPEG is read at a fraction of its size: what has to agree is the shape, to a pixel.
    if abs(width * style_height - height * style_width) > max(width, height, style_width, style_height):
        raise OptionError(
            f"--style-mask {style_mask} is {width}x{height}, not of the shape of {path.name}: "
            "draw it on that picture"
        )
    return alpha


def _found(spec: MaskSpec, image: Image) -> Alpha:
    """Return what a network finds in the style picture, at its size."""
    source = open_mask(spec)
    try:
        return fit_alpha(source.alpha(_frame(image)), image, rough=source.rough)
    finally:
        source.close()


def _at_work_size(image: Image, alpha: Alpha, short_side: int) -> tuple[Image, Alpha]:
    """Return both at the size that the encoder looks at."""
    scale = short_side / min(image.shape[:2])
    size_wh = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    smaller = cv2.resize(alpha, size_wh, interpolation=cv2.INTER_AREA)
    return resize(image, size_wh), np.asarray(smaller, np.uint8)


def _frame(image: Image) -> Frame:
    return Frame(image, index=0, pts=0, time_base=Fraction(1), captured_at=0.0)
