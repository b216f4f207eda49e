"""The roll-up as somebody who knows pandas would write it: one of the bench's two rivals.

Belongs here: the shipped agreement's rules, vectorised, columns dropped as soon as they are not needed. In SQL: `score_sql.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from alignment_pipeline_tests.benchmarks.score_data import NOW
from alignment_pipeline_tests.benchmarks.score_sql import SUMS

_DAY, _MINUTE = 86_400_000_000, 60_000_000
_STAMP = {"as_of": NOW, "agreement_version": "bench"}


def in_pandas(folder: Path, out: Path) -> None:
    """Scored activities, and the factors of people and of accounts."""
    wanted = [
        "activity_id", "source_key", "activity_type", "category", "detail", "is_bot", "is_automatic", "minutes", "occurred_at", "known_at",
    ]  # fmt: skip
    frame = pd.read_parquet(folder / "activities.parquet", columns=wanted)
    frame = frame[frame.known_at <= NOW]
    frame = (
        frame.assign(is_burst=_bursts(frame), is_repeat=_repeats(frame))
        .merge(_persons_of(folder), on="source_key", how="left")
        .drop(columns="source_key")
    )
    frame["age_days"] = 20778 - _micros(frame.occurred_at) // _DAY
    frame = _excluded(_ruled(frame))
    for name, limit in (("web_visit", 20_000_000), ("email_open", 500_000), ("meeting", 120_000_000)):
        part = frame[frame.activity_type.eq(name) & (frame.base_micro > 0)].sort_values(["occurred_at", "activity_id"])
        so_far = part.groupby(["person_id", "age_days"]).base_micro.cumsum()
        frame.loc[part.index, "base_micro"] = np.minimum(so_far, limit) - np.minimum(so_far - part.base_micro, limit)
    weighted = frame.base_micro.astype("float64") * (frame.person_weight.fillna(1.0) * frame.account_weight.fillna(1.0))
    left = np.where(frame.age_days.between(0, 365), np.exp(-np.log(2.0) * frame.age_days / 30.0), 0.0)
    frame = frame.drop(columns=["person_weight", "account_weight"]).assign(
        weighted_micro=np.floor(weighted + 0.5).astype("int64"), contribution_micro=np.floor(weighted * left + 0.5).astype("int64")
    )
    frame.assign(**_STAMP).to_parquet(out / "scored_activities.parquet", index=False)
    frame = frame[frame.exclusion.isna() & (frame.age_days <= 365)]
    _sums(frame[["person_id", "account_id", "factor", "age_days", "occurred_at", "weighted_micro", "contribution_micro"]], out)


def _sums(frame: pd.DataFrame, out: Path) -> None:
    """Factors of people, then of accounts."""
    age, weighted = frame.age_days, frame.weighted_micro
    frame = frame.assign(
        activities=1,
        engaged_micro=weighted.where(age <= 90, 0),
        recent_micro=weighted.where(age < 28, 0),
        previous_micro=weighted.where((age >= 28) & (age < 56), 0),
        surge_micro=weighted.where(age < 7, 0),
        baseline_micro=weighted.where((age >= 7) & (age < 35), 0),
        last_at=frame.occurred_at,
    ).rename(columns={"occurred_at": "first_at"})
    how = {"account_id": "first", **dict.fromkeys(SUMS, "sum"), "first_at": "min", "last_at": "max"}
    people = frame.groupby(["person_id", "factor"], observed=True).agg(how).reset_index().assign(**_STAMP)
    people.to_parquet(out / "person_engagement_factors.parquet", index=False)
    how = {"person_id": "nunique", **dict.fromkeys(SUMS, "sum"), "first_at": "min", "last_at": "max"}
    total = people.groupby("person_id", observed=True).contribution_micro.transform("sum")
    accounts = people[total >= 0].dropna(subset=["account_id"]).groupby(["account_id", "factor"], observed=True).agg(how).reset_index()
    accounts = accounts.rename(columns={"person_id": "people"}).assign(**_STAMP)
    accounts.to_parquet(out / "account_engagement_factors.parquet", index=False)


def _excluded(frame: pd.DataFrame) -> pd.DataFrame:
    """With `exclusion`, the first reason that holds; what is excluded has no factor and no points."""
    ignored = frame.detail.str.lower().str.contains("unsubscribe|/careers|/jobs|opt-out", regex=True).eq(True)
    reasons = {
        "not_yet": frame.occurred_at > NOW,
        "bot": frame.is_bot,
        "bot_burst": frame.is_burst,
        "automatic": frame.is_automatic,
        "unknown_person": frame.person_id.isna(),
        "internal": frame.is_internal.eq(True),
        "ignored_detail": ignored,
        "repeat": frame.is_repeat,
        "no_rule": frame.factor.isna(),
    }
    codes = np.select(list(reasons.values()), range(len(reasons)), default=-1)
    frame = frame.drop(columns=["is_bot", "is_burst", "is_repeat", "is_automatic", "is_internal"])
    return frame.assign(
        exclusion=pd.Categorical.from_codes(codes, list(reasons)),
        factor=frame.factor.where(codes == -1),
        base_micro=np.where(codes == -1, frame.base_micro, 0),
    )


def _bursts(frame: pd.DataFrame) -> pd.Series:
    """Clicks of one record of which five lie less than a minute apart, and the visits within five seconds of them."""
    kinds = frame.activity_type
    clicks = frame.loc[kinds.eq("email_click"), ["source_key", "activity_id"]].assign(u=_micros(frame.occurred_at))
    clicks = clicks.sort_values(["source_key", "u", "activity_id"])
    key = clicks.source_key
    starts = ((clicks.groupby("source_key").u.shift(-4) - clicks.u) < _MINUTE).astype("int8")
    fast = clicks[starts.groupby(key).rolling(5, min_periods=1).max().droplevel(0).eq(1)]
    is_new = ~((fast.u - fast.groupby("source_key").u.shift()) <= 10_000_000)
    spans = fast.assign(n=is_new.cumsum()).groupby(["source_key", "n"]).u.agg(["min", "max"]).reset_index()
    near = frame.loc[kinds.isin(["email_click", "web_visit", "link_click"]) & frame.source_key.isin(spans.source_key), ["source_key"]]
    near = near.assign(u=_micros(frame.occurred_at.loc[near.index]), slack=np.where(kinds.loc[near.index].eq("email_click"), 0, 5_000_000))
    pairs = near.reset_index().merge(spans, on="source_key")
    inside = pairs[(pairs.u >= pairs["min"] - pairs.slack) & (pairs.u <= pairs["max"] + pairs.slack)]
    return pd.Series(frame.index.isin(inside["index"]), index=frame.index)


def _repeats(frame: pd.DataFrame) -> pd.Series:
    """Forms that the same record sent a minute before."""
    forms = frame[frame.activity_type.eq("form_fill") & ~frame.is_bot & ~frame.is_automatic]
    forms = forms.assign(u=_micros(forms.occurred_at)).sort_values(["u", "activity_id"])
    gap = forms.u - forms.groupby(["source_key", "category", "detail"], dropna=False).u.shift()
    return pd.Series(frame.index.isin(gap[gap <= _MINUTE].index), index=frame.index)


def _micros(moments: pd.Series) -> pd.Series:
    """Microseconds since 1970, whatever unit the column came in."""
    return moments.astype("int64") if str(moments.dtype).startswith("datetime64[us") else moments.astype("int64") // 1000


def _persons_of(folder: Path) -> pd.DataFrame:
    """People by record key, with their account and both weights."""

    def read(name: str, *columns: str) -> pd.DataFrame:
        return pd.read_parquet(folder / f"{name}.parquet", columns=list(columns))

    persons = read("person_records", "source_key", "person_id").merge(read("people", "person_id", "is_internal"), on="person_id")
    persons = persons.merge(read("person_accounts", "person_id", "account_id"), on="person_id", how="left")
    persons = persons.merge(read("account_tiers", "account_id", "account_weight"), on="account_id", how="left")
    return persons.merge(read("person_fits", "person_id", "person_weight"), on="person_id", how="left")


def _ruled(frame: pd.DataFrame) -> pd.DataFrame:
    """With `factor` and `base_micro`; no factor where no rule fits."""
    kind, detail = frame.activity_type, frame.detail.str.lower()
    web, form, category = kind.eq("web_visit"), kind.eq("form_fill"), frame.category.str.lower()
    feature = web & detail.str.contains("/features|/product|/platform", regex=True).eq(True)
    solution = web & detail.str.contains("/solutions|/customers|/case-stud", regex=True).eq(True)
    pricing = web & detail.str.contains("/pricing|/price|/plans|/buy", regex=True).eq(True)
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
    return frame.drop(columns="minutes").assign(factor=factor, base_micro=base)
