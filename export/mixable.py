"""Lets a style that was trained by itself be mixed with pictures: by the hidden numbers of its own picture.

What is mixed then is what the meta network writes for the picture, not the trained network, so the installed
meta network must be the one that the styles were exported beside.
"""

from pathlib import Path
from typing import Any

from realtime.meta_file import find_meta_file
from realtime.picture_header import read_bytes
from realtime.style_maker import StyleMaker, hidden_notes
from realtime.style_picture import decode_style_picture


def with_hidden(content: dict[str, Any], picture: Path) -> dict[str, Any]:
    """Return a checkpoint's content whose notes carry the hidden numbers of a picture.

    Args:
        content: what `training.checkpoint.load_checkpoint` returned.
        picture: what the style was learnt from.
    Raises:
        LivebrushError: if no meta network is installed, or the picture cannot be used.
    """
    maker = StyleMaker(find_meta_file())
    data = read_bytes(picture)
    hidden = maker.hidden(decode_style_picture(data, picture.name, short_side=maker.plan.style_size))
    return {**content, "training": {**content["training"], **hidden_notes(maker.plan, hidden)}}
