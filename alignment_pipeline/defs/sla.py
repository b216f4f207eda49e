"""Assets of the SLA engine: the clocks of both teams and what they set off."""

from collections.abc import Iterator

import dagster as dg
import ibis

from alignment_pipeline.defs.line import Line, LineResource, table, tables
from alignment_pipeline.runtime import extraction
from alignment_pipeline.sla import tasks as tasks_rule
from alignment_pipeline.sla.ledger import sla_ledger
from alignment_pipeline.sla.sources import Sources

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


@dg.multi_asset(name="sla_ledger", **tables(*_LEDGER, deps=[*_SOURCES, "extractions"]))
def sla_clocks(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    named = {name.removeprefix("crm_") if name == "crm_record_states" else name: run.read(name) for name in _SOURCES}
    ledger = sla_ledger(
        Sources(**named),
        sla=run.agreement.sla,
        crm=run.agreement.crm,
        watermarks=extraction.watermarks(run.read("extractions")),
        **run.stamp,
    )
    made = (ledger.clocks, ledger.slices, ledger.escalations, ledger.exclusions)
    yield from (run.publish(name, rows) for name, rows in zip(_LEDGER, made, strict=True))


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
