"""Erases a person from the journal and its plan files, and remembers only that somebody was erased.

Belongs here: the journal's part of an erasure, and the tombstones by which every later extraction recognises the person without knowing
who it was (an HMAC of the subject). The warehouse's part is done by the wiring with `is_erased`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, delete, false, func, or_, select, text, update

from alignment_pipeline.connectors.salesforce.identifiers import id18, is_id
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import ATTEMPT, CREATED_RECORD, DRIFT, HOLD, OP, OPEN, OUTBOX, QUARANTINE, SYNCED, TOMBSTONE
from alignment_pipeline.write_back.fields import naming
from alignment_pipeline.write_back.sending import attempt_log

_MARKETING = frozenset(system.name for system in MARKETING)


@dataclass(frozen=True)
class Erased:
    """What was removed."""

    operations: int
    values: int
    plan_folders: int


def subject_hmac(key: bytes, subject: str) -> str:
    """The tombstone's mark of a subject: a record id (18 characters), a Marketo id, or an e-mail address in lower case."""
    canonical = id18(subject) if is_id(subject) else subject.strip().lower()
    return hmac.new(key, canonical.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def erase(journal: Journal, subjects: Collection[str], *, key: bytes, plans: Path | None = None, people: Collection[str] = ()) -> Erased:
    """Remove every trace of the subjects (record ids, e-mail addresses, external keys that hold an id) and lay tombstones.

    Bytes are overwritten (secure_delete), the file is rebuilt and the write-ahead log cut, so nothing is left to be found. Plan
    folders below `plans` that name a subject are removed. A task that was made about several people stays, and names this one no
    longer; full names (`people`) are what tasks made by earlier releases hold.
    """
    ids = sorted({id18(one) if is_id(one) else one for one in subjects})
    # an id of a marketing system is a short number that any text may hold: it is looked for between the colons of a key
    numbers = sorted({_bare(one) for one in subjects if _bare(one).isdigit()})
    names = {*ids, *(one[:15] for one in ids if is_id(one)), *subjects}
    everything = sorted(one for one in names if _bare(one) not in numbers) + [f":{one}:" for one in numbers]
    with journal.begin() as connection:
        quoted_names = sorted(json.dumps(one)[1:-1] for one in people)
        in_keys = [OP.c.ext_key.contains(one, autoescape=True) for one in everything]
        contents = [column.contains(one, autoescape=True) for one in everything for column in (OP.c.after, OP.c.before)]
        contents += [OP.c.after.contains(one, autoescape=True) for one in quoted_names]
        is_theirs = or_(OP.c.record_id.in_(ids), OP.c.depends_on.in_(ids), OP.c.lock_parent.in_(ids), *in_keys)
        _leave_out(connection, and_(~func.coalesce(is_theirs, false()), or_(*contents)), {*ids, *numbers}, quoted_names)
        query = select(OP.c.op_id).where(or_(is_theirs, *contents))
        op_ids = [row.op_id for row in connection.execute(query)]
        attempt_log.forget(connection, op_ids, lambda: _delete_operations(connection, op_ids))
        keys = [CREATED_RECORD.c.ext_key.contains(one, autoescape=True) for one in everything]
        connection.execute(delete(CREATED_RECORD).where(or_(CREATED_RECORD.c.record_id.in_(ids), *keys)))
        values = connection.execute(delete(SYNCED).where(SYNCED.c.record_id.in_(ids))).rowcount
        for table in (HOLD, DRIFT, QUARANTINE):
            held = [table.c.record_id.contains(one, autoescape=True) for one in everything]
            connection.execute(delete(table).where(or_(table.c.record_id.in_(ids), *held)))
        texts = [OUTBOX.c.content.contains(one, autoescape=True) for one in (*everything, *people, *quoted_names)]
        connection.execute(delete(OUTBOX).where(or_(*texts)))
        at = journal.now()
        journal.upsert(connection, TOMBSTONE, [{"subject_hmac": subject_hmac(key, one), "at": at} for one in ids])
    give_space_back(journal)
    needles = [*everything, *(quoted for one in numbers for quoted in (f'"{one}"', f">{one}<"))]
    return Erased(len(op_ids), values, _remove_plans(plans, needles) if plans else 0)


def _leave_out(connection: Connection, others: ColumnElement[bool], ids: Collection[str], names: Collection[str]) -> None:
    """Take the person out of the texts of tasks that were made about others too. What is not decided yet is deleted by the caller."""
    query = select(OP.c.op_id, OP.c.after).where(others, OP.c.action == "create", OP.c.state.not_in(OPEN))
    for row in connection.execute(query).all():
        after = naming.forget(row.after, ids)
        for name in names:
            after = after.replace(name, naming.SOMEBODY)
        connection.execute(update(OP).where(OP.c.op_id == row.op_id).values(after=after))


def _bare(subject: str) -> str:
    """A subject without the name of its marketing system."""
    system, colon, record_id = subject.partition(":")
    return record_id if colon and system in _MARKETING else subject


def _delete_operations(connection: Connection, op_ids: Sequence[int]) -> None:
    for start in range(0, len(op_ids), 400):
        part = op_ids[start : start + 400]
        connection.execute(delete(ATTEMPT).where(ATTEMPT.c.op_id.in_(part)))
        connection.execute(delete(OP).where(OP.c.op_id.in_(part)))


def lift(journal: Journal, subject: str, *, key: bytes) -> bool:
    """Remove the subject's tombstone and those of the ids and addresses that were erased with it; False when there is none."""
    mark = subject_hmac(key, id18(subject) if is_id(subject) else subject)
    # an erasure lays all of its tombstones at one moment, and no other one runs beside it
    with journal.begin() as connection:
        laid = connection.execute(select(TOMBSTONE.c.at).where(TOMBSTONE.c.subject_hmac == mark)).scalar()
        return laid is not None and connection.execute(delete(TOMBSTONE).where(TOMBSTONE.c.at == laid)).rowcount > 0


def tombstones(journal: Journal) -> frozenset[str]:
    """All marks of erased subjects."""
    with journal.read() as connection:
        return frozenset(row.subject_hmac for row in connection.execute(select(TOMBSTONE.c.subject_hmac)))


def is_erased(marks: frozenset[str], key: bytes, subjects: Iterable[str | None]) -> bool:
    """Whether any of these names of a person was erased: then a late page or a new extraction must not bring the person back."""
    return any(subject_hmac(key, one) in marks for one in subjects if one)


def give_space_back(journal: Journal) -> None:
    """Rebuild the database without deleted rows. Outside any transaction, on the driver's own connection."""
    if journal.backend == "postgresql":
        with journal.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (FULL, ANALYZE)"))
        return
    journal.engine.dispose()
    raw = journal.engine.raw_connection()
    try:
        cursor = raw.cursor()
        for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            cursor.execute(statement)
            cursor.fetchall()
        cursor.close()
    finally:
        raw.close()


def _remove_plans(folder: Path, needles: Collection[str]) -> int:
    removed = 0
    for plan in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []:
        named = any(needle.encode() in file.read_bytes() for file in plan.rglob("*") if file.is_file() for needle in needles)
        if named:
            shutil.rmtree(plan)
            removed += 1
    return removed
