"""The plan in plain Python over a list of events: written from docs/pipeline.md alone, nothing of the package in it.

Draws are this module's own, so that percentiles and chances agree as far as draws do. Amounts are in hundredths.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from scipy import stats

from alignment_pipeline_tests.pipeline_metrics import oracle
from alignment_pipeline_tests.pipeline_metrics.oracle import Event

DRAWS = 4_000
Stay = tuple[str, datetime, datetime | None]
"""Account, entered, left otherwise."""


@dataclass(frozen=True)
class Terms:
    """What the agreement says."""

    target: int
    cycle_days: int = 180
    min_n: int = 20
    shrink_n: float = 20
    share: float = 0.4
    mqa_days: int = 90
    engaged_per_mqa: float = 3
    reps: int = 0
    mqas_per_rep_and_week: float = 5


@dataclass(frozen=True)
class Deals:
    """What the deals of one scope say on a day: sums, won of created, and of those won in time their amounts and days."""

    booked: int
    open: int
    conversion: float | None
    won: int
    created: int
    amounts: list[int]
    lags: list[float]


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def deals(events: list[Event], day: date, terms: Terms) -> Deals:
    period = oracle.quarter(day)
    sums = oracle.open_and_booked(events, day, period)
    working = sum((period.first + timedelta(days=n)).weekday() < 5 for n in range((day - period.first).days + 1))
    until = end_of(day) - timedelta(days=terms.cycle_days)
    won, created, amounts, lags = 0, 0, [], []
    for deal, values in oracle.state(events, day).items():
        if not until - timedelta(days=365) <= values["created"] < until:
            continue
        created += 1
        if values["stage"] != "won":
            continue
        lag = (oracle.closing(events, deal, day) - values["created"]) / timedelta(days=1)
        if lag <= terms.cycle_days:
            won += 1
            lags.append(lag)
            amounts += [values["cents"]] if values["cents"] is not None else []
    past = [one for one in oracle.past_periods(events, day, working, 8) if one[0]]
    conversion = sum(one[1] for one in past) / sum(one[0] for one in past) if len(past) >= 4 else None
    if conversion is None and created >= terms.min_n:
        conversion = won / created
    return Deals(sums["bookings"], sums["open_pipeline"], conversion, won, created, amounts, sorted(lags))


def in_time(lags: Sequence[float], day: date) -> float:
    """Of deals created evenly over the business days left, the share whose lag ends by the period's last day."""
    last = oracle.quarter(day).last
    left = [(last - one).days for one in (day + timedelta(days=n + 1) for n in range((last - day).days)) if one.weekday() < 5]
    return statistics.fmean(sum(lag <= days for lag in lags) / len(lags) for days in left) if left else 0.0


def start_by(day: date, *lags: Sequence[float]) -> date | None:
    """The period's end less the days in which four of five are over."""
    if not all(lags):
        return None
    days = sum(sorted(one)[math.ceil(0.8 * len(one) - 1e-9) - 1] for one in lags)
    return oracle.quarter(day).last - timedelta(days=math.ceil(days))


def waits(stays: list[Stay], events: list[Event], day: date) -> list[tuple[float, int, float]]:
    """From entering to a deal of the account: days, how it ended (1 a deal, 2 left otherwise, 0 still there), days since entering."""
    until = end_of(day)
    begun: dict[str, list[datetime]] = {}
    for deal in {event[0] for event in events}:
        own = sorted((event for event in events if event[0] == deal), key=lambda event: event[1])
        if own[0][1] <= until and own[0][2]["account"]:
            begun.setdefault(own[0][2]["account"], []).append(own[0][1])
    found = []
    for account, entered, left in stays:
        if entered > until:
            continue
        ends = [(moment, 1) for moment in begun.get(account, ()) if moment >= entered]
        ends += [(left, 2)] if left is not None and left <= until else []
        moment, ending = min(ends) if ends else (until, 0)
        found.append(((moment - entered) / timedelta(days=1), ending, (until - entered) / timedelta(days=1)))
    return found


@dataclass(frozen=True)
class Tornado:
    """Way of varying, rate: its lower and its higher value; and the deals needed when one rate is another."""

    ends: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    asked: Callable[..., float | None] = lambda **_other: None


def plan(
    events: list[Event], whole: list[Event], stays: dict[str, list[Stay]], marginal: float | None, day: date, terms: Terms
) -> tuple[dict[str, dict[str, Any]], Tornado]:
    """Lines by name, and the tornado: each rate at 0.9 and 1.1 of it, and at the ends of its own interval. `events` are the scope's."""
    own, parent = deals(events, day, terms), deals(whole, day, terms)
    is_whole = events is whole
    conversion = own.conversion if own.conversion is not None else parent.conversion
    need = terms.target - own.booked - own.open * (conversion or 0.0)
    lines: dict[str, dict[str, Any]] = {"bookings": {"needed": terms.target / 100, "to_create": max(0.0, need) / 100, "rate": conversion}}
    if (parent.created if is_whole else max(own.created, parent.created)) < terms.min_n:
        return lines | {"deals": {"state": "cannot be planned"}}, Tornado()
    weight = 0.0 if is_whole or not parent.created else terms.shrink_n
    hits, cases = own.won + weight * (parent.won / parent.created if parent.created else 0.0), own.created + weight
    amounts = own.amounts if len(own.amounts) >= terms.min_n else parent.amounts
    lags = own.lags if len(own.lags) >= terms.min_n else parent.lags
    rates = {"amount": statistics.fmean(amounts), "win_rate": hits / cases, "in_time": in_time(lags, day)}

    def asked(**other: float) -> float | None:
        worth = math.prod((rates | other).values())
        return 0.0 if need <= 0 else need / worth if worth > 0 else None

    needed = asked()
    if needed is None:
        return lines | {"deals": {"needed": None, "state": "not reachable by this path"}}, Tornado()
    count = math.ceil(needed - 1e-9)
    lines["deals"] = {"needed": needed, "to_create": count, "rate": hits / cases, "start_by_on": start_by(day, lags)}
    lines["deals"] |= drawn(hits, cases, amounts, lags, day, need, count)
    part = count * terms.share
    lines["marketing_deals"] = {"needed": part, "to_create": math.ceil(part - 1e-9), "start_by_on": start_by(day, lags)}
    for line, listed in stays.items():
        waited = waits(listed, whole, day)
        if waited or line == "mqas":
            lines |= accounts(line, waited, part, lags, is_whole, day, terms)
    if marginal is not None:
        lines["contacts"] = {"needed": part / marginal, "to_create": math.ceil(part / marginal - 1e-9)}
    ways = {
        "ten_percent": {name: (0.9 * value, 1.1 * value) for name, value in rates.items()},
        "interval": intervals(hits, cases, amounts, lags, day),
    }
    return lines, Tornado(ways, asked)


def intervals(hits: float, cases: float, amounts: Sequence[int], lags: Sequence[float], day: date) -> dict[str, tuple[float, float]]:
    """The middle 95 % of what each rate may be: exact for the mean amount (normal) and the win rate (Beta), resampled for the lags."""
    mean, spread = statistics.fmean(amounts), statistics.stdev(amounts) / math.sqrt(len(amounts))
    rng = random.Random(2)
    times = sorted(in_time(rng.choices(lags, k=len(lags)), day) for _draw in range(400))
    normal, beta = stats.norm(mean, spread), stats.beta(hits + 0.5, cases - hits + 0.5)
    return {
        "amount": (max(normal.ppf(0.025), 1.0), normal.ppf(0.975)),
        "win_rate": (beta.ppf(0.025), beta.ppf(0.975)),
        "in_time": (times[10], times[-11]),
    }


def accounts(
    line: str, waited: list[tuple[float, int, float]], part: float, lags: Sequence[float], is_whole: bool, day: date, terms: Terms
) -> dict[str, dict[str, Any]]:
    """A line of accounts; after MQAs also people and capacity."""
    rate, there = oracle.incidence(waited, terms.mqa_days), sum(ending == 0 for _days, ending, _age in waited)
    if len(waited) < terms.min_n or not rate:
        return {line: {"state": "cannot be planned" if len(waited) < terms.min_n else "not reachable by this path"}}
    needed, in_hand = part / rate, there if is_whole else 0
    create = max(0.0, needed - in_hand)
    ahead = sorted(days for days, ending, _age in waited if ending == 1 and days <= terms.mqa_days)
    begin = start_by(day, lags, ahead)
    lines = {line: {"needed": needed, "in_hand": in_hand, "to_create": math.ceil(create - 1e-9), "rate": rate, "start_by_on": begin}}
    if line == "mqas":
        people = create * terms.engaged_per_mqa
        lines["engaged_people"] = {"needed": people, "to_create": math.ceil(people - 1e-9)}
        last = oracle.quarter(day).last
        weeks = sum((day + timedelta(days=n + 1)).weekday() < 5 for n in range((last - day).days)) / 5
        if terms.reps and weeks:
            limit = terms.reps * terms.mqas_per_rep_and_week
            lines["capacity"] = {"needed": needed / weeks, "in_hand": limit, "to_create": max(0.0, needed / weeks - limit)}
    return lines


def drawn(hits: float, cases: float, amounts: Sequence[int], lags: Sequence[float], day: date, need: float, count: int) -> dict[str, Any]:
    """P10, P50, P90, the chance to meet the target with that many deals, and the win rate's interval, from draws of its own."""
    rng = random.Random(1)
    mean, spread = statistics.fmean(amounts), statistics.stdev(amounts) / math.sqrt(len(amounts))
    times = [in_time(rng.choices(lags, k=len(lags)), day) for _draw in range(400)]
    wins = [rng.betavariate(hits + 0.5, cases - hits + 0.5) for _draw in range(DRAWS)]
    worth = [rng.gauss(mean, spread) * win * rng.choice(times) for win in wins]
    asked = sorted(max(need, 0.0) / max(one, 1e-9) for one in worth)
    wins.sort()
    return {
        "p10": asked[DRAWS // 10], "p50": asked[DRAWS // 2], "p90": asked[9 * DRAWS // 10],
        "chance": sum(one * count >= need for one in worth) / DRAWS, "lower": wins[DRAWS // 40], "upper": wins[-DRAWS // 40],
    }  # fmt: skip
