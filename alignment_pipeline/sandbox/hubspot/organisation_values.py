"""Values of the demo organisation's records as a portal keeps them: stages, deals, engagements, owners over time.

Belongs here: one record's values. Which record becomes what: `organisation.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

Record = Mapping[str, Any]
_INBOUND = ("inbound", "received", "incoming", "re:")


def age(row: Record) -> tuple[datetime, str]:
    return row["CreatedDate"], str(row["Id"])


def by_record(rows: Iterable[Record], parent: str) -> dict[str, list[Record]]:
    by_parent: dict[str, list[Record]] = {}
    for row in rows:
        by_parent.setdefault(str(row[parent]), []).append(row)
    return {key: sorted(mine, key=lambda one: (one["CreatedDate"], str(one["Id"]))) for key, mine in by_parent.items()}


def owners_over_time(row: Record, history: Iterable[Record]) -> list[tuple[datetime, Any]]:
    """Owners since when; each change leaves one history row with names and one with ids."""
    moves = [one for one in history if one["Field"] == "Owner" and str(one["NewValue"])[:3] in ("005", "00G")]
    first = moves[0]["OldValue"] if moves else row["OwnerId"]
    periods = [(row["CreatedDate"], first), *((one["CreatedDate"], one["NewValue"]) for one in moves)]
    return periods if periods[-1][1] == row["OwnerId"] else [*periods, (periods[-1][0], row["OwnerId"])]


def stage(row: Record, ids: Mapping[str, str]) -> dict[str, Any]:
    is_closed, is_won = bool(row["IsClosed"]), bool(row["IsWon"])
    probability = 1.0 if is_won else 0.0 if is_closed else round(float(row["DefaultProbability"]) / 100, 1) or 0.1
    metadata = {"probability": str(probability), "isClosed": "true" if is_closed else "false"}
    label = str(row["MasterLabel"])
    return {"id": ids[label], "label": label, "displayOrder": int(row["SortOrder"]), "archived": False, "metadata": metadata}


def deal(stage: Any, amount: Any, close: Any, ids: Mapping[str, str]) -> dict[str, Any]:
    day = f"{close.isoformat()}T17:00:00.000Z" if isinstance(close, date) else None
    return {"dealstage": ids.get(str(stage), str(stage)), "amount": amount, "closedate": day}


def engagement(object_: str, row: Record) -> tuple[str, dict[str, Any]]:
    if object_ == "Event":
        begins = row["StartDateTime"] or datetime.combine(row["ActivityDate"], datetime.min.time(), UTC)
        ends = row["EndDateTime"] or begins + timedelta(minutes=float(row["DurationInMinutes"] or 0))
        subject = str(row["Subject"])
        outcome = "CANCELED" if subject.lower().startswith("cancel") else "COMPLETED"
        return "meetings", {"hs_meeting_title": subject, "hs_timestamp": begins, "hs_meeting_start_time": begins} | {
            "hs_meeting_end_time": ends,
            "hs_meeting_outcome": outcome,
        }
    subject = str(row["Subject"] or "")
    is_inbound = str(row["CallType"]).lower() == "inbound" or subject.lower().startswith(_INBOUND) or ": re: " in subject.lower()
    at = row["CompletedDateTime"] or row["CreatedDate"]
    if row["TaskSubtype"] == "Call" and row["IsClosed"]:
        duration = row["CallDurationInSeconds"]
        return "calls", {"hs_call_title": subject, "hs_timestamp": at, "hs_call_status": "COMPLETED"} | {
            "hs_call_direction": "INBOUND" if is_inbound else "OUTBOUND",
            "hs_call_disposition": row["CallDisposition"],
            "hs_call_duration": None if duration is None else int(duration) * 1000,
        }
    if row["TaskSubtype"] == "Email" and row["IsClosed"]:
        direction = "INCOMING_EMAIL" if is_inbound else "EMAIL"
        return "emails", {"hs_email_subject": subject, "hs_timestamp": at, "hs_email_direction": direction, "hs_email_status": "SENT"}
    status = "COMPLETED" if row["IsClosed"] else "NOT_STARTED"
    return "tasks", {"hs_task_subject": subject, "hs_timestamp": at, "hs_task_status": status, "hs_task_type": "TODO"}


def text(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
