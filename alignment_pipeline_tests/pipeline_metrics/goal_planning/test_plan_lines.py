"""Lines of a plan: what follows from a target, what cannot be planned, what is too late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pytest

from alignment_pipeline.agreement.pipeline import ConversionStep, Pipeline, Planner, Target
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.pipeline_metrics import pipeline_metrics
from alignment_pipeline.pipeline_metrics.goal_planning import plan_lines
from alignment_pipeline_tests.pipeline_metrics.factories import FISCAL, life, span, states
from alignment_pipeline_tests.staging.factories import staged

DAY, NOW = date(2026, 10, 5), datetime(2026, 10, 5, 23, tzinfo=UTC)
YES = {"min_n": 10, "cycle_days": 60, "scopes": []}


def plan(
    won: int,
    lost: int,
    *,
    target: float = 1_000_000,
    lag: int = 30,
    slow: int = 0,
    reps: int = 0,
    mqas: int = 0,
    sqas: int = 0,
    today: date = DAY,
) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """A year of deals of 20,000 each, won after `lag` days, every second `slow` days later; 30 of `mqas` MQAs became deals."""
    lives = []
    for number in range(won + lost):
        created = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=number % 120)
        closed, stage = created + timedelta(days=lag + slow * (number % 2)), "won" if number < won else "lost"
        name = f"{number:04}"
        lives += life(
            name,
            span(name, created, amount=20, close=closed.date(), account_id=name),
            span(name, closed, amount=20, close=closed.date(), stage=stage, account_id=name),
        )
    steps = [ConversionStep(name="mqa_to_sqa", subject="account", begins="MQA", reaches=["SQA", "Opportunity", "Customer"])]
    terms = Pipeline(steps=steps, targets=[Target(period="2026Q4", amount=target)], planner=Planner(reps=reps, draws=2_000), **YES)
    given = [ibis.memtable(CONTRACTS[name].empty()) for name in ("users", "accounts", "account_tiers")]
    as_of = max(NOW, FISCAL.end_of(today))
    stamp: dict[str, Any] = {
        "fiscal": FISCAL,
        "pipeline": terms,
        "as_of": as_of,
        "agreement_version": "v",
        "day": today,
    }
    movements, rates = (ibis.memtable(CONTRACTS[name].empty()) for name in ("pipeline_movements", "currency_rates"))
    metrics = ibis.memtable(pipeline_metrics.pipeline_metrics(states(lives), movements, *given, rates, **stamp).to_pyarrow())
    begun = [datetime(2026, 1, 20, tzinfo=UTC) if number < 30 else datetime(2026, 3, 1, tzinfo=UTC) for number in range(mqas)]
    schema = CONTRACTS["account_mqa_changes"].schema
    rows = [
        {
            "account_id": f"{n:04}" if n < 30 else f"x{n}",
            "sequence": 1,
            "entered_at": at,
            "left_at": None if n < 30 else at + timedelta(days=200),
        }
        for n, at in enumerate(begun)
    ]
    columns = ["account_id", "sequence", "entered_at", "left_at"]
    changes = ibis.memtable(
        rows, schema={"account_id": "string", "sequence": "int64", "entered_at": "timestamp('UTC')", "left_at": "timestamp('UTC')"}
    )
    assert set(columns) <= set(schema.names)
    yields = ibis.memtable(CONTRACTS["contact_yields"].empty())
    stages = ibis.memtable(CONTRACTS["account_stage_changes"].empty()) if not sqas else staged("account_stage_changes", accepted(sqas))
    lines, bars = plan_lines.plan_tables(states(lives), metrics, changes, stages, yields, *given, **stamp)
    return {row["line"]: row for row in lines.to_pyarrow().to_pylist()}, bars.to_pyarrow().to_pylist()


def accepted(number: int) -> list[dict[str, Any]]:
    """Accounts that sales accepted in January: the first thirty went on to a deal, half of the others were recycled."""
    at = datetime(2026, 1, 20, tzinfo=UTC)
    rows = []
    for n in range(number):
        account, over = (f"{n:04}", at + timedelta(days=5)) if n < 30 else (f"x{n}", at + timedelta(days=40) if n % 2 else None)
        rows.append({"account_id": account, "sequence": 1, "stage": "SQA", "entered_at": at, "left_at": over})
        if over is not None:
            rows.append({"account_id": account, "sequence": 2, "stage": "Opportunity" if n < 30 else "Recycled", "entered_at": over})
    return rows


def test_accounts_that_sales_accepts_are_a_line_of_their_own() -> None:
    lines, _bars = plan(30, 90, sqas=60)
    deals, accounts = lines["marketing_deals"], lines["sqas"]

    # leaving the stage for a deal is no other exit: thirty of sixty, in plain counting, since nobody is censored before 90 days
    assert (0.5, 60) == (pytest.approx(accounts["rate"]), accounts["n"])
    # of the other thirty fifteen were recycled, fifteen are still there
    assert (pytest.approx(deals["needed"] / 0.5), 15.0) == (accounts["needed"], accounts["in_hand"])
    assert "sqas" not in plan(30, 90)[0]


def in_time(lag: int) -> float:
    """Share of the business days left on which a deal can still be won, counted one by one."""
    days = [DAY + timedelta(days=number) for number in range(1, (date(2026, 12, 31) - DAY).days + 1)]
    working = [day for day in days if day.weekday() < 5]
    return sum((date(2026, 12, 31) - day).days >= lag for day in working) / len(working)


def test_deals_follow_from_need_amount_rate_and_lag() -> None:
    lines, _bars = plan(30, 90)
    expected = 1_000_000 / (20_000 * 0.25 * in_time(30))
    assert pytest.approx(expected) == lines["deals"]["needed"] and np.ceil(expected) == lines["deals"]["to_create"]
    assert lines["deals"]["p10"] < lines["deals"]["p50"] < lines["deals"]["p90"] and 0 < lines["deals"]["chance"] < 1
    assert date(2026, 12, 1) == lines["deals"]["start_by_on"]
    assert pytest.approx(np.ceil(expected) * 0.4) == lines["marketing_deals"]["needed"]


def test_mqas_follow_by_their_incidence_and_reps_are_overrun() -> None:
    lines, _bars = plan(30, 90, mqas=60, reps=1)
    rate = lines["mqas"]["rate"]
    assert 0.4 < rate < 0.6 and pytest.approx(lines["marketing_deals"]["needed"] / rate) == lines["mqas"]["needed"]
    assert "over capacity" == lines["capacity"]["state"] and lines["capacity"]["needed"] > 5


def test_few_cases_cannot_be_planned_and_nothing_won_is_not_reachable() -> None:
    few, _bars = plan(2, 3)
    assert ("cannot be planned", None) == (few["deals"]["state"], few["deals"]["needed"]) and "mqas" not in few
    late, bars = plan(30, 90, lag=59, target=100_000_000)
    assert late["deals"]["needed"] > 0 and {"amount", "win_rate", "in_time"} == {bar["rate_name"] for bar in bars}
    assert "cannot be planned" == plan(30, 90)[0]["mqas"]["state"]


def test_a_target_that_is_met_asks_for_nothing() -> None:
    lines, _bars = plan(30, 90, target=1e-6)
    assert ("met", 0.0) == (lines["deals"]["state"], lines["deals"]["to_create"])


def test_the_same_seed_gives_the_same_plan() -> None:
    assert plan(30, 90) == plan(30, 90)


def test_what_is_made_for_deals_that_come_too_late_is_too_late_itself() -> None:
    early, _bars = plan(30, 90, mqas=60)
    late, _bars = plan(30, 90, mqas=60, lag=20, slow=39, today=date(2026, 11, 20))
    chain = ("deals", "marketing_deals", "mqas", "engaged_people")
    assert ["planned"] * 4 == [early[line]["state"] for line in chain]
    assert ["too late to start"] * 4 == [late[line]["state"] for line in chain]
    assert late["mqas"]["start_by_on"] == late["engaged_people"]["start_by_on"] < late["deals"]["start_by_on"] < date(2026, 11, 20)
