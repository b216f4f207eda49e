"""The one harness of the fault matrix: an organisation, faults as data, a run, and the invariants at the end.

Belongs here: how a case is played. The cases are `cases_*.py`, the table of all rows is `rows.py`; a new row is data there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.write_back.sending.apply import Applied
from alignment_pipeline_tests.faults import invariants, journals
from alignment_pipeline_tests.write_back.office import Office, lead_id, office

Look = Callable[["Played"], None]


@dataclass(frozen=True)
class Case:
    """One case as data. `faults` are armed after the plan was approved (or before it with `early`); `meanwhile` runs just then."""

    faults: tuple[Mapping[str, Any], ...] = ()
    leads: int = 30
    shared: bool = False
    tasks: int = 0
    early: bool = False
    write_back: Mapping[str, Any] = field(default_factory=dict)
    meanwhile: Callable[[Office], None] | None = None
    expect: Look | None = None
    rests: bool = True
    is_judged: bool = True
    read_seconds: float = 30.0
    last: Callable[[Office], None] | None = None


@dataclass
class Played:
    """What came of a case: the run's result or the error that ended it."""

    acme: Office
    plan_hash: str
    applied: Applied | None
    error: AlignmentError | None
    calls: Mapping[str, int]

    @property
    def states(self) -> Mapping[str, int]:
        """Operations by state after the run."""
        assert self.applied is not None, f"the run ended with {self.error}"
        return self.applied.states


def play(case: Case, tmp_path: Path) -> None:
    """Plan, approve, let it go wrong, apply, look; then take the faults away and check that everything comes right."""
    where = journals.address(tmp_path / "home", file="journal.db")
    with office(tmp_path, leads=case.leads, read_seconds=case.read_seconds, journal_url=where, **case.write_back) as acme:
        for number in range(case.leads):
            acme.want(lead_id(number), **({"Note__c": f"note {number}"} if case.shared else {"Score__c": number + 0.5, "Stage__c": "MQL"}))
        for number in range(case.tasks):
            acme.want_task(f"sla:{number}", lead_id(number))
        if case.early:
            _arm(acme, case)
        planned = acme.plan()
        if planned.state != "BLOCKED":
            planned.approve()
        if not case.early:
            _arm(acme, case)
        if case.meanwhile:
            case.meanwhile(acme)
        before = dict(acme.session.counter.by_endpoint)
        applied: Applied | None = None
        error: AlignmentError | None = None
        try:
            applied = planned.apply()
        except AlignmentError as raised:
            error = raised
        calls = {name: number - before.get(name, 0) for name, number in acme.session.counter.by_endpoint.items()}
        if case.expect:
            case.expect(Played(acme, planned.plan_hash, applied, error, calls))
        acme.world.faults.clear()
        if case.rests:
            rest(acme)
        if case.is_judged:
            assert invariants.broken(acme, state=case.rests) == []
        if case.last:
            case.last(acme)


def rest(acme: Office, runs: int = 6) -> None:
    """Go on without faults until a plan has nothing left to do."""
    for _ in range(runs):
        acme.advance(days=1, minutes=1)
        acme.run_recovery()
        planned = acme.plan()
        if planned.state == "DONE":
            return
        planned.approve().apply(resume=True)
    raise AssertionError(f"it does not come to rest: {acme.states()}")


def _arm(acme: Office, case: Case) -> None:
    for fault in case.faults:
        acme.fault(**dict(fault))
