"""The plan of the period before is made from what was known on its first day, and compared with what came."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.pipeline import Target
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import plan_review
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import opportunity, raw, raw_row

OVER_TIME, DEALS, STAGES = (f"raw_salesforce_{name}" for name in ("opportunity_stages_over_time", "opportunities", "opportunity_stages"))
TODAY, NOW = date(2026, 11, 20), datetime(2026, 11, 20, 12, tzinfo=UTC)
CLOSED = {"Prospecting": ("false", "false"), "Closed Won": ("true", "true"), "Closed Lost": ("true", "false")}


@pytest.fixture
def agreement() -> Agreement:
    shipped = loader.load(loader.default_path())
    terms = {"min_n": 2, "cycle_days": 60, "scopes": [], "targets": [Target(period="2026Q3", amount=1_000.0)]}
    return shipped.model_copy(update={"pipeline": shipped.pipeline.model_copy(update=terms)})


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 8, tzinfo=UTC)


def deal(number: int, begun: datetime, outcome: str, amount: int = 100) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A deal of thirty days: its record as read at the end, and both rows of its history, each known when it was made."""
    over = begun + timedelta(days=30)
    values = {"Amount": str(amount), "CloseDate": f"{over:%Y-%m-%d}", "StageName": outcome, "CreatedDate": begun.isoformat()}
    record = raw_row(DEALS, opportunity(number), modified_at=over, known_at=over, **values, IsClosed="true", IsWon=CLOSED[outcome][1])
    history = [
        raw_row(
            OVER_TIME, f"008{number:012d}{place}AA", OpportunityId=opportunity(number), modified_at=when, known_at=when,
            **{**values, "StageName": stage, "CreatedDate": when.isoformat(), "Probability": "10"},
        )
        for place, (when, stage) in enumerate(((begun, "Prospecting"), (over, outcome)))
    ]  # fmt: skip
    return record, history


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Four deals of the spring, half of them won; two of the quarter, both won; one that was created after it."""
    spring = [deal(number, at(2, 1), ("Closed Won", "Closed Lost")[number % 2]) for number in range(4)]
    quarter = [deal(number, at(7, 6), "Closed Won", amount=400) for number in (10, 11)]
    deals = [*spring, *quarter, deal(20, at(10, 12), "Closed Won")]
    store = Warehouse(tmp_path)
    stages = [
        raw_row(STAGES, f"01J{n:012d}AAA", known_at=at(1, 1), MasterLabel=name, SortOrder=str(n), IsClosed=shut, IsWon=won)
        for n, (name, (shut, won)) in enumerate(CLOSED.items())
    ]
    given = {DEALS: [record for record, _ in deals], OVER_TIME: [row for _, rows in deals for row in rows], STAGES: stages}
    for name in ("accounts", "contacts", "leads", "lead_changes", "contact_changes", "opportunity_changes"):
        given[f"raw_salesforce_{name}"] = []
    for name, rows in given.items():
        store.replace(name, raw(name, *rows))
    for name in ("users", "accounts", "account_tiers", "account_mqa_changes", "account_stage_changes", "contact_yields", "contacts"):
        store.replace(name, CONTRACTS[name].empty())
    store.replace("opportunity_sources", _sources())
    return store


def _sources() -> pa.Table:
    """Both deals of the quarter, one of them marketing's; one of the quarter after."""
    usual = {"source_basis": "rule", "source_reason": "a rule", "touches": 0, "is_source_edited": False, "is_won": True, "is_closed": True,
             "as_of": NOW, "agreement_version": "v"}  # fmt: skip
    rows = [(10, at(7, 6), "marketing_sourced"), (11, at(7, 6), "untouched"), (20, at(10, 12), "marketing_sourced")]
    listed = [usual | {"opportunity_id": opportunity(number), "created_at": when, "source_class": kind} for number, when, kind in rows]
    return pa.Table.from_pylist(listed, schema=CONTRACTS["opportunity_sources"].schema)


def test_each_line_stands_beside_what_came(warehouse: Warehouse, agreement: Agreement) -> None:
    review = plan_review.review_of(warehouse, agreement=agreement, day=TODAY, known=NOW)
    lines = {line.line: line for line in review.lines}

    assert "2026Q3" == review.period
    assert (1_000.0, 800.0) == (lines["bookings"].planned, lines["bookings"].came)
    assert (2.0, 1.0) == (lines["deals"].came, lines["marketing_deals"].came)


def test_the_rate_that_was_furthest_off_is_named(warehouse: Warehouse, agreement: Agreement) -> None:
    deals = next(line for line in plan_review.review_of(warehouse, agreement=agreement, day=TODAY, known=NOW).lines if line.line == "deals")

    # planned with the spring's two of four; the quarter's own two are known at its end only
    assert (0.5, pytest.approx(4 / 6)) == (deals.planned_rate, deals.measured_rate)
    assert pytest.approx(-0.25) == deals.rate_error


def test_a_period_without_a_target_cannot_be_reviewed(warehouse: Warehouse, agreement: Agreement) -> None:
    with pytest.raises(ConfigurationError, match="no target for 2026Q2"):
        plan_review.review_of(warehouse, agreement=agreement, day=date(2026, 9, 1), known=at(9, 1))
