"""The few numbers of a run that later runs are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.contracts import CONTRACTS

SOURCES = ("accounts", "contacts", "leads", "opportunities", "marketing_persons", "activities", "users")
INPUTS = (*SOURCES, "lead_account_matches", "account_mqa_statuses", "sla_clocks", "quarantined_rows")


def run_measures(tables: Mapping[str, ibis.Table], *, run_id: str, as_of: datetime, agreement_version: str) -> pa.Table:
    """One row per measure of this run: rows of each source, match rate (0 to 1), MQAs, breached clocks, quarantined rows."""
    matches = tables["lead_account_matches"]
    measures = {f"rows:{name}": tables[name].count() for name in SOURCES}
    measures |= {
        "match_rate": matches.decision.isin(["matched"]).cast("float64").mean(),
        "mqas": tables["account_mqa_statuses"].filter(_.is_mqa).count(),
        "sla_breaches": tables["sla_clocks"].filter(_.state == "breached").count(),
        "quarantined_rows": tables["quarantined_rows"].count(),
    }
    rows = [
        {"run_id": run_id, "measure": name, "value": float(value), "measured_at": as_of, "agreement_version": agreement_version}
        for name, expression in measures.items()
        if (value := expression.to_pyarrow().as_py()) is not None
    ]
    return pa.Table.from_pylist(rows, schema=CONTRACTS["run_measures"].schema)
