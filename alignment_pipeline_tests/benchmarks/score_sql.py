"""The roll-up as somebody who knows DuckDB would write it by hand, and as somebody who knows pandas would: the bench's two rivals.

Belongs here: the shipped agreement's rules written out, with the same columns and the same numbers as the product's.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from alignment_pipeline_tests.benchmarks.score_data import NOW

_PERSONS = """
CREATE TEMP TABLE persons AS
SELECT r.source_key, p.person_id, pa.account_id, f.person_weight AS pw, t.account_weight AS aw, p.is_internal
FROM read_parquet('{d}/person_records.parquet') r
JOIN read_parquet('{d}/people.parquet') p USING (person_id)
LEFT JOIN read_parquet('{d}/person_accounts.parquet') pa USING (person_id)
LEFT JOIN read_parquet('{d}/account_tiers.parquet') t USING (account_id)
LEFT JOIN read_parquet('{d}/person_fits.parquet') f USING (person_id)
"""
_BASE = """
WITH known AS (
  SELECT activity_id, source_key, activity_type AS t, lower(category) AS c, lower(detail) AS d, is_bot, is_automatic, minutes, occurred_at,
         20778 - (epoch_us(occurred_at) // 86400000000) AS age
  FROM read_parquet('{d}/activities.parquet') WHERE known_at <= TIMESTAMPTZ '2026-11-21 08:00:00+00'
), bursts AS (
  SELECT source_key, epoch_us(occurred_at) // 60000000 AS m FROM known WHERE t = 'email_click' GROUP BY ALL HAVING count(*) >= 5
), joined AS (
  SELECT k.*, p.person_id, p.account_id, coalesce(p.pw, 1.0) * coalesce(p.aw, 1.0) AS weight
  FROM known k JOIN persons p USING (source_key)
  LEFT JOIN bursts b ON t = 'email_click' AND b.source_key = k.source_key AND b.m = epoch_us(occurred_at) // 60000000
  WHERE NOT is_bot AND NOT is_automatic AND NOT p.is_internal AND occurred_at <= TIMESTAMPTZ '2026-11-21 08:00:00+00'
    AND b.m IS NULL AND age <= 365
    AND NOT coalesce(contains(d, 'unsubscribe') OR contains(d, '/careers') OR contains(d, '/jobs') OR contains(d, 'opt-out'), false)
), ruled AS (
  SELECT activity_id, person_id, account_id, occurred_at, age, weight, t,
    CASE t WHEN 'web_visit' THEN CASE
        WHEN contains(d, '/pricing') OR contains(d, '/price') OR contains(d, '/plans') OR contains(d, '/buy') THEN 'Pricing page'
        WHEN contains(d, '/solutions') OR contains(d, '/customers') OR contains(d, '/case-stud') THEN 'Solution page'
        WHEN contains(d, '/features') OR contains(d, '/product') OR contains(d, '/platform') THEN 'Feature page' ELSE 'Page visit' END
      WHEN 'email_open' THEN 'E-mail opened' WHEN 'email_click' THEN 'E-mail clicked' WHEN 'link_click' THEN 'Link clicked'
      WHEN 'form_fill' THEN CASE c WHEN 'hand_raise' THEN 'Hand raised' WHEN 'trial' THEN 'Trial started'
        WHEN 'content' THEN 'Content form' END
      WHEN 'webinar_attended' THEN 'Webinar attended' WHEN 'webinar_registered' THEN 'Webinar registered'
      WHEN 'email_unsubscribed' THEN 'Unsubscribed' WHEN 'campaign_response' THEN 'Campaign response'
      WHEN 'inbound_call' THEN 'Inbound call'
      WHEN 'inbound_email' THEN 'Inbound e-mail' WHEN 'meeting' THEN 'Meeting' WHEN 'email_bounced' THEN 'E-mail bounced' END AS factor,
    (CASE t WHEN 'web_visit' THEN 1000000
        + CASE WHEN contains(d, '/features') OR contains(d, '/product') OR contains(d, '/platform') THEN 2000000 ELSE 0 END
        + CASE WHEN contains(d, '/solutions') OR contains(d, '/customers') OR contains(d, '/case-stud') THEN 4000000 ELSE 0 END
        + CASE WHEN contains(d, '/pricing') OR contains(d, '/price') OR contains(d, '/plans') OR contains(d, '/buy') THEN 4000000 ELSE 0 END
      WHEN 'email_open' THEN 100000 WHEN 'email_click' THEN 1000000 WHEN 'link_click' THEN 1000000
      WHEN 'form_fill' THEN CASE c WHEN 'hand_raise' THEN 40000000 WHEN 'trial' THEN 30000000 WHEN 'content' THEN 8000000 ELSE 0 END
      WHEN 'webinar_attended' THEN 30000000 WHEN 'webinar_registered' THEN 5000000 WHEN 'email_unsubscribed' THEN -10000000
      WHEN 'campaign_response' THEN 5000000 WHEN 'inbound_call' THEN 5000000 WHEN 'inbound_email' THEN 3000000
      WHEN 'meeting' THEN floor(1000000.0 * coalesce(minutes, 0) + 0.5) WHEN 'email_bounced' THEN -2000000 ELSE 0 END)::BIGINT AS base,
    CASE t WHEN 'web_visit' THEN 20000000 WHEN 'email_open' THEN 500000 WHEN 'meeting' THEN 120000000 END AS cap
  FROM joined
), capped AS (
  SELECT * FROM ruled WHERE cap IS NULL
  UNION ALL BY NAME
  SELECT * EXCLUDE (s, base), least(s, cap) - least(s - base, cap) AS base FROM (
    SELECT *, sum(base) OVER (PARTITION BY person_id, t, age ORDER BY occurred_at, activity_id ROWS UNBOUNDED PRECEDING)::BIGINT AS s
    FROM ruled WHERE cap IS NOT NULL)
), weighed AS (
  SELECT person_id, account_id, factor, age, occurred_at, base::DOUBLE * weight AS w FROM capped WHERE factor IS NOT NULL
)
"""
_PERSON_FACTORS = """
SELECT person_id, any_value(account_id) AS account_id, factor, count(*) AS activities,
  sum(floor(w * exp(-0.693147180559945309417 * age / 30.0) + 0.5)::BIGINT)::BIGINT AS contribution_micro,
  coalesce(sum(floor(w + 0.5)::BIGINT) FILTER (age <= 90), 0)::BIGINT AS engaged_micro,
  coalesce(sum(floor(w + 0.5)::BIGINT) FILTER (age < 28), 0)::BIGINT AS recent_micro,
  coalesce(sum(floor(w + 0.5)::BIGINT) FILTER (age >= 28 AND age < 56), 0)::BIGINT AS previous_micro,
  coalesce(sum(floor(w + 0.5)::BIGINT) FILTER (age < 7), 0)::BIGINT AS surge_micro,
  coalesce(sum(floor(w + 0.5)::BIGINT) FILTER (age >= 7 AND age < 35), 0)::BIGINT AS baseline_micro,
  min(occurred_at) AS first_at, max(occurred_at) AS last_at,
  TIMESTAMPTZ '2026-11-21 08:00:00+00' AS as_of, 'bench' AS agreement_version
FROM weighed GROUP BY person_id, factor
"""
SUMS = ("activities", "contribution_micro", "engaged_micro", "recent_micro", "previous_micro", "surge_micro", "baseline_micro")


def by_hand(folder: Path, out: Path) -> None:
    """Person and account factors by hand-written SQL."""
    con = duckdb.connect()
    con.execute("SET TimeZone='UTC'; SET threads=2; SET preserve_insertion_order=false")
    con.execute(_PERSONS.format(d=folder))
    con.execute(f"COPY ({_BASE.format(d=folder)} {_PERSON_FACTORS}) TO '{out}/person_engagement_factors.parquet'")
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in SUMS)
    con.execute(
        f"COPY (SELECT account_id, factor, count(*) AS people, {sums}, min(first_at) AS first_at, max(last_at) AS last_at, "
        "max(as_of) AS as_of, 'bench' AS agreement_version "
        f"FROM read_parquet('{out}/person_engagement_factors.parquet') WHERE account_id IS NOT NULL GROUP BY ALL) "
        f"TO '{out}/account_engagement_factors.parquet'"
    )


def in_pandas(folder: Path, out: Path) -> None:
    """The same in pandas: vectorised, columns dropped as soon as they are not needed."""
    wanted = [
        "activity_id", "source_key", "activity_type", "category", "detail", "is_bot", "is_automatic", "minutes", "occurred_at", "known_at",
    ]  # fmt: skip
    frame = pd.read_parquet(folder / "activities.parquet", columns=wanted)
    frame = frame[(frame.known_at <= NOW) & (frame.occurred_at <= NOW) & ~frame.is_bot & ~frame.is_automatic]
    frame = frame.drop(columns=["is_bot", "is_automatic", "known_at"])
    minute = _micros(frame.occurred_at) // 60_000_000
    clicks = frame.activity_type.eq("email_click")
    burst = clicks & (frame.assign(m=minute)[clicks].groupby(["source_key", "m"]).activity_id.transform("size").reindex(frame.index) >= 5)
    ignored = frame.detail.str.lower().str.contains("unsubscribe|/careers|/jobs|opt-out", regex=True).fillna(False)
    frame = frame[~burst & ~ignored].merge(_persons_of(folder), on="source_key").drop(columns="source_key")
    frame["age"] = 20778 - _micros(frame.occurred_at) // 86_400_000_000
    frame = _ruled(frame[frame.age <= 365])
    for name, limit in (("web_visit", 20_000_000), ("email_open", 500_000), ("meeting", 120_000_000)):
        part = frame[frame.activity_type.eq(name)].sort_values(["occurred_at", "activity_id"])
        so_far = part.groupby(["person_id", "age"]).base.cumsum()
        frame.loc[part.index, "base"] = np.minimum(so_far, limit) - np.minimum(so_far - part.base, limit)
    weight = frame.base.astype("float64") * (frame.person_weight.fillna(1.0) * frame.account_weight.fillna(1.0))
    frame = frame[["person_id", "account_id", "factor", "age", "occurred_at"]]
    weighted = np.floor(weight + 0.5).astype("int64")
    age = frame.age
    frame = frame.assign(
        activities=1,
        contribution_micro=np.floor(weight * np.exp(-np.log(2.0) * age / 30.0) + 0.5).astype("int64"),
        engaged_micro=weighted.where(age <= 90, 0),
        recent_micro=weighted.where(age < 28, 0),
        previous_micro=weighted.where((age >= 28) & (age < 56), 0),
        surge_micro=weighted.where(age < 7, 0),
        baseline_micro=weighted.where((age >= 7) & (age < 35), 0),
        last_at=frame.occurred_at,
    ).rename(columns={"occurred_at": "first_at"})
    how = {"account_id": "first", **dict.fromkeys(SUMS, "sum"), "first_at": "min", "last_at": "max"}
    people = frame.groupby(["person_id", "factor"], observed=True).agg(how).reset_index()
    people = people.assign(as_of=NOW, agreement_version="bench")
    people.to_parquet(out / "person_engagement_factors.parquet")
    how = {"person_id": "nunique", **dict.fromkeys(SUMS, "sum"), "first_at": "min", "last_at": "max"}
    accounts = people.dropna(subset=["account_id"]).groupby(["account_id", "factor"], observed=True).agg(how).reset_index()
    accounts = accounts.rename(columns={"person_id": "people"}).assign(as_of=NOW, agreement_version="bench")
    accounts.to_parquet(out / "account_engagement_factors.parquet")


def _micros(moments: pd.Series) -> pd.Series:
    """Microseconds since 1970, whatever unit the column came in."""
    return moments.astype("int64") if str(moments.dtype).startswith("datetime64[us") else moments.astype("int64") // 1000


def _persons_of(folder: Path) -> pd.DataFrame:
    """People who are not our own, by record key, with their account and both weights."""

    def read(name: str, *columns: str) -> pd.DataFrame:
        return pd.read_parquet(folder / f"{name}.parquet", columns=list(columns))

    persons = read("person_records", "source_key", "person_id").merge(read("people", "person_id", "is_internal"), on="person_id")
    persons = persons.merge(read("person_accounts", "person_id", "account_id"), on="person_id", how="left")
    persons = persons.merge(read("account_tiers", "account_id", "account_weight"), on="account_id", how="left")
    persons = persons.merge(read("person_fits", "person_id", "person_weight"), on="person_id", how="left")
    return persons[~persons.is_internal].drop(columns="is_internal")


def _ruled(frame: pd.DataFrame) -> pd.DataFrame:
    """With `factor` and `base`, without activities that no rule fits."""
    kind, detail = frame.activity_type, frame.detail.str.lower()
    web, form, category = kind.eq("web_visit"), kind.eq("form_fill"), frame.category.str.lower()
    feature = web & detail.str.contains("/features|/product|/platform", regex=True).fillna(False)
    solution = web & detail.str.contains("/solutions|/customers|/case-stud", regex=True).fillna(False)
    pricing = web & detail.str.contains("/pricing|/price|/plans|/buy", regex=True).fillna(False)
    rules = [
        ("Pricing page", pricing, 0), ("Solution page", solution, 0), ("Feature page", feature, 0), ("Page visit", web, 0),
        ("E-mail opened", kind.eq("email_open"), 100_000), ("E-mail clicked", kind.eq("email_click"), 1_000_000),
        ("Link clicked", kind.eq("link_click"), 1_000_000), ("Hand raised", form & category.eq("hand_raise"), 40_000_000),
        ("Trial started", form & category.eq("trial"), 30_000_000), ("Content form", form & category.eq("content"), 8_000_000),
        ("Webinar attended", kind.eq("webinar_attended"), 30_000_000), ("Webinar registered", kind.eq("webinar_registered"), 5_000_000),
        ("Unsubscribed", kind.eq("email_unsubscribed"), -10_000_000), ("Campaign response", kind.eq("campaign_response"), 5_000_000),
        ("Inbound call", kind.eq("inbound_call"), 5_000_000), ("Inbound e-mail", kind.eq("inbound_email"), 3_000_000),
        ("Meeting", kind.eq("meeting"), 0), ("E-mail bounced", kind.eq("email_bounced"), -2_000_000),
    ]  # fmt: skip
    labels, tests, flat = zip(*rules, strict=True)
    base = np.select(tests, flat, default=0)
    base = base + np.where(web, 1_000_000 + feature * 2_000_000 + solution * 4_000_000 + pricing * 4_000_000, 0)
    base = base + np.where(kind.eq("meeting"), np.floor(1_000_000.0 * frame.minutes.fillna(0.0) + 0.5), 0).astype("int64")
    factor = pd.Categorical.from_codes(np.select(tests, range(len(labels)), default=-1), labels)
    frame = frame.drop(columns=["category", "detail", "minutes"]).assign(factor=factor, base=base)
    return frame.dropna(subset=["factor"])
