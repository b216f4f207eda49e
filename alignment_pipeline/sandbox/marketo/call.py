"""One API call as the endpoints see it: who asks, when, for what.

Belongs here: reading parameters and bodies with Marketo's refusals for missing and malformed ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alignment_pipeline.sandbox.marketo.answers import Refusal
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.world import World

BATCH = 300
_INTEGER = re.compile(r"^[+-]?[0-9]{1,19}$")
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Call:
    """A checked call: token valid, limits kept. `parameters` come from the query, or from a form with `_method=GET`."""

    world: World
    store: MarketoStore
    now: datetime
    user: str
    request_id: str
    method: str
    path: str
    parameters: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def second(self) -> int:
        """Now, as whole Unix seconds."""
        return int(self.now.timestamp())

    def optional(self, name: str) -> str:
        """A parameter's value, several joined by commas; "" when absent."""
        return ",".join(self.parameters.get(name, ()))

    def required(self, name: str) -> str:
        """A parameter's value. Raises Refusal 1002 when absent or blank."""
        value = self.optional(name)
        if not value.strip():
            raise Refusal("1002", f"Missing value for the required parameter '{name}'")
        return value

    def names(self, name: str) -> list[str]:
        """A comma-separated parameter as a list without blanks."""
        return [part.strip() for part in self.optional(name).split(",") if part.strip()]

    def integers(self, name: str, *, most: int) -> list[int]:
        """A comma-separated parameter of whole numbers. Raises Refusal 1001 or 1003."""
        parts = self.names(name)
        if len(parts) > most:
            raise Refusal("1003", f"Invalid data: at most {most} values are allowed for '{name}'")
        return [self.integer(part) for part in parts]

    @staticmethod
    def integer(text: str) -> int:
        """A whole number that fits 64 bits. Raises Refusal 1001."""
        if not _INTEGER.match(text) or abs(int(text)) > _LARGEST:
            raise Refusal("1001", f"Invalid value '{text[:100]}'. Required of type 'Integer'")
        return int(text)

    def batch_size(self) -> int:
        """The page size asked for, 300 by default. Raises Refusal 1001 or 1003."""
        size = self.integer(self.optional("batchSize") or str(BATCH))
        if not 1 <= size <= BATCH:
            raise Refusal("1003", f"Invalid data: batchSize must be from 1 to {BATCH}")
        return size

    def json_body(self) -> dict[str, Any]:
        """The JSON object of the body. Raises Refusal 612 or 609."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal("612", "Invalid Content Type")
        try:
            body = json.loads(self.body or b"", parse_constant=_no_json)
        except (ValueError, RecursionError):
            raise Refusal("609", "Invalid JSON") from None
        if not isinstance(body, dict):
            raise Refusal("609", "Invalid JSON")
        return body

    def input_records(self, *, most: int = BATCH) -> list[dict[str, Any]]:
        """The `input` list of the body. Raises Refusal 1002 or 1003."""
        records = self.json_body().get("input")
        if not records:
            raise Refusal("1002", "Missing value for the required parameter 'input'")
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise Refusal("1003", "Invalid data: 'input' is a list of objects")
        if len(records) > most:
            raise Refusal("1003", f"Invalid data: at most {most} records are allowed in 'input'")
        return records


def _no_json(constant: str) -> float:
    """`NaN` and `Infinity`, which Python reads and JSON does not know."""
    raise ValueError(f"{constant} is no JSON")
