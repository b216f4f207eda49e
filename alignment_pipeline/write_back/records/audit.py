"""Everything the journal knows of one record: each intended change, each attempt, each hold, each repair.

Belongs here: the history of a record for people. The table of results is `results.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select

from alignment_pipeline.connectors.salesforce.identifiers import id18, is_id
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import ATTEMPT, DRIFT, HOLD, OP, SYNCED
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.records.results import words
from alignment_pipeline.write_back.sending import attempt_log


def audit(
    journal: Journal, record: str, *, wanted: Mapping[str, Scalar] | None = None, rules: FieldRules | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The record's (by id or external key) operations with their attempts, its base values, holds and drift, oldest first.

    With the values that the record should have (`wanted`, by field) and the `rules`, each base value says whether it is current.
    `damage` says what the log of attempts finds wrong with the batches that it was sent in.
    """
    subject = id18(record) if is_id(record) else record
    with journal.read() as connection:
        ops = connection.execute(select(OP).where(or_(OP.c.record_id == subject, OP.c.ext_key == subject)).order_by(OP.c.op_id)).all()
        ids = [row.op_id for row in ops]
        attempts = connection.execute(select(ATTEMPT).where(ATTEMPT.c.op_id.in_(ids)).order_by(ATTEMPT.c.op_id, ATTEMPT.c.n)).all()
        base = connection.execute(select(SYNCED).where(SYNCED.c.record_id == subject).order_by(SYNCED.c.field)).all()
        held = connection.execute(select(HOLD).where(HOLD.c.record_id == subject).order_by(HOLD.c.hold_id)).all()
        drift = connection.execute(select(DRIFT).where(DRIFT.c.record_id == subject).order_by(DRIFT.c.drift_id)).all()
    damage = attempt_log.problems(journal, {row.batch_id for row in ops if row.batch_id} | {row.batch_id for row in attempts})
    tried: dict[int, list[dict[str, Any]]] = {}
    for row in attempts:
        tried.setdefault(row.op_id, []).append({"n": row.n, "sent_at": row.sent_at, "done_at": row.done_at, "outcome": row.outcome})
    return {
        "operations": [_operation(row, tried.get(row.op_id, [])) for row in ops],
        "base": [_base(row, wanted or {}, rules) for row in base],
        "holds": [_plain(row, ("field", "reason", "since", "until", "released_by")) for row in held],
        "drift": [_plain(row, ("field", "kind", "at")) for row in drift],
        "damage": [{"problem": one} for one in damage],
    }


def _base(row: Any, wanted: Mapping[str, Scalar], rules: FieldRules | None) -> dict[str, Any]:
    value = json.loads(row.value or "null")
    entry = {"field": row.field, "value": value, "at": row.at}
    if rules is None or row.field not in wanted:
        return entry
    now = wanted[row.field]
    if rules.shape(row.object, row.field).same(value, now):
        return entry | {"standing": "current"}
    if rules.is_within_step(row.object, row.field, value, now):
        return entry | {"standing": f"current: {now!r} is within its step, and is written with the next change or refresh"}
    return entry | {"standing": f"differs: should be {now!r}"}


def _operation(row: Any, attempts: list[dict[str, Any]]) -> dict[str, Any]:
    before, after = json.loads(row.before or "{}"), json.loads(row.after)
    return {
        "op_id": row.op_id,
        "run_id": row.run_id,
        "plan": row.plan_hash[:12],
        "action": row.action,
        "state": row.state,
        "changes": {name: [before.get(name), value] for name, value in after.items()},
        "reason": row.reason,
        "result": words(row.state, row.reason_code, row.reason, row.err_code, row.err_fields),
        "changed_at": row.changed_at,
        "attempts": attempts,
    }


def _plain(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
