"""What a file of a mask network promises, in its metadata: what goes in, which label is which plane."""

import json
from collections.abc import Sequence
from typing import Any

from realtime import __version__

MASK_KEY = "livebrush.mask"
OUTPUT_NAME = "alpha"
_PIXELS = {"layout": "NHWC", "dtype": "uint8", "colour": "BGR"}


def mask_contract(labels: Sequence[str], *, area: int, multiple: int, **notes: Any) -> str:
    """Return the contract as JSON.

    Args:
        labels: of the planes of alpha, (1, K, H, W), in order.
        area: pixels of a frame that the network was trained at.
        multiple: what height and width must be multiples of.
        notes: whatever else is worth knowing, as plain values.
    """
    plain = {"version": 1, "labels": list(labels), "area": area, "multiple": multiple, **_PIXELS, **notes}
    return json.dumps({**plain, "livebrush_version": __version__})
