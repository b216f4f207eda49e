"""Assets of planning: what every mapped CRM field should say."""

import dagster as dg

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.defs.line import LineResource, table
from alignment_pipeline.field_updates import field_updates as field_updates_rule
from alignment_pipeline.sla.escalation import nurture as nurture_rule
from alignment_pipeline.sla.escalation import tasks as tasks_rule

_PERSON = ("people", "person_records", "person_scores", "person_fits", "person_stages", "lead_account_matches", "person_slas")
_ACCOUNT = ("accounts", "account_scores", "account_fits", "account_tiers", "account_stages", "account_mqa_statuses")


@dg.asset(**table("field_updates", deps=[*_PERSON, *_ACCOUNT, "users", "escalation_tasks", "sla_clocks", "person_stage_changes"]))
def field_updates(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    persons = field_updates_rule.person_values(*[run.read(name) for name in _PERSON])
    accounts = field_updates_rule.account_values(*[run.read(name) for name in _ACCOUNT])
    rows = field_updates_rule.field_updates(
        persons, accounts, run.read("users"), crm=run.agreement.crm, scope=run.agreement.scope, **run.stamp
    )
    tasks = run.read("escalation_tasks")
    taken_back = tasks_rule.retracted_tasks(
        run.read("sla_clocks"),
        tasks.filter(~tasks.is_closed).select("external_key", record_id=tasks.task_id),
        crm=run.agreement.crm,
        **run.stamp,
    )
    recycled = nurture_rule.nurture_updates(
        run.read("people"), run.read("person_stage_changes"), sla=run.agreement.sla, crm=run.agreement.crm, **run.stamp
    )
    return run.publish("field_updates", stacked([rows, taken_back, recycled], CONTRACTS["field_updates"]))
