"""An answer from outside, read defensively.

Belongs here: status, headers, body and the few ways to read them. What an error code means is each vendor's own module
(`connectors/salesforce/verdicts.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

from alignment_pipeline.errors import Permanent, Retryable

JSON = Any
"""A decoded JSON value. Numbers with a fraction are Decimal, so that no digit is lost on the way to the raw tables."""


class NotJson(Retryable):
    """The body is no JSON: a maintenance page, a cut answer, a wrong charset."""


class Unreasonable(Permanent):
    """The body is larger or nested more deeply than any answer of a vendor: it is not read further, and not asked for again."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, its body whole (or written to a sink, then empty)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    endpoint: str

    def json(self) -> JSON:
        """The body as JSON (UTF-8). NotJson and Unreasonable name the endpoint, the content type and a hash of the body, never the body."""
        try:
            return json.loads(self.body.decode("utf-8", "surrogatepass"), parse_float=Decimal, parse_int=_whole)
        except RecursionError:
            raise Unreasonable(f"{self.endpoint}: {self.status} with a body that is nested too deeply ({self.fingerprint})") from None
        except ValueError as error:
            kind = type(error).__name__
            raise NotJson(f"{self.endpoint}: {self.status} with a body that is no JSON ({self.fingerprint}): {kind}") from None

    def json_or_none(self) -> JSON | None:
        """The body as JSON, None when it is none."""
        try:
            return self.json()
        except (NotJson, Unreasonable):
            return None

    @property
    def fingerprint(self) -> str:
        """Content type, length and hash: enough to recognise a page again without keeping it."""
        kind = self.headers.get("Content-Type", "no content type")
        return f"{kind}, {len(self.body)} bytes, sha256 {sha256(self.body).hexdigest()[:12]}"

    @property
    def date(self) -> datetime | None:
        """The server's own clock (`Date` header), UTC."""
        return http_date(self.headers.get("Date"))


def _whole(digits: str) -> int | Decimal:
    """Python refuses whole numbers of thousands of digits; a Decimal holds them, and one row's value never breaks its page."""
    return int(digits) if len(digits) < 300 else Decimal(digits)


def http_date(text: str | None) -> datetime | None:
    """Parse an HTTP date; None when there is none or it cannot be read."""
    if not text:
        return None
    try:
        parsed = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
