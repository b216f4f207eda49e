"""Tasks: escalations as records to be created in the CRM exactly once, and the one clock per person that the CRM shows.

Belongs here: `record_creates` for Salesforce Tasks, what to take back after a late answer, and `person_slas`. Creating them is the
write-back protocol's (`write_back/`); messages: `connectors/notify/`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.field_updates import FIELD_UPDATES, RECORD_CREATES
from alignment_pipeline.contracts.moments import HOUR, microseconds
from alignment_pipeline.contracts.sla import PERSON_SLAS
from alignment_pipeline.sla.arrays import Ints, fetch
from alignment_pipeline.sla.escalation.escalations import one_line
from alignment_pipeline.wording import forms, moments

# of a person's clocks the one in the first of these states counts most
_URGENCY = ("breached", "at_risk", "unknown", "pending", "paused", "met_late", "met", "cancelled")
_WHO = ("Lead", "Contact")
# a commitment of marketing is no record of the CRM: its task stands alone
_PROMISE = "Commitment"
MAX_TEXT = 255
DIGEST = "sla:digest:"
MOST_SINGLE = 3
MOST_LATELY = 3
MAX_DESCRIPTION = 2_000
_LISTED = 100


def escalation_tasks(
    escalations: ibis.Table,
    people: ibis.Table,
    clocks: ibis.Table,
    open_tasks: ibis.Table | None = None,
    *,
    factors: ibis.Table | None = None,
    crm: Crm,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """`record_creates`: the Tasks of rungs that are due and have somebody to go to; at most one open task per record and user.

    Of several rungs for one record and user the furthest one makes the task, unless an open task of ours already stands there
    (`open_tasks`: `external_key`, `owner_id`, `is_closed`). Rungs that go to somebody above the owner come as one digest per user and day
    when there are more than MOST_SINGLE. Left out, because the CRM cannot take them or people asked us not to write: subjects without a
    CRM record, and people who are not to be synced. The rungs stay in `sla_escalations`, so nothing is forgotten. A task about a person
    ends with what the person did last, of the activities that count (`factors` are `person_engagement_factors`).
    """
    due = escalations.filter((escalations.state == "due") & escalations.task_owner_id.notnull() & (escalations.object != "Marketo"))
    people_of = dict(zip(*(column.to_pylist() for column in fetch(clocks, "clock_id", "person_id").columns), strict=True))
    silent = set(fetch(people.filter(people.is_do_not_sync), "person_id")["person_id"].to_pylist())
    rows = [row for row in due.to_pyarrow().sort_by("escalation_id").to_pylist() if people_of.get(row["clock_id"]) not in silent]
    record_of = dict(zip(*(column.to_pylist() for column in fetch(clocks, "clock_id", "record_id").columns), strict=True))
    stamp = {"as_of": as_of, "agreement_version": agreement_version}
    chosen = _one_each(rows, _standing(open_tasks, record_of))
    owner_of = dict(zip(*(column.to_pylist() for column in fetch(clocks, "clock_id", "owner_id").columns), strict=True))
    single, together = _digested(chosen, owner_of)
    lately = _lately(factors, [people_of.get(row["clock_id"]) for row in single])
    names = _names(people, chosen, people_of)
    out = [
        _create(row["escalation_id"], _task(row, crm, lately.get(str(people_of.get(row["clock_id"])), "")), row, stamp, _who([row], names))
        for row in single
    ]
    for user, part in together.items():
        key = f"{DIGEST}{user}:{as_of.date().isoformat()}"
        out.append(_create(key, _digest(key, part, crm, as_of), part[0] | {"object": _PROMISE}, stamp, _who(part, names)))
    return ibis.memtable(pa.Table.from_pylist(sorted(out, key=lambda one: str(one["external_key"])), schema=RECORD_CREATES.schema))


def _names(people: ibis.Table, rows: Sequence[Mapping[str, Any]], people_of: Mapping[str, str | None]) -> dict[tuple[str, str], str]:
    """(object, record) of leads and contacts -> the person's name, as texts have it."""
    about = {(row["object"], row["record_id"]): people_of.get(row["clock_id"]) for row in rows if row["object"] in _WHO}
    theirs = people.filter(people.person_id.isin(sorted({one for one in about.values() if one})))
    name_of = {
        row["person_id"]: one_line(" ".join(part for part in (row["first_name"], row["last_name"]) if part))
        for row in fetch(theirs, "person_id", "first_name", "last_name").to_pylist()
    }
    return {record: name_of[person] for record, person in about.items() if person and name_of.get(person)}


def _who(rows: Sequence[Mapping[str, Any]], names: Mapping[tuple[str, str], str]) -> str | None:
    """Whose names the texts of a task about these rungs hold."""
    about = sorted({(row["object"], row["record_id"]) for row in rows} & {*names})
    return json.dumps([[*one, names[one]] for one in about], ensure_ascii=False) if about else None


def _create(
    key: str, values: Mapping[str, object], row: Mapping[str, Any], stamp: Mapping[str, object], people: str | None
) -> dict[str, object]:
    return {
        "object": "Task",
        "external_key": key,
        "values": json.dumps(values, sort_keys=True, ensure_ascii=False),
        "people": people,
        "reason": forms.fit(forms.say("task.reason", title=row["title"], when=moments.day(row["due_at"]))),
        "priority": 0,
        "parent_id": None if row["object"] == _PROMISE else row["record_id"],
        "owner_id": row["task_owner_id"],
        **stamp,
    }


def _lately(factors: ibis.Table | None, people: Sequence[str | None]) -> dict[str, str]:
    """Person -> a sentence with the last kinds of activity that count, each once with the day it was last seen."""
    wanted = sorted({person for person in people if person})
    if factors is None or not wanted:
        return {}
    theirs = factors.semi_join(ibis.memtable({"person_id": wanted}), "person_id")
    by_person: dict[str, list[tuple[datetime, str]]] = {}
    for row in theirs.select("person_id", "factor", "last_at").to_pyarrow().to_pylist():
        by_person.setdefault(row["person_id"], []).append((row["last_at"], row["factor"]))
    said = {}
    for person, seen in by_person.items():
        ordered = sorted(seen, key=lambda one: (-microseconds(one[0]), one[1]))[:MOST_LATELY]
        said[person] = forms.say("task.lately", what=", ".join(f"{label} ({moments.day(at)})" for at, label in ordered))
    return said


def _standing(open_tasks: ibis.Table | None, record_of: Mapping[str, str]) -> dict[tuple[str, str], set[str]]:
    """(record, user) -> keys of our tasks that are open in the CRM."""
    standing: dict[tuple[str, str], set[str]] = {}
    if open_tasks is None:
        return standing
    for row in fetch(open_tasks.filter(~open_tasks.is_closed), "external_key", "owner_id").to_pylist():
        record = record_of.get(str(row["external_key"]).rpartition(":")[0])
        if record and row["owner_id"]:
            standing.setdefault((record, row["owner_id"]), set()).add(str(row["external_key"]))
    return standing


def _one_each(rows: Sequence[dict[str, Any]], standing: Mapping[tuple[str, str], set[str]]) -> list[dict[str, Any]]:
    """Of the rungs of one record and user the furthest, then the latest; a task that stands open already stays the one."""
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["record_id"], row["task_owner_id"])
        there = standing.get(key)
        if there is not None and row["escalation_id"] not in there:
            continue
        other = best.get(key)
        if other is None or (row["position"], row["due_at"], row["escalation_id"]) > (
            other["position"],
            other["due_at"],
            other["escalation_id"],
        ):
            best[key] = row
    return sorted(best.values(), key=lambda row: str(row["escalation_id"]))


def _digested(
    rows: Sequence[dict[str, Any]], owner_of: Mapping[str, str | None]
) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """Rows that make a task of their own, and per user those that come as one digest: what is late below a manager."""
    above: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["object"] != _PROMISE and owner_of.get(row["clock_id"]) not in (None, row["task_owner_id"]):
            above.setdefault(row["task_owner_id"], []).append(row)
    together = {user: part for user, part in sorted(above.items()) if len(part) > MOST_SINGLE}
    inside = {row["escalation_id"] for part in together.values() for row in part}
    return [row for row in rows if row["escalation_id"] not in inside], together


def _digest(key: str, rows: Sequence[Mapping[str, Any]], crm: Crm, as_of: datetime) -> dict[str, object]:
    """One task that lists what is late below a manager, the oldest first."""
    ordered = sorted(rows, key=lambda row: (row["due_at"], row["escalation_id"]))
    lines = [forms.say("task.digest_line", subject=row["task_subject"]) for row in ordered[:_LISTED]]
    if len(ordered) > _LISTED:
        lines.append(forms.say("task.digest_more", number=len(ordered) - _LISTED))
    return {
        crm.tasks.external_key_field: key,
        "Subject": forms.say("task.digest", number=len(ordered)),
        "Description": "\n".join(lines),
        "OwnerId": ordered[0]["task_owner_id"],
        "Status": crm.tasks.open_status,
        "Priority": "High",
        "ActivityDate": as_of.date().isoformat(),
    }


def _task(row: Mapping[str, object], crm: Crm, lately: str = "") -> dict[str, object]:
    """Field values of the Task; `lately` ends its description.

    Its date is the UTC day of the rung, so a later run asks for the very same record.
    """
    due_at = row["due_at"]
    assert isinstance(due_at, datetime)
    where = "WhoId" if row["object"] in _WHO else "WhatId"
    about = {} if row["object"] == _PROMISE else {where: row["record_id"]}
    return {
        **about,
        crm.tasks.external_key_field: row["escalation_id"],
        "Subject": row["task_subject"],
        "Description": forms.fit("\n".join(part for part in (str(row["task_body"] or ""), lately) if part), MAX_DESCRIPTION),
        "OwnerId": row["task_owner_id"],
        "Status": crm.tasks.open_status,
        "Priority": row["task_priority"],
        "ActivityDate": due_at.date().isoformat(),
    }


def retracted_tasks(clocks: ibis.Table, created: ibis.Table, *, crm: Crm, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`field_updates` that close tasks whose clock has ended, or turned out never to have run, since they were made.

    `created` has one row per escalation task that the CRM holds open: `external_key` and `record_id`. A clock that a late answer
    stopped, and one that late data moved to another start (its key no longer exists), both take their open tasks back.
    """
    state_of = dict(zip(*(column.to_pylist() for column in fetch(clocks, "clock_id", "state").columns), strict=True))
    out = []
    for row in fetch(created, "external_key", "record_id").to_pylist():
        key = str(row["external_key"])
        if not key.startswith("sla:") or key.startswith(("sla:commitment:", DIGEST)):
            continue
        state = state_of.get(key.rpartition(":")[0])
        if state in ("met", "met_late", "cancelled") or state is None:
            why = "its clock never ran by what is known now" if state is None else f"its clock is {state.replace('_', ' ')}"
            out.append(
                {
                    "object": "Task",
                    "record_id": row["record_id"],
                    "field": "Status",
                    "value": json.dumps(crm.tasks.closed_status),
                    "reason": f"Taken back: {why}.",
                    "priority": 0,
                    "parent_id": None,
                    "as_of": as_of,
                    "agreement_version": agreement_version,
                }
            )
    table = pa.Table.from_pylist(out, schema=FIELD_UPDATES.schema)
    return ibis.memtable(table.sort_by("record_id"))


def person_slas(clocks: ibis.Table, *, sla: Sla, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`person_slas`: of each person's clocks on a lead or contact the one that counts most now.

    Order: breached within the agreement's max_age_hours (by the policy's priority), at risk, unknown, pending, paused (the next due
    first), then older breaches, then clocks that ended (the latest first); then the policy's priority and the clock's id.
    """
    names = ("person_id", "object", "record_id", "clock_id", "policy", "state", "due_at", "started_at", "reason")
    rows = fetch(clocks.filter(clocks.person_id.notnull() & clocks.object.isin(list(_WHO))), *names)
    priority = {policy.name: policy.priority for policy in sla.policies}
    titles = {policy.name: policy.title for policy in sla.policies}
    words = list(priority)
    policy = pc.index_in(rows["policy"], value_set=pa.array(words, pa.string())).to_numpy()
    state = pc.index_in(rows["state"], value_set=pa.array(_URGENCY)).to_numpy()
    is_open = state <= _URGENCY.index("paused")
    due = _micros(rows["due_at"], 1 << 61)
    is_breached = state == _URGENCY.index("breached")
    is_old = is_breached & (due < microseconds(as_of) - round(sla.escalation.max_age_hours * HOUR))
    # of fresh breaches the priority decides; clocks that are over differ by age first: the latest tells how the person stands
    when = np.where(is_breached, 0, np.where(is_open, due, -_micros(rows["started_at"], 0)))
    rank = np.where(is_old, len(_URGENCY), np.where(is_open, state, len(_URGENCY) + 1))
    keyed = pa.table(
        {
            "person": rows["person_id"],
            "rank": pa.array(rank),
            "when": pa.array(when),
            "priority": pa.array(np.array([priority[word] for word in words], dtype=np.int64)[policy]),
            "id": rows["clock_id"],
        }
    )
    order = pc.sort_indices(keyed, [(name, "ascending") for name in keyed.column_names])
    rows = rows.take(order)
    person = rows["person_id"].combine_chunks()
    is_first = np.ones(len(person), dtype=bool)
    is_first[1:] = pc.not_equal(person[1:], person[:-1]).to_numpy(zero_copy_only=False)
    best = rows.filter(pa.array(is_first))
    size = len(best)
    columns = {
        "person_id": best["person_id"],
        "object": best["object"],
        "record_id": best["record_id"],
        "clock_id": best["clock_id"],
        "sla_status": pc.replace_substring(best["state"], "_", " "),
        "sla_policy": pa.array([titles[name] for name in best["policy"].to_pylist()], pa.string()),
        "sla_due_at": best["due_at"],
        "sla_reason": pc.utf8_slice_codeunits(best["reason"], 0, MAX_TEXT),
        "as_of": pa.repeat(pa.scalar(as_of, pa.timestamp("us", tz="UTC")), size),
        "agreement_version": pa.repeat(pa.scalar(agreement_version), size),
    }
    return ibis.memtable(pa.table([columns[name] for name in PERSON_SLAS.names], schema=PERSON_SLAS.schema))


def _micros(column: pa.ChunkedArray, missing: int) -> Ints:
    return pc.fill_null(column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()), missing).to_numpy()
