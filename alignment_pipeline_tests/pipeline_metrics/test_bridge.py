"""The bridge: each deal on one path, so that start and parts are the end."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import ibis
import pytest

from alignment_pipeline.pipeline_metrics import bridge
from alignment_pipeline_tests.pipeline_metrics.factories import FISCAL, Q4, at, deals_at, life, span, states

D0, D1 = date(2026, 10, 31), date(2026, 11, 30)
OUT = date(2027, 2, 1)


def moved(table: ibis.Table, *, since: date = D0, until: date = D1, by: str = "close_date") -> dict[str, dict[str, int]]:
    """Scope -> part -> sum in thousands."""
    found = bridge.movements(
        deals_at(table, since), deals_at(table, until), since=since, period=Q4, dimensions=("team",), fiscal=FISCAL, booking_date=by
    )
    sums: dict[str, dict[str, int]] = defaultdict(dict)
    for row in found.group_by(["scope", "part"]).agg(cents=found.amount_cents.sum()).to_pyarrow().to_pylist():
        sums[row["scope"]][row["part"]] = row["cents"] / 100_000
    return sums


def test_the_worked_example() -> None:
    early, mid = at(9, 1), at(11, 10)
    table = states(
        life("A", span("A", early, amount=100), span("A", mid, amount=130)),
        life("B", span("B", early, amount=200), span("B", mid, amount=180, stage="won")),
        life("C", span("C", early, amount=150), span("C", mid, amount=150, close=OUT)),
        life("D", span("D", early, amount=80, close=OUT), span("D", mid, amount=90)),
        life("E", span("E", early, amount=60), span("E", mid, amount=60, stage="lost")),
        life("F", span("F", mid, amount=70)),
        life("G", span("G", mid, amount=40), span("G", at(11, 20), amount=40, stage="won")),
        life("H", span("H", early, amount=50, stage="lost"), span("H", mid, amount=50)),
        life("I", span("I", early, amount=30), span("I", mid, amount=30, is_deleted=True)),
    )
    expected = {
        "start": 540, "new": 110, "pulled_in": 90, "reopened": 50, "increased": 30, "decreased": -20, "won": -220, "lost": -60,
        "pushed_out": -150, "deleted": -30, "end": 340,
    }  # fmt: skip
    assert expected == moved(table)["all"]


def test_a_deal_that_left_the_period_before_it_was_lost_was_pushed_out() -> None:
    table = states(life("A", span("A", at(9, 1)), span("A", at(11, 1), close=OUT), span("A", at(11, 9), close=OUT, stage="lost")))
    assert {"start": 100, "pushed_out": -100} == moved(table)["all"]


@pytest.mark.parametrize(("stage", "closing"), [("open", {"end": 120}), ("won", {"won": -120}), ("lost", {"lost": -120})])
def test_a_deal_that_changed_teams_leaves_one_and_enters_the_other(stage: str, closing: dict[str, int]) -> None:
    table = states(life("A", span("A", at(9, 1), owner_id="ann"), span("A", at(11, 1), amount=120, owner_id="bob", stage=stage)))
    found = moved(table)
    assert {"start": 100, "transferred_out": -100} == found["team:ann"]
    assert {"transferred_in": 120, **closing} == found["team:bob"]
    assert {"start": 100, "increased": 20, **closing} == found["all"]


def test_only_the_states_on_the_two_days_count() -> None:
    again = life("A", span("A", at(9, 1), stage="lost"), span("A", at(11, 5)), span("A", at(11, 9), stage="lost"))
    edited = life("B", span("B", at(9, 1), stage="won", close=OUT), span("B", at(11, 5), stage="won"))
    assert {} == moved(states(again, edited))


def test_a_lost_deal_that_is_won_now_was_reopened() -> None:
    table = states(life("A", span("A", at(9, 1), stage="lost"), span("A", at(11, 5), amount=70, stage="won")))
    assert {"reopened": 70, "won": -70} == moved(table)["all"]


def test_a_deal_without_amount_moves_nothing_and_is_there() -> None:
    table = states(life("A", span("A", at(9, 1), amount=None)))
    found = bridge.movements(
        deals_at(table, D0), deals_at(table, D1), since=D0, period=Q4, dimensions=(), fiscal=FISCAL, booking_date="close_date"
    )
    assert [("end", 0, False), ("start", 0, False)] == sorted(
        (row["part"], row["amount_cents"], row["has_amount"]) for row in found.to_pyarrow().to_pylist()
    )


def test_when_bookings_go_by_the_stage_a_deal_won_in_the_period_is_won_whatever_its_close_date() -> None:
    table = states(life("A", span("A", at(9, 1)), span("A", at(11, 1), close=OUT, stage="won")))
    assert {"start": 100, "won": -100} == moved(table, by="closed_at")["all"]
    assert {"start": 100, "pushed_out": -100} == moved(table)["all"]


def random_lives(seed: int, deals: int = 60) -> list[dict[str, Any]]:
    rng, rows = random.Random(seed), []
    for number in range(deals):
        moment, spans, last = at(8, 1) + timedelta(days=rng.randrange(90)), [], None
        for _ in range(rng.randrange(1, 6)):
            stage = rng.choices(("open", "won", "lost"), (6, 1, 1))[0]
            close = rng.choice((date(2026, 10, 9), Q4.last, OUT))
            amount = rng.choice((None, 10, 20.01, 30))
            last = span(
                "", moment, amount=amount, stage=stage, close=close, owner_id=rng.choice(("ann", "bob")), is_deleted=rng.random() < 0.08
            )
            spans.append(last)
            moment += timedelta(days=rng.uniform(0.5, 40))
        rows += life(f"{number:03}", *spans)
    return rows


@pytest.mark.parametrize("seed", range(8))
def test_parts_sum_and_bridges_chain(seed: int) -> None:
    table = states(random_lives(seed))
    middle = date(2026, 11, 12)
    first, second, whole = moved(table, until=middle), moved(table, since=middle), moved(table)
    for scope in ("all", "team:ann", "team:bob"):
        for one in (first, second, whole):
            parts = sum(cents for part, cents in one[scope].items() if part != "end")
            assert one[scope].get("end", 0) == pytest.approx(parts, abs=1e-9)
        assert first[scope].get("end", 0) == second[scope].get("start", 0)
        assert whole[scope].get("end", 0) == second[scope].get("end", 0)
    teams = sum(whole[f"team:{name}"].get("end", 0) for name in ("ann", "bob"))
    assert whole["all"].get("end", 0) == pytest.approx(teams)
