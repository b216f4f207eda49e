"""Writing one round's decisions: a plan of kind `fast`, judged and kept, then applied inside a standing approval.

Belongs here: the way from desired values to the journal and the CRM, and what the round tells of itself. The protocol: `write_back/`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from alignment_pipeline.connectors.crm import Crm
from alignment_pipeline.errors import ApprovalRequired
from alignment_pipeline.fast_lane.decisions import Tables
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.lease import FAST
from alignment_pipeline.journal.tables import OP
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.shape import described_shapes
from alignment_pipeline.write_back.plans import keys, plan, prepare
from alignment_pipeline.write_back.sending import apply as applying

KIND = "fast"
UNDECIDED = "earlier write not yet decided"
"""The plan's own word for a record whose last write somebody still has to read back."""
_DESCRIBED = ("Account", "Contact", "Lead", "Task")
_PLANNED_FROM = ("field_updates", "record_creates", "crm_field_values", "crm_record_states")
# what was sent must be decided before the next round may touch the same records; longer patience is the full run's
_PATIENCE_SECONDS = 20.0


@dataclass
class Tick:
    """What one round did. `answered` and `waiting` are activity GUIDs, the latter with their reason; `calls` by system.

    `unread`: systems that could not be polled, and why. `remarks`: what was noticed at systems that were.
    """

    at: datetime
    polled: int = 0
    answered: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    no_hand_raise: int = 0
    given_up: list[str] = field(default_factory=list)
    plan_hash: str | None = None
    tasks_created: int = 0
    records_written: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    note: str | None = None
    unread: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    @property
    def is_idle(self) -> bool:
        """Nothing was worked on."""
        return not (self.answered or self.waiting or self.given_up or self.no_hand_raise)

    def to_json(self) -> dict[str, Any]:
        """Numbers and reasons, for metadata and logs."""
        return {
            "at": self.at.isoformat(),
            "polled": self.polled,
            "answered": len(self.answered),
            "waiting": sorted(set(self.waiting.values())),
            "given_up": len(self.given_up),
            "plan_hash": self.plan_hash,
            "tasks_created": self.tasks_created,
            "records_written": self.records_written,
            "calls": dict(self.calls),
            "note": self.note,
            "unread": dict(self.unread),
            "remarks": dict(self.remarks),
        }


def write(home: Home, journal: Journal, writer: Crm, store: Store, decided: Tables, tick: Tick) -> str | None:
    """Plan and, inside a standing approval, apply. Returns why not everything was written, None when it was."""
    agreement = home.agreement
    crm = replace(writer, describe_all=_asked_once(writer))
    rules = FieldRules(agreement=agreement, shapes=described_shapes(crm.describe_all(_DESCRIBED)))
    run_id = f"{KIND}-{secrets.token_hex(8)}"
    meant = plan.build(
        journal,
        **{name: store.rows(decided[name]) for name in _PLANNED_FROM},
        agreement=agreement,
        shapes=rules.shapes,
        org_id=crm.organization_id,
        as_of=tick.at,
        run_id=run_id,
        kind=KIND,
    )
    if not meant.ops:
        return UNDECIDED if UNDECIDED in meant.skipped else None
    kept = prepare.keep(journal, meant, rules)
    tick.plan_hash = meant.plan_hash
    key = keys.checking_key(home.path, home.environ)
    try:
        done = applying.apply(
            journal, crm, meant.plan_hash, agreement=agreement, key=key, lane=FAST, run_id=run_id, patience_seconds=_PATIENCE_SECONDS
        )
    except ApprovalRequired as waits:
        tick.note = f"{kept.state}: {waits}"
        return "its plan waits for approval: `alignment approve --standing` signs what the fast lane may write"
    tick.records_written = done.records_written
    tick.tasks_created = _created(journal, meant.plan_hash)
    if done.error is not None:
        tick.note = str(done.error)
    if done.plan_state == "DONE":
        return None
    return f"its plan is not written yet: {done.stopped or UNDECIDED}"


def _created(journal: Journal, plan_hash: str) -> int:
    query = select(OP.c.op_id).where(OP.c.plan_hash == plan_hash, OP.c.action == "create", OP.c.state == "VERIFIED")
    with journal.read() as connection:
        return len(connection.execute(query).all())


def _asked_once(crm: Crm) -> Callable[[Sequence[str]], Mapping[str, Any]]:
    """`describe_all` that asks once per round: planning and applying are a second apart."""
    known: dict[str, Any] = {}

    def describe_all(names: Sequence[str]) -> Mapping[str, Any]:
        missing = [name for name in names if name not in known]
        if missing:
            known.update(crm.describe_all(missing))
        return {name: known[name] for name in names}

    return describe_all
