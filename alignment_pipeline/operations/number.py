"""`alignment number`: what a number means, what it is now, and the rows behind it.

Belongs here: putting one number's definition, value and rows together. The list of numbers: `numbers.py`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _
from pyarrow import csv

from alignment_pipeline.contracts import record_ids
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import numbers, pack
from alignment_pipeline.operations.numbers import Definition, Kind
from alignment_pipeline.pipeline_metrics import deals, measures
from alignment_pipeline.pipeline_metrics.measures import Cut
from alignment_pipeline.warehouse.warehouse import Warehouse

WHOLE = "all"
#: Metrics that are sums over deals -> the mark of the deals that count.
_SUMS = {
    "open_pipeline": "in_set",
    "overdue_pipeline": "is_overdue",
    "eligible_pipeline": "is_eligible",
    "all_open_pipeline": "is_open",
    "bookings": "is_booked",
}
#: Sums at the CRM's own rates -> the sum at the constant ones, over the same deals.
_AT_CRM_RATES = {"open_pipeline_at_crm_rates": "open_pipeline", "bookings_at_crm_rates": "bookings"}
#: Metrics that are worked out from other metrics; those are the rows behind them.
_PARTS = {
    "coverage": ("eligible_pipeline", "target", "bookings"),
    "coverage_needed": ("open_needed", "target", "bookings"),
    "open_needed": ("target", "bookings", "later_bookings", "conversion_at_day"),
    "coverage_gap": ("open_needed", "eligible_pipeline"),
    "forecast": ("bookings", "eligible_pipeline", "conversion_at_day", "later_bookings"),
    "velocity": ("all_open_pipeline", "mean_won", "win_rate", "cycle"),
}
_DEAL = (
    "opportunity_id",
    "stage",
    "amount_cents",
    "currency",
    "crm_units",
    "crm_cents",
    "close_on",
    "closed_at",
    "owner_id",
    "account_id",
    "is_won",
)


@dataclass(frozen=True)
class Number:
    """One number. `values` has one row per scope or record; `rows` are those behind the one that was asked for."""

    definition: Definition
    values: list[dict[str, Any]]
    rows: pa.Table
    about_rows: str


def number(home: Home, warehouse: Warehouse, name: str, *, scope: str = WHOLE, record: str | None = None) -> Number:
    """The number of this name: a metric of the pipeline, a number of the weekly page, or a field of the CRM as `Account.Alignment_Tier__c`.

    Raises ConfigurationError for a name that no number has, and for a scope or record that has no such number.
    """
    listed = {one.name: one for one in numbers.catalogue(home.agreement)}
    definition = listed.get(name) or next((one for one in listed.values() if one.name.lower() == name.lower()), None)
    if definition is None:
        alike = difflib.get_close_matches(name, listed, n=3)
        hint = f"did you mean {' or '.join(alike)}?" if alike else "`alignment number` lists all"
        raise ConfigurationError(f"no number is called {name!r}; {hint}")
    return _OF[definition.kind](home, warehouse, definition, scope, record)


def _metric(home: Home, warehouse: Warehouse, definition: Definition, scope: str, record: str | None) -> Number:
    metrics = warehouse.read("pipeline_metrics")
    values = metrics.filter(_.metric == definition.name).order_by("scope").to_pyarrow().to_pylist()
    mine = next((row for row in values if row["scope"] == scope), None)
    if mine is None:
        known = ", ".join(row["scope"] for row in values) or "none: start with `alignment run`"
        raise ConfigurationError(f"{definition.name} has no scope {scope!r}; it has {known}")
    values = [mine, *(row for row in values if row is not mine)]
    summed = _AT_CRM_RATES.get(definition.name, definition.name)
    if summed in _SUMS:
        return Number(definition, values, _deals(home, warehouse, _SUMS[summed], scope, mine), "the deals it is the sum of")
    if definition.name.startswith("bridge_"):
        part = definition.name.removeprefix("bridge_")
        moves = warehouse.read("pipeline_movements")
        rows = moves.filter(moves.part == part, moves.scope == scope, moves.since_on.cast("string") == _since(mine))
        return Number(definition, values, rows.order_by("opportunity_id").to_pyarrow(), "the deals of this part of the bridge")
    parts = _PARTS.get(definition.name, ())
    rows = metrics.filter(metrics.metric.isin(list(parts) or [definition.name]), metrics.scope == scope).order_by("metric")
    return Number(definition, values, rows.to_pyarrow(), "the numbers it is worked out from" if parts else "the row of the table")


def _since(row: Mapping[str, Any]) -> str:
    """The first day of a bridge, which its definition names."""
    return str(row["definition"]).removeprefix("Bridge since ").partition(":")[0]


def _deals(home: Home, warehouse: Warehouse, mark: str, scope: str, row: Mapping[str, Any]) -> pa.Table:
    fiscal, pipeline = home.agreement.fiscal, home.agreement.pipeline
    parted = deals.with_parts(*(warehouse.read(name) for name in ("opportunity_states", "users", "accounts", "account_tiers")))
    day = row["day_on"]
    on_day = measures.marked(parted, Cut(fiscal.period_of(day), day), fiscal=fiscal, pipeline=pipeline)
    if row["metric"] in _AT_CRM_RATES:
        on_day = measures.with_crm_rate(on_day, warehouse.read("currency_rates"))
    columns = [name for name in _DEAL if name in on_day.columns]
    return on_day.filter(on_day.scope == scope, on_day[mark].fill_null(False)).order_by("opportunity_id").select(*columns).to_pyarrow()


def _field(home: Home, warehouse: Warehouse, definition: Definition, scope: str, record: str | None) -> Number:
    object_, _dot, field = definition.name.partition(".")
    updates = warehouse.read("field_updates").filter(_.object == object_, _.field == field)
    if record is None:
        counted = updates.group_by("value").agg(records=_.count()).order_by(ibis.desc("records"), "value")
        return Number(
            definition, [{"records": int(updates.count().to_pyarrow().as_py())}], counted.limit(1000).to_pyarrow(), "records per value"
        )
    known = record_ids.KnownIds(updates.select("record_id").to_pyarrow()["record_id"].to_pylist())
    mine = known.meant(record)
    if mine is None:
        raise ConfigurationError(f"{definition.name} has no value for a record {record!r}")
    values = updates.filter(_.record_id == mine).select("record_id", "value", "reason", "as_of").to_pyarrow().to_pylist()
    table = warehouse.read(definition.table)
    keys = _keys_of(warehouse, object_, mine)
    key = "account_id" if object_ == "Account" else "person_id"
    rows = table.filter(table[key].isin(keys)) if key in table.columns else table.filter(ibis.literal(False))
    return Number(definition, values, rows.to_pyarrow(), f"the rows of {definition.table} for this record")


def _page(home: Home, warehouse: Warehouse, definition: Definition, scope: str, record: str | None) -> Number:
    """A number of the newest weekly pack, or else of the newest pack that has it, as one of a quarter's review.

    `scope` is `all`, or COLUMN=VALUE as `owner=Ann Smith`, several joined by commas.
    """
    weekly = pack.latest(home)
    newest = [*([weekly] if weekly else []), *reversed(pack.kept(home))]
    kept = next((one for one in newest if any(row["name"] == definition.name for row in one.content()["values"])), weekly)
    if kept is None:
        raise ConfigurationError(f"{definition.name} stands on the weekly page, and no pack has been made yet; start with `alignment pack`")
    wanted = {} if scope == WHOLE else dict(part.split("=", 1) for part in scope.split(",") if "=" in part)
    values = [row for row in kept.content()["values"] if row["name"] == definition.name]
    mine = next((row for row in values if row["scope"] == wanted), None if scope != WHOLE else next(iter(values), None))
    if mine is None:
        known = "; ".join(_scope(row["scope"]) for row in values) or "none"
        raise ConfigurationError(f"{definition.name} has no scope {scope!r} in the pack of {kept.period}; it has {known}")
    rows = csv.read_csv(kept.folder / mine["rows"], convert_options=csv.ConvertOptions(strings_can_be_null=False))
    for column, value in mine["scope"].items():
        rows = rows.filter(pc.equal(pc.cast(rows[column], pa.string()), value))
    shown = [row | {"scope": _scope(row["scope"])} for row in (mine, *(row for row in values if row is not mine))]
    return Number(definition, shown, rows, f"the rows of {kept.folder.name}/{mine['rows']} that it is counted over")


def _scope(columns: Mapping[str, str]) -> str:
    return ",".join(f"{column}={value}" for column, value in columns.items()) or WHOLE


def _keys_of(warehouse: Warehouse, object_: str, record: str) -> list[str]:
    if object_ == "Account":
        return [record]
    records = warehouse.read("person_records")
    ids: list[str] = records.filter(records.record_id == record).select("person_id").distinct().to_pyarrow()["person_id"].to_pylist()
    return ids


_OF: Mapping[Kind, Callable[[Home, Warehouse, Definition, str, str | None], Number]] = {
    Kind.METRIC: _metric,
    Kind.FIELD: _field,
    Kind.PAGE: _page,
}
