"""What to do this week: short, urgent first, each line with somebody who does it."""

from __future__ import annotations

from datetime import date

import pytest

from alignment_pipeline.meeting import agenda
from alignment_pipeline.meeting.draft import NOBODY
from alignment_pipeline.meeting.pack import Meeting, Pack
from alignment_pipeline.meeting.sections.actions import Action
from alignment_pipeline.meeting.sections.disputes import Dispute, id_of
from alignment_pipeline_tests.meeting.factories import busy, clock, made

DISPUTE = Dispute(id_of("breach", "clock-3"), "breach", "clock-3", "sales", "Ann Lee", date(2026, 11, 2), "On leave")
LATE = Action("Call them", "Bob Ray", date(2026, 11, 18), raised_on=date(2026, 11, 9))


@pytest.fixture(scope="module")
def one() -> Pack:
    return made(Meeting(disputes=[DISPUTE], actions=[LATE]), **busy())


def test_decisions_come_first_then_what_is_late_then_what_waits(one: Pack) -> None:
    lines = one.content["agenda"]

    assert ["disputes", "actions", "reps"] == [line["section"] for line in lines][:3]
    assert ("VP Marketing", "Decide 1 dispute, 1 past the day agreed") == (lines[0]["who"], lines[0]["what"])
    assert ("Bob Ray", "Finish or drop 1 action past due") == (lines[1]["who"], lines[1]["what"])
    assert len(lines) <= agenda.MOST and all(line["who"] and line["what"] for line in lines)


def test_the_gap_to_plan_is_said_in_millions(one: Pack) -> None:
    assert "Find 1.2 million of pipeline: the plan for 2026Q4 lacks it" in [line["what"] for line in one.content["agenda"]]


def test_cases_without_an_owner_are_said_as_such() -> None:
    lines = made(sla_clocks=[clock(n, "breached", owner_id=None) for n in range(3)]).content["agenda"]

    assert ("Sales", "Make, or hand over, 3 first touches that nobody has made; 3 of them have no owner") == (
        lines[0]["who"],
        lines[0]["what"],
    )
    assert NOBODY not in lines[0]["who"]


def test_an_action_returns_with_its_age_until_it_is_done(one: Pack) -> None:
    (row,) = one.content["sections"]["actions"]["rows"]
    done = made(Meeting(actions=[Action("Call them", "Bob Ray", date(2026, 11, 18), done_on=date(2026, 11, 17))]))
    gone = made(Meeting(actions=[Action("Call them", "Bob Ray", date(2026, 11, 18), done_on=date(2026, 11, 9))]))

    assert ("overdue", 1) == (row["state"], row["weeks_open"])
    assert ["done"] == [row["state"] for row in done.content["sections"]["actions"]["rows"]]
    assert [] == gone.content["sections"]["actions"]["rows"]
