"""Touches: what a rep's tasks and events say, and which of them never count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.agreement import loader
from alignment_pipeline.staging import touches as rule
from alignment_pipeline_tests.staging.factories import NOW, account, contact, lead, opportunity, raw, raw_row, rows, user

TASKS, EVENTS = "raw_salesforce_tasks", "raw_salesforce_events"


def task(number: int, **more: Any) -> dict[str, Any]:
    usual = {"WhoId": lead(1), "OwnerId": user(1), "IsClosed": "true", "Subject": "Call", "TaskSubtype": "Call"}
    return raw_row(TASKS, f"00T{number:012d}AAA", **usual | more)


def event(number: int, **more: Any) -> dict[str, Any]:
    usual = {"WhoId": contact(1), "OwnerId": user(1), "Subject": "Meeting", "StartDateTime": "2026-11-20T11:00:00.000Z"}
    return raw_row(EVENTS, f"00U{number:012d}AAA", **usual | more)


def made(tasks: Any = (), events: Any = ()) -> dict[int, dict[str, Any]]:
    agreement = loader.load(loader.default_path())
    table = rule.touches(
        raw(TASKS, *tasks), raw(EVENTS, *events), reading=agreement.touches, exclusions=agreement.scoring.exclusions, as_of=NOW
    )
    return {int(row["touch_id"][3:15]): row for row in rows(table)}


def test_the_type_decides_before_the_subtype() -> None:
    found = made(
        tasks=[
            task(1),
            task(2, TaskSubtype="Email"),
            task(3, TaskSubtype="Task", Type="LinkedIn Message"),
            task(4, TaskSubtype="Email", Type="Demo booked"),
            task(5, TaskSubtype="ListEmail"),
            task(6, TaskSubtype="Task"),
            task(7, TaskSubtype=None),
        ]
    )
    expected = {1: "call", 2: "email", 3: "linkedin", 4: "meeting", 5: "other", 6: "other", 7: "other"}
    assert expected == {number: row["touch_type"] for number, row in found.items()}


def test_which_way_a_touch_went_and_whether_anybody_did_it() -> None:
    found = made(
        tasks=[
            task(1, CallType="Inbound"),
            task(2, Subject="Inbound: call me back"),
            task(3, CallType="Outbound"),
            task(4, TaskSubtype="Email", Subject="Automatic reply: away"),
            task(5, TaskSubtype="Email", Subject="Sequence 3, step 1"),
        ]
    )
    expected = {1: ("inbound", False), 2: ("inbound", False), 3: ("outbound", False), 4: ("outbound", True), 5: ("outbound", True)}
    assert expected == {number: (row["direction"], row["is_automatic"]) for number, row in found.items()}


def test_a_task_touched_when_it_was_completed() -> None:
    found = made(
        tasks=[
            task(1, CompletedDateTime="2026-11-18T09:30:00.000Z", CreatedDate="2026-11-10T09:00:00.000Z"),
            task(2, CreatedDate="2026-11-10T09:00:00.000Z"),
            task(3, IsClosed="false", CreatedDate="2026-11-10T09:00:00.000Z"),
        ]
    )
    expected = {
        1: (datetime(2026, 11, 18, 9, 30, tzinfo=UTC), True),
        2: (datetime(2026, 11, 10, 9, tzinfo=UTC), True),
        3: (datetime(2026, 11, 10, 9, tzinfo=UTC), False),
    }
    assert expected == {number: (row["occurred_at"], row["is_completed"]) for number, row in found.items()}


def test_whom_nobody_can_name_is_no_touch() -> None:
    found = made(
        tasks=[
            task(1, WhoId=None),
            task(2, WhoId=account(1)),
            task(3, WhoId="garbage"),
            task(4, OwnerId=None),
            task(5, IsRecurrence="true"),
            task(6, WhoId=contact(2)),
        ],
        events=[event(7, IsChild="true"), event(8, IsRecurrence="true"), event(9, WhoId=None)],
    )
    assert {6: f"contact:{contact(2)}"} == {number: row["source_key"] for number, row in found.items()}


def test_an_event_is_completed_once_it_is_over() -> None:
    found = made(
        events=[
            event(1, DurationInMinutes="60"),
            event(2, DurationInMinutes="61"),
            event(3, StartDateTime="2026-11-25T11:00:00.000Z"),
            event(4, DurationInMinutes="1e300"),
            event(5, DurationInMinutes=None),
        ]
    )
    assert {1: True, 2: False, 3: False, 4: False, 5: True} == {number: row["is_completed"] for number, row in found.items()}
    assert {"meeting"} == {row["touch_type"] for row in found.values()}


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"WhatId": account(1), "AccountId": account(1)}, f"account:{account(1)}"),
        ({"WhatId": opportunity(1), "AccountId": account(1)}, f"opportunity:{opportunity(1)}"),
        ({"AccountId": account(1)}, f"account:{account(1)}"),
        ({"WhatId": "a0X000000000001AAA", "AccountId": account(2)}, f"account:{account(2)}"),
        ({"WhoId": lead(1), "WhatId": opportunity(1)}, f"lead:{lead(1)}"),
    ],
)
def test_a_touch_that_names_no_person_is_of_the_opportunity_or_account(fields: dict[str, str], key: str) -> None:
    found = made(tasks=[task(1, **{"WhoId": None} | fields)], events=[event(2, **{"WhoId": None} | fields)])
    assert {row["source_key"] for row in found.values()} == {key} and len(found) == 2


@given(
    who=st.sampled_from([None, lead(1), contact(1), user(1)]),
    what=st.sampled_from([None, account(1), opportunity(1), "a0X000000000001AAA"]),
    of=st.sampled_from([None, account(1)]),
)
@settings(max_examples=15, deadline=None)
def test_a_touch_has_one_subject_or_is_no_touch(who: str | None, what: str | None, of: str | None) -> None:
    person = who if who in (lead(1), contact(1)) else None
    about = what if what in (account(1), opportunity(1)) else of
    found = made(tasks=[task(1, WhoId=who, WhatId=what, AccountId=of)])
    assert [row["source_key"].partition(":")[2] for row in found.values()] == [one for one in (person or about,) if one]


@pytest.mark.parametrize(
    "subject", ["Was Sent Email: Autumn Newsletter", "Marketo: Was Sent Email", "Opened Email: Autumn", "Visited Web Page: /pricing"]
)
def test_what_marketing_s_sync_logs_in_a_rep_s_name_is_automatic(subject: str) -> None:
    assert made(tasks=[task(1, TaskSubtype="Email", Subject=subject)])[1]["is_automatic"]


@pytest.mark.parametrize("subject", ["Email: your visit", "Sent the contract", "Email: form for the trade show"])
def test_what_a_rep_wrote_is_not_automatic(subject: str) -> None:
    assert not made(tasks=[task(1, TaskSubtype="Email", Subject=subject)])[1]["is_automatic"]
