"""The form of HubSpot's answers and refusals.

Belongs here: bodies. Which refusal belongs where is each endpoint's.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response


def iso(moment: datetime) -> str:
    """`2026-11-20T16:58:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def millis(moment: datetime) -> int:
    """Milliseconds of Unix time."""
    return round(moment.timestamp() * 1000)


class Refusal(Exception):
    """A request that is refused as a whole."""

    def __init__(
        self,
        status: int,
        category: str,
        message: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        context: Mapping[str, Sequence[str]] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.errors = list(errors)
        self.context = dict(context or {})
        self.more = dict(more or {})

    def response(self, headers: Mapping[str, str]) -> Response:
        """As HTTP."""
        body: dict[str, Any] = {"status": "error", "message": self.message, "correlationId": str(uuid.uuid4()), "category": self.category}
        if self.errors:
            body["errors"] = self.errors
        if self.context:
            body["context"] = self.context
        return json_response(body | self.more, status=self.status, headers=headers)


def invalid(message: str, code: str = "", **context: Sequence[str]) -> Refusal:
    """400 VALIDATION_ERROR."""
    errors = [{"message": message, "code": code, "context": dict(context)}] if code else []
    return Refusal(400, "VALIDATION_ERROR", f"Invalid input: {message}", errors=errors)


def not_found(what: str = "resource not found") -> Refusal:
    """404 OBJECT_NOT_FOUND."""
    return Refusal(404, "OBJECT_NOT_FOUND", what)


def json_response(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return Response(text, status_code=status, headers=dict(headers or {}), media_type="application/json;charset=utf-8")
