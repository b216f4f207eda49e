"""What touches whom: shared meetings count once for an account, and a machine's mail is nobody's touch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline_tests.sla.factories import LEAD, OTHER_REP, World, at, rows_of

START = at("2026-11-18T10:00:00")
SECOND = "003000000000002AAA"


def section(*, count: int = 1, subject: str = "person", trigger: str = "activity", system: list[str] | None = None) -> Sla:
    ladder = {"name": "up", "rungs": [{"name": "rep", "at_share": 1, "notify": ["manager"], "subject": "Call", "body": "{reason}"}]}
    policy: dict[str, Any] = {
        "name": "touch", "title": "Touch", "subject": subject, "trigger": {"event": trigger}, "stops": [{"event": "touch", "count": count}],
        "target": {"days": 2}, "time": "calendar", "ladder": "up",
    }  # fmt: skip
    parties = {"system_user_ids": system or []}
    return Sla.model_validate({"calendars": [], "policies": [policy], "escalation": {"ladders": [ladder]}, "parties": parties})


def state(world: World, sla: Sla, crm: Crm) -> object:
    (clock,) = rows_of(world.ledger(sla, crm, START + timedelta(hours=4)).clocks)
    return clock["state"]


@pytest.mark.parametrize(("meetings", "answered"), [((1, 1), "pending"), ((1, 2), "met")])
def test_a_meeting_with_two_people_of_an_account_is_one_meeting_with_it(crm: Crm, meetings: tuple[int, int], answered: str) -> None:
    world = World().contact().contact(SECOND).account(people=["contact:003000000000001AAA", f"contact:{SECOND}"]).mqa(START)
    for contact, meeting in zip(("003000000000001AAA", SECOND), meetings, strict=True):
        world.touch(START + timedelta(hours=meeting), source=f"contact:{contact}", touch_id=f"00U{meeting}", touch_type="meeting")
    assert state(world, section(count=2, subject="account", trigger="mqa_entered"), crm) == answered


def test_each_of_two_people_in_a_meeting_was_touched(crm: Crm) -> None:
    other = "00Q000000000002AAA"
    world = World().lead().lead(other).hand_raise(START).hand_raise(START, source=f"lead:{other}")
    for lead in (LEAD, other):
        world.touch(START + timedelta(minutes=20), source=f"lead:{lead}", touch_id="00U1", touch_type="meeting")
    clocks = rows_of(world.ledger(section(), crm, START + timedelta(hours=4)).clocks)

    assert {row["subject_id"]: row["state"] for row in clocks} == {f"lead:{LEAD}": "met", f"lead:{other}": "met"}


@pytest.mark.parametrize(
    ("kind", "made_by", "answered"),
    [("email", OTHER_REP, "pending"), ("email", None, "met"), ("call", OTHER_REP, "met"), ("email", "005000000000009AAA", "met")],
)
def test_a_mail_that_software_logged_in_a_rep_s_name_is_no_touch(crm: Crm, kind: str, made_by: str | None, answered: str) -> None:
    world = World().lead().hand_raise(START).touch(START + timedelta(minutes=5), touch_type=kind, created_by_id=made_by)
    assert state(world, section(system=[OTHER_REP]), crm) == answered
