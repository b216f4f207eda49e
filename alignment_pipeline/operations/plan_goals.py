"""`alignment plan-goals`: the plan of a period, and the commitments that would follow from it, as a patch of the agreement.

Belongs here: reading the plan and writing the proposal. The plan: `pipeline_metrics/goal_planning/`. Goals are set by people.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ruamel.yaml import YAML

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.fiscal import FiscalPeriod
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.line import run as line_run
from alignment_pipeline.line.run import Walk
from alignment_pipeline.line.step import Read, Version
from alignment_pipeline.pipeline_metrics.goal_planning import plan_lines
from alignment_pipeline.pipeline_metrics.goal_planning.program_yields import ALL
from alignment_pipeline.staging import versions
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.wording import moments

_YIELDS = ("scored_activities", "crm_record_states", "record_changes", "opportunity_states", "program_yields")
_STEPS = ("crm_record_states", "record_changes", "opportunity_states", "pipeline_movements", "pipeline_metrics", "plan_lines")
# measure of a commitment -> line of the plan that it follows from
_LINES = {"mqas": "mqas", "new_contacts": "contacts"}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Proposal:
    """One commitment: its goal now, and the goal that the plan asks for; None, and why, when it is too late for one."""

    commitment: str
    title: str
    goal: float
    proposed: float | None
    reason: str
    state: str = "planned"


@dataclass(frozen=True)
class Goals:
    """A plan and what it proposes. `bookings` are those of the whole on the day, in the company's currency."""

    period: str
    bookings: float
    lines: list[dict[str, Any]]
    sensitivities: list[dict[str, Any]]
    proposals: list[Proposal]


def goals_of(warehouse: Warehouse, *, agreement: Agreement, day: date, known: datetime) -> Goals:
    """The plan as of a day. Raises ConfigurationError when nothing has been read, or the period has no target."""
    if not warehouse.exists("account_mqa_changes"):
        raise ConfigurationError("nothing has been decided yet; start with `alignment run`")
    period = agreement.fiscal.period_of(day)
    if agreement.pipeline.target(period.name) is None:
        raise ConfigurationError(f"the agreement has no target for {period.name}; add one under pipeline.targets")

    walk = _walk(warehouse, agreement, known)
    for name in _STEPS:
        options = {"day": day} if name.startswith(("pipeline_", "plan_")) else {}
        walk.evaluate(line_run.maker(name), **options)
    lines = sorted(walk.tables["plan_lines"].to_pyarrow().to_pylist(), key=lambda row: (row["scope"] != "all", row["scope"], row["place"]))
    bars = walk.tables["plan_sensitivities"].to_pyarrow().to_pylist()
    metrics = walk.tables["pipeline_metrics"]
    booked = metrics.filter(metrics.scope == "all", metrics.metric == "bookings").value.sum().to_pyarrow().as_py()
    return Goals(period.name, (booked or 0.0) / 100, lines, bars, _proposals(agreement, period, lines))


def yields_of(warehouse: Warehouse, *, agreement: Agreement, known: datetime | None = None) -> list[dict[str, Any]]:
    """`program_yields`: as the last run made them, or made again as known at a moment; the program with most accounts first."""
    if known is not None:
        walk = _walk(warehouse, agreement, known)
        for name in _YIELDS:
            walk.evaluate(line_run.maker(name))
        rows = walk.tables["program_yields"].to_pyarrow().to_pylist()
    else:
        rows = warehouse.read("program_yields").to_pyarrow().to_pylist() if warehouse.exists("program_yields") else []
    whole = {row["program"]: row["touched"] for row in rows if row["period"] == ALL}
    return sorted(rows, key=lambda row: (-whole[row["program"]], row["program"], row["period"] != ALL, row["period"]))


def accounts_alone(goals: Goals, row: dict[str, Any]) -> float | None:
    """Accounts that a program would have to touch if it alone were to bring marketing's deals of the plan; None without a yield."""
    part = next((line["needed"] for line in goals.lines if (line["scope"], line["line"]) == ("all", "marketing_deals")), None)
    return part / row["difference"] if part is not None and row["difference"] and row["difference"] > 0 else None


def _walk(warehouse: Warehouse, agreement: Agreement, known: datetime) -> Walk:
    def source(one: Read) -> Any:
        table = warehouse.read(one.table)
        return versions.living(table, as_of=known) if one.version is Version.LIVING else table

    return Walk(agreement, known, source, line_run.in_memory)


def _proposals(agreement: Agreement, period: FiscalPeriod, lines: list[dict[str, Any]]) -> list[Proposal]:
    whole = {row["line"]: row for row in lines if row["scope"] == "all"}
    length = _MONTHS[agreement.fiscal.period]
    proposals = []
    for commitment in agreement.sla.commitments:
        share = _MONTHS[commitment.period] / length
        if commitment.measure not in _LINES or "deals" not in whole:
            continue
        line = whole.get(_LINES[commitment.measure], whole["deals"])
        name = commitment.measure.replace("new_", "").replace("mqas", "MQAs")
        reason = _why_none(line, name, period)
        proposed = max(1.0, round(line["to_create"] * share)) if reason is None else None
        if reason is None:
            reason = f"{line['to_create']:,.0f} {name} to create ({line['rate_source']}, n = {line['n']})"
        proposals.append(Proposal(commitment.name, commitment.title, commitment.goal, proposed, reason, line["state"]))
    return proposals


def _why_none(line: dict[str, Any], name: str, period: FiscalPeriod) -> str | None:
    """Why no goal follows from a line; None when one does."""
    if line["to_create"] is None:
        return str(line["note"])
    if not line["to_create"]:
        return f"the plan of {period.name} asks for no further {name}"
    if line["state"] != plan_lines.LATE:
        return None
    return (
        f"{name} for {period.name} had to be there by {moments.day(line['start_by_on'])}: four of five of their deals would then be won by "
        f"{moments.day(period.last)}. What begins now counts for later periods"
    )


def patch(goals: Goals) -> str:
    """The proposal as YAML, to be merged into the agreement by people; each goal says what it was and why."""
    rows = [
        {"name": one.commitment, "goal": one.proposed, "was": one.goal, "because": one.reason}
        for one in goals.proposals
        if one.proposed is not None
    ]
    out = io.StringIO()
    out.write(
        f"# Proposed by `alignment plan-goals` for {goals.period}. Nothing is set: copy a goal into sla.commitments of the agreement,\n"
    )
    out.write("# then run `alignment impact FILE` before both teams sign it.\n")
    for one in (one for one in goals.proposals if one.proposed is None):
        out.write(f"# No goal for {one.commitment}: {one.reason}.\n")
    YAML().dump({"period": goals.period, "sla": {"commitments": rows}}, out)
    return out.getvalue()
