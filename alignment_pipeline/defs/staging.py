"""Assets of staging: what the systems say now, typed."""

import dagster as dg

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.raw import STREAMS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.defs.line import LineResource, table
from alignment_pipeline.staging import accounts as accounts_rule
from alignment_pipeline.staging import activities as activities_rule
from alignment_pipeline.staging import (
    business_calendars,
    quarantine,
)
from alignment_pipeline.staging import contacts as contacts_rule
from alignment_pipeline.staging import crm_field_values as crm_field_values_rule
from alignment_pipeline.staging import crm_record_states as crm_record_states_rule
from alignment_pipeline.staging import escalation_tasks as escalation_tasks_rule
from alignment_pipeline.staging import leads as leads_rule
from alignment_pipeline.staging import marketo_persons as marketo_persons_rule
from alignment_pipeline.staging import opportunities as opportunities_rule
from alignment_pipeline.staging import record_changes as record_changes_rule
from alignment_pipeline.staging import touches as touches_rule
from alignment_pipeline.staging import users as users_rule

_CRM_VALUES = crm_field_values_rule.TABLES | crm_field_values_rule.MARKETO
_RECORDS = ("raw_salesforce_accounts", "raw_salesforce_contacts", "raw_salesforce_leads", "raw_salesforce_opportunities")
_HISTORIES = ("raw_salesforce_lead_changes", "raw_salesforce_contact_changes", "raw_salesforce_opportunity_changes")
_ACTIVITIES = (
    "raw_marketo_activities",
    "raw_marketo_activity_types",
    "raw_salesforce_campaign_members",
    "raw_salesforce_campaigns",
    "raw_salesforce_tasks",
    "raw_salesforce_events",
)


@dg.asset(**table("crm_record_states", deps=_RECORDS))
def crm_record_states(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("crm_record_states", crm_record_states_rule.crm_record_states(run.tables(*_RECORDS), as_of=run.as_of))


@dg.asset(**table("contacts", deps=["raw_salesforce_contacts"]))
def contacts(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("contacts", contacts_rule.contacts(run.living("raw_salesforce_contacts"), crm=run.agreement.crm))


@dg.asset(**table("leads", deps=["raw_salesforce_leads", "raw_salesforce_lead_changes"]))
def leads(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    changes = run.living("raw_salesforce_lead_changes")
    return run.publish("leads", leads_rule.leads(run.living("raw_salesforce_leads"), changes=changes, crm=run.agreement.crm))


@dg.asset(**table("opportunity_stage_changes", deps=["raw_salesforce_opportunity_stages_over_time", "raw_salesforce_opportunity_stages"]))
def opportunity_stage_changes(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    stages = run.living("raw_salesforce_opportunity_stages")
    rows = opportunities_rule.opportunity_stage_changes(run.living("raw_salesforce_opportunity_stages_over_time"), stages=stages)
    return run.publish("opportunity_stage_changes", rows)


@dg.asset(**table("opportunities", deps=["raw_salesforce_opportunities", "opportunity_stage_changes"]))
def opportunities(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    changes = run.read("opportunity_stage_changes")
    rows = opportunities_rule.opportunities(
        run.living("raw_salesforce_opportunities"), opportunity_stage_changes=changes, crm=run.agreement.crm
    )
    return run.publish("opportunities", rows)


@dg.asset(**table("opportunity_contact_roles", deps=["raw_salesforce_opportunity_contact_roles"]))
def opportunity_contact_roles(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    rows = opportunities_rule.opportunity_contact_roles(run.living("raw_salesforce_opportunity_contact_roles"))
    return run.publish("opportunity_contact_roles", rows)


@dg.asset(**table("accounts", deps=["raw_salesforce_accounts", "contacts", "opportunities"]))
def accounts(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    rows = accounts_rule.accounts(
        run.living("raw_salesforce_accounts"),
        contacts=run.read("contacts"),
        opportunities=run.read("opportunities"),
        definitions=run.agreement.people,
        crm=run.agreement.crm,
    )
    return run.publish("accounts", rows)


@dg.asset(**table("users", deps=["raw_salesforce_users"]))
def users(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("users", users_rule.users(run.living("raw_salesforce_users")))


@dg.asset(**table("queue_members", deps=["raw_salesforce_groups", "raw_salesforce_group_members"]))
def queue_members(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    groups, members = run.living("raw_salesforce_groups"), run.living("raw_salesforce_group_members")
    return run.publish("queue_members", users_rule.queue_members(groups, members))


@dg.asset(**table("marketo_persons", deps=["raw_marketo_leads"]))
def marketo_persons(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("marketo_persons", marketo_persons_rule.marketo_persons(run.living("raw_marketo_leads")))


@dg.asset(**table("activities", deps=_ACTIVITIES))
def activities(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    scoring = run.agreement.scoring
    raw = {name: run.living(name) for name in _ACTIVITIES}
    rows = activities_rule.activities(raw, activity_types=scoring.activity_types, exclusions=scoring.exclusions)
    return run.publish("activities", rows)


@dg.asset(**table("touches", deps=["raw_salesforce_tasks", "raw_salesforce_events"]))
def touches(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    rows = touches_rule.touches(
        run.living("raw_salesforce_tasks"),
        run.living("raw_salesforce_events"),
        reading=run.agreement.touches,
        exclusions=run.agreement.scoring.exclusions,
        as_of=run.as_of,
    )
    return run.publish("touches", rows)


@dg.asset(**table("record_changes", deps=[*_RECORDS, *_HISTORIES]))
def record_changes(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    rows = record_changes_rule.record_changes(run.tables(*_RECORDS, *_HISTORIES), inputs=run.agreement.crm.input_fields, as_of=run.as_of)
    return run.publish("record_changes", rows)


@dg.asset(**table("business_hours", deps=["raw_salesforce_business_hours"]))
def business_hours(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("business_hours", business_calendars.business_hours(run.living("raw_salesforce_business_hours")))


@dg.asset(**table("crm_holidays", deps=["raw_salesforce_holidays"]))
def crm_holidays(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("crm_holidays", business_calendars.crm_holidays(run.living("raw_salesforce_holidays"), as_of=run.as_of))


@dg.asset(**table("escalation_tasks", deps=["raw_salesforce_tasks"]))
def escalation_tasks(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    rows = escalation_tasks_rule.escalation_tasks(run.latest("raw_salesforce_tasks"), crm=run.agreement.crm)
    return run.publish("escalation_tasks", rows)


@dg.asset(**table("crm_field_values", deps=[*_CRM_VALUES.values(), "escalation_tasks"]))
def crm_field_values(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    living = {object_: run.latest(name) for object_, name in _CRM_VALUES.items()}
    values = crm_field_values_rule.crm_field_values(living, crm=run.agreement.crm)
    statuses = crm_field_values_rule.task_statuses(run.read("escalation_tasks"))
    return run.publish("crm_field_values", stacked([values, statuses], CONTRACTS["crm_field_values"]))


@dg.asset(**table("quarantined_rows", deps=[*(stream.table for stream in STREAMS), quarantine.REFUSED]))
def quarantined_rows(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    raw = run.tables(*(stream.table for stream in STREAMS), quarantine.REFUSED)
    return run.publish("quarantined_rows", quarantine.quarantined_rows(raw, as_of=run.as_of))
