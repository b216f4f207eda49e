"""Versions, resources, describes, getUpdated and getDeleted, the user's identity.

Belongs here: what tells about objects, not about a record's values.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.sandbox.salesforce import describe as shapes
from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call
from alignment_pipeline.sandbox.salesforce.rest.records import moment
from alignment_pipeline.sandbox.salesforce.settings import OrgSettings
from alignment_pipeline.sandbox.salesforce.values import parse_datetime

_SEASONS = ("Spring", "Summer", "Winter")
_MAX_IDS = 600_000


def versions(settings: OrgSettings) -> list[dict[str, str]]:
    """The list at /services/data: Spring, Summer and Winter of each year; Spring '26 is 66."""
    entries = []
    for number in range(settings.minimum_version, settings.maximum_version + 1):
        steps = number - 66
        year = 26 + steps // 3 + (1 if steps % 3 == 2 else 0)
        label = f"{_SEASONS[steps % 3]} '{year}"
        entries.append({"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"})
    return entries


def resources(call: Call) -> Answer:
    """GET /services/data/vXX.0."""
    root = f"/services/data/v{call.version}"
    names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
    return Answer(
        body={name: f"{root}/{name}" for name in names}
        | {"identity": f"https://login.salesforce.com/id/{call.org.store.identities.organization_id}"}
    )


def global_describe(call: Call) -> Answer:
    """GET /sobjects."""
    objects = [shapes.brief(one, call.version) for one in call.schema.objects.values()]
    return Answer(body={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects})


def object_info(call: Call) -> Answer:
    """GET /sobjects/<Object>."""
    schema = call.object()
    recent = sorted(call.org.store.rows(schema.name), key=lambda row: row["Id"])[-5:]
    items = [
        {"attributes": {"type": schema.name, "url": f"/services/data/v{call.version}/sobjects/{schema.name}/{row['Id']}"}, "Id": row["Id"]}
        for row in recent
    ]
    return Answer(body={"objectDescribe": shapes.brief(schema, call.version), "recentItems": items})


def describe(call: Call) -> Answer:
    """GET /sobjects/<Object>/describe, with If-Modified-Since: unchanged until a fault changes the schema."""
    schema = call.object()
    since = moment(call, "if-modified-since")
    if since is not None and call.org.schema_changed_at() <= since:
        return Answer(304)
    changed = call.org.schema_changed_at()
    return Answer(
        body=shapes.describe(schema, call.schema, call.version), headers={"Last-Modified": changed.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    )


def _window(call: Call) -> tuple[datetime, datetime]:
    """start and end; seconds are ignored, as the vendor ignores them."""
    bounds: list[datetime] = []
    for name in ("start", "end"):
        text = call.query.get(name, "").replace(" ", "+")
        value = parse_datetime(text)
        if value is None:
            raise ApiError(400, "INVALID_REPLICATION_DATE", f"{name} is missing or no ISO 8601 moment with a time zone: {text!r}")
        bounds.append(value.replace(second=0))
    start, end = bounds
    now = call.org.world.clock.now()
    if start >= end:
        raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate must be at least one minute before endDate")
    if start < now - timedelta(days=30):
        raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date or more than 30 days ago")
    if start > now:
        raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate cannot be in the future")
    return start, end


def _stamp(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _covered(call: Call, end: datetime) -> str:
    return _stamp(min(end, call.org.world.clock.now().replace(second=0, microsecond=0)))


def updated(call: Call) -> Answer:
    """GET /sobjects/<Object>/updated?start=&end=."""
    schema = call.object()
    start, end = _window(call)
    stamp = schema.stamp
    ids = [row["Id"] for row in call.org.store.rows(schema.name) if not row.get("IsDeleted") and stamp in row and start <= row[stamp] < end]
    if len(ids) > _MAX_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", "too many records were updated in the window")
    return Answer(body={"ids": ids, "latestDateCovered": _covered(call, end)})


def deleted(call: Call) -> Answer:
    """GET /sobjects/<Object>/deleted?start=&end=: soft and hard deletions of the last 15 days."""
    schema = call.object()
    start, end = _window(call)
    earliest = (call.org.world.clock.now() - timedelta(hours=call.org.store.settings.deleted_log_hours)).replace(second=0, microsecond=0)
    logged: dict[str, datetime] = {identifier: at for name, identifier, at in call.org.store.deletions if name == schema.name}
    for row in call.org.store.rows(schema.name):
        if row.get("IsDeleted"):
            logged.setdefault(row["Id"], row["SystemModstamp"])
    records: list[dict[str, Any]] = [
        {"id": identifier, "deletedDate": _stamp(at)} for identifier, at in logged.items() if max(start, earliest) <= at < end
    ]
    records.sort(key=lambda one: (one["deletedDate"], one["id"]))
    return Answer(body={"deletedRecords": records, "earliestDateAvailable": _stamp(earliest), "latestDateCovered": _covered(call, end)})
