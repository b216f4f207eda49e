"""Values of HubSpot in the words of the CRM's tables, and what the records of a portal refer to.

Belongs here: owners, stages, moments and numbers. Records: `crm_records.py`, `crm_deals.py`, `crm_work.py`. Values stay text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from alignment_pipeline.connectors.hubspot.crm_ids import crm_id
from alignment_pipeline.connectors.values import canonical, parse_stamp, stamp_text

Values = dict[str, str | None]
Row = tuple[str, Values]


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
        parsed = moment_of(moment)
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
        "DefaultProbability": percent(probability),
        "IsActive": "false" if stage.get("archived") else "true",
        "SortOrder": str(place + 1),
        "ForecastCategoryName": "Closed" if is_won else "Omitted" if is_closed else "Pipeline",
    }


def common(kind: str, given: Mapping[str, Any], portal: Portal, stamp: str) -> Row:
    """What every record has: its id, owner and stamps."""
    identity = crm_id(kind, str(given["hs_object_id"]))
    modified = moment_text(given.get(stamp))
    return identity, {
        "Id": identity,
        "OwnerId": portal.owner(given.get("hubspot_owner_id")),
        "CreatedDate": moment_text(given.get("createdate")),
        "LastModifiedDate": modified,
        "SystemModstamp": modified,
        "IsDeleted": "false",
    }


def stamps(row: Mapping[str, Any]) -> Values:
    """Stamps of an owner or a queue."""
    modified = moment_text(row.get("updatedAt"))
    return {
        "CreatedDate": moment_text(row.get("createdAt")) or modified,
        "LastModifiedDate": modified,
        "SystemModstamp": modified,
    }


def linked(kind: str, number: object) -> str | None:
    """The id of a record that a property names, None where it names none."""
    text = canonical(number, "double")
    return None if text is None else crm_id(kind, text)


def label(stage: object, portal: Portal) -> str | None:
    """A stage's label."""
    text = canonical(stage, "string")
    return None if text is None else portal.stages.get(text, {}).get("MasterLabel") or text


def percent(probability: str | None) -> str | None:
    """A probability of HubSpot in percent."""
    try:
        return None if probability is None else f"{round(float(probability) * 100, 6):g}"
    except ValueError:
        return None


def seconds(millis: object) -> str | None:
    """Seconds from milliseconds."""
    text = canonical(millis, "double")
    try:
        return None if text is None else f"{float(text) / 1000:g}"
    except ValueError:
        return None


def in_order(versions: Sequence[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    """Moments and values, oldest first; HubSpot tells the newest first."""
    return [(str(moment_text(one["timestamp"])), canonical(one.get("value"), "string")) for one in reversed(versions)]


def moment_of(value: object) -> datetime | None:
    """A moment, of milliseconds or of ISO text; None where it is neither."""
    text = canonical(value, "string")
    if text is None:
        return None
    if text.lstrip("-").isdigit():
        return datetime.fromtimestamp(int(text) / 1000, tz=UTC)
    try:
        return parse_stamp(text)
    except ValueError:
        return None


def moment_text(value: object) -> str | None:
    """A moment in the raw tables' one form."""
    parsed = moment_of(value)
    return None if parsed is None else stamp_text(parsed)


def day_text(value: object) -> str | None:
    """The UTC day of a moment."""
    parsed = moment_of(value)
    return None if parsed is None else stamp_text(parsed)[:10]
