"""What happened to a person or an account, in order of time: activities, touches, stage moves, clocks, escalations, writes and holds.

Belongs here: putting rows of several tables into one order, with a sentence each. What they add up to: `explain.py`. The `source` has
`scored_activities` too, which no run publishes (`explain_activities.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alignment_pipeline.journal.journal import Journal, from_stamp
from alignment_pipeline.operations.explain import Source
from alignment_pipeline.write_back.fields import holds

#: Published tables beside those of an explanation.
TABLES = ("touches", "sla_escalations", "write_results", "opportunities")
MOST = 100
_MICRO = 1_000_000
#: States of an operation as people say them; the others are their own words.
_WRITTEN = {"VERIFIED": "written, and read back", "REJECTED": "write rejected by the CRM", "DEAD": "write given up"}


@dataclass(frozen=True)
class Event:
    """One thing that happened. `kind` is one of activity, touch, stage, mqa, clock, escalation, write, hold, deal."""

    at: datetime
    kind: str
    text: str
    detail: str = ""


def of_person(source: Source, explained: dict[str, Any], journal: Journal | None = None) -> list[Event]:
    """Everything about a person of an explanation, the latest first."""
    person_id = explained["person"]["person_id"]
    records = [row["record_id"] for row in explained["records"]]
    keys = [row["source_key"] for row in explained["records"]]
    return _latest(
        [
            *_activities(source.rows("scored_activities", "occurred_at DESC, activity_id", limit=MOST, person_id=person_id)),
            *_touches(source.among("touches", "source_key", keys, "occurred_at DESC, touch_id", limit=MOST)),
            *_stages(explained["stage_history"]),
            *_clocks(explained["clocks"]),
            *_escalations(source.among("sla_escalations", "record_id", records, "due_at DESC, escalation_id", limit=MOST)),
            *_writes(source.among("write_results", "record_id", records, "changed_at DESC, op_key", limit=MOST)),
            *_holds(journal, records),
        ]
    )


def of_account(source: Source, explained: dict[str, Any], journal: Journal | None = None) -> list[Event]:
    """Everything about an account of an explanation and the people behind it, the latest first."""
    account_id = explained["account"]["account_id"]
    return _latest(
        [
            *_activities(source.rows("scored_activities", "occurred_at DESC, activity_id", limit=MOST, account_id=account_id)),
            *_stages(explained["stage_history"]),
            *_mqas(explained["mqa_history"]),
            *_clocks(explained["clocks"]),
            *_deals(source.rows("opportunities", "created_at DESC, opportunity_id", account_id=account_id)),
            *_escalations(source.among("sla_escalations", "record_id", [account_id], "due_at DESC, escalation_id", limit=MOST)),
            *_writes(source.among("write_results", "record_id", [account_id], "changed_at DESC, op_key", limit=MOST)),
            *_holds(journal, [account_id]),
        ]
    )


def _latest(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda one: (one.at, one.kind, one.text), reverse=True)[:MOST]


def _activities(rows: Iterable[dict[str, Any]]) -> list[Event]:
    events = []
    for row in rows:
        points = f"{row['contribution_micro'] / _MICRO:+.1f} points now" if row["contribution_micro"] else ""
        why = f"not counted: {_words(row['exclusion'])}" if row["exclusion"] else row["factor"] or ""
        about = f"{_words(row['activity_type'])}: {row['detail']}" if row["detail"] else _words(row["activity_type"])
        events.append(Event(row["occurred_at"], "activity", about, ", ".join(part for part in (why, points) if part)))
    return events


def _touches(rows: Iterable[dict[str, Any]]) -> list[Event]:
    return [
        Event(row["occurred_at"], "touch", f"{_words(row['touch_type'])}, {row['direction'] or 'outbound'}", row["subject"] or "")
        for row in rows
        if row["occurred_at"]
    ]


def _stages(rows: Iterable[dict[str, Any]]) -> list[Event]:
    return [
        Event(
            row["entered_at"],
            "stage",
            f"{row['previous_stage']} → {_stage(row)}" if row["previous_stage"] else _stage(row),
            row["reason"] or "",
        )
        for row in rows
        if row["entered_at"]
    ]


def _stage(row: dict[str, Any]) -> str:
    return f"{row['stage']} ({row['sub_stage']})" if row["sub_stage"] else str(row["stage"])


def _mqas(rows: Iterable[dict[str, Any]]) -> list[Event]:
    events = [Event(row["entered_at"], "mqa", "became an MQA", row["reason"] or "") for row in rows if row["entered_at"]]
    return events + [Event(row["left_at"], "mqa", "is no MQA any more", row["left_reason"] or "") for row in rows if row["left_at"]]


def _clocks(rows: Iterable[dict[str, Any]]) -> list[Event]:
    events = []
    for row in rows:
        policy = _words(row["policy"])
        if row["started_at"]:
            events.append(Event(row["started_at"], "clock", f"{policy} started", row["reason"] or ""))
        if row["stopped_at"]:
            events.append(Event(row["stopped_at"], "clock", f"{policy} stopped: {_words(row['state'])}", _words(row["stop_event"] or "")))
        elif row["state"] == "breached" and row["due_at"]:
            events.append(Event(row["due_at"], "clock", f"{policy} breached", row["breach_reason"] or ""))
    return events


def _escalations(rows: Iterable[dict[str, Any]]) -> list[Event]:
    return [
        Event(row["due_at"], "escalation", f"{_words(row['policy'])}: {row['title'] or _words(row['rung'])}", _words(row["state"]))
        for row in rows
        if row["due_at"]
    ]


def _writes(rows: Iterable[dict[str, Any]]) -> list[Event]:
    return [
        Event(
            row["changed_at"], "write", f"{row['object']} {_WRITTEN.get(row['state'], _words(row['state'].lower()))}", row["reason"] or ""
        )
        for row in rows
        if row["changed_at"]
    ]


def _deals(rows: Iterable[dict[str, Any]]) -> list[Event]:
    return [
        Event(row["created_at"], "deal", f"opportunity {row['opportunity_id']} created", f"now {row['stage']}")
        for row in rows
        if row["created_at"]
    ]


def _holds(journal: Journal | None, records: Iterable[str]) -> list[Event]:
    if journal is None:
        return []
    held = [one for record in records for one in holds.listing(journal, record_id=record)]
    return [Event(from_stamp(one.since), "hold", f"{one.field} is not written", one.meaning) for one in held]


def _words(text: str) -> str:
    return text.replace("_", " ")
