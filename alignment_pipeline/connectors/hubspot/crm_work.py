"""HubSpot's calls, e-mails, tasks and meetings as the CRM's tasks and events.

Belongs here: one engagement, as values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alignment_pipeline.connectors.hubspot.crm_ids import MOST_PLACES, crm_id
from alignment_pipeline.connectors.hubspot.crm_values import Portal, Values, day_text, moment_of, moment_text, seconds

_NOT_HELD = frozenset({"CANCELED", "CANCELLED", "NO_SHOW", "RESCHEDULED"})
_NOT_SENT = frozenset({"FAILED", "BOUNCED"})


def work(kind: str, record: Mapping[str, Any], portal: Portal) -> Iterator[tuple[str, Values, bool]]:
    """Rows of a call, e-mail, task or meeting, one for each of its contacts, and whether it never took place."""
    given = record["properties"]
    links = record.get("links") or {}
    people = sorted(links.get("contacts") or (), key=int)[:MOST_PLACES]
    companies = sorted(links.get("companies") or (), key=int)
    deals = sorted(links.get("deals") or (), key=int)
    is_void = kind == "meetings" and given.get("hs_meeting_outcome") in _NOT_HELD
    stamp = moment_text(given.get("hs_lastmodifieddate"))
    common: Values = {
        "OwnerId": portal.owner(given.get("hubspot_owner_id")),
        "CreatedDate": moment_text(given.get("hs_createdate") or given.get("hs_timestamp")),
        "LastModifiedDate": stamp,
        "SystemModstamp": stamp,
        "IsDeleted": "true" if is_void else "false",
        "WhatId": crm_id("deals", deals[0]) if deals else crm_id("companies", companies[0]) if companies else None,
        "AccountId": crm_id("companies", companies[0]) if companies else None,
        **_OF_KIND[kind](given),
    }
    for place, number in enumerate(people or [None]):
        identity = crm_id(kind, str(given["hs_object_id"]), place)
        yield identity, common | {"Id": identity, "WhoId": None if number is None else crm_id("contacts", number)}, is_void


def _call(given: Mapping[str, Any]) -> Values:
    at = moment_text(given.get("hs_timestamp"))
    is_done = given.get("hs_call_status") in (None, "", "COMPLETED")
    return _done(at, is_done) | {
        "Subject": given.get("hs_call_title") or "Call",
        "Type": "Call",
        "TaskSubtype": "Call",
        "CallType": _DIRECTIONS.get(str(given.get("hs_call_direction"))),
        "CallDisposition": given.get("hs_call_disposition"),
        "CallDurationInSeconds": seconds(given.get("hs_call_duration")),
    }


def _email(given: Mapping[str, Any]) -> Values:
    is_done = given.get("hs_email_status") not in _NOT_SENT
    return _done(moment_text(given.get("hs_timestamp")), is_done) | {
        "Subject": given.get("hs_email_subject") or "E-mail",
        "Type": "Email",
        "TaskSubtype": "Email",
        "CallType": "Inbound" if given.get("hs_email_direction") == "INCOMING_EMAIL" else "Outbound",
    }


def _task(given: Mapping[str, Any]) -> Values:
    """A task is what somebody means to do; the call or e-mail itself is an engagement of its own."""
    status = given.get("hs_task_status") or "NOT_STARTED"
    is_done = status == "COMPLETED"
    return {
        "Subject": given.get("hs_task_subject"),
        "Status": status,
        "IsClosed": "true" if is_done else "false",
        "Type": "To do",
        "TaskSubtype": "Task",
        "Priority": given.get("hs_task_priority"),
        "ActivityDate": day_text(given.get("hs_timestamp")),
        "CompletedDateTime": moment_text(given.get("hs_task_completion_date")) if is_done else None,
    }


def _meeting(given: Mapping[str, Any]) -> Values:
    begins = given.get("hs_meeting_start_time") or given.get("hs_timestamp")
    first, last = moment_of(begins), moment_of(given.get("hs_meeting_end_time"))
    minutes = (last - first).total_seconds() / 60 if first and last and last > first else None
    return {
        "Subject": given.get("hs_meeting_title") or "Meeting",
        "StartDateTime": moment_text(begins),
        "EndDateTime": moment_text(given.get("hs_meeting_end_time")),
        "ActivityDateTime": moment_text(begins),
        "DurationInMinutes": None if minutes is None else f"{minutes:g}",
        "IsChild": "false",
        "IsRecurrence": "false",
    }


def _done(at: str | None, is_done: bool) -> Values:
    return {
        "Status": "Completed" if is_done else "Not done",
        "IsClosed": "true" if is_done else "false",
        "ActivityDate": day_text(at),
        "CompletedDateTime": at if is_done else None,
        "IsRecurrence": "false",
    }


_DIRECTIONS = {"INBOUND": "Inbound", "OUTBOUND": "Outbound"}
_OF_KIND = {"calls": _call, "emails": _email, "tasks": _task, "meetings": _meeting}
