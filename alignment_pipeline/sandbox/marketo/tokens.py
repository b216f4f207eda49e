"""Paging tokens: opaque text to the client, a position to us.

Two kinds, as the vendor documents them: activity tokens (a moment, then a position in the activity log) and list tokens (how
many records of a result were delivered). A token of one kind is refused where the other is wanted.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import NamedTuple

from alignment_pipeline.sandbox.marketo.answers import Refusal


class Position(NamedTuple):
    """After this moment (Unix seconds) and, within it, after this activity id."""

    second: int
    activity_id: int


def activity_token(position: Position, *, serial: int = 0) -> str:
    """A token for the log after `position`. `serial` only makes successive tokens differ."""
    return _pack(f"A:{position.second}:{position.activity_id}:{serial}")


def read_activity_token(token: str) -> Position:
    """The position of an activity token. Raises Refusal 1003."""
    parts = _unpack(token, "A", 4)
    return Position(int(parts[1]), int(parts[2]))


def list_token(delivered: int) -> str:
    """A token for a result of which `delivered` records were given out."""
    return _pack(f"L:{delivered}")


def read_list_token(token: str) -> int:
    """How many records came before. Raises Refusal 1003."""
    return int(_unpack(token, "L", 2)[1])


def _pack(text: str) -> str:
    payload = text.encode()
    return base64.b32encode(payload + zlib.crc32(payload).to_bytes(4, "big")).decode()


def _unpack(token: str, kind: str, length: int) -> list[str]:
    try:
        content = base64.b32decode(token.encode())
    except (binascii.Error, ValueError):
        raise Refusal("1003", "Invalid data: nextPageToken is not a token of this subscription") from None
    payload, checksum = content[:-4], content[-4:]
    parts = payload.decode("latin-1").split(":")
    if zlib.crc32(payload).to_bytes(4, "big") != checksum or parts[0] != kind or len(parts) != length:
        raise Refusal("1003", "Invalid data: nextPageToken is not a token for this endpoint")
    return parts
