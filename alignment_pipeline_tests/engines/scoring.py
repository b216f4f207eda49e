"""The scoring rules on any engine that ibis reaches, and their rows in a form that compares.

Belongs here: loading, running, sorting. Which engine: the test beside this file.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq

from alignment_pipeline.scoring import (
    account_fits,
    account_scores,
    account_tiers,
    engagement,
    person_fits,
    person_scores,
    scored_activities,
)
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import NOW
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
    scoring = shipped().scoring
    stamp: dict[str, Any] = {"as_of": NOW, "agreement_version": "test"}
    t = {name: _stored(con, name, rows) for name, rows in inputs(organisations(range(4))).items()}
    t["account_fits"] = _stored(con, "account_fits", account_fits.account_fits(t["accounts"], scoring=scoring, **stamp))
    t["account_tiers"] = _stored(
        con, "account_tiers", account_tiers.account_tiers(t["accounts"], t["account_fits"], scoring=scoring, **stamp)
    )
    fits = person_fits.person_fits(t["people"], t["person_accounts"], t["account_tiers"], scoring=scoring, **stamp)
    t["person_fits"] = _stored(con, "person_fits", fits)
    dims = [t[name] for name in ("people", "person_accounts", "accounts", "account_tiers", "person_fits")]
    scored = scored_activities.scored_activities(t["activities"], dims[0], t["person_records"], *dims[1:], scoring=scoring, **stamp)
    t["scored_activities"] = _stored(con, "scored_activities", scored)
    factors = engagement.person_engagement_factors(t["scored_activities"], scoring=scoring, **stamp)
    t["person_engagement_factors"] = _stored(con, "person_engagement_factors", factors)
    scores = person_scores.person_scores(t["person_engagement_factors"], *dims, scoring=scoring, **stamp)
    t["person_scores"] = _stored(con, "person_scores", scores)
    rolled = engagement.account_engagement_factors(t["person_engagement_factors"], scoring=scoring, **stamp)
    t["account_engagement_factors"] = _stored(con, "account_engagement_factors", rolled)
    accounts = account_scores.account_scores(
        t["account_engagement_factors"], t["person_scores"], t["account_tiers"], t["account_fits"], scoring=scoring, **stamp
    )
    t["account_scores"] = _stored(con, "account_scores", accounts)
    return {name: _rows(t[name], key) for name, key in KEYS.items()}


def _stored(con: ibis.BaseBackend, name: str, rows: ibis.Table) -> ibis.Table:
    is_given = name not in KEYS and name != "account_fits"
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
