"""`alignment pipeline`: pipeline metrics as of any day, as it was and as it was known, from the raw tables.

Belongs here: walking the line for one day. The rules: `pipeline_metrics/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.line import run as line_run
from alignment_pipeline.line import unchanged
from alignment_pipeline.line.run import Walk
from alignment_pipeline.line.step import Read, Version
from alignment_pipeline.line.steps import LINE
from alignment_pipeline.line.unchanged import Basis
from alignment_pipeline.staging import versions
from alignment_pipeline.warehouse.warehouse import Warehouse

_DATED = ("pipeline_movements", "pipeline_metrics", "step_conversions")
_STATES = ("crm_record_states", "record_changes", "opportunity_states", "currency_rates")
RAW = "raw_salesforce_opportunities"
# a share of a hundredth's noise is no restatement
_SAME = 1e-9


@dataclass(frozen=True)
class Pipeline:
    """Metrics of one day; `movements` is the bridge asked for."""

    day: date
    known: datetime
    metrics: list[dict[str, Any]]
    movements: pa.Table
    conversions: list[dict[str, Any]]


def pipeline_of(
    warehouse: Warehouse, *, agreement: Agreement, day: date, known: datetime, since: date | None = None, with_restated: bool = True
) -> Pipeline:
    """Pipeline at the end of `day`, from what was known by `known`.

    `since`: bridge from the end of that day. With `with_restated`, what was known at the end of the day is worked out too, and rows that
    differ from it are marked. Raises ConfigurationError when nothing has been read yet.
    """
    if not warehouse.exists(RAW):
        raise ConfigurationError("no opportunities have been read yet; start with `alignment run`")
    tables = _tables(warehouse, agreement, day, known, since)
    metrics = _rows(tables["pipeline_metrics"])
    end = agreement.fiscal.end_of(day)
    if with_restated and known > end:
        then = {_key(row): row["value"] for row in _rows(_tables(warehouse, agreement, day, end, since)["pipeline_metrics"])}
        metrics = [row | {"is_restated": _differs(row["value"], then.get(_key(row)))} for row in metrics]
    return Pipeline(day, known, metrics, tables["pipeline_movements"].to_pyarrow(), _rows(tables["step_conversions"]))


def _tables(warehouse: Warehouse, agreement: Agreement, day: date, known: datetime, since: date | None) -> Mapping[str, ibis.Table]:
    def source(one: Read) -> Any:
        table = warehouse.read(one.table)
        if one.version is Version.LIVING:
            return versions.living(table, as_of=known)
        return table

    walk = Walk(agreement, known, source, line_run.in_memory)
    if not is_published_as_of(warehouse, agreement, known):
        for name in _STATES:
            walk.evaluate(line_run.maker(name))
    for name in _DATED:
        options = {"day": day} | ({"since": since} if since and name == "pipeline_movements" else {})
        walk.evaluate(line_run.maker(name), **options)
    return walk.tables


def is_published_as_of(warehouse: Warehouse, agreement: Agreement, known: datetime) -> bool:
    """Whether the published states say what was known by the moment, so that they need not be put together again (99 s for two million
    rows of history)."""

    def version(one: Read) -> str:
        manifest = warehouse.manifest(one.table)
        return manifest.identity if manifest else "none"

    published = {name for step in LINE if step.is_published for name in step.makes}
    for makes in {line_run.maker(name).makes for name in _STATES}:
        steps = line_run.needed(makes, given=published - set(makes))
        before = [Basis.from_json(warehouse.basis(name)) for name in makes]
        if unchanged.news(before, unchanged.parts(steps, agreement=agreement, version=version), known) is not None:
            return False
    return True


def _rows(table: ibis.Table) -> list[dict[str, Any]]:
    return table.to_pyarrow().to_pylist()  # type: ignore[no-any-return]


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["scope"], row["metric"]


def _differs(value: float | None, then: float | None) -> bool:
    if value is None or then is None:
        return value is not then
    return abs(value - then) > _SAME * max(1.0, abs(value))
