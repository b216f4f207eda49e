"""What must hold after any fault: nothing lost, nothing doubled, nobody overwritten, nothing unrecorded.

Belongs here: the oracle and the invariants, asked of the sandbox's own audit log and never of the journal alone.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sqlalchemy import select

from alignment_pipeline.journal.tables import OP
from alignment_pipeline.write_back.sending import attempt_log
from alignment_pipeline_tests.write_back.office import Office


def broken(acme: Office, *, state: bool = True) -> list[str]:
    """Every invariant that does not hold, in words; `state` also asks that everything is as desired."""
    attempts = attempt_log.problems(acme.journal)
    return [*(_final_state(acme) if state else []), *_writes(acme), *_tasks(acme, everything=state), *attempts]


def _final_state(acme: Office) -> list[str]:
    """Machine fields are as desired; shared ones are, unless a person typed there last."""
    found: list[str] = []
    last = _last_writer(acme)
    for (object_, record_id, name), wanted in acme.wanted.items():
        now = acme.value(record_id, name)
        if now == wanted:
            continue
        if name == "Note__c" and last.get((record_id, name)) == "human":
            continue
        found.append(
            f"lost update: {object_} {record_id} {name} is {now!r}, wanted {wanted!r}, last written by {last.get((record_id, name))}"
        )
    return found


def _last_writer(acme: Office) -> dict[tuple[str, str], str]:
    last: dict[tuple[str, str], str] = {}
    for write in acme.world.audit.writes(system="salesforce"):
        for name in write.changes:
            last[(write.record_id, name)] = "human" if write.source == "human" else "us"
    return last


def _writes(acme: Office) -> list[str]:
    """No write without effect, none over a person's shared value, none that the journal does not know, none with assignment."""
    found: list[str] = []
    author: dict[tuple[str, str], str] = {}
    known = _intents(acme)
    for write in acme.world.audit.writes(system="salesforce"):
        if write.source not in ("api", "bulk", "human"):
            continue
        ours = write.source != "human"
        changed = {name: pair for name, pair in write.changes.items() if name != "Synced__c" and pair[0] != pair[1]}
        if ours and write.object != "Task":
            if not changed:
                found.append(f"write without effect: {write.object} {write.record_id} {dict(write.changes)}")
            for name, (before, after) in changed.items():
                if name == "Note__c" and author.get((write.record_id, name)) == "human" and before is not None:
                    found.append(f"a person's value was overwritten: {write.record_id} {before!r} -> {after!r}")
                if (write.record_id, name, _text(after)) not in known:
                    found.append(f"not in the journal: {write.record_id} {name} = {after!r}")
            if write.headers.get("sforce-auto-assign", write.headers.get("Sforce-Auto-Assign", "")).upper() != "FALSE":
                found.append(f"assignment rules were on: {write.record_id}")
        for name in changed:
            author[(write.record_id, name)] = "us" if ours else "human"
    return found


def _intents(acme: Office) -> set[tuple[str, str, str]]:
    with acme.journal.read() as connection:
        rows = connection.execute(select(OP.c.record_id, OP.c.after, OP.c.attempt)).all()
    return {(row.record_id, name, _text(value)) for row in rows for name, value in json.loads(row.after).items()}


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _tasks(acme: Office, *, everything: bool) -> list[str]:
    there = Counter(
        task["Key__c"] for task in acme.world.salesforce.tables["Task"].values() if task.get("Key__c") and not task.get("IsDeleted")
    )
    found = [f"missing task {key}" for key in acme.creates if everything and not there[key]]
    return found + [f"{number} tasks for {key}" for key, number in there.items() if number > 1]
