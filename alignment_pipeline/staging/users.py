"""Users with their managers, and who stands behind a queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.staging.sources import typed


def users(current: ibis.Table, *, history: ibis.Table | None = None, as_of: datetime | None = None) -> ibis.Table:
    """One row per CRM user. A manager who would close a circle is dropped at the user with the smallest id of the circle.

    `history` are all versions of raw_salesforce_users; from those known at `as_of` come the zones that users had before.
    """
    base = typed(current, "raw_salesforce_users").mutate(is_active=_.is_active.fill_null(False))
    rows = base.select("user_id", "manager_id", "is_active").to_pyarrow()
    managers = ibis.memtable(_managers(rows))
    joined = base.drop("manager_id").left_join(managers, "user_id", rname="{name}_managers")
    past = ibis.memtable(_past_zones(history, as_of))
    joined = joined.left_join(past, joined.user_id == past.zoned_user_id)
    return joined.select(*CONTRACTS["users"].names)


def _managers(rows: pa.Table) -> pa.Table:
    ids = rows.column("user_id").to_pylist()
    active = dict(zip(ids, rows.column("is_active").to_pylist(), strict=True))
    named = {user: manager for user, manager in zip(ids, rows.column("manager_id").to_pylist(), strict=True) if manager and manager != user}
    for user in sorted(ids):
        circle = _circle(user, named)
        if circle:
            del named[min(circle)]
    return pa.table(
        {
            "user_id": pa.array(ids, pa.string()),
            "manager_id": pa.array([named.get(user) for user in ids], pa.string()),
            "manager_is_active": pa.array([active.get(named[user], False) if user in named else None for user in ids], pa.bool_()),
        }
    )


def _past_zones(history: ibis.Table | None, as_of: datetime | None) -> pa.Table:
    """Users whose zone changed: zoned_user_id, past_time_zones. The zone first seen holds from the beginning."""
    schema = pa.schema([("zoned_user_id", pa.string()), ("past_time_zones", pa.string())])
    if history is None or as_of is None:
        return schema.empty_table()
    seen = history.filter(_.known_at <= ibis.literal(as_of).cast("timestamp('UTC')"), _.TimeZoneSidKey.notnull())
    many = seen.group_by("record_id").aggregate(zones=seen.TimeZoneSidKey.nunique()).filter(_.zones > 1)
    seen = seen.semi_join(many, "record_id").select("record_id", zone=_.TimeZoneSidKey, at=ibis.coalesce(_.modified_at, _.known_at))
    past: dict[str, list[dict[str, str]]] = {}
    zone_of: dict[str, str] = {}
    for row in seen.to_pyarrow().sort_by([("record_id", "ascending"), ("at", "ascending"), ("zone", "ascending")]).to_pylist():
        user, zone = row["record_id"], row["zone"]
        if zone_of.setdefault(user, zone) != zone:
            past.setdefault(user, []).append({"zone": zone_of[user], "until": row["at"].isoformat()})
            zone_of[user] = zone
    texts = [json.dumps(zones) for zones in past.values()]
    return pa.table([pa.array(list(past), pa.string()), pa.array(texts, pa.string())], schema=schema)


def _circle(user: str, managers: Mapping[str, str]) -> list[str]:
    path = [user]
    while path[-1] in managers:
        manager = managers[path[-1]]
        if manager in path:
            return path[path.index(manager) :]
        path.append(manager)
    return []


def queue_members(groups: ibis.Table, members: ibis.Table) -> ibis.Table:
    """One row per user of a queue, from the current versions of raw_salesforce_groups and raw_salesforce_group_members."""
    queues = groups.filter(_.Type == "Queue").select(queue_id=_.record_id, queue_name=ibis.coalesce(_.Name, _.record_id))
    people = members.filter(_.UserOrGroupId.startswith("005")).select(group_id=_.GroupId, user_id=_.UserOrGroupId)
    joined = queues.inner_join(people, queues.queue_id == people.group_id)
    return joined.select(*CONTRACTS["queue_members"].names).distinct()
