"""Whether a rule can say anything new: what its tables were decided from, and until when that answer holds without news.

Belongs here: comparing what is read now with what was read then. Where a basis is kept: the warehouse, beside the publication.

Within a day, without news, a rule is asked again when a moment comes that stands in a column of its tables: a clock is due, a rung is
reached. What else passes by time alone (a score ages, an activity leaves a window, a stay becomes long enough) is decided by the first
run of the next day or with the next news; the moment that is written down is the exact one in either case.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from importlib import metadata
from operator import attrgetter
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import ibis
from pydantic_core import to_jsonable_python

import alignment_pipeline
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts.moments import moment
from alignment_pipeline.line.step import Asks, Read, Step, Version

#: Every run writes here how far each feed is read. It moves on like the clock, and a rule is asked again only when a moment that a row
#: waits for lies between.
FEEDS = "extractions"
_CODE, _AGREEMENT = "the program", "the agreement"
# where a rule's code does not lie
_NO_RULES = ("sandbox", "cli", "defs")
_ENGINES = ("duckdb", "ibis-framework", "pyarrow", "numpy", "rapidfuzz")


@dataclass(frozen=True)
class Basis:
    """What tables were decided from: versions and digests by name, the moment, and until when that holds."""

    parts: Mapping[str, str]
    as_of: datetime
    until: datetime

    def to_json(self) -> dict[str, Any]:
        """As the manifest keeps it."""
        return {"parts": dict(self.parts), "as_of": self.as_of.isoformat(), "until": self.until.isoformat()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any] | None) -> Self | None:
        """What a manifest kept; None when it kept nothing that can be read."""
        try:
            return cls(dict(kept["parts"]), *(datetime.fromisoformat(kept[name]) for name in ("as_of", "until"))) if kept else None
        except (KeyError, TypeError, ValueError):
            return None


def news(before: Iterable[Basis | None], parts: Mapping[str, str], as_of: datetime) -> str | None:
    """Why tables must be decided again, None when they need not be: the first thing that differs from the basis of each of them."""
    for basis in before:
        if basis is None:
            return "it was never decided, or was changed since"
        names = [name for name in {**parts, **basis.parts} if parts.get(name) != basis.parts.get(name)]
        if names:
            return f"{', '.join(sorted(names))} changed"
        if as_of < basis.as_of:
            return "an earlier moment is asked for"
        if as_of >= basis.until:
            return f"a moment has come that a row waited for: {basis.until:%Y-%m-%d %H:%M} UTC"
    return None


def parts(steps: Sequence[Step], *, agreement: Agreement, version: Callable[[Read], str]) -> dict[str, str]:
    """What these steps are made from, by name: the program, the parts of the agreement they take, the versions of tables they read."""
    makes = {name for step in steps for name in step.makes}
    versions = {_CODE: code_version()}
    for step in steps:
        if step.is_stamped:
            # the version stands beside each row
            versions[_AGREEMENT] = agreement.version
        for place in step.takes.values():
            versions[f"{_AGREEMENT}: {place}"] = _digest(agreement if place == "*" else attrgetter(place)(agreement))
        for one in step.inputs:
            is_made = one.version is Version.DECIDED and one.table in makes
            if not is_made and one.table != FEEDS:
                versions[name_of(one)] = version(one)
    return versions


def stamped_by(agreement: Agreement) -> dict[str, str]:
    """The parts of everything that hangs on the whole agreement."""
    return {_CODE: code_version(), _AGREEMENT: agreement.version}


def name_of(one: Read) -> str:
    """A table in a version, as a basis names it."""
    return one.table if one.version is Version.DECIDED else f"{one.table} ({one.version.name.lower().replace('_', ' ')})"


def end_of_day(steps: Sequence[Step], agreement: Agreement, as_of: datetime) -> datetime:
    """When the next day begins, UTC and in the time zones of what the steps take from the agreement; never for steps that ask no day."""
    if all(step.asks is Asks.NOTHING for step in steps):
        return datetime.max.replace(tzinfo=UTC)
    taken = (attrgetter(place)(agreement) for step in steps for place in step.takes.values() if place != "*")
    return min(next_midnight(as_of, zone) for zone in {"UTC"}.union(*(zones(to_jsonable_python(part)) for part in taken)))


def next_moment(table: ibis.Table, since: datetime) -> datetime | None:
    """The earliest moment after `since` in any column of a table; None when nothing lies ahead."""
    columns = [name for name, kind in table.schema().items() if kind.is_timestamp()]
    if not columns:
        return None
    later = [ibis.ifelse(table[name] > moment(since), table[name], ibis.null("timestamp('UTC')")).min().name(name) for name in columns]
    (row,) = table.aggregate(later).to_pyarrow().to_pylist()
    moments = [value for value in row.values() if value is not None]
    return min(moments).astimezone(UTC) if moments else None


def zones(value: Any) -> set[str]:
    """Every time zone that a part of the agreement names."""
    if isinstance(value, Mapping):
        own = {value["time_zone"]} if isinstance(value.get("time_zone"), str) else set()
        return own.union(*(zones(one) for one in value.values()))
    return set().union(*(zones(one) for one in value)) if isinstance(value, list) else set()


def next_midnight(as_of: datetime, zone: str = "UTC") -> datetime:
    """When the next day begins in a time zone."""
    here = as_of.astimezone(ZoneInfo(zone))
    return datetime.combine(here.date() + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)


def _digest(value: Any) -> str:
    text = json.dumps(to_jsonable_python(value), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def code_version() -> str:
    """The version of everything that a rule's result may hang on: this package's files and the engines under it."""
    root = Path(alignment_pipeline.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root)
        if path.is_file() and place.parts[0] not in _NO_RULES and "__pycache__" not in place.parts:
            digest.update(str(place).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    digest.update(" ".join(f"{name} {metadata.version(name)}" for name in _ENGINES).encode())
    return digest.hexdigest()[:16]
