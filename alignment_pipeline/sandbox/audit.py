"""The audit log of every write, and the counters of calls.

Belongs here: what happened in the sandbox, for tests and demos that ask afterwards. What a client may ask of a vendor is in the
vendors' packages; these two are read over `/__sandbox__/` only.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Write:
    """One record changed: who, when, what before and after."""

    number: int
    system: str
    at: datetime
    user: str
    action: str
    object: str
    record_id: str
    changes: Mapping[str, tuple[Any, Any]]
    source: str = "api"
    request: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The JSON form; moments as ISO 8601 text."""
        return asdict(self) | {
            "at": self.at.isoformat(),
            "changes": {name: [_plain(before), _plain(after)] for name, (before, after) in self.changes.items()},
        }


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


class Audit:
    """Every write of every system, in order. Thread safe."""

    def __init__(self) -> None:
        self._writes: list[Write] = []
        self._lock = threading.Lock()

    def record(
        self,
        *,
        system: str,
        at: datetime,
        user: str,
        action: str,
        object: str,
        record_id: str,
        changes: Mapping[str, tuple[Any, Any]],
        source: str = "api",
        request: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Write:
        """Append one write. `changes` is field -> (before, after); `source` is api, bulk, human or load."""
        with self._lock:
            write = Write(
                number=len(self._writes) + 1,
                system=system,
                at=at,
                user=user,
                action=action,
                object=object,
                record_id=record_id,
                changes=changes,
                source=source,
                request=request,
                headers=headers or {},
            )
            self._writes.append(write)
            return write

    def writes(
        self, *, after: int = 0, system: str = "", object: str = "", record_id: str = "", source: str = "", user: str = ""
    ) -> list[Write]:
        """The writes that fit, in order; `after` skips those up to that number."""
        with self._lock:
            chosen = self._writes[after:]
        wanted = {"system": system, "object": object, "record_id": record_id, "source": source, "user": user}
        return [write for write in chosen if all(not value or getattr(write, name) == value for name, value in wanted.items())]

    def __len__(self) -> int:
        return len(self._writes)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._writes.clear()


_VERSION = re.compile(r"/v\d+\.\d(?=/|$)")
_IDENTIFIER = re.compile(r"(?<=/)(?:[0-9a-zA-Z]{3}[0-9A-Za-z]{12}(?:[A-Z0-5]{3})?|[0-9a-f-]{36}|\d+)(?:-\d+)?(?=[/.]|$)")


class Calls:
    """How often each endpoint was called, by system. Thread safe."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def count(self, system: str, method: str, path: str) -> None:
        """Count one call; ids and versions in the path are folded."""
        label = f"{method} {_IDENTIFIER.sub('{id}', _VERSION.sub('/{version}', path))}"
        with self._lock:
            self._counts[(system, label)] += 1

    def by_endpoint(self, system: str = "") -> dict[str, dict[str, int]]:
        """system -> endpoint -> calls."""
        with self._lock:
            items = sorted(self._counts.items())
        counts: dict[str, dict[str, int]] = {}
        for (name, label), number in items:
            if not system or name == system:
                counts.setdefault(name, {})[label] = number
        return counts

    def total(self, system: str) -> int:
        """All calls to one system."""
        with self._lock:
            return sum(number for (name, _), number in self._counts.items() if name == system)

    def clear(self) -> None:
        """Begin to count again."""
        with self._lock:
            self._counts.clear()
