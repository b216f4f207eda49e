"""The line: every rule once, with the tables it makes and reads, the parts of the agreement it takes, and its kind.

Belongs here: one row per rule, in an order in which they can run. Dagster's assets, replay, impact, backtest, the fast lane and the tests
walk these rows; nothing else in the package calls a rule (`alignment_pipeline_tests/line/test_steps.py`). Adding a rule: a contract, a
function, a row here (docs/guides/add-a-rule.md). What a row may say: `step.py`; rules whose arguments are put together from several
tables: `calls.py`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.field_updates import field_updates as updates
from alignment_pipeline.identity import people, person_records, record_periods
from alignment_pipeline.lifecycle import snapshots
from alignment_pipeline.lifecycle.mqa import mqa_statuses
from alignment_pipeline.lifecycle.stages import account_stages, person_stages
from alignment_pipeline.line import calls, keys
from alignment_pipeline.line.step import Asks, Kind, Step, before, last_read, living, row
from alignment_pipeline.matching import match_labels, person_account_periods, person_accounts
from alignment_pipeline.matching.blocking import duplicates
from alignment_pipeline.pipeline_metrics import (
    forecast_accuracy,
    opportunity_sources,
    pipeline_metrics,
    pipeline_movements,
    step_conversions,
    touch_effects,
)
from alignment_pipeline.pipeline_metrics.goal_planning import plan_lines, program_yields
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
from alignment_pipeline.sla.timelines import feeds
from alignment_pipeline.staging import (
    accounts,
    activities,
    business_calendars,
    condition_values,
    contacts,
    crm_record_states,
    currency_rates,
    escalation_tasks,
    leads,
    marketing_merges,
    marketing_persons,
    opportunities,
    opportunity_states,
    quarantine,
    record_changes,
    touches,
    users,
)

FOLD, MATCH, DAY, MOMENT = Kind.FOLD, Kind.MATCH, Asks.DAY, Asks.MOMENT

_RECORDS = "raw_salesforce_accounts raw_salesforce_contacts raw_salesforce_leads raw_salesforce_opportunities"
_HISTORIES = "raw_salesforce_lead_changes raw_salesforce_contact_changes raw_salesforce_opportunity_changes"

STAGING = (
    row("crm_record_states", crm_record_states.crm_record_states, _RECORDS, as_mapping=True, asks=DAY, kind=FOLD),
    row("contacts", contacts.contacts, living("raw_salesforce_contacts"), takes="crm"),
    row("leads", leads.leads, living("raw_salesforce_leads"), changes=living("raw_salesforce_lead_changes"), takes="crm"),
    row("marketing_merges", marketing_merges.marketing_merges, " ".join(marketing_merges.TABLES), as_mapping=True, asks=DAY, kind=FOLD),
    row("marketing_persons", marketing_persons.marketing_persons, living(" ".join(marketing_persons.TABLES)), as_mapping=True),
    row(
        "opportunity_stage_changes",
        opportunities.opportunity_stage_changes,
        living("raw_salesforce_opportunity_stages_over_time"),
        stages=living("raw_salesforce_opportunity_stages"),
    ),
    row(
        "opportunities",
        opportunities.opportunities,
        living("raw_salesforce_opportunities"),
        opportunity_stage_changes="opportunity_stage_changes",
        takes="crm currencies fiscal",
    ),
    row("opportunity_contact_roles", opportunities.opportunity_contact_roles, living("raw_salesforce_opportunity_contact_roles")),
    row(
        "accounts",
        accounts.accounts,
        living("raw_salesforce_accounts"),
        contacts="contacts",
        opportunities="opportunities",
        takes="crm definitions=people",
        kind=FOLD,
    ),
    row("users", users.users, living("raw_salesforce_users"), history="raw_salesforce_users", asks=DAY, kind=FOLD),
    row("queue_members", users.queue_members, living("raw_salesforce_groups raw_salesforce_group_members")),
    row(
        "activities",
        activities.activities,
        living(" ".join(activities.TABLES)),
        takes="activity_types=scoring.activity_types exclusions=scoring.exclusions",
        as_mapping=True,
    ),
    row(
        "touches",
        touches.touches,
        living("raw_salesforce_tasks raw_salesforce_events"),
        task_relations=living("raw_salesforce_task_relations"),
        event_relations=living("raw_salesforce_event_relations"),
        takes="reading=touches exclusions=scoring.exclusions",
        asks=MOMENT,
    ),
    row("record_changes", record_changes.record_changes, _RECORDS, _HISTORIES, takes="inputs=crm.input_fields", as_mapping=True, asks=DAY),
    row("condition_values", condition_values.condition_values, living(" ".join(condition_values.TABLES)), takes="sla", as_mapping=True),
    row("business_hours", business_calendars.business_hours, living("raw_salesforce_business_hours"), kind=FOLD),
    row("crm_holidays", business_calendars.crm_holidays, living("raw_salesforce_holidays"), asks=MOMENT, kind=FOLD),
    row(
        "currency_rates",
        currency_rates.currency_rates,
        living("raw_salesforce_currency_types raw_salesforce_dated_conversion_rates"),
        takes="crm currencies",
        kind=FOLD,
    ),
    row("escalation_tasks", escalation_tasks.escalation_tasks, last_read("raw_salesforce_tasks"), takes="crm"),
    row(
        "crm_field_values",
        calls.crm_field_values,
        last_read(" ".join(calls.CRM_VALUES.values())),
        escalation_tasks="escalation_tasks",
        takes="crm",
        as_mapping=True,
    ),
    row(
        "quarantined_rows",
        quarantine.quarantined_rows,
        " ".join(stream.table for stream in STREAMS),
        quarantine.REFUSED,
        as_mapping=True,
        asks=DAY,
        kind=FOLD,
    ),
    row(
        "opportunity_states",
        opportunity_states.opportunity_states,
        "raw_salesforce_opportunities raw_salesforce_opportunity_stages_over_time",
        "record_changes",
        living("raw_salesforce_opportunity_stages"),
        "crm_record_states",
        takes="crm currencies fiscal",
        asks=MOMENT,
    ),
)

IDENTITY = (
    row(
        "person_records",
        person_records.person_records,
        "contacts leads marketing_persons crm_record_states accounts",
        merges="marketing_merges",
        takes="definitions=people",
        kind=FOLD,
    ),
    row(
        "record_periods",
        record_periods.record_periods,
        "contacts leads marketing_persons person_records",
        takes="definitions=people",
        kind=FOLD,
    ),
    row("people", people.people, "contacts leads marketing_persons person_records", takes="definitions=people"),
)

MATCHING = (
    # the matches of the run before are what the rep saw when the box was ticked
    row("match_labels", calls.match_labels, "people", before("lead_account_matches match_labels"), asks=MOMENT),
    row(
        "match_rule_precisions",
        match_labels.match_rule_precisions,
        "match_labels",
        before("lead_account_matches"),
        takes="matching",
        kind=FOLD,
        asks=MOMENT,
    ),
    row("match_word_rarities", calls.match_word_rarities, before("match_word_rarities"), "accounts", kind=FOLD, asks=MOMENT),
    row("matching_settings", calls.matching_settings, "match_rule_precisions", takes="matching", kind=FOLD, is_published=False),
    row("account_index", calls.account_index, "accounts contacts matching_settings match_word_rarities", kind=MATCH, is_published=False),
    row(
        "lead_account_matches",
        calls.lead_account_matches,
        "people account_index matching_settings match_labels",
        kind=MATCH,
        keys=keys.people_in_batches,
        asks=MOMENT,
    ),
    row(
        "match_moves",
        calls.match_moves,
        before("lead_account_matches"),
        "lead_account_matches",
        kind=FOLD,
        asks=MOMENT,
        asset="lead_account_matches",
    ),
    row("account_duplicates", duplicates.account_duplicates, "account_index", kind=MATCH, asset="lead_account_matches"),
    row(
        "contact_account_conflicts",
        calls.contact_account_conflicts,
        "people account_index matching_settings match_labels",
        kind=FOLD,
        asks=MOMENT,
        asset="lead_account_matches",
    ),
    row("lead_duplicates", calls.lead_duplicates, "leads", kind=FOLD, asset="lead_account_matches"),
    row("person_accounts", person_accounts.person_accounts, "people lead_account_matches accounts crm_record_states", asks=DAY),
    row(
        "person_account_periods",
        person_account_periods.person_account_periods,
        "person_accounts person_records contacts record_changes crm_record_states accounts",
        kind=FOLD,
    ),
)

_SCORED = "activities people person_records person_accounts accounts account_tiers person_fits"

SCORING = (
    row("account_fits", account_fits.account_fits, "accounts", takes="scoring", asks=DAY),
    row(
        "account_tiers",
        account_tiers.account_tiers,
        "accounts account_fits",
        overrides="target_list",
        users="users",
        takes="scoring scope",
        asks=DAY,
    ),
    row("title_readings", calls.title_readings, "people", takes="personas=scoring.personas", kind=FOLD, is_published=False),
    row(
        "person_fits", person_fits.person_fits, "people person_accounts account_tiers", readings="title_readings", takes="scoring", asks=DAY
    ),
    # no run stores it: rules that need a row for every activity work it out over the rows that they read
    row(
        "scored_activities",
        scored_activities.scored_activities,
        _SCORED,
        periods="record_periods",
        account_periods="person_account_periods",
        users="users",
        takes="scoring scope",
        asks=DAY,
        is_published=False,
    ),
    row("activity_exclusions", scored_activities.activity_exclusions, "scored_activities", asks=DAY),
    row(
        "person_engagement_factors",
        engagement.person_engagement_factors,
        _SCORED,
        periods="record_periods",
        account_periods="person_account_periods",
        users="users",
        takes="scoring scope",
        asks=DAY,
    ),
    row(
        "person_account_factors",
        engagement.person_account_factors,
        _SCORED,
        periods="record_periods",
        account_periods="person_account_periods",
        users="users",
        takes="scoring scope",
        asks=DAY,
    ),
    row(
        "person_scores",
        person_scores.person_scores,
        "person_engagement_factors people person_accounts accounts account_tiers person_fits",
        users="users",
        takes="scoring scope",
        asks=DAY,
    ),
    row(
        "account_engagement_factors",
        engagement.account_engagement_factors,
        "person_engagement_factors person_account_factors person_account_periods",
        takes="scoring",
        asks=DAY,
    ),
    row(
        "account_scores",
        account_scores.account_scores,
        "account_engagement_factors person_scores account_tiers account_fits person_account_factors person_account_periods",
        takes="scoring",
        asks=DAY,
    ),
)

LIFECYCLE = (
    row(
        "account_mqa_changes account_mqa_statuses",
        mqa_statuses.account_mqa_tables,
        "scored_activities person_fits accounts account_tiers opportunities",
        takes="scoring mqa=lifecycle.mqa",
        kind=FOLD,
        keys=keys.by_account,
        asks=MOMENT,
    ),
    row(
        "person_signal_changes",
        person_stages.signal_changes,
        " ".join(person_stages.INPUTS),
        takes="agreement=*",
        as_mapping=True,
        asks=MOMENT,
        is_published=False,
    ),
    row(
        "person_stage_changes person_stages",
        person_stages.person_stage_tables,
        " ".join(person_stages.INPUTS),
        changes="person_signal_changes",
        takes="agreement=*",
        as_mapping=True,
        kind=FOLD,
        keys=keys.by_person,
        asks=MOMENT,
    ),
    row(
        "account_stage_changes account_stages",
        account_stages.account_stage_tables,
        " ".join(account_stages.INPUTS),
        takes="agreement=*",
        as_mapping=True,
        kind=FOLD,
        keys=keys.by_account,
        asks=MOMENT,
    ),
)

SLA = (
    row("sla_sources", calls.sla_sources, " ".join(calls.SLA_SOURCES), as_mapping=True, is_published=False),
    row("feed_watermarks", feeds.watermarks, "extractions", kind=FOLD, is_published=False),
    row(
        "marketing_commitments",
        calls.marketing_commitments,
        "sla_sources feed_watermarks",
        takes="sla crm fiscal pipeline",
        kind=FOLD,
        asks=MOMENT,
    ),
    row(
        "sla_clocks sla_slices sla_escalations sla_exclusions",
        calls.sla_ledger,
        "sla_sources feed_watermarks marketing_commitments users",
        takes="sla crm",
        kind=FOLD,
        keys=keys.by_party,
        asks=MOMENT,
        asset="sla_ledger",
    ),
    row("calendar_days", calendar_days.calendar_days, "sla_clocks business_hours crm_holidays", takes="sla", kind=FOLD, asks=MOMENT),
    row("sla_follow_ups", accountability.sla_follow_ups, "sla_clocks users", takes="sla", asks=MOMENT, kind=FOLD),
    row("person_outcomes", outcomes.person_outcomes, "sla_sources", takes="sla crm", kind=FOLD, asks=MOMENT),
    row("sla_dispositions", outcomes.sla_dispositions, "person_outcomes", kind=FOLD, asks=MOMENT),
    row("win_loss_captures", outcomes.win_loss_captures, "opportunities", asks=MOMENT, kind=FOLD),
    row("contact_yields", yields.contact_yields, "accounts contacts opportunities", takes="sla", kind=FOLD, asks=MOMENT),
    row("person_slas", tasks.person_slas, "sla_clocks", takes="sla", kind=FOLD, asks=MOMENT),
    row(
        "record_creates",
        tasks.escalation_tasks,
        "sla_escalations people sla_clocks escalation_tasks",
        takes="crm",
        kind=FOLD,
        asks=MOMENT,
        factors="person_engagement_factors",
    ),
    row("task_retractions", calls.task_retractions, "sla_clocks escalation_tasks", takes="crm", kind=FOLD, asks=MOMENT, is_published=False),
    row(
        "nurture_updates",
        nurture.nurture_updates,
        "people person_stage_changes",
        takes="sla crm",
        kind=FOLD,
        asks=MOMENT,
        is_published=False,
    ),
)

FIELD_UPDATES = (
    row(
        "person_field_values",
        updates.person_values,
        "people person_records person_scores person_fits person_stages lead_account_matches person_slas",
        takes="engagement=scoring.engagement",
        asks=DAY,
        is_published=False,
    ),
    row(
        "account_field_values",
        updates.account_values,
        "accounts account_scores account_fits account_tiers account_stages account_mqa_statuses person_accounts person_account_periods",
        takes="crm lifecycle engagement=scoring.engagement",
        asks=DAY,
        is_published=False,
    ),
    row(
        "field_updates",
        calls.field_updates,
        "person_field_values account_field_values users task_retractions nurture_updates",
        takes="crm scope",
        asks=DAY,
    ),
)

_TOUCHES = "opportunity_states opportunity_contact_roles person_records scored_activities"
_SCOPES = "users accounts account_tiers"

PIPELINE = (
    row(
        "pipeline_movements",
        pipeline_movements.pipeline_movements,
        "opportunity_states",
        _SCOPES,
        takes="fiscal pipeline",
        kind=FOLD,
        asks=MOMENT,
    ),
    row(
        "pipeline_metrics",
        pipeline_metrics.pipeline_metrics,
        "opportunity_states pipeline_movements",
        _SCOPES,
        "currency_rates",
        takes="fiscal pipeline",
        kind=FOLD,
        asks=MOMENT,
    ),
    row(
        "step_conversions",
        step_conversions.step_conversions,
        "opportunity_states person_stage_changes account_stage_changes",
        _SCOPES,
        takes="fiscal pipeline",
        kind=FOLD,
        asks=MOMENT,
    ),
    row("opportunity_sources", opportunity_sources.opportunity_sources, _TOUCHES, takes="pipeline", kind=FOLD, asks=MOMENT),
    row("touch_effects", touch_effects.touch_effects, _TOUCHES, "account_tiers", takes="pipeline", kind=FOLD, asks=MOMENT),
    row(
        "forecast_accuracy",
        forecast_accuracy.forecast_accuracy,
        "opportunity_states",
        takes="fiscal pipeline",
        kind=FOLD,
        asks=MOMENT,
    ),
    row(
        "plan_lines plan_sensitivities",
        plan_lines.plan_tables,
        "opportunity_states pipeline_metrics account_mqa_changes account_stage_changes contact_yields",
        _SCOPES,
        takes="fiscal pipeline",
        kind=FOLD,
        asks=MOMENT,
    ),
    row(
        "program_yields",
        program_yields.program_yields,
        "activities scored_activities opportunity_states accounts account_tiers",
        takes="fiscal pipeline",
        kind=FOLD,
        asks=MOMENT,
    ),
    row("stage_reliability", forecast_accuracy.stage_reliability, "opportunity_states", kind=FOLD, asks=MOMENT),
)

BACKTESTS = (
    row(
        "mqa_backtest_terms mqa_backtests",
        calls.mqa_backtest,
        " ".join(calls.MQA_BACKTEST_SOURCES),
        takes="agreement=*",
        as_mapping=True,
        kind=FOLD,
        asks=MOMENT,
    ),
    row(
        "mql_backtest_terms mql_backtests",
        calls.mql_backtest,
        " ".join(calls.MQL_BACKTEST_SOURCES),
        takes="agreement=*",
        as_mapping=True,
        kind=FOLD,
        asks=MOMENT,
    ),
)

# appended with every run, or kept per day: published by wiring of their own (defs/write_back.py, operations/history.py)
KEPT = (
    row("run_measures", run_measures.run_measures, " ".join(run_measures.INPUTS), as_mapping=True, kind=FOLD, asks=MOMENT),
    row("person_snapshots", snapshots.person_snapshots, "person_scores person_stages", as_mapping=True, asks=MOMENT),
    row(
        "account_snapshots", snapshots.account_snapshots, "account_scores account_mqa_statuses account_stages", as_mapping=True, asks=MOMENT
    ),
)

# each table the newest version of which stands in the warehouse: Dagster's assets of the rules
STEPS: tuple[Step, ...] = (*STAGING, *IDENTITY, *MATCHING, *SCORING, *LIFECYCLE, *SLA, *FIELD_UPDATES, *PIPELINE, *BACKTESTS)
LINE: tuple[Step, ...] = (*STEPS, *KEPT)
