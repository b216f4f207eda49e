"""One API call and its answer, apart from any web framework, so that composite calls can be run inside another.

Belongs here: the request as handlers see it, the answer they give, and the checks that all handlers share.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError, json_parser, not_found
from alignment_pipeline.sandbox.salesforce.ids import to18
from alignment_pipeline.sandbox.salesforce.saving import Caller
from alignment_pipeline.sandbox.salesforce.schema import ObjectSchema, Schema

if TYPE_CHECKING:
    from alignment_pipeline.sandbox.salesforce.organisation import Org


@dataclass(frozen=True)
class Answer:
    """Status, body (JSON value, bytes, pieces of bytes, or None) and headers."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"


@dataclass
class Call:
    """One call by a logged-in user. `headers` have lower-case names; `query` the last value of each parameter."""

    org: Org
    method: str
    path: str
    version: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    username: str
    number: int
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        """The schema as this user sees it."""
        return self.org.views.of(self.username)

    def object(self, name: str | None = None) -> ObjectSchema:
        """The object that the path names. Raises ApiError 404."""
        schema = self.schema.get(name or self.parts["object"])
        if schema is None:
            raise not_found()
        return schema

    def record_id(self, text: str | None = None) -> str:
        """The 18-character id that the path names. Raises ApiError 400 MALFORMED_ID."""
        given = text or self.parts["id"]
        record_id = to18(given)
        if record_id is None:
            raise ApiError(400, "MALFORMED_ID", f"malformed id {given}")
        return record_id

    def json(self) -> Any:
        """The body as JSON. Raises ApiError 400 JSON_PARSER_ERROR, 415 for another content type."""
        kind = self.headers.get("content-type", "application/json").split(";")[0].strip().lower()
        if kind not in ("application/json", "text/json", ""):
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type {kind} not supported.")
        try:
            text = self.body.decode("utf-8")
            body = json.loads(text, parse_constant=_refuse_constant)
            if "\\ud" in text.lower():
                json.dumps(body, ensure_ascii=False).encode("utf-8")
            return body
        except UnicodeEncodeError as error:
            raise json_parser("Invalid character: an escape names half of a surrogate pair at [line:1, column:1]") from error
        except UnicodeDecodeError as error:
            raise json_parser(f"Invalid UTF-8 at [line:1, column:{error.start + 1}]") from error
        except json.JSONDecodeError as error:
            raise json_parser(f"{error.msg} at [line:{error.lineno}, column:{error.colno}]") from error
        except RecursionError as error:
            raise json_parser("nesting too deep") from error

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object."""
        body = self.json()
        if not isinstance(body, dict):
            raise json_parser("Cannot deserialize request body: an object is expected at [line:1, column:1]")
        return body

    def caller(self, source: str = "api") -> Caller:
        """Who saves, and the headers that matter for saving."""
        duplicate = self.headers.get("sforce-duplicate-rule-header", "").lower().replace(" ", "")
        kept = (
            "sforce-auto-assign",
            "sforce-duplicate-rule-header",
            "sforce-call-options",
            "if-unmodified-since",
            "if-match",
            "user-agent",
        )
        return Caller(
            username=self.username,
            user_id=self.org.store.user_id(self.username),
            source=source,
            request=f"{self.method} {self.path}",
            number=self.number,
            auto_assign=self.headers.get("sforce-auto-assign", "TRUE").strip().upper() != "FALSE",
            allow_duplicates="allowsave=true" in duplicate,
            headers={name: self.headers[name] for name in kept if name in self.headers},
        )


def _refuse_constant(name: str) -> Any:
    raise json_parser(f"Non-standard token '{name}': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow at [line:1, column:2]")


def encoded(answer: Answer) -> tuple[bytes | Iterator[bytes], str]:
    """An answer's body as bytes (or pieces of bytes) and its content type."""
    body = answer.body
    if body is None:
        return b"", answer.content_type
    if isinstance(body, bytes):
        return body, answer.content_type
    if isinstance(body, Iterator):
        return body, answer.content_type
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"), answer.content_type
