"""The roll-up as somebody who knows DuckDB would write it by hand: one of the bench's two rivals.

Belongs here: the shipped agreement's rules written out, with the same columns and the same numbers as the product's. In pandas:
`score_pandas.py`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

_PERSONS = """
CREATE TEMP TABLE persons AS
SELECT r.source_key, p.person_id, pa.account_id, f.person_weight AS pw, t.account_weight AS aw, p.is_internal
FROM read_parquet('{d}/person_records.parquet') r
JOIN read_parquet('{d}/people.parquet') p USING (person_id)
LEFT JOIN read_parquet('{d}/person_accounts.parquet') pa USING (person_id)
LEFT JOIN read_parquet('{d}/account_tiers.parquet') t USING (account_id)
LEFT JOIN read_parquet('{d}/person_fits.parquet') f USING (person_id)
"""
_SCORED = """
WITH known AS (
  SELECT activity_id, source_key, activity_type, category, detail, lower(category) AS c, lower(detail) AS d, is_bot, is_automatic, minutes,
         occurred_at, known_at, 20778 - (epoch_us(occurred_at) // 86400000000) AS age_days
  FROM read_parquet('{d}/activities.parquet') WHERE known_at <= TIMESTAMPTZ '2026-11-21 08:00:00+00'
), clicks AS (
  SELECT source_key, activity_id, epoch_us(occurred_at) AS u, lead(epoch_us(occurred_at), 4) OVER w - epoch_us(occurred_at) AS reach
  FROM known WHERE activity_type = 'email_click' WINDOW w AS (PARTITION BY source_key ORDER BY occurred_at, activity_id)
), fast AS (
  SELECT source_key, activity_id, u FROM clicks QUALIFY coalesce(max(reach < 60000000)
    OVER (PARTITION BY source_key ORDER BY u, activity_id ROWS BETWEEN 4 PRECEDING AND CURRENT ROW), false)
), numbered AS (
  SELECT source_key, u, sum(is_new) OVER (PARTITION BY source_key ORDER BY u, activity_id ROWS UNBOUNDED PRECEDING) AS n
  FROM (SELECT *, CASE WHEN u - lag(u) OVER (PARTITION BY source_key ORDER BY u, activity_id) <= 10000000 THEN 0 ELSE 1 END AS is_new
        FROM fast)
), bursts AS (
  SELECT source_key, min(u) AS begins, max(u) AS ends FROM numbered GROUP BY source_key, n
), repeats AS (
  SELECT activity_id AS repeat_id FROM known WHERE activity_type = 'form_fill' AND NOT is_bot AND NOT is_automatic
  QUALIFY epoch_us(occurred_at) - lag(epoch_us(occurred_at))
    OVER (PARTITION BY source_key, category, detail ORDER BY occurred_at, activity_id) <= 60000000
), joined AS (
  SELECT k.*, p.person_id, p.account_id, p.is_internal, coalesce(p.pw, 1.0) * coalesce(p.aw, 1.0) AS weight,
    b.begins IS NOT NULL AS is_burst, x.repeat_id IS NOT NULL AS is_repeat,
    CASE activity_type WHEN 'web_visit' THEN CASE
        WHEN contains(d, '/pricing') OR contains(d, '/price') OR contains(d, '/plans') OR contains(d, '/buy') THEN 'Pricing page'
        WHEN contains(d, '/solutions') OR contains(d, '/customers') OR contains(d, '/case-stud') THEN 'Solution page'
        WHEN contains(d, '/features') OR contains(d, '/product') OR contains(d, '/platform') THEN 'Feature page' ELSE 'Page visit' END
      WHEN 'email_open' THEN 'E-mail opened' WHEN 'email_click' THEN 'E-mail clicked' WHEN 'link_click' THEN 'Link clicked'
      WHEN 'form_fill' THEN CASE c WHEN 'hand_raise' THEN 'Hand raised' WHEN 'trial' THEN 'Trial started'
        WHEN 'content' THEN 'Content form' END
      WHEN 'webinar_attended' THEN 'Webinar attended' WHEN 'webinar_registered' THEN 'Webinar registered'
      WHEN 'email_unsubscribed' THEN 'Unsubscribed' WHEN 'campaign_response' THEN 'Campaign response'
      WHEN 'inbound_call' THEN 'Inbound call'
      WHEN 'inbound_email' THEN 'Inbound e-mail' WHEN 'meeting' THEN 'Meeting' WHEN 'email_bounced' THEN 'E-mail bounced' END AS label
  FROM known k LEFT JOIN persons p USING (source_key)
  LEFT JOIN bursts b ON activity_type IN ('email_click', 'web_visit', 'link_click') AND b.source_key = k.source_key
    AND epoch_us(occurred_at) BETWEEN begins - CASE activity_type WHEN 'email_click' THEN 0 ELSE 5000000 END
                                  AND ends + CASE activity_type WHEN 'email_click' THEN 0 ELSE 5000000 END
  LEFT JOIN repeats x ON activity_type = 'form_fill' AND x.repeat_id = k.activity_id
), judged AS (
  SELECT *, CASE
      WHEN occurred_at > TIMESTAMPTZ '2026-11-21 08:00:00+00' THEN 'not_yet' WHEN is_bot THEN 'bot' WHEN is_burst THEN 'bot_burst'
      WHEN is_automatic THEN 'automatic' WHEN person_id IS NULL THEN 'unknown_person' WHEN is_internal THEN 'internal'
      WHEN contains(d, 'unsubscribe') OR contains(d, '/careers') OR contains(d, '/jobs') OR contains(d, 'opt-out') THEN 'ignored_detail'
      WHEN is_repeat THEN 'repeat' WHEN label IS NULL THEN 'no_rule' END AS exclusion
  FROM joined
), ruled AS (
  SELECT activity_id, person_id, account_id, activity_type, category, detail, exclusion, occurred_at, known_at, age_days, weight,
    CASE WHEN exclusion IS NULL THEN label END AS factor,
    (CASE WHEN exclusion IS NOT NULL THEN 0 ELSE CASE activity_type WHEN 'web_visit' THEN 1000000
        + CASE WHEN contains(d, '/features') OR contains(d, '/product') OR contains(d, '/platform') THEN 2000000 ELSE 0 END
        + CASE WHEN contains(d, '/solutions') OR contains(d, '/customers') OR contains(d, '/case-stud') THEN 4000000 ELSE 0 END
        + CASE WHEN contains(d, '/pricing') OR contains(d, '/price') OR contains(d, '/plans') OR contains(d, '/buy') THEN 4000000 ELSE 0 END
      WHEN 'email_open' THEN 100000 WHEN 'email_click' THEN 1000000 WHEN 'link_click' THEN 1000000
      WHEN 'form_fill' THEN CASE c WHEN 'hand_raise' THEN 40000000 WHEN 'trial' THEN 30000000 WHEN 'content' THEN 8000000 ELSE 0 END
      WHEN 'webinar_attended' THEN 30000000 WHEN 'webinar_registered' THEN 5000000 WHEN 'email_unsubscribed' THEN -10000000
      WHEN 'campaign_response' THEN 5000000 WHEN 'inbound_call' THEN 5000000 WHEN 'inbound_email' THEN 3000000
      WHEN 'meeting' THEN floor(1000000.0 * coalesce(minutes, 0) + 0.5) WHEN 'email_bounced' THEN -2000000 ELSE 0 END END)::BIGINT AS base,
    CASE activity_type WHEN 'web_visit' THEN 20000000 WHEN 'email_open' THEN 500000 WHEN 'meeting' THEN 120000000 END AS cap
  FROM judged
), capped AS (
  SELECT * FROM ruled WHERE cap IS NULL OR base = 0
  UNION ALL BY NAME
  SELECT * EXCLUDE (s, base), least(s, cap) - least(s - base, cap) AS base FROM (
    SELECT *, sum(base) OVER (PARTITION BY person_id, activity_type, age_days ORDER BY occurred_at, activity_id
                              ROWS UNBOUNDED PRECEDING)::BIGINT AS s
    FROM ruled WHERE cap IS NOT NULL AND base <> 0)
)
SELECT activity_id, person_id, account_id, activity_type, category, detail, factor, exclusion, base AS base_micro,
  floor(base::DOUBLE * weight + 0.5)::BIGINT AS weighted_micro,
  floor(base::DOUBLE * weight * CASE WHEN age_days BETWEEN 0 AND 365 THEN exp(-0.693147180559945309417 * age_days / 30.0) ELSE 0.0 END
        + 0.5)::BIGINT AS contribution_micro,
  age_days, occurred_at, known_at, TIMESTAMPTZ '2026-11-21 08:00:00+00' AS as_of, 'bench' AS agreement_version
FROM capped
"""
_PERSON_FACTORS = """
SELECT person_id, any_value(account_id) AS account_id, factor, count(*) AS activities,
  sum(contribution_micro)::BIGINT AS contribution_micro,
  coalesce(sum(weighted_micro) FILTER (age_days <= 90), 0)::BIGINT AS engaged_micro,
  coalesce(sum(weighted_micro) FILTER (age_days < 28), 0)::BIGINT AS recent_micro,
  coalesce(sum(weighted_micro) FILTER (age_days >= 28 AND age_days < 56), 0)::BIGINT AS previous_micro,
  coalesce(sum(weighted_micro) FILTER (age_days < 7), 0)::BIGINT AS surge_micro,
  coalesce(sum(weighted_micro) FILTER (age_days >= 7 AND age_days < 35), 0)::BIGINT AS baseline_micro,
  min(occurred_at) AS first_at, max(occurred_at) AS last_at,
  TIMESTAMPTZ '2026-11-21 08:00:00+00' AS as_of, 'bench' AS agreement_version
FROM {scored} WHERE exclusion IS NULL AND age_days <= 365 GROUP BY person_id, factor
"""
SUMS = ("activities", "contribution_micro", "engaged_micro", "recent_micro", "previous_micro", "surge_micro", "baseline_micro")


def by_hand(folder: Path, out: Path) -> None:
    """Scored activities, and the factors of people and of accounts."""
    con = _connection(folder)
    con.execute(f"COPY ({_SCORED.format(d=folder)}) TO '{out}/scored_activities.parquet'")
    _factors(con, out, f"read_parquet('{out}/scored_activities.parquet')")


def factors_alone(folder: Path, out: Path) -> None:
    """The factors of people and of accounts, without a row for every activity."""
    _factors(_connection(folder), out, f"({_SCORED.format(d=folder)}) AS scored")


def _connection(folder: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET TimeZone='UTC'; SET threads=2; SET preserve_insertion_order=false")
    con.execute(_PERSONS.format(d=folder))
    return con


def _factors(con: duckdb.DuckDBPyConnection, out: Path, scored: str) -> None:
    con.execute(f"COPY ({_PERSON_FACTORS.format(scored=scored)}) TO '{out}/person_engagement_factors.parquet'")
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in SUMS)
    con.execute(
        f"COPY (SELECT account_id, factor, count(*) AS people, {sums}, min(first_at) AS first_at, max(last_at) AS last_at, "
        "max(as_of) AS as_of, 'bench' AS agreement_version "
        f"FROM read_parquet('{out}/person_engagement_factors.parquet') WHERE account_id IS NOT NULL "
        f"AND person_id NOT IN (SELECT person_id FROM read_parquet('{out}/person_engagement_factors.parquet') "
        "GROUP BY person_id HAVING sum(contribution_micro) < 0) GROUP BY ALL) "
        f"TO '{out}/account_engagement_factors.parquet'"
    )
