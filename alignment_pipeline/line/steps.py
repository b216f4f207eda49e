"""The line: every rule once, with the tables it makes and reads, the parts of the agreement it takes, and its kind.

Belongs here: one row per rule, in an order in which they can run. Dagster's assets, replay, impact, backtest, the fast lane and the tests
walk these rows; nothing else in the package calls a rule (`alignment_pipeline_tests/line/test_steps.py`). Adding a rule: a contract, a
function, a row here (docs/guides/add-a-rule.md). What a row may say: `step.py`; rules whose arguments are put together from several
tables: `calls.py`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.identity import people, person_records
from alignment_pipeline.lifecycle import snapshots
from alignment_pipeline.lifecycle.mqa import mqa_statuses
from alignment_pipeline.lifecycle.stages import account_stages, person_stages
from alignment_pipeline.line import calls
from alignment_pipeline.line.step import Asks, Kind, Step, before, each, last_read, living, parts
from alignment_pipeline.matching import match_labels, person_accounts
from alignment_pipeline.pipeline_metrics import (
    forecast_accuracy,
    opportunity_sources,
    pipeline_metrics,
    pipeline_movements,
    step_conversions,
    touch_effects,
)
from alignment_pipeline.pipeline_metrics.goal_planning import plan_lines
from alignment_pipeline.reporting import run_measures
from alignment_pipeline.scoring import (
    account_fits,
    account_scores,
    account_tiers,
    engagement,
    person_fits,
    person_scores,
    scored_activities,
)
from alignment_pipeline.sla.escalation import nurture, tasks
from alignment_pipeline.sla.standing import accountability, calendar_days, outcomes, yields
from alignment_pipeline.staging import (
    accounts,
    activities,
    business_calendars,
    contacts,
    crm_record_states,
    escalation_tasks,
    leads,
    marketing_persons,
    opportunities,
    opportunity_states,
    quarantine,
    record_changes,
    touches,
    users,
)

FOLD, MATCH, DAY, MOMENT = Kind.FOLD, Kind.MATCH, Asks.DAY, Asks.MOMENT

_RECORDS = ("raw_salesforce_accounts", "raw_salesforce_contacts", "raw_salesforce_leads", "raw_salesforce_opportunities")
_HISTORIES = ("raw_salesforce_lead_changes", "raw_salesforce_contact_changes", "raw_salesforce_opportunity_changes")

STAGING = (
    Step(("crm_record_states",), crm_record_states.crm_record_states, _RECORDS, as_mapping=True, asks=DAY),
    Step(("contacts",), contacts.contacts, (living("raw_salesforce_contacts"),), takes=parts("crm")),
    Step(
        ("leads",),
        leads.leads,
        (living("raw_salesforce_leads"),),
        {"changes": living("raw_salesforce_lead_changes")},
        takes=parts("crm"),
    ),
    Step(
        ("marketing_persons",),
        marketing_persons.marketing_persons,
        each(*marketing_persons.TABLES, version=living),
        as_mapping=True,
    ),
    Step(
        ("opportunity_stage_changes",),
        opportunities.opportunity_stage_changes,
        (living("raw_salesforce_opportunity_stages_over_time"),),
        {"stages": living("raw_salesforce_opportunity_stages")},
    ),
    Step(
        ("opportunities",),
        opportunities.opportunities,
        (living("raw_salesforce_opportunities"),),
        {"opportunity_stage_changes": "opportunity_stage_changes"},
        takes=parts("crm"),
    ),
    Step(("opportunity_contact_roles",), opportunities.opportunity_contact_roles, (living("raw_salesforce_opportunity_contact_roles"),)),
    Step(
        ("accounts",),
        accounts.accounts,
        (living("raw_salesforce_accounts"),),
        {"contacts": "contacts", "opportunities": "opportunities"},
        takes=parts("crm", definitions="people"),
    ),
    Step(("users",), users.users, (living("raw_salesforce_users"),), {"history": "raw_salesforce_users"}, asks=DAY),
    Step(("queue_members",), users.queue_members, (living("raw_salesforce_groups"), living("raw_salesforce_group_members"))),
    Step(
        ("activities",),
        activities.activities,
        each(*activities.TABLES, version=living),
        takes=parts(activity_types="scoring.activity_types", exclusions="scoring.exclusions"),
        as_mapping=True,
    ),
    Step(
        ("touches",),
        touches.touches,
        (living("raw_salesforce_tasks"), living("raw_salesforce_events")),
        takes=parts(reading="touches", exclusions="scoring.exclusions"),
        asks=MOMENT,
    ),
    Step(
        ("record_changes",),
        record_changes.record_changes,
        (*_RECORDS, *_HISTORIES),
        takes=parts(inputs="crm.input_fields"),
        as_mapping=True,
        asks=DAY,
    ),
    Step(
        ("opportunity_states",),
        opportunity_states.opportunity_states,
        (
            "raw_salesforce_opportunities",
            living("raw_salesforce_opportunity_stages_over_time"),
            "record_changes",
            living("raw_salesforce_opportunity_stages"),
            "crm_record_states",
        ),
        takes=parts("crm", "currencies", "fiscal"),
        asks=MOMENT,
    ),
    Step(("business_hours",), business_calendars.business_hours, (living("raw_salesforce_business_hours"),)),
    Step(("crm_holidays",), business_calendars.crm_holidays, (living("raw_salesforce_holidays"),), asks=MOMENT),
    Step(("escalation_tasks",), escalation_tasks.escalation_tasks, (last_read("raw_salesforce_tasks"),), takes=parts("crm")),
    Step(
        ("crm_field_values",),
        calls.crm_field_values,
        each(*calls.CRM_VALUES.values(), version=last_read),
        {"escalation_tasks": "escalation_tasks"},
        takes=parts("crm"),
        as_mapping=True,
    ),
    Step(
        ("quarantined_rows",),
        quarantine.quarantined_rows,
        (*(stream.table for stream in STREAMS), quarantine.REFUSED),
        as_mapping=True,
        asks=DAY,
    ),
)

IDENTITY = (
    Step(
        ("person_records",),
        person_records.person_records,
        ("contacts", "leads", "marketing_persons", "crm_record_states", "accounts"),
        takes=parts(definitions="people"),
    ),
    Step(("people",), people.people, ("contacts", "leads", "marketing_persons", "person_records"), takes=parts(definitions="people")),
)

MATCHING = (
    # the matches of the run before are what the rep saw when the box was ticked
    Step(("match_labels",), calls.match_labels, ("people", before("lead_account_matches"), before("match_labels")), asks=MOMENT),
    Step(
        ("match_rule_precisions",),
        match_labels.match_rule_precisions,
        ("match_labels", before("lead_account_matches")),
        takes=parts("matching"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(("match_word_rarities",), calls.match_word_rarities, (before("match_word_rarities"), "accounts"), kind=FOLD, asks=MOMENT),
    Step(
        ("matching_settings",),
        calls.matching_settings,
        ("match_rule_precisions",),
        takes=parts("matching"),
        kind=FOLD,
        is_published=False,
    ),
    Step(
        ("account_index",),
        calls.account_index,
        ("accounts", "contacts", "matching_settings", "match_word_rarities"),
        kind=MATCH,
        is_published=False,
    ),
    Step(
        ("lead_account_matches",),
        calls.lead_account_matches,
        ("people", "account_index", "matching_settings", "match_labels"),
        kind=MATCH,
        asks=MOMENT,
    ),
    Step(
        ("match_moves",),
        calls.match_moves,
        (before("lead_account_matches"), "lead_account_matches"),
        kind=FOLD,
        asks=MOMENT,
        asset="lead_account_matches",
    ),
    Step(("account_duplicates",), calls.account_duplicates, ("account_index",), kind=MATCH, asset="lead_account_matches"),
    Step(("lead_duplicates",), calls.lead_duplicates, ("leads",), kind=FOLD, asset="lead_account_matches"),
    Step(
        ("person_accounts",),
        person_accounts.person_accounts,
        ("people", "lead_account_matches", "accounts", "crm_record_states"),
        asks=DAY,
    ),
)

_PERSONS = ("people", "person_accounts", "accounts", "account_tiers", "person_fits")
SCORING = (
    Step(("account_fits",), account_fits.account_fits, ("accounts",), takes=parts("scoring"), asks=DAY),
    Step(
        ("account_tiers",),
        account_tiers.account_tiers,
        ("accounts", "account_fits"),
        {"overrides": "target_list", "users": "users"},
        takes=parts("scoring", "scope"),
        asks=DAY,
    ),
    Step(
        ("title_readings",),
        calls.title_readings,
        ("people",),
        takes=parts(personas="scoring.personas"),
        kind=FOLD,
        is_published=False,
    ),
    Step(
        ("person_fits",),
        person_fits.person_fits,
        ("people", "person_accounts", "account_tiers"),
        {"readings": "title_readings"},
        takes=parts("scoring"),
        asks=DAY,
    ),
    Step(
        ("scored_activities",),
        scored_activities.scored_activities,
        ("activities", "people", "person_records", *_PERSONS[1:]),
        {"users": "users"},
        takes=parts("scoring", "scope"),
        asks=DAY,
    ),
    Step(("activity_exclusions",), scored_activities.activity_exclusions, ("scored_activities",), asks=DAY),
    Step(
        ("person_engagement_factors",),
        engagement.person_engagement_factors,
        ("scored_activities",),
        takes=parts("scoring"),
        asks=DAY,
    ),
    Step(
        ("person_scores",),
        person_scores.person_scores,
        ("person_engagement_factors", *_PERSONS),
        {"users": "users"},
        takes=parts("scoring", "scope"),
        asks=DAY,
    ),
    Step(
        ("account_engagement_factors",),
        engagement.account_engagement_factors,
        ("person_engagement_factors",),
        takes=parts("scoring"),
        asks=DAY,
    ),
    Step(
        ("account_scores",),
        account_scores.account_scores,
        ("account_engagement_factors", "person_scores", "account_tiers", "account_fits"),
        takes=parts("scoring"),
        asks=DAY,
    ),
)

LIFECYCLE = (
    Step(
        ("account_mqa_changes", "account_mqa_statuses"),
        mqa_statuses.account_mqa_tables,
        ("scored_activities", "person_fits", "accounts", "account_tiers", "opportunities"),
        takes=parts("scoring", mqa="lifecycle.mqa"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("person_signal_changes",),
        person_stages.signal_changes,
        person_stages.INPUTS,
        takes=parts(agreement=""),
        as_mapping=True,
        asks=MOMENT,
        is_published=False,
    ),
    Step(
        ("person_stage_changes", "person_stages"),
        person_stages.person_stage_tables,
        person_stages.INPUTS,
        {"changes": "person_signal_changes"},
        takes=parts(agreement=""),
        as_mapping=True,
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("account_stage_changes", "account_stages"),
        account_stages.account_stage_tables,
        account_stages.INPUTS,
        takes=parts(agreement=""),
        as_mapping=True,
        kind=FOLD,
        asks=MOMENT,
    ),
)

SLA = (
    Step(("sla_sources",), calls.sla_sources, calls.SLA_SOURCES, as_mapping=True, is_published=False),
    Step(("feed_watermarks",), calls.feed_watermarks, ("extractions",), kind=FOLD, is_published=False),
    Step(
        ("marketing_commitments",),
        calls.marketing_commitments,
        ("sla_sources", "feed_watermarks"),
        takes=parts("sla", "crm"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("sla_clocks", "sla_slices", "sla_escalations", "sla_exclusions"),
        calls.sla_ledger,
        ("sla_sources", "feed_watermarks", "marketing_commitments", "users"),
        takes=parts("sla", "crm"),
        kind=FOLD,
        asks=MOMENT,
        asset="sla_ledger",
    ),
    Step(
        ("calendar_days",),
        calendar_days.calendar_days,
        ("sla_clocks", "business_hours", "crm_holidays"),
        takes=parts("sla"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(("sla_follow_ups",), accountability.sla_follow_ups, ("sla_clocks", "users"), takes=parts("sla"), asks=MOMENT),
    Step(("sla_dispositions",), outcomes.sla_dispositions, ("sla_sources",), takes=parts("sla", "crm"), kind=FOLD, asks=MOMENT),
    Step(("win_loss_captures",), outcomes.win_loss_captures, ("opportunities",), asks=MOMENT),
    Step(
        ("contact_yields",),
        yields.contact_yields,
        ("accounts", "contacts", "opportunities"),
        takes=parts("sla"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(("person_slas",), tasks.person_slas, ("sla_clocks",), takes=parts("sla"), kind=FOLD, asks=MOMENT),
    Step(
        ("record_creates",),
        tasks.escalation_tasks,
        ("sla_escalations", "people", "sla_clocks", "escalation_tasks"),
        takes=parts("crm"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("task_retractions",),
        calls.task_retractions,
        ("sla_clocks", "escalation_tasks"),
        takes=parts("crm"),
        kind=FOLD,
        asks=MOMENT,
        is_published=False,
    ),
    Step(
        ("nurture_updates",),
        nurture.nurture_updates,
        ("people", "person_stage_changes"),
        takes=parts("sla", "crm"),
        kind=FOLD,
        asks=MOMENT,
        is_published=False,
    ),
)

FIELD_UPDATES = (
    Step(
        ("person_field_values",),
        calls.person_values,
        ("people", "person_records", "person_scores", "person_fits", "person_stages", "lead_account_matches", "person_slas"),
        is_published=False,
    ),
    Step(
        ("account_field_values",),
        calls.account_values,
        ("accounts", "account_scores", "account_fits", "account_tiers", "account_stages", "account_mqa_statuses"),
        is_published=False,
    ),
    Step(
        ("field_updates",),
        calls.field_updates,
        ("person_field_values", "account_field_values", "users", "task_retractions", "nurture_updates"),
        takes=parts("crm", "scope"),
        asks=DAY,
    ),
)

_PARTS_OF_DEALS = ("users", "accounts", "account_tiers")
_TOUCHES = ("opportunity_states", "opportunity_contact_roles", "person_records", "scored_activities")
PIPELINE = (
    Step(
        ("pipeline_movements",),
        pipeline_movements.pipeline_movements,
        ("opportunity_states", *_PARTS_OF_DEALS),
        takes=parts("fiscal", "pipeline"),
        asks=MOMENT,
    ),
    Step(
        ("pipeline_metrics",),
        pipeline_metrics.pipeline_metrics,
        ("opportunity_states", "pipeline_movements", *_PARTS_OF_DEALS),
        takes=parts("fiscal", "pipeline"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("step_conversions",),
        step_conversions.step_conversions,
        ("opportunity_states", "person_stage_changes", "account_stage_changes", *_PARTS_OF_DEALS),
        takes=parts("fiscal", "pipeline"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("opportunity_sources",),
        opportunity_sources.opportunity_sources,
        _TOUCHES,
        takes=parts("pipeline"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("touch_effects",),
        touch_effects.touch_effects,
        (*_TOUCHES, "account_tiers"),
        takes=parts("pipeline"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("forecast_accuracy",),
        forecast_accuracy.forecast_accuracy,
        ("opportunity_states",),
        takes=parts("fiscal", "pipeline"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("plan_lines", "plan_sensitivities"),
        plan_lines.plan_tables,
        ("opportunity_states", "pipeline_metrics", "account_mqa_changes", "contact_yields", *_PARTS_OF_DEALS),
        takes=parts("fiscal", "pipeline"),
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(("stage_reliability",), forecast_accuracy.stage_reliability, ("opportunity_states",), kind=FOLD, asks=MOMENT),
)

BACKTESTS = (
    Step(
        ("mqa_backtest_terms", "mqa_backtests"),
        calls.mqa_backtest,
        calls.MQA_BACKTEST_SOURCES,
        takes=parts(agreement=""),
        as_mapping=True,
        kind=FOLD,
        asks=MOMENT,
    ),
    Step(
        ("mql_backtest_terms", "mql_backtests"),
        calls.mql_backtest,
        calls.MQL_BACKTEST_SOURCES,
        takes=parts(agreement=""),
        as_mapping=True,
        kind=FOLD,
        asks=MOMENT,
    ),
)

# appended with every run, or kept per day: published by wiring of their own (defs/write_back.py, operations/history.py)
KEPT = (
    Step(("run_measures",), run_measures.run_measures, run_measures.INPUTS, as_mapping=True, kind=FOLD, asks=MOMENT),
    Step(("person_snapshots",), snapshots.person_snapshots, ("person_scores", "person_stages"), as_mapping=True, asks=MOMENT),
    Step(
        ("account_snapshots",),
        snapshots.account_snapshots,
        ("account_scores", "account_mqa_statuses", "account_stages"),
        as_mapping=True,
        asks=MOMENT,
    ),
)

# each table the newest version of which stands in the warehouse: Dagster's assets of the rules
STEPS: tuple[Step, ...] = (*STAGING, *IDENTITY, *MATCHING, *SCORING, *LIFECYCLE, *SLA, *FIELD_UPDATES, *PIPELINE, *BACKTESTS)
LINE: tuple[Step, ...] = (*STEPS, *KEPT)
