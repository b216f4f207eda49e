"""What the page of a table shows of its rows: counts by what decides, and the accounts at the top.

Belongs here: one query for each table that people look at. Plots and numbers of single rules: `notes.py`.
Dagster keeps what is shown here for as long as it keeps a run, and an erasure does not reach it: no person is named, and no text that may
name one is shown. Samples are of accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import dagster as dg

from alignment_pipeline.warehouse.warehouse import Warehouse

_MOST = 20
_OF_ACCOUNTS = "JOIN read_parquet($accounts) AS account USING (account_id)"

#: Title and query by table. `$rows` are the table's files, `$accounts` those of `accounts`.
QUERIES: Mapping[str, tuple[str, str]] = {
    "leads": ("by status", "SELECT status, count(*) AS leads FROM read_parquet($rows) GROUP BY ALL ORDER BY leads DESC, status"),
    "contacts": (
        "with and without an account",
        "SELECT account_id IS NOT NULL AS has_account, count(*) AS contacts FROM read_parquet($rows) GROUP BY ALL ORDER BY contacts DESC",
    ),
    "accounts": (
        "by country",
        "SELECT country, count(*) AS accounts FROM read_parquet($rows) GROUP BY ALL ORDER BY accounts DESC, country",
    ),
    "activities": (
        "by kind",
        "SELECT activity_type, count(*) AS activities, max(occurred_at) AS latest FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY activities DESC, activity_type",
    ),
    "opportunities": (
        "by stage",
        "SELECT stage, count(*) AS opportunities FROM read_parquet($rows) GROUP BY ALL ORDER BY opportunities DESC, stage",
    ),
    "quarantined_rows": (
        "by reason",
        "SELECT table_name, column_name, reason, count(*) AS rows FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY rows DESC, table_name, column_name, reason",
    ),
    "people": (
        "by what is known of them",
        "SELECT lead_id IS NOT NULL AS is_lead, contact_id IS NOT NULL AS is_contact, marketing_key IS NOT NULL AS is_in_marketing, "
        "count(*) AS people FROM read_parquet($rows) GROUP BY ALL ORDER BY people DESC",
    ),
    "lead_account_matches": (
        "by decision and evidence",
        "SELECT decision, method, count(*) AS leads, round(avg(confidence), 3) AS mean_confidence FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY leads DESC, decision, method",
    ),
    "person_accounts": ("by basis", "SELECT basis, count(*) AS people FROM read_parquet($rows) GROUP BY ALL ORDER BY people DESC, basis"),
    "activity_exclusions": (
        "by reason",
        "SELECT exclusion, sum(activities)::BIGINT AS activities FROM read_parquet($rows) GROUP BY ALL ORDER BY activities DESC, exclusion",
    ),
    "person_scores": (
        "by score",
        "SELECT 10 * floor(engagement_score / 10)::BIGINT AS score_from, count(*) AS people FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY score_from",
    ),
    "account_scores": (
        "highest engagement",
        "SELECT account.name AS account, tier, round(engagement_score, 1) AS score, people_engaged, is_surging FROM read_parquet($rows) "
        f"{_OF_ACCOUNTS} ORDER BY engagement_micro DESC, account_id",
    ),
    "person_fits": (
        "by persona",
        "SELECT persona, count(*) AS people, round(avg(fit_score), 1) AS mean_fit FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY people DESC, persona",
    ),
    "account_fits": (
        "by fit",
        "SELECT 10 * floor(fit_score / 10)::BIGINT AS fit_from, count(*) AS accounts FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY fit_from",
    ),
    "record_periods": (
        "periods of marketing records",
        "SELECT until_at IS NULL AS is_the_last, count(*) AS periods, count(DISTINCT source_key) AS marketing_records FROM "
        "read_parquet($rows) GROUP BY ALL ORDER BY is_the_last",
    ),
    "person_account_periods": (
        "past and present",
        "SELECT until_at IS NULL AS is_present, count(*) AS periods, max(from_at) AS latest FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY is_present",
    ),
    "person_account_factors": (
        "by factor, of people who were moved",
        "SELECT factor, count(*) AS people_on_accounts, round(sum(contribution_micro) / 1e6) AS points FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY points DESC, factor",
    ),
    "person_outcomes": (
        "what sales said",
        "SELECT outcome, code, count(*) AS outcomes, max(said_at) AS latest FROM read_parquet($rows) GROUP BY ALL "
        "ORDER BY outcomes DESC, outcome, code",
    ),
    "account_tiers": (
        "by tier",
        "SELECT tier, basis, count(*) AS accounts FROM read_parquet($rows) GROUP BY ALL ORDER BY accounts DESC, tier, basis",
    ),
    "person_stages": (
        "by stage",
        "SELECT stage, count(*) AS people, max(entered_at) AS latest FROM read_parquet($rows) GROUP BY ALL ORDER BY people DESC, stage",
    ),
    "account_stages": (
        "by stage",
        "SELECT stage, count(*) AS accounts, max(entered_at) AS latest FROM read_parquet($rows) GROUP BY ALL ORDER BY accounts DESC, stage",
    ),
    "account_mqa_statuses": (
        "MQAs, the latest first, and why",
        f"SELECT account.name AS account, latest_at AS since, path, mqa_reason AS why FROM read_parquet($rows) {_OF_ACCOUNTS} "
        "WHERE is_mqa ORDER BY latest_at DESC, account_id",
    ),
    "account_mqa_changes": (
        "by month",
        "SELECT strftime(entered_at, '%Y-%m') AS month, count(*) AS entered, count(left_at) AS left_since FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY month DESC",
    ),
    "sla_clocks": (
        "by promise and state",
        "SELECT policy, party, state, count(*) AS clocks FROM read_parquet($rows) GROUP BY ALL ORDER BY policy, clocks DESC, state",
    ),
    "sla_escalations": (
        "by step and state",
        "SELECT policy, rung, state, count(*) AS steps FROM read_parquet($rows) GROUP BY ALL ORDER BY policy, rung, steps DESC, state",
    ),
    "sla_exclusions": (
        "by reason",
        "SELECT policy, reason_code, count(*) AS triggers FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY triggers DESC, policy, reason_code",
    ),
    "sla_follow_ups": (
        "by team and period",
        "SELECT policy, period_start_on, team, sum(clocks)::BIGINT AS clocks, sum(met)::BIGINT AS met, sum(breached)::BIGINT AS breached "
        "FROM read_parquet($rows) WHERE owner_id = '(all)' AND lead_source = '(all)' "
        "GROUP BY ALL ORDER BY period_start_on DESC, policy, team",
    ),
    "person_slas": (
        "by state",
        "SELECT sla_policy, sla_status, count(*) AS people FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY people DESC, sla_policy, sla_status",
    ),
    "marketing_commitments": (
        "newest",
        "SELECT title, period_start_on, goal, expected, actual, state FROM read_parquet($rows) ORDER BY period_start_on DESC, title",
    ),
    "opportunity_sources": (
        "by team",
        "SELECT source_team, source_class, count(*) AS opportunities FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY opportunities DESC, source_team, source_class",
    ),
    "field_updates": (
        "by field",
        'SELECT "object", field, count(*) AS records, count(value) AS filled FROM read_parquet($rows) '
        'GROUP BY ALL ORDER BY "object", field',
    ),
    "record_creates": (
        "by kind",
        'SELECT "object", count(*) AS records, count(DISTINCT owner_id) AS owners FROM read_parquet($rows) '
        "GROUP BY ALL ORDER BY records DESC",
    ),
    "write_results": (
        "by outcome",
        'SELECT "object", state, reason, count(*) AS operations, max(changed_at) AS latest FROM read_parquet($rows) '
        'GROUP BY ALL ORDER BY operations DESC, "object", state, reason',
    ),
    "write_plans": (
        "newest",
        "SELECT left(plan_hash, 12) AS plan, kind, state, verdict, operations, approved_by, created_at FROM read_parquet($rows) "
        "ORDER BY created_at DESC, plan_hash",
    ),
    "extractions": (
        "latest run",
        'SELECT system, "object", method, new_rows, api_calls, note FROM read_parquet($rows) '
        "WHERE run_id = (SELECT arg_max(run_id, started_at) FROM read_parquet($rows)) ORDER BY system, "
        '"object"',
    ),
    "person_records": (
        "by object",
        'SELECT "object", is_alive, count(*) AS records FROM read_parquet($rows) GROUP BY ALL ORDER BY records DESC, "object", is_alive',
    ),
    "match_labels": (
        "by rule and verdict",
        "SELECT rule, verdict, source, count(*) AS labels FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY labels DESC, rule, verdict, source",
    ),
    "match_rule_precisions": (
        "rules",
        'SELECT rule, labels, "right", precision, lower, upper, is_demoted FROM read_parquet($rows) ORDER BY rule',
    ),
    "match_word_rarities": ("most common words", "SELECT word, accounts FROM read_parquet($rows) ORDER BY accounts DESC, word"),
    "account_duplicates": (
        "largest groups",
        "SELECT name AS account, records, reason FROM read_parquet($rows) ORDER BY records DESC, group_id, account_id",
    ),
    "lead_duplicates": (
        "by size of the group",
        "SELECT records AS leads_in_group, count(DISTINCT group_id) AS groups FROM read_parquet($rows) GROUP BY ALL ORDER BY records",
    ),
    "contact_account_conflicts": (
        "by domain",
        "SELECT domain, account_id, proposed_account_id, count(*) AS contacts FROM read_parquet($rows) GROUP BY ALL "
        "ORDER BY contacts DESC, domain, account_id, proposed_account_id",
    ),
    "person_engagement_factors": (
        "by factor",
        "SELECT factor, count(*) AS people, round(sum(contribution_micro) / 1e6) AS points FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY points DESC, factor",
    ),
    "account_engagement_factors": (
        "by factor",
        "SELECT factor, count(*) AS accounts, round(sum(contribution_micro) / 1e6) AS points FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY points DESC, factor",
    ),
    "person_stage_changes": (
        "stays by stage",
        "SELECT stage, count(*) AS stays, count(*) - count(left_at) AS there_now FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY stays DESC, stage",
    ),
    "account_stage_changes": (
        "stays by stage",
        "SELECT stage, count(*) AS stays, count(*) - count(left_at) AS there_now FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY stays DESC, stage",
    ),
    "agreement_impacts": (
        "what moves",
        "SELECT aspect, before_value, after_value, count(*) AS moves FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY moves DESC, aspect, before_value, after_value",
    ),
    "mqa_backtest_terms": (
        "by outcome",
        "SELECT is_judged, created_at IS NOT NULL AS became_opportunity, won_at IS NOT NULL AS was_won, count(*) AS mqas "
        "FROM read_parquet($rows) GROUP BY ALL ORDER BY mqas DESC",
    ),
    "mql_backtest_terms": (
        "by outcome",
        "SELECT is_judged, created_at IS NOT NULL AS became_opportunity, won_at IS NOT NULL AS was_won, count(*) AS mqls "
        "FROM read_parquet($rows) GROUP BY ALL ORDER BY mqls DESC",
    ),
    "sla_slices": (
        "business hours by party",
        "SELECT policy, party, count(*) AS slices, round(sum(elapsed_minutes) / 60) AS hours FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY policy, party",
    ),
    "calendar_days": (
        "calendars",
        "SELECT calendar, time_zone, count(*) AS days, count(*) FILTER (open_minutes > 0) AS open_days FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY calendar, time_zone",
    ),
    "sla_dispositions": (
        "by outcome",
        "SELECT period_start_on, outcome, code, sum(people)::BIGINT AS people FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY period_start_on DESC, people DESC, outcome, code",
    ),
    "win_loss_captures": (
        "by month",
        "SELECT period_start_on, is_won, sum(closed)::BIGINT AS closed, sum(with_reason)::BIGINT AS with_reason FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY period_start_on DESC, is_won",
    ),
    "contact_yields": (
        "by number of contacts",
        "SELECT contacts_from, contacts_to, accounts, opportunity_rate_pct, marginal_rate_pct FROM read_parquet($rows) "
        "ORDER BY contacts_from",
    ),
    "pipeline_movements": (
        "by part",
        "SELECT since_on, scope, part, count(*) AS deals, sum(amount_cents)::BIGINT // 100 AS amount FROM read_parquet($rows) "
        "GROUP BY ALL ORDER BY since_on, scope, amount DESC, part",
    ),
    "touch_effects": (
        "effects",
        "SELECT grouping, landmark_days, touched, untouched, difference, lower, upper FROM read_parquet($rows) "
        "ORDER BY grouping, landmark_days",
    ),
    "forecast_accuracy": (
        "by method",
        "SELECT method, business_day, periods, bias_pct, wape_pct, mase FROM read_parquet($rows) ORDER BY business_day, method",
    ),
    "stage_reliability": (
        "stated and measured",
        "SELECT stage, stated_pct, measured_pct, lower_pct, upper_pct, n FROM read_parquet($rows) ORDER BY stated_pct, stage",
    ),
    "program_yields": (
        "most accounts touched first",
        "SELECT program, touched, shown AS with_opportunity, round(100 * base_rate, 1) AS untouched_pct, "
        "round(100 * difference, 1) AS difference_points, round(100 * difference_lower, 1) AS from_points, "
        "round(100 * difference_upper, 1) AS to_points, cost_cents // 100 AS cost_of_one_more, note FROM read_parquet($rows) "
        "WHERE period = 'all' ORDER BY touched DESC, program",
    ),
    "plan_lines": (
        "lines",
        "SELECT period, scope, line, needed, in_hand, to_create, start_by_on, state FROM read_parquet($rows) ORDER BY period, scope, place",
    ),
    "run_measures": (
        "newest",
        "SELECT measure, value, measured_at FROM read_parquet($rows) ORDER BY measured_at DESC, measure",
    ),
}


def of(table: str, warehouse: Warehouse) -> dict[str, Any]:
    """The table of a published table as metadata, empty where nobody asked for one or there are no rows."""
    if table not in QUERIES or not warehouse.files(table):
        return {}
    title, query = QUERIES[table]
    names = {"rows": table, **({"accounts": "accounts"} if "$accounts" in query else {})}
    files = {name: [str(path) for path in warehouse.files(other)] for name, other in names.items()}
    if not all(files.values()):
        return {}
    cursor = warehouse.connection.con.execute(f"{query} LIMIT {_MOST}", files)
    columns = [column[0] for column in cursor.description]
    return {title: dg.MetadataValue.md(markdown(columns, cursor.fetchall()))}


def markdown(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    """A table in Markdown. A cell cannot end its row or carry markup."""
    lines = ["| " + " | ".join(name.replace("_", " ") for name in columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(_cell(value) for value in row) + " |" for row in rows)])


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return "".join({"|": "\\|", "<": "&lt;", ">": "&gt;", "\n": " "}.get(letter, letter) for letter in text)
