"""What `alignment explain` says of people who were moved from one account to another."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alignment_pipeline.cli import explain_screen
from alignment_pipeline.operations import explain, explain_moves
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import NOW, account, days_ago, staged

EVER = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = {account(1): "Acme", account(2): "Umbrella"}
OLD = {"from_at": EVER, "until_at": days_ago(60), "account_id": account(1), "earliest_at": EVER}
MIDDLE = {"from_at": days_ago(60), "until_at": days_ago(30), "account_id": None, "earliest_at": days_ago(60)}
NEW = {"from_at": days_ago(30), "until_at": None, "account_id": account(2), "earliest_at": days_ago(40)}
Row = dict[str, Any]


def test_each_earlier_account_is_named_with_its_time() -> None:
    assert explain_moves.sentences([OLD, MIDDLE, NEW], {"basis": "contact"}, NAMES) == [
        "activities from 2026-09-21 12:00 until 2026-10-21 12:00 count for no account"
        " (moved after 2026-10-11 12:00; the CRM keeps no history of it)",
        "activities until 2026-09-21 12:00 count for Acme",
    ]


def test_where_no_move_is_known_it_is_said() -> None:
    (said,) = explain_moves.sentences([], {"basis": "contact"}, NAMES)
    assert said == "no move from another account is known, so all activities count here"
    assert explain_moves.sentences([], {"basis": "matched"}, NAMES) == explain_moves.sentences([], None, NAMES) == []


def test_an_account_shows_what_people_did_there_and_who_left(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    tables: dict[str, list[Row]] = {
        "accounts": [{"account_id": one, "name": name} for one, name in NAMES.items()],
        "people": [{"person_id": one, "first_name": one.title(), "title": "CEO"} for one in ("came", "left", "stays")],
        "person_accounts": [{"person_id": one, "account_id": account(2), "basis": "contact"} for one in ("came", "stays")]
        + [{"person_id": "left", "account_id": account(1), "basis": "contact"}],
        "person_account_periods": [
            {"person_id": "came", **OLD, "until_at": days_ago(30)},
            {"person_id": "came", **NEW},
            {"person_id": "left", **OLD, "account_id": account(2)},
            {"person_id": "left", **NEW, "from_at": days_ago(60), "account_id": account(1)},
        ],
        "person_account_factors": [
            {"person_id": one, "account_id": of, "factor": "Form", "contribution_micro": micro}
            for one, of, micro in (
                ("came", account(1), 90_000_000), ("came", account(2), 4_000_000), ("left", account(2), 7_000_000),
                ("left", account(1), 1_000_000),
            )
        ],
        "person_scores": [
            {"person_id": one, "account_id": of, "engagement_points": points}
            for one, of, points in (("came", account(2), 94.0), ("left", account(1), 8.0), ("stays", account(2), 5.0))
        ],
        "account_scores": [{"account_id": account(2), "engagement_points": 16.0, "as_of": NOW}],
    }  # fmt: skip
    for name, rows in tables.items():
        warehouse.replace(name, staged(name, rows))

    explained = explain.explain(warehouse, account(2))
    assert [(row["person_id"], row["engagement_points"], row["until_at"]) for row in explained["people"]] == [
        ("left", 7.0, days_ago(60)),
        ("stays", 5.0, None),
        ("came", 4.0, None),
    ]
    assert "     7.0  Left, CEO, here until 2026-09-21" in "\n".join(explain_screen.lines(explained, width=80))
    came = "\n".join(explain_screen.lines(explain.explain(warehouse, "came"), width=200))
    assert "activities until 2026-10-21 12:00 count for Acme" in came
