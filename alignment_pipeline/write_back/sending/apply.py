"""Applies a plan: recover, check, then batch after batch until everything is decided.

Belongs here: the run. It imports no orchestrator: the command line and the scheduled asset call the same function. One batch's way
is `batches.py`; undoing a run `write_back/plans/rollback.py`.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Row, insert, select, update

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.connectors.crm import Crm, Limits
from alignment_pipeline.errors import AlignmentError, ApprovalRequired, ConfigurationError, Permanent
from alignment_pipeline.journal import crash
from alignment_pipeline.journal.journal import Journal, from_stamp
from alignment_pipeline.journal.lease import FULL, acquire
from alignment_pipeline.journal.tables import OP, RUN
from alignment_pipeline.journal.version import CODE_VERSION
from alignment_pipeline.write_back.fields import bases, holds
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.shape import described_shapes
from alignment_pipeline.write_back.plans import approval
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.plans.judgement import Verdict
from alignment_pipeline.write_back.plans.ops import due, finish_plan, load_plan, ops_of, set_plan_state
from alignment_pipeline.write_back.plans.planned import canonical
from alignment_pipeline.write_back.plans.planned import plan_hash as hash_of
from alignment_pipeline.write_back.plans.schema_checks import schema_checks
from alignment_pipeline.write_back.sending import breaker, budget, marker, waits
from alignment_pipeline.write_back.sending.batches import Queue, run_batch
from alignment_pipeline.write_back.sending.context import Run
from alignment_pipeline.write_back.sending.recover import recover

#: Longer than a lost write can take to arrive, so that a run can end with everything decided.
PATIENCE_SECONDS = 1500.0
_WAITING = ("PLANNED", "RETRY")
_OK_PARENT = frozenset({"VERIFIED", "NOOP", "HELD"})


@dataclass(frozen=True)
class Applied:
    """What a run did. `states` counts the plan's operations; `stopped` says why the run ended early, None when it did not."""

    run_id: str
    plan_hash: str
    plan_state: str
    allowed_by: str
    states: Mapping[str, int]
    records_written: int
    fields_written: int
    api_calls: int
    stopped: str | None = None
    error: AlignmentError | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        names = ("run_id", "plan_hash", "plan_state", "allowed_by", "records_written", "fields_written", "api_calls", "stopped")
        return {name: getattr(self, name) for name in names} | {"states": dict(self.states)}


def apply(
    journal: Journal,
    crm: Crm,
    plan_hash: str,
    *,
    agreement: Agreement,
    key: Ed25519PublicKey | None,
    lane: str = FULL,
    run_id: str | None = None,
    resume: bool = False,
    take_over: bool = False,
    patience_seconds: float = PATIENCE_SECONDS,
    progress: Callable[[int, int], None] | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Applied:
    """Apply an approved plan, or go on with one that was interrupted.

    Raises AnotherWriter (exit 75), ApprovalRequired (exit 3), ConfigurationError (organisation, agreement, lost journal). Errors
    that end the run early are returned in `Applied.error`, with everything durable and the rest of the plan still open. `waiting` is
    called with a sentence before each wait that a person would notice.
    """

    def check_journal() -> None:
        marker.check_organization(journal, crm.organization_id)
        marker.check(journal, crm, agreement, lane=lane)

    with acquire(journal, lane, take_over=take_over, first=check_journal) as lease:
        run = open_run(journal, crm, agreement, run_id or uuid.uuid4().hex, progress=progress, waiting=waiting)
        run.lane = lease
        _note_run(run, "apply", plan_hash)
        calls = crm.calls()
        try:
            limits = _check_clock(run)
            recover(run)
            plan = _plan(journal, plan_hash)
            if plan.state == "DONE":
                _end_run(run, "DONE", crm.calls() - calls)
                return _summary(run, plan, "DONE", plan.approved_by or "nobody: nothing to do", crm.calls() - calls, None, None)
            allowed_by = _check(run, plan, key=key, resume=resume)
        except BaseException:
            _end_run(run, "REFUSED", crm.calls() - calls)
            raise
        set_plan_state(journal, plan.plan_hash, "APPLYING", is_unattended=allowed_by.startswith(approval.STANDING))
        calls_left = budget.start(journal, limits, run.numbers.budget, crm.calls)
        stopped, error = _send_all(run, plan.plan_hash, calls_left, patience_seconds)
        state = finish_plan(journal, plan.plan_hash)
        if run.breaker.reason is None and resume:
            breaker.close(journal)
        budget.note(journal, calls_left.used, calls_left.cap)
        _end_run(run, "STOPPED" if stopped else state, crm.calls() - calls)
        marker.put(journal)
        return _summary(run, plan, state, allowed_by, crm.calls() - calls, stopped, error)


def open_run(
    journal: Journal,
    crm: Crm,
    agreement: Agreement,
    run_id: str,
    *,
    progress: Callable[[int, int], None] | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Run:
    """A run over one organisation, with a fresh describe of everything it may write."""
    objects = sorted({mapping.object for mapping in agreement.crm.fields} | {"Task"})
    shapes = described_shapes(crm.describe_all(objects))
    now = journal.clock.now()
    with journal.read() as connection:
        return Run(
            journal=journal,
            crm=crm,
            rules=FieldRules(agreement=agreement, shapes=shapes),
            run_id=run_id,
            breaker=breaker.Breaker(agreement.write_back.breaker),
            holds=holds.active(connection, now, agreement.version),
            accepted={
                **bases.rewritten_values(connection, now, agreement.write_back.holds.flapping_days),
                **holds.accepted(connection, now),
            },
            drift=bases.drift_counts(connection, now, agreement.write_back.holds.flapping_days),
            progress=progress,
            waiting=waiting,
        )


def _plan(journal: Journal, plan_hash: str) -> Row[Any]:
    plan = load_plan(journal, plan_hash)
    if plan is None:
        raise ConfigurationError(f"no plan (or several) begins with {plan_hash!r}; `alignment plan show` lists them")
    return plan


def _check(run: Run, plan: Row[Any], *, key: Ed25519PublicKey | None, resume: bool) -> str:
    """Everything that must hold before the first write. Returns who allowed it."""
    if plan.org_id != run.crm.organization_id:
        raise ConfigurationError(f"the plan is for organisation {plan.org_id}, this is {run.crm.organization_id}: nothing was written")
    if plan.config_hash != run.config_hash:
        raise ApprovalRequired(f"the agreement changed since the plan was made ({plan.config_hash} -> {run.config_hash}): plan again")
    if plan.code_version != CODE_VERSION:
        raise ApprovalRequired(f"the plan was made by version {plan.code_version} of the program, this is {CODE_VERSION}: plan again")
    if plan.state in ("EXPIRED", "ABORTED"):
        raise ApprovalRequired(f"plan {plan.plan_hash[:12]} is {plan.state}: a newer plan took its place, or it was given up")
    ops = ops_of(run.journal, plan.plan_hash)
    allowed_by = approval.require(run.journal, plan, ops, rules=run.rules, key=key)
    if hash_of(ops, org_id=plan.org_id, config_hash=plan.config_hash) != plan.plan_hash:
        raise ApprovalRequired(
            f"plan {plan.plan_hash[:12]} is not what was approved: its operations were changed in the journal. Plan again"
        )
    run.signed = {op.op_id: canonical(op) for op in ops}
    blocked = [check.text for check in schema_checks(ops, run.rules) if check.verdict is Verdict.BLOCKED]
    if blocked:
        raise ApprovalRequired("the CRM no longer fits the plan, nothing was written:\n" + "\n".join(f"  - {text}" for text in blocked))
    reason = breaker.open_reason(run.journal)
    if reason and not resume:
        raise ApprovalRequired(
            f"the last run stopped itself: {reason}. Look into it, then `alignment apply --resume {plan.plan_hash[:12]}`"
        )
    return allowed_by


def _check_clock(run: Run) -> Limits:
    asked = run.clock.now()
    limits = run.crm.limits()
    if limits.server_now is not None:
        answered = run.clock.now()
        run.skew = limits.server_now - answered
        allowed = timedelta(minutes=run.numbers.sending.clock_skew_minutes)
        # the CRM looked at its clock between the two: an answer that took long makes no clock wrong
        if max(asked - limits.server_now, limits.server_now - answered) > allowed:
            raise Permanent(
                f"this machine's clock differs from the CRM's by {run.skew.total_seconds():.0f} s (allowed {allowed}): set it right"
            )
    return limits


def _send_all(run: Run, plan_hash: str, calls_left: budget.Budget, patience_seconds: float) -> tuple[str | None, AlignmentError | None]:
    """Batches until nothing is open or the run must stop. Returns why it stopped early."""
    sent: Counter[str] = Counter()
    deadline = run.clock.now() + timedelta(seconds=patience_seconds)
    done = 0
    while True:
        ready = due(_sendable(run, plan_hash), run.clock.now())
        if not ready:
            if not _wait(run, plan_hash, deadline):
                return None, None
            continue
        total = done + len(ready)
        queue = Queue(run, ready, is_short=not calls_left.covers(3 * (3 + len(ready) // 200)))
        while (batch := queue.take(sent)) is not None:
            if not calls_left.covers(batch.calls):
                return f"the run's budget of {calls_left.cap} API calls is used up; the rest of the plan waits for the next run", None
            outcome = run_batch(run, batch)
            sent[batch.ops[0].object] += len(batch.ops)
            done += len(batch.ops)
            if run.progress:
                run.progress(min(done, total), total)
            if run.breaker.reason:
                breaker.open_(run.journal, run.breaker.reason)
                return run.breaker.reason, breaker.BreakerOpen(f"the run stopped itself: {run.breaker.reason}")
            if outcome.stop is not None:
                return str(outcome.stop), outcome.stop
            crash.point("batch done")


def _sendable(run: Run, plan_hash: str) -> list[Op]:
    """What may be sent: creates only when the record they hang on has been written (or needed nothing)."""
    ops = [op for op in ops_of(run.journal, plan_hash, _WAITING) if run.signed.get(op.op_id) == canonical(op)]
    parents = {op.depends_on for op in ops if op.depends_on}
    if not parents:
        return ops
    bad = {
        op.record_id
        for op in ops_of(run.journal, plan_hash)
        if op.record_id in parents and op.state not in _OK_PARENT and op.action != "create"
    }
    with run.journal.read() as connection:
        held = holds.active(connection, run.clock.now(), run.config_hash, {one for one in parents if one})
    bad |= {record_id for (_, record_id, _), hold in held.items() if hold.reason is holds.HoldReason.RECORD_LOCK}
    return [op for op in ops if op.depends_on not in bad]


def _wait(run: Run, plan_hash: str, deadline: datetime) -> bool:
    """Wait for what becomes due: late retries, and unknown outcomes that nothing can change any more. False when nothing will."""
    ops = ops_of(run.journal, plan_hash, ("RETRY", "UNKNOWN", "INFLIGHT", "ACKED"))
    open_ids = {op.op_id for op in _sendable(run, plan_hash)}
    times = [op.not_before for op in ops if op.op_id in open_ids and op.not_before]
    times += [op.zombie_until for op in ops if op.state != "RETRY" and op.zombie_until]
    now = run.clock.now()
    if not times or from_stamp(min(times)) > deadline or now > deadline:
        return False
    until = from_stamp(min(times))
    seconds = max(0.05, (until - now).total_seconds())
    if run.waiting and seconds >= waits.NOTICED_SECONDS:
        run.waiting(waits.sentence(ops, until, seconds))
    run.clock.sleep(seconds)
    if any(op.state != "RETRY" for op in ops):
        recover(run)
    return True


def _note_run(run: Run, mode: str, plan_hash: str | None) -> None:
    with run.journal.begin() as connection:
        connection.execute(
            insert(RUN),
            {
                "run_id": run.run_id,
                "fence": None,
                "mode": mode,
                "org_id": run.crm.organization_id,
                "user_id": run.crm.user,
                "config_hash": run.config_hash,
                "code_version": CODE_VERSION,
                "plan_hash": plan_hash,
                "started": run.journal.now(),
                "ended": None,
                "status": "STARTED",
                "api_calls": 0,
            },
        )


def _end_run(run: Run, status: str, calls: int) -> None:
    with run.journal.begin() as connection:
        chosen = update(RUN).where(RUN.c.run_id == run.run_id)
        connection.execute(chosen.values(ended=run.journal.now(), status=status, api_calls=calls))


def _summary(run: Run, plan: Row[Any], state: str, by: str, calls: int, stopped: str | None, error: AlignmentError | None) -> Applied:
    with run.journal.read() as connection:
        ops = connection.execute(select(OP.c.state, OP.c.after).where(OP.c.plan_hash == plan.plan_hash)).all()
    written = [op for op in ops if op.state == "VERIFIED"]
    return Applied(
        run_id=run.run_id,
        plan_hash=plan.plan_hash,
        plan_state=state,
        allowed_by=by,
        states=dict(sorted(Counter(op.state for op in ops).items())),
        records_written=len(written),
        fields_written=sum(len(json.loads(op.after)) for op in written),
        api_calls=calls,
        stopped=stopped,
        error=error,
    )
