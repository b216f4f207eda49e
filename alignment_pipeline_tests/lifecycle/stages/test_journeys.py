"""What is missing for the next stage is said in words, the nearest stage first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alignment_pipeline_tests.lifecycle.line import Crm, stages
from alignment_pipeline_tests.lifecycle.mqa.test_mqa import Attention
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import days_ago, rows


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    made = Attention()
    made.person("a-new", "Marketing Director")
    made.spends("a-warm", 20, ago=5)
    made.person("a-asked", "CEO")
    made.does("a-asked", "form_fill", 3, category="hand_raise", detail="Demo")
    made.person("a-taken", "CFO").does("a-taken", "form_fill", 9, category="hand_raise", detail="Demo")
    made.person_records.append({"source_key": "lead:L", "person_id": "a-taken", "object": "Lead", "record_id": "L", "is_alive": True})
    lead = {"lead_id": "L", "status": "Working - Contacted", "created_at": days_ago(100)}
    started = {"old_value": "Open - Not Contacted", "new_value": "Working - Contacted", "changed_at": days_ago(8)}
    change = {"change_id": "c", "object": "Lead", "record_id": "L", "field": "Status", **started}
    tables = stages(made, shipped(), Crm(leads=[lead], record_changes=[change]))
    return {row["person_id"]: row for row in rows(tables["person_stages"])} | {
        row["account_id"]: row for row in rows(tables["account_stages"])
    }


def test_a_new_name_misses_attention(found: dict[str, Any]) -> None:
    row = found["a-new"]

    assert (row["stage"], row["next_stage"]) == ("New Name", "Engaged")
    assert row["stage_reason"] == "New Name since 1 Jan 2025. Next, Engaged: 1 minute of engagement in 180 days."


def test_an_mql_misses_sales(found: dict[str, Any]) -> None:
    row = found["a-asked"]

    assert (row["stage"], row["next_stage"], row["owner_team"]) == ("MQL", "Sales Lead", "Telequalification")
    assert json.loads(row["missing"])[0]["missing"].startswith(
        "a converted lead; or a status such as working, contacted or accepted; or the disposition accepted; or a status"
    )


def test_a_step_inside_a_stage_is_named(found: dict[str, Any]) -> None:
    row = found["a-taken"]

    assert (row["stage"], row["sub_stage"], row["next_stage"]) == ("Sales Lead", "Accepted", "Qualified")
    assert (row["entered_at"], row["previous_stage"]) == (days_ago(8), "MQL")
    # the status itself is said, not the agreement's patterns for it
    assert row["stage_reason"].startswith("Sales Lead (Accepted) since 13 Nov 2026: the status is Working - Contacted.")


def test_an_account_misses_what_its_mqa_misses(found: dict[str, Any]) -> None:
    # two hand-raises, one by the CEO, one by the CFO: an MQA at once, and sales accepted somebody
    assert (found["a"]["stage"], found["a"]["previous_stage"]) == ("SQA", "MQA")
