"""The changes of a plan on a terminal: read record by record, at 80 columns."""

from __future__ import annotations

from typing import Any

from alignment_pipeline.cli import plan_screen

REASON = (
    "81 minutes of engagement, 3 of 9 people engaged: Hand raised 61, Webinar attended 12, Page visit 4.4. Up 46% on the period before."
)


def change(label: str, after: Any, reason: str = REASON, **given: Any) -> dict[str, Any]:
    return {
        "object": "Account",
        "record_id": "001a",
        "external_key": None,
        "name": "Raptor Metals Ltd",
        "label": label,
        "before": None,
        "before_name": None,
        "after": after,
        "after_name": None,
        "reason": reason,
        "state": "PLANNED",
        **given,
    }


def test_fields_that_change_for_one_reason_say_it_once() -> None:
    changes = [change("Committee coverage %", 40), change("Engagement half-life", 30), change("MQA", "mqa", "MQA since 18 Nov 2026.")]

    assert plan_screen.lines(changes, width=80) == [
        "",
        "Account Raptor Metals Ltd  PLANNED",
        "  Committee coverage %: empty -> 40",
        "  Engagement half-life: empty -> 30",
        "      why: 81 minutes of engagement, 3 of 9 people engaged: Hand raised 61,",
        "        Webinar attended 12, Page visit 4.4. Up 46% on the period before.",
        "  MQA: empty -> mqa",
        "      why: MQA since 18 Nov 2026.",
    ]


def test_a_text_that_is_its_own_reason_is_said_once_and_people_stand_beside_their_ids() -> None:
    changes = [
        change("Score reason", REASON),
        change("Owner", "005a", "", before="005b", before_name="Ann Lee", after_name="Bob Ray", name=None),
    ]

    shown = plan_screen.lines(changes, width=80)

    assert [] == [line for line in shown if "why:" in line]
    assert "  Owner: Ann Lee (005b) -> Bob Ray (005a)" in shown


def test_records_stand_apart_and_no_line_is_too_long() -> None:
    changes = [change("Stage", "MQL"), change("Stage", "word " * 60, record_id="001b", name="Acme " * 8)]

    shown = plan_screen.lines(changes, width=80)

    assert 2 == shown.count("") and all(len(line) <= 80 for line in shown)


def test_counts_name_what_there_is() -> None:
    assert "Lead: 434 records, 4,507 fields" == plan_screen.counts("Lead", {"records": 434, "fields": 4507, "created": 0})
    assert "Task: 26 created" == plan_screen.counts("Task", {"records": 0, "fields": 206, "created": 26})


def test_an_operation_says_when_how_it_ended_and_what_it_set_by_labels() -> None:
    one = {
        "changed_at": "2026-11-21T09:34:59.123Z",
        "plan": "6b1a184aa3f3",
        "state": "VERIFIED",
        "result": "Already a customer.",
        "attempts": [{}],
        "changes": {"Alignment_MQA_Reason__c": [None, "Already a customer."], "Other__c": [1, 2]},
    }

    assert plan_screen.operation(one, {"Alignment_MQA_Reason__c": "MQA reason"}, width=80) == [
        "",
        "2026-11-21 09:34  VERIFIED, plan 6b1a184aa3f3",
        "  MQA reason: empty -> Already a customer.",
        "  Other__c: 1 -> 2",
    ]
