"""What a Marketo answer looks like: the envelope, request ids, refusals.

Refusals travel as HTTP 200 with `success: false` and string codes, as Marketo's do; the few true HTTP statuses
(401 from identity, 404 for files, 413, 414) are made where they arise, in `app.py`. Which refusal applies is decided
by the modules of each endpoint.
"""

from __future__ import annotations

import gzip
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.responses import Response

GZIP_ABOVE_BYTES = 1024


class Refusal(Exception):
    """A request that Marketo refuses as a whole: code and message of its error list."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class RecordRefusal(Exception):
    """One record of a batch that is skipped; its neighbours go on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


@dataclass
class RequestIds:
    """Request ids in Marketo's form: `<hex counter>#<hex milliseconds>`."""

    _count: itertools.count[int] = field(default_factory=lambda: itertools.count(0x1A2B))

    def next(self, now: datetime) -> str:
        return f"{next(self._count):x}#{int(now.timestamp() * 1000):x}"


def iso(moment: datetime | int) -> str:
    """`2026-01-31T23:59:59Z`, from an aware datetime or Unix seconds."""
    when = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else moment.astimezone(UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def success(request_id: str, **members: object) -> dict[str, object]:
    return {"requestId": request_id, "success": True, **members}


def failure(request_id: str, refusal: Refusal) -> dict[str, object]:
    return {"requestId": request_id, "success": False, "errors": [{"code": refusal.code, "message": refusal.message}]}


def json_response(body: dict[str, object], *, status: int = 200, accept_encoding: str = "") -> Response:
    """A JSON answer; compressed above 1 KB when the client takes gzip."""
    payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json;charset=UTF-8"}
    if len(payload) > GZIP_ABOVE_BYTES and "gzip" in accept_encoding.lower():
        payload = gzip.compress(payload, compresslevel=1)
        headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
    return Response(payload, status_code=status, headers=headers)
