"""Switchable faults, as data: what goes wrong, where, how often.

Belongs here: the rules, their counting and the seeded dice. What a fault does to the wire lives in `wire.py`; what it does
inside a system (row errors, hidden fields, expired tokens) is asked for by that system's own code through `Faults.fire` and
`Faults.standing`. Switched in process or over `/__sandbox__/faults` (`control.py`).
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from alignment_pipeline.errors import ConfigurationError

#: Each kind, and the options it reads.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "answer": "answer without doing the work: status, content (text or JSON), headers, content_type",
        "html": "answer with an HTML maintenance page: status",
        "hang": "no answer for `seconds` of the sandbox's clock, then go on (the work is done only if the client still waits)",
        "cut_before": "close the connection before the work is done",
        "cut_after": "do the work, then close the connection: the answer is lost",
        "zombie": "close the connection (or hang for `hang_seconds`), and do the work `seconds` of the sandbox's clock later",
        "truncate": "send `bytes` (or the first half) of the body under the whole Content-Length, then close",
        "shorten": "drop the last `lines` lines of the body, with a fitting Content-Length",
        "headers": "add or replace answer headers: headers, or date_shift_seconds for the Date header; content_type replaces the type",
        "row_error": "fail matching rows of a write: code, message, fields; path is Object/Id, body the row as JSON; share (0..1) per row",
        "parent_lock": "UNABLE_TO_LOCK_ROW when another request wrote a row of the same parent: field, seconds, share",
        "shuffle_results": "answer a collection's results in another order",
        "drop_results": "leave `rows` results out of a collection's answer",
        "expire_token": "the session of this request ends before it is used",
        "daily_limit": "standing: the day's API limit is `max` calls",
        "query_timeout": "QUERY_TIMEOUT when a query would return more than `rows` rows",
        "expire_locator": "the query locator of this request has expired",
        "bulk_job_fails": "a bulk job ends Failed after `rows` rows: message",
        "bulk_delay": "standing: a bulk job needs `seconds` more of the sandbox's clock",
        "hide_object": "standing: object[, user]: unknown to describe, queries and writes, as without object permission",
        "hide_field": "standing: object, field[, user]: absent from describe, unknown to queries and writes, as field-level security does",
        "read_only_field": "standing: object, field[, user]: visible, but not createable or updateable",
        "change_field": "standing: object, field and any of type, length, precision, scale, picklist, restricted, filterable, required",
        "retire_value": "standing: object, field, value: the picklist value becomes inactive",
        "validation_rule": "standing: object, field, equals (or matches, a regex): FIELD_CUSTOM_VALIDATION_EXCEPTION with message",
        "rewrite_value": "standing: object, field, and value, or upper, strip, round: a trigger rewrites what is saved",
        "duplicate_rule": "standing: object, field: DUPLICATES_DETECTED when an insert repeats the field's value",
        "drop_rows": "standing: object, share: plain queries and bulk queries silently lose that share of the rows",
        "late_visible": "standing: object, seconds: saved rows are visible to reads only that much later, with their early stamp",
        "custom": "anything a system asks for under its own name: name and options",
    }
)


@dataclass(frozen=True)
class Fault:
    """One rule. Empty regexes match everything; `count` None means it never wears out.

    Of the requests that match, the first `skip` pass, then each `every`-th is hit, with `probability`, at most `count` times.
    """

    kind: str
    system: str = ""
    method: str = ""
    path: str = ""
    body: str = ""
    count: int | None = 1
    skip: int = 0
    every: int = 1
    probability: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigurationError(f"fault kind {self.kind!r} is unknown; allowed: {', '.join(KINDS)}")
        for name in ("system", "method", "path", "body"):
            if not isinstance(getattr(self, name), str):
                raise ConfigurationError(f"fault {self.kind}: {name} is a regular expression (what to answer goes into `content`)")
            try:
                re.compile(getattr(self, name))
            except re.error as error:
                raise ConfigurationError(f"fault {self.kind}: {name} is no regular expression: {error}") from error
        if self.every < 1 or not 0.0 <= self.probability <= 1.0:
            raise ConfigurationError(f"fault {self.kind}: every must be >= 1 and probability within 0..1")

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Fault:
        """Build a rule from its JSON form; keys that are no rule keys become options. Raises ConfigurationError."""
        own = {"kind", "system", "method", "path", "body", "count", "skip", "every", "probability"}
        options = dict(value.get("options") or {})
        options.update({key: item for key, item in value.items() if key not in own and key != "options"})
        try:
            return cls(**{key: item for key, item in value.items() if key in own}, options=options)
        except TypeError as error:
            raise ConfigurationError(f"fault {value!r}: {error}") from error

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        names = ("kind", "system", "method", "path", "body", "count", "skip", "every", "probability")
        return {name: getattr(self, name) for name in names} | {"options": dict(self.options)}

    def matches(self, *, system: str, method: str, path: str, body: str) -> bool:
        """Whether the rule is about this request, row or question."""
        return all(
            not pattern or re.search(pattern, text, re.IGNORECASE | re.DOTALL) is not None
            for pattern, text in ((self.system, system), (self.method, method), (self.path, path), (self.body, body))
        )


@dataclass
class _Armed:
    fault: Fault
    seen: int = 0
    fired: int = 0


class Faults:
    """The rules in force. Thread safe; the dice are seeded, so a run can be repeated."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.revision = 0
        self._armed: dict[int, _Armed] = {}
        self._next = 1
        self._lock = threading.RLock()

    def add(self, fault: Fault) -> int:
        """Switch a fault on; returns its number."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._armed[number] = _Armed(fault)
            self.revision += 1
            return number

    def remove(self, number: int) -> bool:
        """Switch one fault off; False when it is not there."""
        with self._lock:
            self.revision += 1
            return self._armed.pop(number, None) is not None

    def clear(self) -> None:
        """Switch every fault off."""
        with self._lock:
            self._armed.clear()
            self.revision += 1

    @property
    def is_quiet(self) -> bool:
        """Whether no rule at all is switched on."""
        return not self._armed

    def listing(self) -> list[dict[str, Any]]:
        """The rules with how often each matched and fired."""
        with self._lock:
            return [
                {"number": number, "seen": armed.seen, "fired": armed.fired} | armed.fault.to_json()
                for number, armed in self._armed.items()
            ]

    def fire(self, *kinds: str, system: str = "", method: str = "", path: str = "", body: str = "") -> Fault | None:
        """The first rule of these kinds that hits now, counted; None when all is well."""
        if not self._armed:
            return None
        with self._lock:
            for armed in self._armed.values():
                fault = armed.fault
                if fault.kind not in kinds or (fault.count is not None and armed.fired >= fault.count):
                    continue
                if not fault.matches(system=system, method=method, path=path, body=body):
                    continue
                armed.seen += 1
                if armed.seen <= fault.skip or (armed.seen - fault.skip) % fault.every:
                    continue
                if fault.probability < 1.0 and self.random.random() >= fault.probability:
                    continue
                armed.fired += 1
                return fault
        return None

    def standing(self, kind: str, system: str = "") -> tuple[Fault, ...]:
        """The rules of a kind that hold for a system as long as they are switched on (no counting, no paths)."""
        if not self._armed:
            return ()
        with self._lock:
            chosen = [armed.fault for armed in self._armed.values() if armed.fault.kind == kind]
        return tuple(one for one in chosen if not system or not one.system or re.search(one.system, system, re.IGNORECASE))

    def chance(self, share: float) -> bool:
        """A seeded throw: True in `share` of the cases."""
        if share >= 1.0:
            return True
        with self._lock:
            return self.random.random() < share
