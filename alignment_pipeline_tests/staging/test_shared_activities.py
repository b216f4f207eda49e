"""One call or meeting with several people: each of them was touched, the first named only once, and nobody who declined."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.agreement import loader
from alignment_pipeline.staging import activities, touches
from alignment_pipeline_tests.staging.factories import NOW, account, contact, lead, opportunity, raw, raw_row, rows, user

TASKS, EVENTS = "raw_salesforce_tasks", "raw_salesforce_events"
OF_TASKS, OF_EVENTS = "raw_salesforce_task_relations", "raw_salesforce_event_relations"
AGREEMENT = loader.load(loader.default_path())
CALL, MEETING = "00T000000000001AAA", "00U000000000001AAA"
Row = dict[str, Any]


def call(**more: Any) -> Row:
    usual = {"WhoId": contact(1), "OwnerId": user(1), "IsClosed": "true", "Subject": "Inbound call", "TaskSubtype": "Call"}
    return raw_row(TASKS, CALL, **{**usual, "CallType": "Inbound", **more})


def meeting(**more: Any) -> Row:
    usual = {"WhoId": contact(1), "OwnerId": user(1), "Subject": "Meeting", "Type": "Meeting", "StartDateTime": "2026-11-20T11:00:00.000Z"}
    return raw_row(EVENTS, MEETING, **usual | more)


def of_task(number: int, related: str, **more: Any) -> Row:
    return raw_row(OF_TASKS, f"0RT{number:012d}AAA", TaskId=CALL, RelationId=related, **more)


def of_event(number: int, related: str, **more: Any) -> Row:
    return raw_row(OF_EVENTS, f"0RE{number:012d}AAA", EventId=MEETING, RelationId=related, **more)


def touched(task: Row | None = None, event: Row | None = None, relations: list[Row] | None = None) -> list[str]:
    """Keys of those who were touched, one for each row."""
    given = relations or []
    tables = [raw(name, *([one] if one else [])) for name, one in ((TASKS, task), (EVENTS, event))]
    found = touches.touches(
        *tables,
        task_relations=raw(OF_TASKS, *(one for one in given if "TaskId" in one)),
        event_relations=raw(OF_EVENTS, *(one for one in given if "EventId" in one)),
        reading=AGREEMENT.touches,
        exclusions=AGREEMENT.scoring.exclusions,
        as_of=NOW,
    )
    return sorted(row["source_key"] for row in rows(found))


def test_a_call_with_three_contacts_touches_each_of_them_once() -> None:
    relations = [of_task(number, contact(number)) for number in (1, 2, 3)]
    assert touched(call(), relations=relations) == [f"contact:{contact(number)}" for number in (1, 2, 3)]


def test_what_a_call_is_about_is_nobody() -> None:
    relations = [of_task(1, contact(1)), of_task(2, opportunity(1), IsWhat="true"), of_task(3, account(1))]
    assert touched(call(WhatId=opportunity(1)), relations=relations) == [f"contact:{contact(1)}"]


def test_who_came_to_a_meeting_was_touched_and_who_declined_was_not() -> None:
    relations = [
        of_event(1, contact(2), IsParent="true", IsInvitee="true", Status="Declined"),
        of_event(2, contact(3), IsInvitee="true", Status="Accepted"),
        of_event(3, contact(4), IsInvitee="true", Status="Declined"),
        of_event(4, lead(5), IsInvitee="true", Status="New"),
        of_event(5, contact(6), IsInvitee="true", Status="Uninvited"),
        of_event(6, user(2), IsInvitee="true", Status="Accepted"),
    ]
    assert touched(event=meeting(), relations=relations) == [*(f"contact:{contact(number)}" for number in (1, 2, 3)), f"lead:{lead(5)}"]


def test_a_copy_for_an_invitee_of_ours_stays_no_touch() -> None:
    assert touched(event=meeting(IsChild="true"), relations=[of_event(1, contact(2), IsParent="true")]) == []


@pytest.mark.parametrize("who", [None, user(3)])
def test_people_are_touched_though_the_call_itself_names_none(who: str | None) -> None:
    assert touched(call(WhoId=who), relations=[of_task(1, contact(2))]) == [f"contact:{contact(2)}"]


def test_an_inbound_call_is_an_activity_of_each_person_under_an_id_of_its_own() -> None:
    tables = {name: raw(name) for name in activities.TABLES}
    tables |= {TASKS: raw(TASKS, call()), OF_TASKS: raw(OF_TASKS, of_task(1, contact(1)), of_task(2, contact(2)))}
    made = activities.activities(tables, activity_types=AGREEMENT.scoring.activity_types, exclusions=AGREEMENT.scoring.exclusions)

    assert {row["activity_id"]: row["source_key"] for row in rows(made)} == {
        f"task:{CALL}": f"contact:{contact(1)}",
        f"task:{CALL}:contact:{contact(2)}": f"contact:{contact(2)}",
    }


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 8), max_size=6), st.integers(1, 8), st.randoms())
def test_the_first_name_and_the_order_of_relations_change_nobody_s_touch(others: list[int], first: int, dice: Any) -> None:
    """The law: whoever stands first, the same people are touched once each."""
    everybody = sorted({first, *others})
    relations = [of_task(place, contact(number)) for place, number in enumerate([*everybody, *others], start=1)]
    dice.shuffle(relations)

    assert touched(call(WhoId=contact(first)), relations=relations) == [f"contact:{contact(number)}" for number in everybody]
