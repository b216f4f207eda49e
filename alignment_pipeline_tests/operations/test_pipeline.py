"""Pipeline of a past day from the raw tables: as it was, as it was known, and what was restated since."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import pipeline
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import opportunity, raw, raw_row

DAY, KNOWN = date(2026, 10, 31), datetime(2026, 11, 20, tzinfo=UTC)
OVER_TIME = "raw_salesforce_opportunity_stages_over_time"
DEALS = "raw_salesforce_opportunities"


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 8, tzinfo=UTC)


def row(number: int, when: datetime, amount: int, *, known: datetime | None = None, stage: str = "Prospecting") -> dict[str, Any]:
    stamps = {"modified_at": when, "known_at": known or when, "CreatedDate": when.isoformat()}
    values = {"StageName": stage, "Amount": str(amount), "CloseDate": "2026-12-15", "Probability": "10"}
    return raw_row(OVER_TIME, f"008{number:09d}{when:%m%d}AA"[:18], OpportunityId=opportunity(number), **stamps, **values)


def deal(number: int, when: datetime, amount: int) -> dict[str, Any]:
    values = {"Amount": str(amount), "CloseDate": "2026-12-15", "CreatedDate": "2026-09-01T08:00:00.000Z"}
    return raw_row(DEALS, opportunity(number), modified_at=when, known_at=when, row_hash=f"{number}{when}", **values)


def home(folder: Path, deals: list[dict[str, Any]], history: list[dict[str, Any]]) -> Warehouse:
    store = Warehouse(folder)
    stage = raw_row(
        "raw_salesforce_opportunity_stages", "01J000000000001AAA", MasterLabel="Prospecting", SortOrder="1", IsClosed="false", IsWon="false"
    )
    given = {DEALS: raw(DEALS, *deals), OVER_TIME: raw(OVER_TIME, *history)}
    given["raw_salesforce_opportunity_stages"] = raw("raw_salesforce_opportunity_stages", stage)
    for name in ("accounts", "contacts", "leads", "lead_changes", "contact_changes", "opportunity_changes"):
        given[f"raw_salesforce_{name}"] = raw(f"raw_salesforce_{name}")
    for name, table in given.items():
        store.replace(name, table)
    for name in ("users", "accounts", "account_tiers", "person_stage_changes", "account_stage_changes"):
        store.replace(name, CONTRACTS[name].empty())
    return store


def metrics(store: Warehouse, **options: Any) -> dict[str, dict[str, Any]]:
    found = pipeline.pipeline_of(store, agreement=loader.load(loader.default_path()), **{"day": DAY, "known": KNOWN, **options})
    return {one["metric"]: one for one in found.metrics if one["scope"] == "all"}


EARLY = [row(1, at(9, 1), 100), row(2, at(9, 1), 50)]
LATE = row(1, at(10, 20), 130, known=at(11, 5))


def test_a_change_that_became_known_later_is_restated(tmp_path: Path) -> None:
    store = home(tmp_path, [deal(1, at(9, 1), 100), deal(2, at(9, 1), 50)], [*EARLY, LATE])
    now, then = metrics(store), metrics(store, known=datetime(2026, 11, 1, tzinfo=UTC))
    assert (18_000, True) == (now["open_pipeline"]["value"], now["open_pipeline"]["is_restated"])
    assert (15_000, False) == (then["open_pipeline"]["value"], then["open_pipeline"]["is_restated"])
    assert not now["bookings"]["is_restated"]


def test_deleting_what_became_known_later_changes_nothing_that_was_known(tmp_path: Path) -> None:
    deals, later = [deal(1, at(9, 1), 100)], [deal(1, at(11, 5), 130), deal(2, at(11, 6), 50)]
    whole = metrics(home(tmp_path / "a", [*deals, *later], [EARLY[0], LATE]), known=datetime(2026, 11, 1, tzinfo=UTC))
    cut = metrics(home(tmp_path / "b", deals, [EARLY[0]]), known=datetime(2026, 11, 1, tzinfo=UTC))
    assert whole == cut


def test_a_bridge_begins_at_the_day_asked_for(tmp_path: Path) -> None:
    store = home(tmp_path, [deal(1, at(9, 1), 100)], [EARLY[0], row(1, at(10, 20), 130)])
    found = metrics(store, since=date(2026, 10, 10))
    assert (10_000, 3_000, 13_000) == tuple(found[f"bridge_{part}"]["value"] for part in ("start", "increased", "end"))
    assert "since 2026-10-10" in found["bridge_start"]["definition"]


def test_nothing_read_yet_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="alignment run"):
        metrics(Warehouse(tmp_path))
