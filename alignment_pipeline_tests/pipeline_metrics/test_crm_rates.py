"""Sums at the CRM's own rates stand beside the constant ones, to the cent; nothing else is moved by a rate."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import ibis
import pyarrow as pa
import pytest

from alignment_pipeline.agreement.pipeline import Pipeline, Target
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.pipeline_metrics import pipeline_metrics, pipeline_movements
from alignment_pipeline_tests.pipeline_metrics.factories import FISCAL, Q4, at, life, span, states
from alignment_pipeline_tests.pipeline_metrics.test_oracle import empty

TODAY, NOW = date(2026, 11, 20), at(12, 1)
TERMS = Pipeline(targets=[Target(period=Q4.name, amount=1_000_000)], scopes=["source"])
OURS = frozenset({"open_pipeline_at_crm_rates", "bookings_at_crm_rates"})
CONSTANT = {"USD": Decimal(1), "EUR": Decimal("0.87"), "JPY": Decimal("155.5")}
Steps = dict[str, list[tuple[date, Decimal]]]


def steps(seed: int) -> Steps:
    """Rates of two currencies that begin on random days of the quarter."""
    chance = random.Random(seed)
    usual = {"EUR": Decimal("0.87"), "JPY": Decimal("155.5")}
    made: Steps = {"USD": [(date.min, Decimal(1))]}
    for code, middle in usual.items():
        days = sorted({Q4.first + timedelta(days=chance.randrange(92)) for _ in range(6)})
        made[code] = [(day, round(middle * Decimal(chance.randrange(800, 1200)) / 1000, 6)) for day in (date.min, *days)]
    return made


def table(rates: Steps, basis: str = "dated") -> ibis.Table:
    rows = [
        {"currency": code, "starts_on": day, "ends_on": end, "units": float(units), "basis": basis}
        for code, own in rates.items()
        for (day, units), end in zip(own, [*(day for day, _ in own[1:]), None], strict=True)
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS["currency_rates"].schema))


def cents(amount: float | None, units: Decimal) -> int | None:
    return None if amount is None else int((Decimal(str(amount)) * 100 / units).quantize(Decimal(1), ROUND_HALF_UP))


def deals(seed: int) -> list[list[dict[str, Any]]]:
    """Deals in three currencies, opened, pushed and closed in the quarter; some have no amount, one's currency has no rate."""
    chance = random.Random(seed)
    lives = []
    for number in range(120):
        code = chance.choice(("USD", "EUR", "EUR", "JPY"))
        amount = None if number % 17 == 0 else round(chance.uniform(100, 90_000), 2)
        stage = chance.choice(("open", "open", "won", "lost"))
        begun = at(10, chance.randrange(1, 20))
        closes = [Q4.first + timedelta(days=chance.randrange(92)) for _ in range(2)]
        own: dict[str, Any] = {
            "currency": "GBP" if number == 5 else code, "amount": amount,
            "amount_cents": None if number == 5 else cents(amount, CONSTANT[code]), "lead_source": chance.choice(("Web", "Partner")),
        }  # fmt: skip
        first = span("", begun, close=closes[0], **own)
        second = span("", begun + timedelta(days=20), close=closes[1], **own, stage=stage)
        lives.append(life(f"d{number}", first, second))
    return lives


def tables(lives: list[list[dict[str, Any]]], rates: ibis.Table) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    given = [empty(name) for name in ("users", "accounts", "account_tiers")]
    stamp: dict[str, Any] = {"fiscal": FISCAL, "pipeline": TERMS, "as_of": NOW, "agreement_version": "v", "day": TODAY}
    moved = pipeline_movements.pipeline_movements(states(*lives), *given, **stamp).to_pyarrow()
    metrics = pipeline_metrics.pipeline_metrics(states(*lives), ibis.memtable(moved), *given, rates, **stamp).to_pyarrow()
    order = [(name, "ascending") for name in CONTRACTS["pipeline_movements"].key]
    return moved.sort_by(order).to_pylist(), metrics.to_pylist()


@pytest.mark.parametrize("seed", range(3))
def test_each_deal_counts_at_the_rate_of_its_close_date_to_the_cent(seed: int) -> None:
    lives, rates = deals(seed), steps(seed)
    _, metrics = tables(lives, table(rates))
    found = {(row["scope"], row["metric"]): (row["value"], row["n"], row["without_amount"]) for row in metrics if row["metric"] in OURS}
    expected: dict[tuple[str, str], tuple[float, int, int]] = {}
    for *_, last in lives:
        metric = {"open": "open_pipeline_at_crm_rates", "won": "bookings_at_crm_rates"}.get(last["stage"])
        if metric is None:
            continue
        own = [units for day, units in rates.get(last["currency"], []) if day <= last["close_on"]]
        worth = cents(last["amount"], own[-1]) if own else None
        for scope in ("all", f"source:{last['lead_source']}"):
            value, n, without = expected.get((scope, metric), (0.0, 0, 0))
            expected[scope, metric] = (value + (worth or 0), n + 1, without + (worth is None))
    assert expected == found
    assert {"dated rates"} == {row["basis"] for row in metrics if row["metric"] in OURS}


def test_no_rate_of_the_crm_moves_a_bridge_or_any_other_number() -> None:
    lives = deals(7)
    without = tables(lives, empty("currency_rates"))
    for seed in range(2):
        moved, metrics = tables(lives, table(steps(seed)))

        assert without == (moved, [row for row in metrics if row["metric"] not in OURS])
        assert OURS <= {row["metric"] for row in metrics}
