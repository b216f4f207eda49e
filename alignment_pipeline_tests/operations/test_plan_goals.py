"""Proposed goals as a patch of the agreement: what can be reached has a goal, what comes too late says so."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from ruamel.yaml import YAML

from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.operations import plan_goals
from alignment_pipeline.operations.plan_goals import Goals, Proposal


def test_a_goal_that_comes_too_late_is_a_sentence_in_the_patch_and_no_goal() -> None:
    late = Proposal("mqa_volume", "MQAs", 60, None, "MQAs for 2026Q4 had to be there by 17 Sep 2026", "too late to start")
    fine = Proposal("contacts", "New contacts", 200, 320, "320 contacts to create")
    text = plan_goals.patch(Goals("2026Q4", 1.0, [], [], [late, fine]))
    assert "# No goal for mqa_volume: MQAs for 2026Q4 had to be there by 17 Sep 2026." in text.splitlines()
    read = YAML(typ="safe").load(io.StringIO(text))
    assert ["contacts"] == [row["name"] for row in read["sla"]["commitments"]]


PERIOD = Fiscal().period_of(date(2026, 11, 20))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"to_create": 12.0, "state": "planned"}, None),
        ({"to_create": 0.0, "state": "met"}, "the plan of 2026Q4 asks for no further MQAs"),
        ({"to_create": None, "state": "cannot be planned", "note": "4 MQAs are too few"}, "4 MQAs are too few"),
        (
            {"to_create": 12.0, "state": "too late to start", "start_by_on": date(2026, 9, 17)},
            "MQAs for 2026Q4 had to be there by 17 Sep 2026: four of five of their deals would then be won by 31 Dec 2026. "
            "What begins now counts for later periods",
        ),
    ],
)
def test_a_line_has_a_goal_or_says_why_not(line: dict[str, Any], expected: str | None) -> None:
    assert expected == plan_goals._why_none(line, "MQAs", PERIOD)


def test_accounts_alone_follow_from_the_yield() -> None:
    goals = Goals("2026Q4", 1.0, [{"scope": "all", "line": "marketing_deals", "needed": 30.0}], [], [])
    assert 300 == plan_goals.accounts_alone(goals, {"difference": 0.1})
    assert (None, None) == (plan_goals.accounts_alone(goals, {"difference": None}), plan_goals.accounts_alone(goals, {"difference": -0.1}))
