"""The rows behind the weekly page's numbers, found again by hand-written SQL over the files of an export.

Belongs here: one query per file of rows, written from the definitions on the page and not from the code that makes it. What is the same:
the law is tested in `test_full_run.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from ruamel.yaml import YAML

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.operations.exporting import opening

#: Files of rows that people keep; an export has no table for them.
BY_PEOPLE = {"disputes", "actions", "predictions"}
# the page's open pipeline is the metric of that name, which metrics.yaml describes as such
_SAME_AS_A_METRIC = {"open_pipeline": "sum(amount_usd)"}
_DATED = """
    strftime({at} AT TIME ZONE $zone, '%G-W%V') AS week,
    strftime({at} AT TIME ZONE $zone, '%a') AS weekday,
    if(CAST({at} AT TIME ZONE $zone AS DATE) >= $first, 'yes', 'no') AS in_period,
"""
_WINDOW = "{at} <= $now AND CAST({at} AT TIME ZONE $zone AS DATE) BETWEEN $since AND $last"
_ROWS = {
    # each trigger of a subject counts once as a first touch: for the policy that comes first
    "clocks": """
        WITH due AS (
            SELECT *, list_position($firsts, policy) AS first_rank FROM sla_clocks
            WHERE state IN ('met', 'met_late', 'breached') AND list_contains($policies, policy) AND {window:due_at}
        ), placed AS (
            SELECT *, row_number() OVER (PARTITION BY subject_id, trigger_id ORDER BY first_rank NULLS LAST, policy, clock_id) AS place
            FROM due
        )
        SELECT {dated:due_at} policy, party, state, elapsed_minutes,
            if(list_contains($upheld, clock_id) AND state <> 'met', 'no', 'yes') AS counts,
            if(state = 'met', 'yes', 'no') AS is_kept,
            if(state <> 'met' AND stopped_at IS NOT NULL, 'yes', 'no') AS is_late,
            if(state = 'breached' AND stopped_at IS NULL, 'yes', 'no') AS is_never_touched,
            if(first_rank IS NOT NULL AND place = 1, 'yes', 'no') AS is_first_touch,
            if(stopped_at IS NOT NULL, 'yes', 'no') AS is_stopped,
            coalesce(owner_id, '(no owner)') AS owner_id,
            CASE WHEN stopped_at IS NULL THEN 'never' WHEN elapsed_minutes <= 5 THEN '≤ 5 min' WHEN elapsed_minutes <= 15 THEN '≤ 15 min'
                WHEN elapsed_minutes <= 60 THEN '≤ 1 h' WHEN elapsed_minutes <= 240 THEN '≤ 4 h' WHEN elapsed_minutes <= 480 THEN '≤ 8 h'
                ELSE 'later' END AS answer
        FROM placed""",
    "commitments": """
        SELECT commitment, actual FROM marketing_commitments
        QUALIFY period_start_on = max(period_start_on) OVER (PARTITION BY commitment)""",
    "mqls": """
        SELECT {dated:entered_at} person_id FROM person_stage_changes
        WHERE list_contains($mql_stages, lower(stage)) AND {window:entered_at}""",
    "new_mqas": "SELECT {dated:entered_at} account_id FROM account_mqa_changes WHERE {window:entered_at}",
    "contacts": """
        SELECT {dated:created_at} contact_id FROM contacts
        WHERE {window:created_at} AND account_id IN (SELECT account_id FROM accounts WHERE is_target_flagged OR NOT $targets_only)""",
    "outcomes": """
        SELECT {dated:said_at} person_id, outcome, coalesce(code, 'no code given') AS code,
            if(outcome = 'accepted', 'yes', 'no') AS is_accepted, if(outcome IN ('accepted', 'rejected'), 'yes', 'no') AS is_judged
        FROM person_outcomes WHERE {window:said_at}""",
    "created_deals": """
        SELECT {dated:created_at} opportunity_id, amount_usd, if(is_won, 'yes', 'no') AS is_won,
            if(list_contains($marketings, lead_source), 'yes', 'no') AS is_marketing
        FROM opportunities WHERE {window:created_at}""",
    "closed_deals": """
        SELECT {dated:closed_at} opportunity_id, amount_usd, if(is_won, 'yes', 'no') AS is_won,
            if(list_contains($marketings, lead_source), 'yes', 'no') AS is_marketing,
            coalesce(nullif(trim(loss_reason), ''), 'no reason recorded') AS reason
        FROM opportunities WHERE {window:closed_at}""",
    "mqas_now": "SELECT account_id FROM account_mqa_statuses WHERE is_mqa",
    "mqas_waiting": """
        SELECT DISTINCT account_id FROM account_mqa_statuses s JOIN sla_clocks c USING (account_id)
        WHERE is_mqa AND trigger_at >= latest_at AND stopped_at IS NULL AND list_contains($mqa_policies, policy)
            AND state IN ('pending', 'at_risk', 'breached', 'unknown', 'paused')""",
    # of the nearest path: the mean share of what each of its criteria needs
    "near_mqas": """
        WITH paths AS (
            SELECT account_id, unnest(CAST(paths AS JSON[])) AS path FROM account_mqa_statuses WHERE mqa_status = 'not yet'
        ), criteria AS (
            SELECT account_id, path->>'$.path' AS name, unnest(CAST(path->'$.criteria' AS JSON[])) AS one FROM paths
        ), shares AS (
            SELECT account_id, name, avg(CASE WHEN coalesce(CAST(one->>'$.needs' AS DOUBLE), 0) = 0 THEN 1.0
                ELSE least(1.0, coalesce(CAST(one->>'$.has' AS DOUBLE), 0) / CAST(one->>'$.needs' AS DOUBLE)) END) AS share
            FROM criteria GROUP BY ALL
        ), near AS (
            SELECT account_id, max(share) AS near FROM shares GROUP BY account_id
        ), year AS (
            SELECT tier, amount_usd FROM opportunities LEFT JOIN account_scores USING (account_id)
            WHERE amount_usd IS NOT NULL AND created_at > $now - INTERVAL 365 DAY
        ), mean AS (
            SELECT tier, avg(amount_usd) AS mean FROM year GROUP BY tier HAVING count(*) >= $min_n AND tier IS NOT NULL
        ), rate AS (
            SELECT max(value) AS rate FROM step_conversions
            WHERE list_contains($mqa_steps, step) AND scope = 'all' AND reading = 'incidence'
        )
        SELECT account_id, round(rate * coalesce(mean, (SELECT avg(amount_usd) FROM year)) * near, 2) AS expected_usd
        FROM near JOIN account_scores USING (account_id) LEFT JOIN mean USING (tier), rate
        WHERE engagement_points > 0 AND 100 * near >= $near_pct""",
    "new_members": """
        WITH first AS (
            SELECT person_id, min(first_at) AS first_at, max(account_id) AS account_id FROM person_engagement_factors GROUP BY person_id
        )
        SELECT {dated:first_at} person_id FROM first JOIN person_fits USING (person_id)
        WHERE committee_role IS NOT NULL AND account_id IS NOT NULL AND {window:first_at}""",
    "surging": "SELECT account_id FROM account_scores WHERE is_surging",
    # by close date; from the deals' states, not from the published bridge, whose first day is another
    "bridge": """
        WITH spans AS (
            SELECT *, close_on BETWEEN $quarter_first AND $quarter_last AS is_in FROM opportunity_states WHERE NOT is_deleted
        ), a AS (
            SELECT * FROM spans WHERE valid_from_at < $before AND coalesce(valid_to_at >= $before, true) AND created_at < $before
        ), b AS (
            SELECT * FROM spans WHERE valid_from_at < $after AND coalesce(valid_to_at >= $after, true) AND created_at < $after
        ), pairs AS (
            SELECT coalesce(a.opportunity_id, b.opportunity_id) AS opportunity_id,
                coalesce(NOT a.is_closed AND a.is_in, false) AS was, coalesce(NOT b.is_closed AND b.is_in, false) AS is_now,
                coalesce(a.is_closed, false) AS was_closed, coalesce(a.is_closed AND NOT a.is_won, false) AS was_lost,
                coalesce(b.is_closed AND b.is_won AND b.is_in, false) AS won,
                coalesce(b.is_closed AND NOT b.is_won AND b.is_in, false) AS lost,
                b.opportunity_id IS NULL AS is_gone, coalesce(b.created_at >= $before, false) AS is_new,
                coalesce(a.amount_cents, 0) / 100.0 AS amount_then, coalesce(b.amount_cents, 0) / 100.0 AS amount_now
            FROM a FULL JOIN b USING (opportunity_id)
        ), pathed AS (
            SELECT *, NOT was AND (is_now OR (won AND (NOT was_closed OR was_lost)) OR (lost AND NOT was_closed)) AS enters FROM pairs
        ), parts AS (
            SELECT opportunity_id, 'start' AS part, amount_then AS amount_usd FROM pathed WHERE was
            UNION ALL SELECT opportunity_id, CASE WHEN is_new THEN 'new' WHEN was_closed THEN 'reopened' ELSE 'pulled_in' END, amount_now
                FROM pathed WHERE enters
            UNION ALL SELECT opportunity_id, if(amount_now > amount_then, 'increased', 'decreased'), amount_now - amount_then
                FROM pathed WHERE was AND (is_now OR won OR lost) AND amount_now <> amount_then
            UNION ALL SELECT opportunity_id,
                CASE WHEN won THEN 'won' WHEN lost THEN 'lost' WHEN is_gone THEN 'deleted' ELSE 'pushed_out' END,
                -CASE WHEN won OR lost THEN amount_now WHEN was THEN amount_then ELSE amount_now END
                FROM pathed WHERE (was OR enters) AND NOT is_now
            UNION ALL SELECT opportunity_id, 'end', amount_now FROM pathed WHERE is_now
        )
        SELECT * FROM parts""",
    "pipeline": """
        SELECT metric, if(unit LIKE 'cents%', value / 100, value) AS value FROM pipeline_metrics WHERE scope = 'all'""",
}


def counted(export: Path, pack: Mapping[str, Any], agreement: Agreement, *, upheld: Sequence[str]) -> dict[str, float | None]:
    """Each number of the page with its scope, as `metrics.yaml` says it is counted, over rows found in the export."""
    listed = YAML(typ="safe").load((export / "metrics.yaml").read_text(encoding="utf-8"))["metrics"]
    formulas = {one["name"]: one["formula"] for one in listed if "rows" in one} | _SAME_AS_A_METRIC
    made: dict[str, float | None] = {}
    with duckdb.connect(str(export / opening.DATABASE), read_only=True) as source, duckdb.connect() as found:
        given = _parameters(source, pack, agreement, upheld)
        for name in {Path(value["rows"]).stem for value in pack["values"]} - BY_PEOPLE:
            query = _query(name)
            mine = {key: value for key, value in given.items() if re.search(rf"\${key}\b", query)}
            found.register(name, source.execute(query, mine).to_arrow_table())
        for value in pack["values"]:
            name = Path(value["rows"]).stem
            if name in BY_PEOPLE:
                continue
            where = " AND ".join(f"CAST({column} AS VARCHAR) = ?" for column in value["scope"]) or "true"
            text = f"SELECT {formulas[value['name']]} FROM {name} WHERE {where}"
            ((made[key(value)],),) = found.execute(text, list(value["scope"].values())).fetchall()
    return made


def key(value: Mapping[str, Any]) -> str:
    """A number of the pack and its scope as one text."""
    return f"{value['name']} {json.dumps(value['scope'], sort_keys=True)}"


def _query(name: str) -> str:
    text = _ROWS[name]
    for column in ("due_at", "entered_at", "created_at", "said_at", "closed_at", "first_at"):
        text = text.replace(f"{{dated:{column}}}", _DATED.format(at=column)).replace(f"{{window:{column}}}", _WINDOW.format(at=column))
    return text


def _parameters(
    connection: duckdb.DuckDBPyConnection, pack: Mapping[str, Any], agreement: Agreement, upheld: Sequence[str]
) -> dict[str, Any]:
    sources = [source for (source,) in connection.execute("SELECT DISTINCT lead_source FROM opportunities").fetchall()]
    first, last = (date.fromisoformat(pack["period"][name]) for name in ("first", "last"))
    fiscal, now = agreement.fiscal, datetime.fromisoformat(pack["as_of"])
    day = min(fiscal.day_of(now), last)
    quarter = fiscal.period_of(day)
    policies = [one for one in agreement.sla.policies if one.is_enabled]
    touched_once = [one for one in policies if one.party == "sales" and any(s.event == "touch" and s.count == 1 for s in one.stops)]
    commitments = {one.measure: one for one in agreement.sla.commitments}
    sourced = commitments.get("sourced_pipeline_usd") or commitments.get("sourced_won_pct")
    return {
        "zone": fiscal.time_zone,
        "first": first,
        "last": last,
        "since": first - timedelta(weeks=agreement.meeting.weeks),
        "now": now,
        "before": fiscal.end_of(first - timedelta(days=1)),
        "after": fiscal.end_of(day),
        "quarter_first": quarter.first,
        "quarter_last": quarter.last,
        "policies": [one.name for one in policies],
        "firsts": [one.name for one in sorted(touched_once, key=lambda one: (one.priority, one.name))],
        "mqa_policies": [one.name for one in policies if one.trigger.event == "mqa_entered"],
        "mqa_steps": [one.name for one in agreement.pipeline.steps if one.subject == "account" and one.begins.casefold() == "mqa"],
        "mql_stages": [stage.lower() for stage in commitments["mqls"].stages] if "mqls" in commitments else ["mql"],
        "targets_only": "new_contacts" in commitments and commitments["new_contacts"].target_accounts_only,
        "marketings": [] if sourced is None else [source for source in sources if sourced.is_marketings(source)],
        "near_pct": agreement.meeting.near_pct,
        "min_n": agreement.pipeline.min_n,
        "upheld": list(upheld),
    }
