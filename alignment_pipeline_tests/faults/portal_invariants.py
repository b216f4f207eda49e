"""What must hold in HubSpot after any fault: nothing lost, nothing doubled, nobody overwritten, nothing unrecorded.

Belongs here: the invariants of `invariants.py`, asked of the portal's own log. HubSpot has no conditional write, so a value of ours may
come after a person's that nobody had read yet; then the person's must be there again at the next write, and that is not in the journal.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sqlalchemy import select

from alignment_pipeline.connectors.hubspot.crm_ids import crm_id
from alignment_pipeline.journal.tables import OP
from alignment_pipeline.write_back.sending import attempt_log
from alignment_pipeline_tests.write_back.portal_office import NOTE, SYNCED, PortalOffice


def broken(acme: PortalOffice, *, state: bool = True) -> list[str]:
    """Every invariant that does not hold, in words; `state` also asks that everything is as desired."""
    lost = _final_state(acme) if state else []
    return [*lost, *_writes(acme), *_tasks(acme, everything=state), *attempt_log.problems(acme.journal)]


def _final_state(acme: PortalOffice) -> list[str]:
    """Machine fields are as desired; shared ones are, unless a person typed there last."""
    found: list[str] = []
    typed = _typed(acme)
    for (_, record_id, name), wanted in acme.wanted.items():
        now = acme.value(record_id, name)
        if text(now) == text(wanted) or (name == NOTE and now == typed.get(record_id)):
            continue
        found.append(f"lost update: {record_id} {name} is {now!r}, wanted {wanted!r}")
    return found


def _typed(acme: PortalOffice) -> dict[str, str]:
    """Record -> what a person typed there last."""
    return {
        crm_id(write.object, write.record_id): write.changes[NOTE][1]
        for write in acme.world.audit.writes(system="hubspot", source="human")
        if NOTE in write.changes
    }


def _writes(acme: PortalOffice) -> list[str]:
    found: list[str] = []
    human: dict[str, Any] = {}
    overwritten: dict[str, Any] = {}
    known = _intents(acme)
    for write in acme.world.audit.writes(system="hubspot"):
        if write.object not in ("contacts", "companies") or write.action != "update":
            continue
        record_id = crm_id(write.object, write.record_id)
        changed = {name: pair for name, pair in write.changes.items() if name != SYNCED and pair[0] != pair[1]}
        if write.source == "human":
            if NOTE in changed:
                human[record_id] = changed[NOTE][1]
                overwritten.pop(record_id, None)
            continue
        if not changed:
            found.append(f"write without effect: {record_id} {dict(write.changes)}")
        for name, (before, after) in changed.items():
            is_restored = name == NOTE and record_id in overwritten and text(after) == text(overwritten[record_id])
            if is_restored:
                del overwritten[record_id]
                continue
            if name == NOTE and record_id in human and text(before) == text(human[record_id]):
                overwritten[record_id] = before
            if (record_id, name, text(after)) not in known:
                found.append(f"not in the journal: {record_id} {name} = {after!r}")
    return found + [f"a person's value was overwritten: {record_id} {value!r}" for record_id, value in overwritten.items()]


def _intents(acme: PortalOffice) -> set[tuple[str, str, str]]:
    with acme.journal.read() as connection:
        rows = connection.execute(select(OP.c.record_id, OP.c.after)).all()
    return {(row.record_id, name, text(value)) for row in rows for name, value in json.loads(row.after).items()}


def text(value: Any) -> str:
    """A value as the portal keeps it; numbers in one form, nothing as empty."""
    if value is None:
        return ""
    try:
        return f"{float(value):g}"
    except ValueError:
        return str(value)


def _tasks(acme: PortalOffice, *, everything: bool) -> list[str]:
    """Each task once, and about its contact."""
    tasks = {record.id: record.values["alignment_key"] for record in acme.store.living("tasks") if "alignment_key" in record.values}
    there = Counter(tasks.values())
    found = [f"missing task {key}" for key in acme.creates if everything and not there[key]]
    found += [
        f"task {key} is about nobody" for number, key in tasks.items() if everything and not acme.store.linked("tasks", number, "contacts")
    ]
    return found + [f"{number} tasks for {key}" for key, number in there.items() if number > 1]
