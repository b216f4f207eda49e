"""How the sources of a run compare with those of the runs that were applied, and accepting a new normal.

Belongs here: what a run is compared with. The limits and verdicts: `write_back/plans/source_health.py`. A run whose plan was blocked or
never applied is no measure for later ones, so a source that shrank stays blocked until a person accepts it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import ibis
from ibis import _
from sqlalchemy import select

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.journal import settings
from alignment_pipeline.journal.journal import Journal, from_stamp
from alignment_pipeline.journal.tables import PLAN
from alignment_pipeline.write_back.plans.source_health import SourceHealth

#: A run a day is what the guard calls on time.
CADENCE = timedelta(days=1)
RUNS_REMEMBERED = 8
_SETTING = "accepted_sources"


@dataclass(frozen=True)
class Accepted:
    """What a person called normal, and when: measures of earlier runs do not count any more."""

    at: datetime
    by: str
    measures: Mapping[str, float] = field(default_factory=dict)


def accept(journal: Journal, measures: ibis.Table, *, by: str) -> Accepted:
    """Take the latest run's measures as the new normal. Raises ConfigurationError when there was no run."""
    rows = _rows(measures)
    if not rows:
        raise ConfigurationError("no run has measured its sources yet; `alignment run` does")
    latest = rows[-1]["run_id"]
    accepted = Accepted(journal.clock.now(), by, {str(row["measure"]): float(row["value"]) for row in rows if row["run_id"] == latest})
    settings.put(journal, _SETTING, json.dumps({"at": journal.now(), "by": by, "measures": dict(accepted.measures)}))
    return accepted


def accepted(journal: Journal) -> Accepted | None:
    """What was accepted last."""
    text = settings.get(journal, _SETTING)
    if text is None:
        return None
    content = json.loads(text)
    return Accepted(from_stamp(content["at"]), content["by"], content["measures"])


def history(journal: Journal, measures: ibis.Table) -> dict[str, list[float]]:
    """Measure -> its values in the last applied runs, oldest first, the present run's last."""
    normal = accepted(journal)
    with journal.read() as connection:
        applied = set(connection.execute(select(PLAN.c.run_id).where(PLAN.c.state.in_(("DONE", "APPLYING")))).scalars())
    rows = _rows(measures)
    present = rows[-1]["run_id"] if rows else None
    by_measure: dict[str, list[float]] = {name: [value] for name, value in normal.measures.items()} if normal else {}
    last: dict[str, float] = {}
    for row in rows:
        if row["run_id"] == present:
            last[row["measure"]] = row["value"]
        elif row["run_id"] in applied and (normal is None or row["measured_at"] > normal.at):
            by_measure.setdefault(row["measure"], []).append(row["value"])
    return {name: [*by_measure.get(name, [])[-(RUNS_REMEMBERED - 1) :], value] for name, value in last.items()}


def source_health(
    past: Mapping[str, Sequence[float]], extractions: ibis.Table, *, now: datetime, normal: Accepted | None = None
) -> list[SourceHealth]:
    """Rows of each source now and in applied runs, and the age of each stream's last reading."""
    sizes = [
        SourceHealth(name.removeprefix("rows:"), int(values[-1]), [int(value) for value in values[:-1]])
        for name, values in sorted(past.items())
        if name.startswith("rows:")
    ]
    read = extractions.group_by("system", "object").agg(read_at=_.started_at.max()).order_by("system", "object").to_pyarrow().to_pylist()
    ages = [
        SourceHealth(f"{row['system']} {row['object']}", None, (), (now - row["read_at"]).total_seconds(), CADENCE.total_seconds())
        for row in read
        if normal is None or row["read_at"] > normal.at - CADENCE
    ]
    return [*sizes, *ages]


def _rows(measures: ibis.Table) -> list[dict[str, Any]]:
    ordered = measures.order_by(_.measured_at, _.run_id).select("run_id", "measure", "value", "measured_at")
    rows: list[dict[str, Any]] = ordered.to_pyarrow().to_pylist()
    return rows
