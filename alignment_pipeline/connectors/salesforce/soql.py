"""SOQL, built from describe-checked names and quoted values.

Belongs here: text of queries. Values are quoted by simple-salesforce's `quote_soql_value` (its `:literal` form is never used);
names pass `identifiers.api_name`, and `describe.py` says which exist. Running them: `rest_query.py`, `bulk_query.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from simple_salesforce.format import quote_soql_value

from alignment_pipeline.connectors.salesforce.identifiers import api_name, id18

LONGEST = 100_000
MOST_IDS = 200


def datetime_literal(value: datetime) -> str:
    """A bare datetime literal, whole seconds (SOQL ignores the rest), with Z so that no plus sign needs encoding."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Window:
    """Closed-open: `start <= stamp < end`; None is unbounded."""

    start: datetime | None = None
    end: datetime | None = None

    def where(self, stamp: str) -> tuple[str, ...]:
        """The conditions on the stamp field."""
        name = api_name(stamp)
        low = (f"{name} >= {datetime_literal(self.start)}",) if self.start else ()
        return low + ((f"{name} < {datetime_literal(self.end)}",) if self.end else ())


def select(
    object_name: str,
    fields: Sequence[str],
    *,
    where: Iterable[str] = (),
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> str:
    """`SELECT ... FROM ...`; the conditions (made here or by `equals`, `among`) are joined by AND."""
    text = f"SELECT {','.join(api_name(name) for name in fields)} FROM {api_name(object_name)}"
    conditions = " AND ".join(where)
    if conditions:
        text += f" WHERE {conditions}"
    if order_by:
        text += f" ORDER BY {','.join(api_name(name) for name in order_by)}"
    return text + (f" LIMIT {int(limit)}" if limit is not None else "")


def count(object_name: str, *, where: Iterable[str] = ()) -> str:
    """`SELECT COUNT() FROM ...`: the answer's totalSize."""
    conditions = " AND ".join(where)
    return f"SELECT COUNT() FROM {api_name(object_name)}" + (f" WHERE {conditions}" if conditions else "")


def equals(field: str, value: str | bool | int | float | None) -> str:
    """`Field = value`, the value quoted."""
    return f"{api_name(field)} = {quote_soql_value(value)}"


def after(field: str, value: str) -> str:
    """`Field > value`, the value quoted."""
    return f"{api_name(field)} > {quote_soql_value(value)}"


def among(field: str, values: Sequence[str]) -> str:
    """`Field IN ('a','b')`, values quoted; at most 200, so that the address stays short enough."""
    if not values or len(values) > MOST_IDS:
        raise ValueError(f"between 1 and {MOST_IDS} values, not {len(values)}")
    return f"{api_name(field)} IN {quote_soql_value(list(values))}"


def ids_among(field: str, ids: Sequence[str]) -> str:
    """`Field IN (...)` for Salesforce ids, each checked to be one."""
    return among(field, [id18(one) for one in ids])
