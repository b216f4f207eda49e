"""How the embedded Salesforce says no: to a whole request, or to one row.

Belongs here: the two exceptions and their JSON shapes. Which code belongs to which mistake is decided where the mistake is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ApiError(Exception):
    """The whole request is refused: an HTTP status and the API's array of errors."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = None if fields is None else list(fields)

    def to_json(self) -> list[dict[str, Any]]:
        """The body of a single call's answer."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = self.fields
        return [body]


class RowError(Exception):
    """One row of a write is refused."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = list(fields)

    def to_json(self) -> dict[str, Any]:
        """The entry in a collection's `errors`."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields}

    def to_csv(self) -> str:
        """The text of `sf__Error`."""
        return f"{self.code}:{self.message}:{','.join(self.fields)} --" if self.fields else f"{self.code}:{self.message}:--"

    @property
    def status(self) -> int:
        """The HTTP status when the row was the only one of its call."""
        return 404 if self.code in ("ENTITY_IS_DELETED", "NOT_FOUND") else 403 if self.code.startswith("INSUFFICIENT_ACCESS") else 400

    def to_api(self) -> ApiError:
        """The same refusal as the answer to a single call."""
        return ApiError(self.status, self.code, self.message, self.fields)


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """404 NOT_FOUND."""
    return ApiError(404, "NOT_FOUND", message)


def json_parser(message: str) -> ApiError:
    """400 JSON_PARSER_ERROR."""
    return ApiError(400, "JSON_PARSER_ERROR", message)
