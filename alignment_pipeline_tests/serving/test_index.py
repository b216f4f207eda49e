"""The file of the served pages: no run publishes activities with their points, so they are worked out for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pytest

from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.installation.home import Home
from alignment_pipeline.line import run as line
from alignment_pipeline.serving import index
from alignment_pipeline_tests.scoring.factories import NOW, table
from alignment_pipeline_tests.scoring.line import inputs
from alignment_pipeline_tests.scoring.organisations import organisations

COLUMNS = ("activity_id", "person_id", "account_id", "activity_type", "factor", "exclusion", "contribution_micro")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home", {}, Clock(moment=NOW, unix=0.0, unix_time=lambda: 0.0))
    given = inputs(organisations(range(2))) | {"users": table("users", [])}
    warehouse = found.warehouse()
    made = line.decide(("scored_activities", "account_scores"), given, agreement=found.agreement, as_of=NOW)
    for name, rows in {**given, **made}.items():
        if name in CONTRACTS and isinstance(rows, ibis.Table):
            warehouse.replace(name, rows)
    return found


def shown(home: Home) -> list[dict[str, Any]]:
    source = index.open_index(index.build(home, home.warehouse()))
    return source.query(f"SELECT {', '.join(COLUMNS)} FROM scored_activities WHERE person_id IS NOT NULL ORDER BY activity_id")


def test_activities_have_the_points_of_the_last_run(home: Home) -> None:
    scored = home.warehouse().read("scored_activities")
    expected = scored.filter(scored.person_id.notnull()).select(COLUMNS).order_by("activity_id").to_pyarrow().to_pylist()

    assert expected == shown(home)
    assert any(row["contribution_micro"] for row in expected)


def test_under_another_agreement_than_the_last_runs_they_have_none_until_the_next_run(home: Home) -> None:
    warehouse = home.warehouse()
    factors = warehouse.read("person_engagement_factors")
    before = index.build(home, warehouse)
    warehouse.replace("person_engagement_factors", factors.mutate(agreement_version=ibis.literal("another")))

    rows = shown(home)

    assert before.name != index.build(home, home.warehouse()).name
    assert {(None, None, None)} == {(row["factor"], row["exclusion"], row["contribution_micro"]) for row in rows}
    assert len(rows) > 20
