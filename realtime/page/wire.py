"""What goes over a viewer's WebSocket: messages as JSON text, pictures as bytes."""

from __future__ import annotations

import json
import struct
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from realtime.page.broadcast import Picture
from realtime.page.changes import Change

MOST_TEXT = 64 * 1024  # an offer of WebRTC takes some kilobytes
# Of a picture: its number, bytes of the original that stands first, when it was captured, ms.
HEADER = struct.Struct("<IId")


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SetMessage(_Message):
    """Something is to be changed."""

    type: Literal["set"]
    change: Change


class GotMessage(_Message):
    """A picture was shown."""

    type: Literal["got"]
    number: Annotated[int, Field(ge=0, le=2**53)]


class PingMessage(_Message):
    """What time is it?"""

    type: Literal["ping"]
    at: Annotated[float, Field(allow_inf_nan=False)]


class WantMessage(_Message):
    """Whether pictures are wanted, and the frames before they were painted."""

    type: Literal["want"]
    pictures: bool = True
    original: bool = False


class OfferMessage(_Message):
    """WebRTC: what the browser can do."""

    type: Literal["offer"]
    sdp: Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]


Incoming = Annotated[
    Union[SetMessage, GotMessage, PingMessage, WantMessage, OfferMessage],  # noqa: UP007 - read when it runs
    Field(discriminator="type"),
]
_INCOMING: TypeAdapter[Any] = TypeAdapter(Incoming)


class WireError(Exception):
    """A message is none that is known; says in one line what is wrong with it."""


def read_message(text: str) -> SetMessage | GotMessage | PingMessage | WantMessage | OfferMessage:
    """Return what a browser sent.

    Raises:
        WireError: it is none of ours.
    """
    if len(text) > MOST_TEXT:
        raise WireError(f"a message has at most {MOST_TEXT} letters")
    try:
        found = _INCOMING.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        raise WireError(f"{place or 'message'}: {first['msg']}") from error
    assert isinstance(found, (SetMessage, GotMessage, PingMessage, WantMessage, OfferMessage))
    return found


def write_message(kind: str, **values: Any) -> str:
    """Return a message for a browser."""
    return json.dumps({"type": kind, **values}, separators=(",", ":"))


def write_picture(picture: Picture) -> bytes:
    """Return a picture for a browser: header, original if there is one, painting."""
    original = picture.original or b""
    return HEADER.pack(picture.number, len(original), picture.captured_at * 1000) + original + picture.jpeg
