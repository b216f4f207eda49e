"""Sixty random days against plain Python over the full list of events: sums to the hundredth, bridges, conversions."""

from __future__ import annotations

import math
import random
import statistics
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement.pipeline import ConversionStep, Pipeline, Target
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.pipeline_metrics import bridge, coverage, measures, pipeline_metrics, pipeline_movements, step_conversions
from alignment_pipeline_tests.pipeline_metrics import oracle, plan_oracle
from alignment_pipeline_tests.pipeline_metrics.factories import FISCAL, deals_at, life, parted, span, states

TODAY = date(2026, 12, 10)
NOW = datetime(2026, 12, 10, 23, 59, 59, tzinfo=UTC)
TERMS = Pipeline(
    scopes=["owner"], targets=[Target(period="2026Q4", amount=50_000.0)], min_n=1, cycle_days=90,
    steps=[ConversionStep(name="created_to_won", begins="created", reaches=["won"], within_days=90)],
)  # fmt: skip


@cache
def organisation(seed: int = 7, deals: int = 220) -> list[oracle.Event]:
    rng, events = random.Random(seed), []
    for number in range(deals):
        moment = datetime(2024, 10, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(790 * 86_400))
        stage, cents, owner = "open", rng.choice((None, rng.randrange(1, 9_999_999))), rng.choice(("ann", "bob", "cid"))
        close = moment.date() + timedelta(days=rng.randrange(5, 160))
        for place in range(rng.randrange(1, 8)):
            is_deleted = place > 0 and rng.random() < 0.03
            events.append(
                (f"{number:04}", moment, {"stage": stage, "cents": cents, "owner": owner, "close": close, "is_deleted": is_deleted})
            )
            if is_deleted:
                break
            moment += timedelta(seconds=rng.randrange(3_600, 60 * 86_400))
            kind = rng.random()
            if kind < 0.25:
                close += timedelta(days=rng.randrange(-40, 90))
            elif kind < 0.45:
                cents = rng.choice((None, rng.randrange(1, 9_999_999)))
            elif kind < 0.55:
                owner = rng.choice(("ann", "bob", "cid"))
            else:
                stage = rng.choice(("won", "lost", "open"))
                close = moment.date() if stage == "won" else close
    return events


@cache
def table() -> ibis.Table:
    lives: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for deal, moment, values in sorted(organisation(), key=lambda event: (event[0], event[1])):
        spans = lives[deal]
        one = span(deal, moment, close=values["close"], stage=values["stage"], owner_id=values["owner"], is_deleted=values["is_deleted"])
        one["amount_cents"] = values["cents"]
        was_closed = bool(spans) and spans[-1]["is_closed"]
        one["closed_at"] = None if not one["is_closed"] else spans[-1]["closed_at"] if was_closed else moment
        spans.append(one)
    return states(*[life(deal, *spans) for deal, spans in lives.items()])


def empty(name: str) -> ibis.Table:
    return ibis.memtable(CONTRACTS[name].empty())


def random_days(count: int, seed: int) -> list[date]:
    rng = random.Random(seed)
    return [date(2025, 1, 1) + timedelta(days=rng.randrange(700)) for _ in range(count)]


@pytest.mark.parametrize("day", random_days(30, 1), ids=str)
def test_bridges_of_random_days(day: date) -> None:
    rng = random.Random(day.toordinal())
    since, period = day - timedelta(days=rng.randrange(1, 80)), FISCAL.period_of(day)
    found = bridge.movements(
        deals_at(table(), since), deals_at(table(), day), since=since, period=period, dimensions=("owner",), fiscal=FISCAL,
        booking_date="close_date",
    )  # fmt: skip
    sums: dict[str, dict[str, int]] = defaultdict(dict)
    for row in found.group_by(["scope", "part"]).agg(cents=found.amount_cents.sum()).to_pyarrow().to_pylist():
        if row["cents"]:
            sums[row["scope"]][row["part"]] = row["cents"]
    days = oracle.Period(period.first, period.last)
    expected = {"all": oracle.bridge(organisation(), since, day, days)}
    expected |= {f"owner:{name}": oracle.bridge(organisation(), since, day, days, name) for name in ("ann", "bob", "cid")}
    assert {scope: parts for scope, parts in expected.items() if parts} == dict(sums)


@pytest.mark.parametrize("day", random_days(30, 2), ids=str)
def test_sums_of_random_days(day: date) -> None:
    period = FISCAL.period_of(day)
    (row,) = [
        row for row in measures.present(deals_at_all(), measures.Cut(period, day), fiscal=FISCAL, pipeline=TERMS) if row["scope"] == "all"
    ]
    expected = oracle.open_and_booked(organisation(), day, oracle.Period(period.first, period.last))
    assert expected == {
        "open_pipeline": row["in_set_cents"], "overdue_pipeline": row["is_overdue_cents"], "all_open_pipeline": row["is_open_cents"],
        "bookings": row["is_booked_cents"], "without_amount": row["in_set_without"],
    }  # fmt: skip


def deals_at_all() -> ibis.Table:

    return parted(table())


def metrics(day: date | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    given = [empty(name) for name in ("users", "accounts", "account_tiers")]
    stamp: dict[str, Any] = {"fiscal": FISCAL, "pipeline": TERMS, "as_of": NOW, "agreement_version": "v", "day": day}
    moved = ibis.memtable(pipeline_movements.pipeline_movements(table(), *given, **stamp).to_pyarrow())
    rows = pipeline_metrics.pipeline_metrics(table(), moved, *given, empty("currency_rates"), **stamp).to_pyarrow().to_pylist()
    return {(row["scope"], row["metric"]): row for row in rows}


def test_what_is_needed_is_measured_from_the_same_business_day_of_past_periods() -> None:
    found = metrics()
    number = FISCAL.period_of(TODAY).business_days(TODAY)
    past = [coverage.PastPeriod(*one) for one in oracle.past_periods(organisation(), TODAY, number, 8) if one[0]]
    expected = coverage.needed(
        past, target=5_000_000, bookings=found["all", "bookings"]["value"], open_=found["all", "open_pipeline"]["value"], min_periods=4,
        win_rate=None,
    )  # fmt: skip
    assert len(past) >= 4 and expected.basis == found["all", "coverage_needed"]["basis"]
    for metric, value in (("conversion_at_day", expected.conversion), ("later_bookings", expected.later), ("forecast", expected.forecast)):
        assert pytest.approx(value, rel=1e-12) == found["all", metric]["value"]


def test_every_number_says_what_it_is_made_of() -> None:
    found = metrics()
    assert {"all", "owner:ann", "owner:bob", "owner:cid"} == {scope for scope, _metric in found}
    assert all(row["definition"] and row["shown"] for row in found.values())
    parts = sum(found["all", f"bridge_{part}"]["value"] for part in (bridge.START, *bridge.PARTS))
    assert parts == found["all", "bridge_end"]["value"] == found["all", "open_pipeline"]["value"]
    assert sum(found[f"owner:{name}", "open_pipeline"]["value"] for name in ("ann", "bob", "cid")) == found["all", "open_pipeline"]["value"]


def test_every_number_that_is_measured_has_an_interval_around_it() -> None:
    found, early = metrics(), metrics(date(2026, 10, 8))
    measured = [found["all", metric] for metric in ("win_rate", "mean_won", "cycle", "velocity")]
    for row in [*measured, early["all", "conversion_at_day"], early["all", "forecast"]]:
        assert row["lower"] <= row["value"] <= row["upper"] and row["lower"] < row["upper"], row["metric"]
    won = plan_oracle.deals(organisation(), TODAY, plan_oracle.Terms(target=5_000_000, cycle_days=TERMS.cycle_days, min_n=1))
    mean, half = statistics.fmean(won.amounts), 1.96 * statistics.stdev(won.amounts) / math.sqrt(len(won.amounts))
    around = [found["all", "mean_won"][name] for name in ("lower", "value", "upper")]
    assert pytest.approx([mean - half, mean, mean + half], rel=1e-4) == around
    cycle = found["all", "cycle"]
    assert pytest.approx(statistics.median(won.lags)) == cycle["value"]
    # the ends are two of the cases, as far from the middle as 1.96 standard deviations of a fair coin
    ranks = [sum(lag < cycle[name] - 1e-9 for lag in won.lags) for name in ("lower", "upper")]
    middle, away = len(won.lags) / 2, 0.98 * math.sqrt(len(won.lags))
    assert pytest.approx([middle - away, middle + away], abs=1.5) == ranks


def test_an_organisation_without_deals_has_its_numbers_too() -> None:
    nothing = states()
    given = [empty(name) for name in ("users", "accounts", "account_tiers", "currency_rates")]
    stamp: dict[str, Any] = {"fiscal": FISCAL, "pipeline": TERMS, "as_of": NOW, "agreement_version": "v"}
    rows = pipeline_metrics.pipeline_metrics(nothing, empty("pipeline_movements"), *given, **stamp).to_pyarrow().to_pylist()
    assert {"open_pipeline": 0.0, "coverage": 0.0, "velocity": None} == {
        row["metric"]: row["value"] for row in rows if row["metric"] in ("open_pipeline", "coverage", "velocity")
    }


@pytest.mark.parametrize("day", [date(2025, 9, 1), date(2026, 3, 3), TODAY])
def test_conversions_of_past_days(day: date) -> None:
    given = [empty(name) for name in ("person_stage_changes", "account_stage_changes", "users", "accounts", "account_tiers")]
    made = step_conversions.step_conversions(table(), *given, fiscal=FISCAL, pipeline=TERMS, as_of=NOW, agreement_version="v", day=day)
    found = {row["reading"]: row for row in made.to_pyarrow().to_pylist() if row["scope"] == "all"}
    until = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    waits, quarter = oracle.waits(organisation(), until), FISCAL.period_of(day)
    old = [one for one in waits if one[2] >= 90]
    assert pytest.approx(sum(one[1] == 1 and one[0] <= 90 for one in old) / len(old), abs=1e-9) == found["cohort"]["value"]
    assert pytest.approx(oracle.incidence(waits, 90), abs=1e-9) == found["incidence"]["value"]
    entries = [one for one in waits if quarter.first <= (until - timedelta(days=one[2])).date() <= quarter.last]
    assert len(entries) == found["flow"]["denominator"]
