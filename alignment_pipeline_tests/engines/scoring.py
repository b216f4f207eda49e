"""The scoring rules on any engine that ibis reaches, and their rows in a form that compares.

Belongs here: loading, running, sorting. Which engine: the test beside this file.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq

from alignment_pipeline.line import run as line
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import NOW, table
from alignment_pipeline_tests.scoring.line import inputs
from alignment_pipeline_tests.scoring.organisations import organisations

KEYS = {
    "person_fits": ("person_id",),
    "account_tiers": ("account_id",),
    "scored_activities": ("activity_id",),
    "person_engagement_factors": ("person_id", "factor"),
    "person_scores": ("person_id",),
    "account_engagement_factors": ("account_id", "factor"),
    "account_scores": ("account_id",),
}


def decided(con: ibis.BaseBackend) -> dict[str, list[dict[str, Any]]]:
    """Rows of every scoring table, each made by the engine and stored in it before the next."""
    given = {name: _stored(con, name, rows) for name, rows in (inputs(organisations(range(4))) | {"users": table("users", [])}).items()}
    agreement = shipped().model_copy(update={"version": "test"})
    made = line.decide(tuple(KEYS), given, agreement=agreement, as_of=NOW, keep=lambda name, rows: _stored(con, name, rows))
    return {name: _rows(made[name], key) for name, key in KEYS.items()}


def _stored(con: ibis.BaseBackend, name: str, rows: ibis.Table) -> ibis.Table:
    is_given = name not in KEYS and name not in ("account_fits", "title_readings")
    if con.name == "pyspark" and is_given:
        # through a file: by way of pandas, missing texts would arrive as the text NaN
        path = Path(tempfile.mkdtemp()) / f"{name}.parquet"
        pq.write_table(rows.to_pyarrow(), path)
        return con.read_parquet(path, table_name=f"given_{name}")
    return con.create_table(f"stored_{name}", rows.to_pyarrow() if con.name == "duckdb" or is_given else rows, overwrite=True)


def _rows(table: ibis.Table, key: tuple[str, ...]) -> list[dict[str, Any]]:
    found = table.to_pandas().to_dict("records")
    tidy = [{name: _tidy(value) for name, value in row.items()} for row in found]
    return sorted(tidy, key=lambda row: tuple(str(row[name]) for name in key))


def _tidy(value: Any) -> Any:
    """Missing is None; moments are microseconds; numbers with a fraction are rounded to nine significant digits."""
    if value is None or value != value:
        return None
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1_000_000)
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return value.item() if hasattr(value, "item") else value
