"""What `alignment explain --activities` shows is what the full rule gives for these people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.line import run as line
from alignment_pipeline.operations import explain, explain_activities
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import NOW, table
from alignment_pipeline_tests.scoring.line import inputs
from alignment_pipeline_tests.scoring.organisations import organisations

AGREEMENT: Agreement = shipped().model_copy(update={"version": "test"})
WANTED = ("scored_activities", "account_scores", "person_scores")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    found = Warehouse(tmp_path_factory.mktemp("home"))
    given = inputs(organisations(range(3))) | {"users": table("users", [])}
    given["record_periods"] = table("record_periods", shared_records(given))
    made = line.decide(WANTED, given, agreement=AGREEMENT, as_of=NOW)
    for name, rows in {**given, **made}.items():
        if name in CONTRACTS and isinstance(rows, ibis.Table):
            found.replace(name, rows)
    return found


def shared_records(given: Mapping[str, ibis.Table]) -> list[dict[str, Any]]:
    """Records of busy people that were somebody else's before: their activities of then count for the other."""
    people = sorted(given["people"].person_id.to_pyarrow().to_pylist())
    keys = sorted(set(given["activities"].source_key.to_pyarrow().to_pylist()))[::3]
    turn = NOW - timedelta(days=30)
    spans = ((0, datetime(1970, 1, 1, tzinfo=UTC), turn), (7, turn, None))
    return [
        {"source_key": key, "person_id": people[(number + step) % len(people)], "from_at": since, "until_at": until, "decided_by": "test"}
        for number, key in enumerate(keys)
        for step, since, until in spans
    ]


def rows_of(warehouse: Warehouse, column: str, value: str) -> list[dict[str, Any]]:
    scored = warehouse.read("scored_activities")
    mine = scored.filter(scored[column] == value)
    return mine.order_by(ibis.desc("occurred_at"), "activity_id").to_pyarrow().to_pylist()


def test_a_persons_activities_are_worth_what_the_full_rule_says(warehouse: Warehouse) -> None:
    busiest = warehouse.read("scored_activities").filter(lambda t: t.person_id.notnull()).person_id.topk(5).to_pyarrow()["person_id"]
    compared = 0
    for person in busiest.to_pylist():
        shown = explain_activities.of(warehouse, explain.of_person(explain.source_of(warehouse), person), agreement=AGREEMENT)
        assert rows_of(warehouse, "person_id", person) == shown
        compared += len(shown)
    assert compared > 20


def test_an_account_has_its_peoples_activities(warehouse: Warehouse) -> None:
    (account,) = (
        warehouse.read("scored_activities")
        .filter(lambda t: t.account_id.notnull())
        .account_id.topk(1)
        .to_pyarrow()["account_id"]
        .to_pylist()
    )
    shown = explain_activities.of(warehouse, explain.of_account(explain.source_of(warehouse), account), agreement=AGREEMENT)

    assert rows_of(warehouse, "account_id", account) == shown


def test_points_of_another_agreement_are_not_shown(warehouse: Warehouse) -> None:
    (person,) = warehouse.read("person_scores").select("person_id").limit(1).to_pyarrow()["person_id"].to_pylist()
    changed = AGREEMENT.model_copy(update={"version": "changed"})

    with pytest.raises(ConfigurationError, match="has changed since the last run"):
        explain_activities.of(warehouse, explain.of_person(explain.source_of(warehouse), person), agreement=changed)
