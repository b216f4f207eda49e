"""HubSpot's records in the words of the CRM's tables: companies as accounts, contacts, deals as opportunities, work as tasks and events.

Belongs here: one record, as values. Which run reads what: `crm_extraction.py`; ids: `crm_ids.py`. Values stay text; nothing is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from alignment_pipeline.connectors.hubspot.crm_ids import MOST_PLACES, crm_id, made_id
from alignment_pipeline.connectors.values import canonical, parse_stamp, stamp_text

Values = dict[str, str | None]
Row = tuple[str, Values]
_CUSTOMER = ("customer", "evangelist")
_NOT_HELD = frozenset({"CANCELED", "CANCELLED", "NO_SHOW", "RESCHEDULED"})
_NOT_SENT = frozenset({"FAILED", "BOUNCED"})
#: Properties of contacts and companies that keep their own name in the history of the CRM's tables, beside those of the agreement.
_FIELD = {
    "hubspot_owner_id": "Owner",
    "associatedcompanyid": "Account",
    "dealstage": "StageName",
    "amount": "Amount",
    "closedate": "CloseDate",
}


@dataclass(frozen=True)
class Portal:
    """What the records of a portal refer to: owners, deal stages, the account's time zone, and owners' zones by owner id."""

    owners: Sequence[Mapping[str, Any]] = ()
    archived_owners: Sequence[Mapping[str, Any]] = ()
    pipelines: Sequence[Mapping[str, Any]] = ()
    time_zone: str | None = None
    zones: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def queues(self) -> frozenset[str]:
        """Owners that are queues."""
        return frozenset(str(one["id"]) for one in (*self.owners, *self.archived_owners) if one.get("type") == "QUEUE")

    @cached_property
    def stages(self) -> dict[str, dict[str, str | None]]:
        """Stage id -> its row in the CRM's table of stages."""
        known = [(pipeline, stage) for pipeline in self.pipelines for stage in pipeline.get("stages") or ()]
        labels = [str(stage.get("label") or stage["id"]) for _, stage in known]
        by_id = {}
        for place, (pipeline, stage) in enumerate(known):
            label = labels[place]
            if labels.count(label) > 1:
                label = f"{label} ({pipeline.get('label') or pipeline['id']})"
            by_id[str(stage["id"])] = _stage(str(pipeline["id"]), stage, label, place)
        return by_id

    def owner(self, number: object) -> str | None:
        """An owner's id in the CRM's tables, None where there is none."""
        text = canonical(number, "string")
        return None if text is None else crm_id("queues" if text in self.queues else "owners", text)

    def day(self, moment: object) -> str | None:
        """The day of a moment in the account's time zone: people pick days, HubSpot keeps moments."""
        parsed = _moment(moment)
        if parsed is None:
            return None
        return parsed.astimezone(ZoneInfo(self.time_zone) if self.time_zone else UTC).date().isoformat()


def _stage(pipeline: str, stage: Mapping[str, Any], label: str, place: int) -> dict[str, str | None]:
    details = stage.get("metadata") or {}
    probability = canonical(details.get("probability"), "double")
    given = canonical(details.get("isClosed"), "boolean")
    is_closed = given == "true" if given is not None else probability in ("0", "1")
    is_won = is_closed and probability == "1"
    return {
        "Id": f"{pipeline}:{stage['id']}",
        "MasterLabel": label,
        "ApiName": str(stage["id"]),
        "IsClosed": "true" if is_closed else "false",
        "IsWon": "true" if is_won else "false",
        "DefaultProbability": _percent(probability),
        "IsActive": "false" if stage.get("archived") else "true",
        "SortOrder": str(place + 1),
        "ForecastCategoryName": "Closed" if is_won else "Omitted" if is_closed else "Pipeline",
    }


def account(record: Mapping[str, Any], portal: Portal) -> Row:
    """A company. One at lifecycle stage customer is of type Customer; else its own type stands."""
    given = record["properties"]
    identity, values = _common("companies", given, portal, "hs_lastmodifieddate")
    is_customer = str(given.get("lifecyclestage") or "").lower() in _CUSTOMER
    return identity, values | {
        "Name": given.get("name") or given.get("domain"),
        "Type": "Customer" if is_customer else given.get("type"),
        "Website": given.get("website") or given.get("domain"),
        "ParentId": _linked("companies", given.get("hs_parent_company_id")),
        "Phone": given.get("phone"),
        "Industry": given.get("industry"),
        "NumberOfEmployees": canonical(given.get("numberofemployees"), "double"),
        "AnnualRevenue": canonical(given.get("annualrevenue"), "double"),
        "BillingStreet": given.get("address"),
        "BillingCity": given.get("city"),
        "BillingState": given.get("state"),
        "BillingPostalCode": given.get("zip"),
        "BillingCountry": given.get("country"),
    }


def contact(record: Mapping[str, Any], portal: Portal) -> Row:
    """A contact, on its primary company."""
    given = record["properties"]
    identity, values = _common("contacts", given, portal, "lastmodifieddate")
    return identity, values | {
        "AccountId": _linked("companies", given.get("associatedcompanyid")),
        "FirstName": given.get("firstname"),
        "LastName": given.get("lastname") or given.get("email") or "(no name)",
        "Email": given.get("email"),
        "Title": given.get("jobtitle"),
        "Phone": given.get("phone"),
        "MobilePhone": given.get("mobilephone"),
        "MailingCity": given.get("city"),
        "MailingState": given.get("state"),
        "MailingCountry": given.get("country"),
        "LeadSource": given.get("hs_analytics_source"),
        "HasOptedOutOfEmail": "true" if str(given.get("hs_email_optout")).lower() == "true" else "false",
    }


def opportunity(record: Mapping[str, Any], portal: Portal) -> Row:
    """A deal, on its first company."""
    given = record["properties"]
    identity, values = _common("deals", given, portal, "hs_lastmodifieddate")
    stage = portal.stages.get(str(given.get("dealstage")), {})
    companies = (record.get("links") or {}).get("companies") or ()
    closed = canonical(given.get("hs_is_closed"), "boolean") or stage.get("IsClosed") or "false"
    won = canonical(given.get("hs_is_closed_won"), "boolean") or stage.get("IsWon") or "false"
    return identity, values | {
        "Name": given.get("dealname") or f"Deal {given['hs_object_id']}",
        "StageName": _label(given.get("dealstage"), portal),
        "CloseDate": portal.day(given.get("closedate")),
        "IsClosed": closed,
        "IsWon": won,
        "AccountId": _linked("companies", min(companies, key=int) if companies else None),
        "Amount": canonical(given.get("amount"), "double"),
        "Probability": _percent(canonical(given.get("hs_deal_stage_probability"), "double")) or stage.get("DefaultProbability"),
        "Type": given.get("dealtype"),
        "LeadSource": given.get("hs_analytics_source"),
        "ForecastCategoryName": stage.get("ForecastCategoryName"),
    }


def contact_roles(record: Mapping[str, Any]) -> Iterator[Row]:
    """The contacts of a deal. HubSpot tells no time of an association: they are there from the deal's creation on."""
    given = record["properties"]
    deal = crm_id("deals", str(given["hs_object_id"]))
    for number in sorted((record.get("links") or {}).get("contacts") or (), key=int):
        contact_id = crm_id("contacts", number)
        identity = made_id("00K", deal, contact_id)
        yield (
            identity,
            {
                "Id": identity,
                "OpportunityId": deal,
                "ContactId": contact_id,
                "CreatedDate": _at(given.get("createdate")),
                "SystemModstamp": _at(given.get("hs_lastmodifieddate")),
                "IsDeleted": "false",
                "IsPrimary": "false",
            },
        )


def changes(record: Mapping[str, Any], portal: Portal, kind: str, parent: str) -> Iterator[Row]:
    """The history of a record's fields: each value after the one before it."""
    identity = crm_id(kind, str(record["id"]))
    for name, versions in sorted((record.get("propertiesWithHistory") or {}).items()):
        before: str | None = None
        for at, value in _in_order(versions):
            shown = _shown(name, value, portal)
            if shown != before:
                yield (
                    f"{identity}:{name}:{at}",
                    {
                        "Id": f"{identity}:{name}:{at}",
                        parent: identity,
                        "Field": _FIELD.get(name, name),
                        "OldValue": before,
                        "NewValue": shown,
                        "CreatedDate": at,
                        "IsDeleted": "false",
                    },
                )
            before = shown


def stages_over_time(record: Mapping[str, Any], portal: Portal) -> Iterator[Row]:
    """Stage, amount and close date of a deal after each of their changes."""
    identity = crm_id("deals", str(record["id"]))
    history = record.get("propertiesWithHistory") or {}
    events = sorted((at, name, value) for name in ("dealstage", "amount", "closedate") for at, value in _in_order(history.get(name) or ()))
    now: dict[str, str | None] = {}
    rows: dict[str, Values] = {}
    for at, name, value in events:
        now[name] = value
        if now.get("dealstage") is None:
            continue
        stage = portal.stages.get(str(now["dealstage"]), {})
        rows[at] = {
            "Id": made_id("008", identity, at),
            "OpportunityId": identity,
            "StageName": _label(now["dealstage"], portal),
            "Amount": canonical(now.get("amount"), "double"),
            "CloseDate": portal.day(now.get("closedate")),
            "Probability": stage.get("DefaultProbability"),
            "ForecastCategory": stage.get("ForecastCategoryName"),
            "CreatedDate": at,
            "SystemModstamp": at,
            "IsDeleted": "false",
        }
    for values in rows.values():
        yield str(values["Id"]), values


def work(kind: str, record: Mapping[str, Any], portal: Portal) -> Iterator[tuple[str, Values, bool]]:
    """Rows of a call, e-mail, task or meeting, one for each of its contacts, and whether it never took place."""
    given = record["properties"]
    links = record.get("links") or {}
    people = sorted(links.get("contacts") or (), key=int)[:MOST_PLACES]
    companies = sorted(links.get("companies") or (), key=int)
    is_void = kind == "meetings" and given.get("hs_meeting_outcome") in _NOT_HELD
    stamp = _at(given.get("hs_lastmodifieddate"))
    common: Values = {
        "OwnerId": portal.owner(given.get("hubspot_owner_id")),
        "CreatedDate": _at(given.get("hs_createdate") or given.get("hs_timestamp")),
        "LastModifiedDate": stamp,
        "SystemModstamp": stamp,
        "IsDeleted": "true" if is_void else "false",
        "WhatId": crm_id("companies", companies[0]) if companies else None,
        "AccountId": crm_id("companies", companies[0]) if companies else None,
        **_OF_KIND[kind](given),
    }
    for place, number in enumerate(people or [None]):
        identity = crm_id(kind, str(given["hs_object_id"]), place)
        yield identity, common | {"Id": identity, "WhoId": None if number is None else crm_id("contacts", number)}, is_void


def _call(given: Mapping[str, Any]) -> Values:
    at = _at(given.get("hs_timestamp"))
    is_done = given.get("hs_call_status") in (None, "", "COMPLETED")
    return _done(at, is_done) | {
        "Subject": given.get("hs_call_title") or "Call",
        "Type": "Call",
        "TaskSubtype": "Call",
        "CallType": _DIRECTIONS.get(str(given.get("hs_call_direction"))),
        "CallDisposition": given.get("hs_call_disposition"),
        "CallDurationInSeconds": _seconds(given.get("hs_call_duration")),
    }


def _email(given: Mapping[str, Any]) -> Values:
    is_done = given.get("hs_email_status") not in _NOT_SENT
    return _done(_at(given.get("hs_timestamp")), is_done) | {
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
        "ActivityDate": _day(given.get("hs_timestamp")),
        "CompletedDateTime": _at(given.get("hs_task_completion_date")) if is_done else None,
    }


def _meeting(given: Mapping[str, Any]) -> Values:
    begins = given.get("hs_meeting_start_time") or given.get("hs_timestamp")
    first, last = _moment(begins), _moment(given.get("hs_meeting_end_time"))
    minutes = (last - first).total_seconds() / 60 if first and last and last > first else None
    return {
        "Subject": given.get("hs_meeting_title") or "Meeting",
        "StartDateTime": _at(begins),
        "EndDateTime": _at(given.get("hs_meeting_end_time")),
        "ActivityDateTime": _at(begins),
        "DurationInMinutes": None if minutes is None else f"{minutes:g}",
        "IsChild": "false",
        "IsRecurrence": "false",
    }


_DIRECTIONS = {"INBOUND": "Inbound", "OUTBOUND": "Outbound"}
_OF_KIND = {"calls": _call, "emails": _email, "tasks": _task, "meetings": _meeting}


def user(row: Mapping[str, Any], portal: Portal, *, is_active: bool) -> Row:
    """A person who owns records; their zone, where the app may read it, else the account's."""
    number = str(row["id"])
    identity = crm_id("owners", number)
    named = " ".join(str(row[name]).strip() for name in ("firstName", "lastName") if row.get(name))
    teams = row.get("teams") or ()
    return identity, {
        "Id": identity,
        "Name": named or canonical(row.get("email"), "string") or f"Owner {number}",
        "Email": canonical(row.get("email"), "string"),
        "IsActive": "true" if is_active else "false",
        "TimeZoneSidKey": portal.zones.get(number) or portal.time_zone,
        "Department": next((str(one.get("name")) for one in teams if one.get("primary")), None),
        "UserType": "Standard",
        **_stamps(row),
    }


def queue(row: Mapping[str, Any]) -> Row:
    """A queue."""
    identity = crm_id("queues", str(row["id"]))
    named = " ".join(str(row[name]).strip() for name in ("firstName", "lastName") if row.get(name))
    name = named or canonical(row.get("email"), "string") or f"Queue {row['id']}"
    return identity, {"Id": identity, "Name": name, "Type": "Queue", "DeveloperName": None, **_stamps(row)}


def tombstone(kind: str, number: str, survivor: str | None = None) -> Row:
    """A record that is gone, merged into `survivor` or not."""
    identity = crm_id(kind, number)
    merged = {"MasterRecordId": crm_id(kind, survivor)} if survivor is not None and kind in ("contacts", "companies") else {}
    return identity, {"Id": identity, "IsDeleted": "true", **merged}


def _common(kind: str, given: Mapping[str, Any], portal: Portal, stamp: str) -> Row:
    identity = crm_id(kind, str(given["hs_object_id"]))
    modified = _at(given.get(stamp))
    return identity, {
        "Id": identity,
        "OwnerId": portal.owner(given.get("hubspot_owner_id")),
        "CreatedDate": _at(given.get("createdate")),
        "LastModifiedDate": modified,
        "SystemModstamp": modified,
        "IsDeleted": "false",
    }


def _stamps(row: Mapping[str, Any]) -> Values:
    modified = _at(row.get("updatedAt"))
    return {
        "CreatedDate": _at(row.get("createdAt")) or modified,
        "LastModifiedDate": modified,
        "SystemModstamp": modified,
    }


def _done(at: str | None, is_done: bool) -> Values:
    return {
        "Status": "Completed" if is_done else "Not done",
        "IsClosed": "true" if is_done else "false",
        "ActivityDate": _day(at),
        "CompletedDateTime": at if is_done else None,
        "IsRecurrence": "false",
    }


def _linked(kind: str, number: object) -> str | None:
    text = canonical(number, "double")
    return None if text is None else crm_id(kind, text)


def _label(stage: object, portal: Portal) -> str | None:
    text = canonical(stage, "string")
    return None if text is None else portal.stages.get(text, {}).get("MasterLabel") or text


def _percent(probability: str | None) -> str | None:
    try:
        return None if probability is None else f"{round(float(probability) * 100, 6):g}"
    except ValueError:
        return None


def _seconds(millis: object) -> str | None:
    text = canonical(millis, "double")
    try:
        return None if text is None else f"{float(text) / 1000:g}"
    except ValueError:
        return None


def _shown(name: str, value: str | None, portal: Portal) -> str | None:
    if name == "hubspot_owner_id":
        return portal.owner(value)
    if name == "associatedcompanyid":
        return _linked("companies", value)
    if name == "dealstage":
        return _label(value, portal)
    if name == "closedate":
        return portal.day(value)
    return canonical(value, "string")


def _in_order(versions: Sequence[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    """Moments and values, oldest first; HubSpot tells the newest first."""
    return [(str(_at(one["timestamp"])), canonical(one.get("value"), "string")) for one in reversed(versions)]


def _moment(value: object) -> datetime | None:
    text = canonical(value, "string")
    if text is None:
        return None
    if text.lstrip("-").isdigit():
        return datetime.fromtimestamp(int(text) / 1000, tz=UTC)
    try:
        return parse_stamp(text)
    except ValueError:
        return None


def _at(value: object) -> str | None:
    """A moment in the raw tables' one form."""
    parsed = _moment(value)
    return None if parsed is None else stamp_text(parsed)


def _day(value: object) -> str | None:
    parsed = _moment(value)
    return None if parsed is None else stamp_text(parsed)[:10]
