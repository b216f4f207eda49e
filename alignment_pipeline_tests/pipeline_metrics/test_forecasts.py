"""How far forecasts were from what came."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.pipeline_metrics import forecast_accuracy, forecasts
from alignment_pipeline_tests.pipeline_metrics.factories import FISCAL, at, life, span, states


def test_the_worked_example() -> None:
    found = forecasts.accuracy([1.0, 1.2, 0.9, 1.1], [0.9, 1.3, 0.6, 1.2])
    assert (pytest.approx(0.05), pytest.approx(0.15), pytest.approx(0.193, abs=5e-4)) == (found.bias, found.wape, found.mape)


def test_mase_compares_with_taking_the_period_before() -> None:
    assert pytest.approx(0.5) == forecasts.accuracy([12.0, 13.0], [10.0, 14.0], before=8.0).mase * 1.0
    assert forecasts.accuracy([], []) == forecasts.Accuracy(None, None, None, None)


def test_a_method_forecasts_what_was_booked_and_its_part_of_what_was_open() -> None:
    q3 = datetime(2026, 9, 20, tzinfo=UTC).date()
    table = states(
        life(
            "A",
            span("A", at(6, 1), amount=100, close=q3, forecast_category="Forecast", probability_pct=80.0),
            span("A", at(9, 1), amount=100, close=q3, stage="won"),
        ),
        life("B", span("B", at(6, 1), amount=50, close=q3, probability_pct=20.0), span("B", at(9, 1), amount=50, close=q3, stage="lost")),
        life("C", span("C", at(6, 1), amount=30, close=q3), span("C", at(7, 2), amount=30, close=q3, stage="won")),
    )
    made = forecast_accuracy.forecast_accuracy(
        table, fiscal=FISCAL, pipeline=Pipeline(), as_of=datetime(2026, 11, 30, tzinfo=UTC), agreement_version="v"
    )
    rows = {(row["method"], row["business_day"]): json.loads(row["terms"]) for row in made.to_pyarrow().to_pylist()}
    expected = {"category": 13_000_000, "probability": 12_000_000}
    for method, forecast in expected.items():
        assert [{"period": "2026Q3", "forecast": forecast, "actual": 13_000_000}] == rows[method, 5]
    assert [] == rows["coverage", 5]


def test_a_stage_s_stated_probability_stands_beside_the_share_won() -> None:
    table = states(
        *[
            life(f"{n}", span("", at(6, 1), stage="Proposal", probability_pct=60.0), span("", at(9, 1), stage="won" if n < 3 else "lost"))
            for n in range(4)
        ]
    )
    (row,) = (
        forecast_accuracy.stage_reliability(table, as_of=datetime(2026, 11, 30, tzinfo=UTC), agreement_version="v").to_pyarrow().to_pylist()
    )
    assert ("Proposal", 60.0, 3, 4, 75.0) == (row["stage"], row["stated_pct"], row["won"], row["n"], row["measured_pct"])
    assert row["lower_pct"] < 75.0 < row["upper_pct"]
