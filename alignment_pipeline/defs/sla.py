"""Assets of the SLA engine: the clocks of both teams and what they set off."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg
import ibis

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.defs.line import Line, LineResource, table, tables
from alignment_pipeline.operations import extract
from alignment_pipeline.sla.escalation import tasks as tasks_rule
from alignment_pipeline.sla.ledger import sla_ledger
from alignment_pipeline.sla.standing import accountability as accountability_rule
from alignment_pipeline.sla.standing import calendar_days as calendar_days_rule
from alignment_pipeline.sla.standing import commitments as commitments_rule
from alignment_pipeline.sla.standing import outcomes as outcomes_rule
from alignment_pipeline.sla.standing import yields as yields_rule
from alignment_pipeline.sla.timelines.sources import Sources

_SOURCES = (
    "people",
    "person_records",
    "person_accounts",
    "leads",
    "contacts",
    "accounts",
    "opportunities",
    "touches",
    "activities",
    "record_changes",
    "crm_record_states",
    "users",
    "queue_members",
    "business_hours",
    "crm_holidays",
    "person_stage_changes",
    "account_stage_changes",
    "account_mqa_changes",
    "opportunity_stage_changes",
    "opportunity_contact_roles",
)
_LEDGER = ("sla_clocks", "sla_slices", "sla_escalations", "sla_exclusions")


@dg.asset(**table("marketing_commitments", deps=[*_SOURCES, "extractions"]))
def marketing_commitments(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    rows = commitments_rule.marketing_commitments(_sources(run), **_terms(run), watermarks=_watermarks(run))
    return run.publish("marketing_commitments", rows)


@dg.multi_asset(name="sla_ledger", **tables(*_LEDGER, deps=[*_SOURCES, "extractions", "marketing_commitments"]))
def sla_clocks(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    ledger = sla_ledger(_sources(run), **_terms(run), watermarks=_watermarks(run))
    promised = commitments_rule.commitment_escalations(
        run.read("marketing_commitments"), run.read("users"), sla=run.agreement.sla, **run.stamp
    )
    escalations = stacked([ledger.escalations, promised], CONTRACTS["sla_escalations"])
    made = (ledger.clocks, ledger.slices, escalations, ledger.exclusions)
    yield from (run.publish(name, rows) for name, rows in zip(_LEDGER, made, strict=True))


@dg.asset(**table("calendar_days", deps=["sla_clocks", "business_hours", "crm_holidays"]))
def calendar_days(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in ("sla_clocks", "business_hours", "crm_holidays")]
    return run.publish("calendar_days", calendar_days_rule.calendar_days(*sources, sla=run.agreement.sla, as_of=run.as_of))


@dg.asset(**table("sla_follow_ups", deps=["sla_clocks", "users"]))
def sla_follow_ups(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    rows = accountability_rule.sla_follow_ups(run.read("sla_clocks"), run.read("users"), sla=run.agreement.sla, **run.stamp)
    return run.publish("sla_follow_ups", rows)


@dg.asset(**table("sla_dispositions", deps=_SOURCES))
def sla_dispositions(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("sla_dispositions", outcomes_rule.sla_dispositions(_sources(run), **_terms(run)))


@dg.asset(**table("win_loss_captures", deps=["opportunities"]))
def win_loss_captures(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("win_loss_captures", outcomes_rule.win_loss_captures(run.read("opportunities"), **run.stamp))


@dg.asset(**table("contact_yields", deps=["accounts", "contacts", "opportunities"]))
def contact_yields(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in ("accounts", "contacts", "opportunities")]
    return run.publish("contact_yields", yields_rule.contact_yields(*sources, sla=run.agreement.sla, **run.stamp))


@dg.asset(**table("person_slas", deps=["sla_clocks"]))
def person_slas(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("person_slas", tasks_rule.person_slas(run.read("sla_clocks"), sla=run.agreement.sla, **run.stamp))


@dg.asset(**table("record_creates", deps=["sla_escalations", "sla_clocks", "people"]))
def record_creates(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("record_creates", _tasks(run))


def _tasks(run: Line) -> ibis.Table:
    sources = [run.read(name) for name in ("sla_escalations", "people", "sla_clocks")]
    return tasks_rule.escalation_tasks(*sources, crm=run.agreement.crm, **run.stamp)


def _sources(run: Line) -> Sources:
    return Sources(**{name.removeprefix("crm_") if name == "crm_record_states" else name: run.read(name) for name in _SOURCES})


def _terms(run: Line) -> dict[str, Any]:
    return {"sla": run.agreement.sla, "crm": run.agreement.crm, **run.stamp}


def _watermarks(run: Line) -> dict[str, datetime | None]:
    return extract.watermarks(run.read("extractions"))
