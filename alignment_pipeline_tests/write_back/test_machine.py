"""A machine of people, faults, crashes and plans in any order; after each step the invariants hold.

`make test` runs a few examples; the whole (500 of 60 steps) is
`ALIGNMENT_FAULTS=all pytest alignment_pipeline_tests/write_back/test_machine.py`, with ALIGNMENT_EXAMPLES=20 for fewer.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.write_back.fields import holds
from alignment_pipeline.write_back.plans import approval, ops, prepare
from alignment_pipeline.write_back.plans import rollback as undoing
from alignment_pipeline.write_back.records import erase
from alignment_pipeline.write_back.sending import attempt_log
from alignment_pipeline.write_back.sending.apply import open_run
from alignment_pipeline_tests.faults import kill
from alignment_pipeline_tests.write_back.model_crm import Crash, ModelCrm
from alignment_pipeline_tests.write_back.office import KEY, SIGNING_KEY, lead_id

LEADS = 6
AGREEMENT = kill.wide_agreement()
WHOLE = os.environ.get("ALIGNMENT_FAULTS") == "all"
EXAMPLES = int(os.environ.get("ALIGNMENT_EXAMPLES", "500" if WHOLE else "4"))
PARTS = ("A", "B", "C", "D") if WHOLE else ("A",)
#: Thousands of synced commits: where there is a file system in memory they cost nothing. No step of the machine loses power.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
leads = st.integers(0, LEADS - 1)
values = st.integers(0, 5)


class WriteBackMachine(RuleBasedStateMachine):
    """One organisation as a model of the CRM, one real journal."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self.model = ModelCrm(LEADS)
        self.office = self.model.office(self.folder, AGREEMENT)
        self.plans: list[str] = []
        self.applied: list[str] = []
        self.erased: set[str] = set()

    def teardown(self) -> None:
        self.office.journal.close()
        shutil.rmtree(self.folder)

    @rule(number=leads, value=values)
    def source_edit(self, number: int, value: int) -> None:
        if lead_id(number) not in self.erased:
            self.office.want(lead_id(number), Score__c=value, Note__c=f"ours {value}")

    @rule(number=leads, value=values, shared=st.booleans())
    def human_edit(self, number: int, value: int, shared: bool) -> None:
        self.model.human(lead_id(number), "Note__c" if shared else "Company", f"typed {value}")

    @rule(number=leads)
    def delete(self, number: int) -> None:
        self.model.delete(lead_id(number))

    @rule(number=leads)
    def undelete(self, number: int) -> None:
        self.model.undelete(lead_id(number))

    @rule(number=leads, winner=leads)
    def merge(self, number: int, winner: int) -> None:
        self.model.merge(lead_id(number), lead_id(winner))

    @rule(number=leads)
    def convert(self, number: int) -> None:
        self.model.convert(lead_id(number))

    @rule(number=leads)
    def lock(self, number: int) -> None:
        self.model.human(lead_id(number), "Lock__c", not self.model.records[lead_id(number)].get("Lock__c"))

    @rule(minutes=st.sampled_from([1, 12, 600]))
    def time_passes(self, minutes: int) -> None:
        self.model.advance(minutes * 60)

    @rule(kind=st.sampled_from(["lost", "unsent", "late", "refused", "locked", "rewrite"]))
    def fault_on(self, kind: str) -> None:
        self.model.faults.append(kind)

    @rule()
    def fault_off(self) -> None:
        self.model.faults.clear()

    @rule()
    def plan(self) -> None:
        planned = self.office.plan()
        if planned.state in ("DRAFT", "NEEDS_APPROVAL"):
            self.plans.append(planned.plan_hash)

    @rule(number=leads, value=values, patience=st.sampled_from([0, 1500]))
    def whole_round(self, number: int, value: int, patience: float) -> None:
        """What happens every day: something changed, a plan, a signature, a run."""
        self.source_edit(number, value)
        self.plan()
        self.approve()
        self.apply(patience)

    @rule()
    def approve(self) -> None:
        if self.plans:
            row = ops.load_plan(self.office.journal, self.plans[-1])
            if row is not None and row.state in ("DRAFT", "NEEDS_APPROVAL"):
                approval.approve(self.office.journal, row, by="t", key=SIGNING_KEY, numbers=self.office.agreement.write_back.approvals)

    @rule(patience=st.sampled_from([0, 1500]))
    def apply(self, patience: float) -> None:
        if self.plans:
            with contextlib.suppress(AlignmentError):
                self.applied.append(self.office.apply(self.plans[-1], patience_seconds=patience, resume=True).run_id)

    @rule(after=st.integers(0, 12))
    def crash(self, after: int) -> None:
        """The process dies after so many calls to the CRM, and the next one opens the journal anew."""
        if not self.plans:
            return
        self.model.dies_after = after
        with contextlib.suppress(Crash, AlignmentError):
            self.office.apply(self.plans[-1], patience_seconds=0, resume=True)
        self.model.dies_after = None
        self.office.journal.close()
        self.office.journal = Journal.open(str(self.office.home / "journal.db"), home=self.office.home, clock=self.office.clock)

    @rule()
    def rollback(self) -> None:
        if not self.applied:
            return
        acme = self.office
        with contextlib.suppress(AlignmentError):
            run = open_run(acme.journal, acme.crm, acme.agreement, f"undo{len(self.plans)}")
            version = acme.crm.organization_id
            made = undoing.build_rollback(acme.journal, self.applied[-1], agreement=acme.agreement, org_id=version, new_run_id=run.run_id)
            if prepare.keep(acme.journal, made, run.rules).state == "NEEDS_APPROVAL":
                self.plans.append(made.plan_hash)

    @rule()
    def agreement_changes(self) -> None:
        chosen = self.office.agreement
        self.office.agreement = chosen.model_copy(update={"version": f"{chosen.version[:8]}{self.model.ticks}"})

    @rule()
    def release(self) -> None:
        """A person lets go of the oldest hold: from now on what it saw may be written over."""
        for one in holds.listing(self.office.journal)[:1]:
            holds.release(self.office.journal, [one.hold_id], by="t")
            self.model.released.add((one.record_id, one.field, str(one.value_seen)))

    @precondition(lambda self: not self.erased)
    @rule(number=leads)
    def erase(self, number: int) -> None:
        record_id = lead_id(number)
        self.erased.add(record_id)
        self.model.delete(record_id)
        self.office.wanted = {key: value for key, value in self.office.wanted.items() if key[1] != record_id}
        erase.erase(self.office.journal, [record_id], key=KEY)

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.model.problems == []

    @invariant()
    def no_attempt_is_lost(self) -> None:
        assert attempt_log.problems(self.office.journal) == []

    @invariant()
    def one_open_operation_per_record(self) -> None:
        rows = [row for row in ops.changed_since(self.office.journal) if row.state in ops.OPEN]
        assert len({(row.object, row.record_id) for row in rows}) == len(rows)


def _case(part: str) -> Any:
    """A part of the examples as a test of its own, so that several processes share them."""
    case = type(f"WriteBackMachine{part}", (WriteBackMachine,), {}).TestCase
    case.settings = settings(
        max_examples=-(-EXAMPLES // len(PARTS)),
        stateful_step_count=60 if WHOLE else 25,
        deadline=None,
        derandomize=not WHOLE,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    return case


for part in PARTS:
    globals()[f"TestWriteBackMachine{part}"] = _case(part)
