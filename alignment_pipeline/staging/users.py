"""Users with their managers, and who stands behind a queue."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.staging.sources import typed


def users(current: ibis.Table) -> ibis.Table:
    """One row per CRM user. A manager who would close a circle is dropped at the user with the smallest id of the circle."""
    base = typed(current, "raw_salesforce_users").mutate(is_active=_.is_active.fill_null(False))
    rows = base.select("user_id", "manager_id", "is_active").to_pyarrow()
    managers = ibis.memtable(_managers(rows))
    joined = base.drop("manager_id").left_join(managers, "user_id", rname="{name}_managers")
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
