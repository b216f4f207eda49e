"""What a quarter's review adds to the page: rates of the plan measured again, backtest, audit of matches, forecasts, goals proposed.

Belongs here: rows and numbers of these. Gathering what they are made of: `operations/quarter_review.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.meeting.draft import Draft

#: Tables that only the page of a quarter reads.
INPUTS = ("forecast_accuracy", "match_rule_precisions", "program_yields")
_PLAN = ("line", "planned", "came", "planned_rate_pct", "planned_lower_pct", "planned_upper_pct", "measured_rate_pct",
         "measured_lower_pct", "measured_upper_pct", "n")  # fmt: skip
_COVERAGE = ("period", "business_day", "coverage", "open", "booked", "wanted", "basis")
_PROPOSAL = ("commitment", "title", "state", "reason", "goal", "proposed")
_AS_AGREED = "1"
_ALL_PERIODS = "all"
_MOST_PROGRAMS = 12
_YIELDS = (("touched", "program_touched"), ("judged", "program_judged"), ("followed", "program_followed"),
           ("difference", "program_difference"), ("cost", "program_cost"))  # fmt: skip


@dataclass(frozen=True)
class Review:
    """What was gathered for a quarter. A part that could not be made has no rows, and a sentence in `notes` that says why.

    `plan` are lines of the plan of `plan_period` beside what came; `terms` and `sweep` are those of the MQA backtest; `patch` is a patch
    of the agreement with the goals of `proposals`, which are about `proposed_period`; `coverage` is how it stood through the periods.
    """

    plan_period: str
    plan: Sequence[Mapping[str, Any]]
    terms: pa.Table
    sweep: pa.Table
    proposed_period: str
    proposals: Sequence[Mapping[str, Any]]
    patch: str
    coverage: Sequence[Mapping[str, Any]]
    notes: Mapping[str, str]


def keep(draft: Draft, review: Review) -> None:
    """`plan_review`, `backtest`, `backtest_sweep`, `match_audit`, `forecasts`, `proposals`, `coverage_path`, `programs`."""
    draft.keep("plan_review", _table(review.plan, _PLAN, texts={"line"}), order=())
    terms = ibis.memtable(review.terms).filter(_.is_judged)
    judged = draft.with_account(terms.select("entered_at", "created_at", "won_at", "lead_days", account_id=_.entity_id))
    flags = {"is_followed": judged.created_at.notnull(), "is_won": judged.won_at.notnull()}
    named = judged.select(
        "account_id", "account", "entered_at", "lead_days", **{name: ibis.ifelse(flag, "yes", "no") for name, flag in flags.items()}
    )
    draft.keep("backtest", named, order=("entered_at", "account_id"))
    # a factor is a name here: files of rows write 1.0 as 1
    factors = pa.array([f"{factor:g}" for factor in review.sweep["threshold_factor"].to_pylist()], pa.string())
    place = review.sweep.schema.get_field_index("threshold_factor")
    sweep = ibis.memtable(review.sweep.set_column(place, "threshold_factor", factors)).drop("as_of", "agreement_version")
    draft.keep("backtest_sweep", sweep, order=("mqas_per_week", "threshold_factor"))
    audit = draft.tables["match_rule_precisions"]
    shown = audit.select(
        "rule", "labels", "right", lower_pct=100 * audit.lower, upper_pct=100 * audit.upper,
        is_demoted=ibis.ifelse(audit.is_demoted, "yes", "no"), reason=audit.reason,
    )  # fmt: skip
    draft.keep("match_audit", shown, order=("rule",))
    accuracy = draft.tables["forecast_accuracy"].select("method", "business_day", "periods", "bias_pct", "wape_pct", "mase")
    draft.keep("forecasts", accuracy, order=("business_day", "method"))
    _keep_programs(draft)
    draft.keep("proposals", _table(review.proposals, _PROPOSAL, texts={"commitment", "title", "state", "reason"}), order=("commitment",))
    kinds = {"period": pa.string(), "basis": pa.string(), "business_day": pa.int64()}
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in _COVERAGE])
    rows = [
        {**row, **{name: None if row[f"{name}_cents"] is None else row[f"{name}_cents"] / 100 for name in ("open", "booked", "wanted")}}
        for row in review.coverage
    ]
    path = pa.Table.from_pylist([{name: row[name] for name in _COVERAGE} for row in rows], schema=schema)
    draft.keep("coverage_path", ibis.memtable(path), order=("period", "business_day"))


def section(draft: Draft, review: Review) -> dict[str, Any]:
    """The five parts, each number with its rows."""
    factors = sorted((row["threshold_factor"] for row in draft.listed("backtest_sweep")), key=float)
    bounds = ("line", "n", "planned_lower_pct", "planned_upper_pct", "measured_lower_pct", "measured_upper_pct")
    return {
        "notes": dict(review.notes),
        "plan_period": review.plan_period,
        "plan": [
            {name: row[name] for name in bounds}
            | {name: draft.one(name, line=row["line"]).key for name in ("planned", "came", "planned_rate", "measured_rate")}
            for row in sorted(draft.listed("plan_review"), key=lambda row: [one["line"] for one in review.plan].index(row["line"]))
        ],
        "backtest": {name: draft.one(name).key for name in ("foretold", "foretold_won", "lead_days")}
        | ({"blind": draft.one("blind_rate", threshold_factor=_AS_AGREED).key} if _AS_AGREED in factors else {}),
        "sweep": [
            {"factor": factor}
            | {
                name: draft.one(number, threshold_factor=factor).key
                for name, number in (("precision", "swept_precision"), ("recall", "swept_recall"), ("mqas", "swept_mqas"))
            }
            for factor in factors
        ],
        "audit": [
            {name: row[name] for name in ("rule", "lower_pct", "upper_pct", "is_demoted")}
            | {"labels": draft.one("audited", rule=row["rule"]).key, "right": draft.one("audited_right", rule=row["rule"]).key}
            for row in draft.listed("match_audit")
        ],
        "forecasts": [
            {name: row[name] for name in ("method", "business_day", "periods")}
            | {
                name: draft.one(number, business_day=str(row["business_day"]), method=row["method"]).key
                for name, number in (("bias", "forecast_bias"), ("error", "forecast_error"))
            }
            for row in draft.listed("forecasts")
        ],
        "coverage": [
            {name: row[name] for name in ("period", "business_day", "basis")}
            | {"key": draft.one("coverage_then", business_day=str(row["business_day"]), period=row["period"]).key}
            for row in draft.listed("coverage_path")
        ],
        "programs": [
            {name: row[name] for name in ("program", "within_days", "base_pct", "lower_points", "upper_points", "note")}
            | {name: draft.one(number, program=row["program"]).key for name, number in _YIELDS}
            for row in sorted(draft.listed("programs"), key=lambda row: -row["touched"])[:_MOST_PROGRAMS]
        ],
        "proposed_period": review.proposed_period,
        "proposals": [
            {name: row[name] for name in ("title", "state", "reason")}
            | {
                name: draft.one(number, commitment=row["commitment"]).key
                for name, number in (("goal", "goal_now"), ("proposed", "goal_proposed"))
            }
            for row in draft.listed("proposals")
        ],
        "patch": review.patch,
    }


def _keep_programs(draft: Draft) -> None:
    """Yields of programs over all periods."""
    given = draft.tables["program_yields"].filter(_.period == _ALL_PERIODS)
    draft.keep(
        "programs",
        given.select(
            "program",
            "touched",
            "judged",
            "with_opportunity",
            "within_days",
            base_pct=100 * given.base_rate,
            difference_points=100 * given["difference"],
            lower_points=100 * given.difference_lower,
            upper_points=100 * given.difference_upper,
            spend=given.spend_cents / ibis.literal(100.0),
            cost=given.cost_cents / ibis.literal(100.0),
            cost_lower=given.cost_lower_cents / ibis.literal(100.0),
            cost_upper=given.cost_upper_cents / ibis.literal(100.0),
            note=given.note,
        ),
        order=("program",),
    )


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str], *, texts: set[str]) -> ibis.Table:
    schema = pa.schema([(name, pa.string() if name in texts else pa.float64()) for name in names])
    return ibis.memtable(pa.Table.from_pylist([{name: row[name] for name in names} for row in rows], schema=schema))
