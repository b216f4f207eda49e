"""What scores should be, in plain Python loops that share no code with the rules.

Belongs here: one reading of the agreement, written twice on purpose. If this and the rules differ, one of them is wrong.
"""

from __future__ import annotations

import fnmatch
import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline_tests.scoring.organisations import Organisation

Row = dict[str, Any]


def fits(text: str | None, patterns: list[str]) -> bool:
    """Whether a glob pattern matches, case ignored; [ and ? are letters."""
    if text is None:
        return False
    quoted = [p.lower().replace("[", "\0").replace("?", "[?]").replace("\0", "[[]") for p in patterns]
    return any(fnmatch.fnmatchcase(text.lower(), pattern) for pattern in quoted)


def half_up(number: float) -> int:
    return math.floor(number + 0.5)


def age(moment: datetime, as_of: datetime) -> int:
    return (as_of.astimezone(UTC).date() - moment.astimezone(UTC).date()).days


def rule_points(activity: Row, scoring: Scoring) -> tuple[int, str | None]:
    """Micro-points and the label of the last rule that fits."""
    total, label = 0, None
    for rule in scoring.engagement.rules:
        if rule.type != activity["activity_type"]:
            continue
        if rule.categories and not fits(activity.get("category"), rule.categories):
            continue
        if rule.details and not fits(activity.get("detail"), rule.details):
            continue
        if rule.not_details and fits(activity.get("detail"), rule.not_details):
            continue
        if rule.programs and not fits(activity.get("program"), rule.programs):
            continue
        points = round(rule.points * 1_000_000)
        total += half_up(points * (activity.get("minutes") or 0.0)) if rule.per_minute else points
        label = rule.label
    return total, label


def share_left(scoring: Scoring, days: int) -> float:
    decay = scoring.engagement.decay
    if days < 0 or days > decay.horizon_days:
        return 0.0
    if decay.form == "half_life":
        return math.exp(-math.log(2.0) * days / decay.half_life_days)
    if decay.form == "steps":
        return max(0.0, 1.0 - decay.step_pct / 100.0 * (days // decay.step_days))
    return 1.0


def in_bursts(known: list[Row], scoring: Scoring) -> set[str]:
    """Ids of clicks that lie less than a minute from enough others, and of what happened beside them."""
    rules = scoring.exclusions
    slack = timedelta(seconds=rules.click_effect_seconds)
    of_record: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(known, key=lambda r: (r["occurred_at"], r["activity_id"])):
        of_record[row["source_key"]].append(row)
    found: set[str] = set()
    for rows in of_record.values():
        clicks = [row["occurred_at"] for row in rows if row["activity_type"] in rules.click_types]
        fast: list[datetime] = []
        for first in range(len(clicks) - rules.clicks_per_minute + 1 if rules.clicks_per_minute else 0):
            some = clicks[first : first + rules.clicks_per_minute]
            fast += some if some[-1] - some[0] < timedelta(minutes=1) else []
        spans: list[list[datetime]] = []
        for at in sorted(fast):
            if spans and at - spans[-1][1] <= 2 * slack:
                spans[-1][1] = at
            else:
                spans.append([at, at])
        for row in rows:
            is_click = row["activity_type"] in rules.click_types
            beside = timedelta() if is_click else slack
            may = is_click or row["activity_type"] in rules.click_effect_types
            if may and any(begin - beside <= row["occurred_at"] <= end + beside for begin, end in spans):
                found.add(row["activity_id"])
    return found


def repeats(known: list[Row], scoring: Scoring) -> set[str]:
    """Ids of forms that were sent by the same record seconds before."""
    rules, last, found = scoring.exclusions, {}, set()
    for row in sorted(known, key=lambda r: (r["occurred_at"], r["activity_id"])):
        if row["activity_type"] not in rules.repeat_types or row.get("is_bot") or row.get("is_automatic") or not rules.repeat_seconds:
            continue
        key = (row["source_key"], row["activity_type"], row.get("category"), row.get("detail"))
        if key in last and row["occurred_at"] - last[key] <= timedelta(seconds=rules.repeat_seconds):
            found.add(row["activity_id"])
        last[key] = row["occurred_at"]
    return found


def scored(
    made: Organisation, scoring: Scoring, as_of: datetime, weights: dict[str, float], account_weights: dict[str, float]
) -> list[Row]:
    """Every known activity with points, weights, contribution, or its exclusion. `weights` are people's by their title."""
    person_of = {row["source_key"]: row["person_id"] for row in made.person_records}
    people = {row["person_id"]: row for row in made.people}
    now = {row["person_id"]: row["account_id"] for row in made.person_accounts}
    column = {"parent": "parent_account_id", "ultimate": "ultimate_account_id"}.get(scoring.engagement.roll_up.hierarchy)
    above = {row["account_id"]: row.get(column) for row in made.accounts} if column else {}
    known = [row for row in made.activities if row["known_at"] <= as_of]
    machine, repeated = in_bursts(known, scoring), repeats(known, scoring)
    found = []
    for row in sorted(known, key=lambda r: (r["occurred_at"], r["activity_id"])):
        person_id = person_of.get(row["source_key"])
        account_id = account_at(made, person_id, row["occurred_at"], now.get(person_id or ""))
        account_id = above.get(account_id) or account_id
        points, label = rule_points(row, scoring)
        exclusion = None
        if row["occurred_at"] > as_of:
            exclusion = "not_yet"
        elif row.get("is_bot"):
            exclusion = "bot"
        elif row["activity_id"] in machine:
            exclusion = "bot_burst"
        elif row.get("is_automatic"):
            exclusion = "automatic"
        elif person_id is None:
            exclusion = "unknown_person"
        elif people[person_id].get("is_internal"):
            exclusion = "internal"
        elif people[person_id].get("is_opted_out") and not scoring.exclusions.is_opted_out_scored:
            exclusion = "opted_out"
        elif fits(row.get("detail"), scoring.exclusions.ignored_details):
            exclusion = "ignored_detail"
        elif row["activity_id"] in repeated:
            exclusion = "repeat"
        elif label is None:
            exclusion = "no_rule"
        found.append(
            {
                **row,
                "person_id": person_id,
                "account_id": account_id,
                "exclusion": exclusion,
                "factor": None if exclusion else label,
                "base": 0 if exclusion else points,
                "age": age(row["occurred_at"], as_of),
            }
        )
    for cap in scoring.engagement.caps:
        room: dict[tuple[Any, ...], int] = defaultdict(lambda: round(cap.points * 1_000_000))  # noqa: B023
        for row in found:
            if row["activity_type"] != cap.type or row["base"] <= 0:
                continue
            bucket = row["age"] if cap.per == "day" else row.get("detail") or ""
            key = (row["person_id"], bucket)
            row["base"] = min(row["base"], room[key])
            room[key] -= row["base"]
    for row in found:
        untiered = scoring.engagement.account_weights.get("untiered", 1.0)
        weighted = row["base"] * (weights.get(row["person_id"] or "", 1.0) * account_weights.get(row["account_id"] or "", untiered))
        row["weighted"] = half_up(weighted)
        row["contribution"] = half_up(weighted * share_left(scoring, row["age"]))
    return found


def account_at(made: Organisation, person_id: str | None, moment: datetime, now: str | None) -> str | None:
    """The account somebody was on at a moment."""
    for row in made.person_account_periods:
        if row["person_id"] == person_id and row["from_at"] <= moment and (row["until_at"] is None or moment < row["until_at"]):
            found: str | None = row["account_id"]
            return found
    return now


def account_sums(found: list[Row], scoring: Scoring, name: str) -> dict[str, dict[str, int]]:
    """Sums of what counts, per account and person."""
    sums: dict[str, dict[str, int]] = {}
    for row in found:
        if row["exclusion"] or row["account_id"] is None or row["age"] > scoring.engagement.decay.horizon_days:
            continue
        mine = sums.setdefault(row["account_id"], {})
        is_in = name != "engaged" or row["age"] <= scoring.engagement.roll_up.engaged_days
        mine[row["person_id"]] = mine.get(row["person_id"], 0) + (row["weighted" if name == "engaged" else name] if is_in else 0)
    return sums


def person_factors(found: list[Row], scoring: Scoring) -> dict[tuple[str, str], Row]:
    """Sums per person and factor."""
    sums: dict[tuple[str, str], Row] = {}
    trend = scoring.engagement.trend
    for row in found:
        if row["exclusion"] or row["age"] > scoring.engagement.decay.horizon_days:
            continue
        one = sums.setdefault((row["person_id"], row["factor"]), defaultdict(int))
        one["activities"] += 1
        one["contribution_micro"] += row["contribution"]
        days = row["age"]
        one["engaged_micro"] += row["weighted"] if days <= scoring.engagement.roll_up.engaged_days else 0
        one["recent_micro"] += row["weighted"] if days < trend.recent_days else 0
        one["previous_micro"] += row["weighted"] if trend.recent_days <= days < 2 * trend.recent_days else 0
        one["surge_micro"] += row["weighted"] if days < trend.surge_days else 0
        one["baseline_micro"] += row["weighted"] if trend.surge_days <= days < trend.surge_days + trend.surge_baseline_days else 0
        one["last_at"] = max(one["last_at"] or row["occurred_at"], row["occurred_at"])
        one["first_at"] = min(one["first_at"] or row["occurred_at"], row["occurred_at"])
    return sums


def fit(row: Row, criteria: list[Any], at_least_pct: float) -> Row:
    """Points of known values, points possible, score, gaps."""
    earned = possible = everything = 0
    gaps = []
    for criterion in criteria:
        most = max([0, round(criterion.otherwise * 1_000_000)] + [round(band.points * 1_000_000) for band in criterion.bands])
        everything += most
        value = row.get(criterion.field)
        if value is None or value == "":
            gaps.append(criterion.name)
            continue
        possible += most
        points = criterion.otherwise
        for band in criterion.bands:
            if isinstance(value, bool):
                hit = fits("true" if value else "false", band.values)
            elif isinstance(value, int | float):
                hit = (band.at_least is None or value >= band.at_least) and (band.below is None or value < band.below)
            else:
                hit = fits(value, band.values)
            if hit:
                points = band.points
                break
        earned += round(points * 1_000_000)
    is_scored = possible > 0 and everything > 0 and possible * 100.0 / everything >= at_least_pct
    score = min(100.0, max(0.0, earned * 100.0 / possible)) if is_scored else None
    return {"fit_micro": earned, "fit_possible_micro": possible, "fit_score": score, "gaps": gaps}
