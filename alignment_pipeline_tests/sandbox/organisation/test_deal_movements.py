"""Movement of the demo organisation's deals: what a living deal is today stays, its past is believable, the truth lies apart."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from alignment_pipeline_tests.sandbox.test_organisation_world import small

_SHOWN = {"StageName": "stage", "Amount": "amount"}


def histories() -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in small().salesforce["OpportunityHistory"]:
        found[row["OpportunityId"]].append(row)
    return {deal: sorted(rows, key=lambda row: row["CreatedDate"]) for deal, rows in found.items()}


def test_a_living_deal_is_what_its_last_history_row_says() -> None:
    rows = histories()
    for deal in small().salesforce["Opportunity"]:
        last = rows[deal["Id"]][-1]
        assert [deal[name] for name in (*_SHOWN, "CloseDate")] == [last[name] for name in (*_SHOWN, "CloseDate")], deal["Id"]


def test_each_kind_of_movement_happens() -> None:
    moved = small().truth.moved_deals
    assert {"skipped", "pushed", "reopened", "deleted"} == {kind for kinds in moved.values() for kind in kinds}


def test_changes_of_a_field_follow_one_another() -> None:
    changes = defaultdict(list)
    for row in small().salesforce["OpportunityFieldHistory"]:
        if row["Field"] in ("StageName", "CloseDate"):
            changes[row["OpportunityId"], row["Field"]].append(row)
    for own in changes.values():
        ordered = sorted(own, key=lambda row: row["CreatedDate"])
        assert [row["OldValue"] for row in ordered[1:]] == [row["NewValue"] for row in ordered[:-1]]


def test_deleted_deals_are_in_the_bin_and_the_truth_says_when() -> None:
    found = small()
    gone = [deal for deal in found.salesforce["Opportunity"] if deal.get("IsDeleted")]
    assert gone and all(found.truth.deals[deal["Id"]][-1]["is_deleted"] for deal in gone)
    assert {deal["Id"] for deal in found.salesforce["Opportunity"]} == set(found.truth.deals)
