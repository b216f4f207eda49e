"""What a run did, in a handful of numbers: for the command line, `--json` and the report's head."""

from __future__ import annotations

import json
from typing import Any

import ibis
from ibis import _

from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.operations import write_back
from alignment_pipeline.warehouse.warehouse import Warehouse

_MOST_IDS = 20
# a run that decides as of the past makes no plan: the CRM gets no values of the past
_NO_PLAN: dict[str, Any] = {
    "plan_hash": "",
    "state": "NONE",
    "verdict": "NONE",
    "reasons": "[]",
    "operations": 0,
    "counts": '{"objects": {}}',
}


def of_run(warehouse: Warehouse, journal: Journal, *, run_id: str) -> dict[str, Any]:
    """Counts of the published tables, the calls of this run, and its plan."""

    def tally(name: str, column: str) -> dict[str, int]:
        rows = warehouse.read(name).group_by(column).agg(rows=_.count()).order_by(column).to_pyarrow().to_pylist()
        return {str(row[column]): int(row["rows"]) for row in rows}

    extractions = warehouse.read("extractions").filter(_.run_id == run_id)
    calls = extractions.group_by("system").agg(calls=_.api_calls.sum()).order_by("system").to_pyarrow().to_pylist()
    as_of = warehouse.decided_as_of() or journal.clock.now()
    plans = write_back.plan_rows(journal).to_pylist()
    # the same plan made again keeps the run that made it first
    plan = _NO_PLAN if not plans or write_back.is_past(as_of, journal.clock.now()) else plans[-1]
    plan = next((row for row in plans if row["run_id"] == run_id), plan)
    mqas = warehouse.read("account_mqa_statuses").filter(_.is_mqa).count().to_pyarrow().as_py()
    return {
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "plan_hash": plan["plan_hash"],
        "plan_state": plan["state"],
        "verdict": plan["verdict"],
        "leads": {"matched": 0, "review": 0, "none": 0, **tally("lead_account_matches", "decision")},
        "accounts_scored": warehouse.read("account_scores").count().to_pyarrow().as_py(),
        "people_scored": warehouse.read("person_scores").count().to_pyarrow().as_py(),
        "mqas": mqas,
        "sla": tally("sla_clocks", "state"),
        "quarantined_rows": warehouse.read("quarantined_rows").count().to_pyarrow().as_py(),
        "api_calls": {row["system"]: row["calls"] for row in calls},
        "plan": {
            "plan_hash": plan["plan_hash"],
            "plan_state": plan["state"],
            "verdict": plan["verdict"],
            "reasons": json.loads(plan["reasons"]),
            "operations": plan["operations"],
            "counts": json.loads(plan["counts"]),
        },
    }


def unknown_targets(warehouse: Warehouse, overrides: ibis.Table | None) -> list[str]:
    """What stands in the target list though no living account has that id, in sentences; empty when all is well."""
    if overrides is None:
        return []
    listed = overrides.select("account_id").distinct().anti_join(warehouse.read("accounts"), "account_id")
    gone = warehouse.read("crm_record_states").filter(_.object == "Account").select(account_id=_.record_id, survivor_id=_.survivor_id)
    rows = listed.left_join(gone, "account_id").order_by("account_id").to_pyarrow().to_pylist()
    merged = [f"{row['account_id']} (now {row['survivor_id']})" for row in rows if row["survivor_id"] not in (None, row["account_id"])]
    deleted = [row["account_id"] for row in rows if row["survivor_id"] == row["account_id"]]
    strange = [row["account_id"] for row in rows if row["survivor_id"] is None]
    kinds = (("that no account has", strange), ("of deleted accounts", deleted), ("of accounts that were merged", merged))
    return [f"target list: {len(ids):,} id{'s' * (len(ids) > 1)} {what}: {_listed(ids)}" for what, ids in kinds if ids]


def _listed(ids: list[str]) -> str:
    left = len(ids) - _MOST_IDS
    return ", ".join(ids[:_MOST_IDS]) + (f" and {left:,} more" if left > 0 else "")


def lines(result: dict[str, Any]) -> list[str]:
    """The numbers as lines for a person."""
    leads, sla, counts = result["leads"], result["sla"], result["plan"]["counts"]["objects"]
    states = ", ".join(
        f"{sla[state]:,} {state.replace('_', ' ')}"
        for state in ("breached", "at_risk", "met", "met_late", "pending", "unknown")
        if sla.get(state)
    )
    planned = ", ".join(
        f"{one['records']:,} {name} records with {one['fields']:,} fields" for name, one in counts.items() if one["records"]
    )
    created = sum(one["created"] for one in counts.values())
    return [
        f"leads:    {leads['matched']:,} matched, {leads['review']:,} in review, {leads['none']:,} without account",
        f"scored:   {result['accounts_scored']:,} accounts, {result['people_scored']:,} people",
        f"MQAs:     {result['mqas']:,}",
        f"SLA:      {states or 'no clocks'}",
        f"calls:    {', '.join(f'{calls} {system}' for system, calls in result['api_calls'].items()) or 'none'}",
        f"to write: {planned or 'no records'}{f', {created:,} tasks to create' if created else ''}",
    ]
