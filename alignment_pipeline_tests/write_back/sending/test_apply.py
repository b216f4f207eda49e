"""The write-back's main way: plan, approve, apply, verify, and nothing the second time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alignment_pipeline.connectors.crm import Limits
from alignment_pipeline.errors import ApprovalRequired
from alignment_pipeline_tests.write_back.office import account_id, agreement, lead_id, office


def test_a_plan_is_written_once_and_the_second_run_writes_nothing(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=12.5, Stage__c="MQL", Reason__c="two visits")
        acme.want(account_id(1), Score__c=3, Note__c="hello")

        first = acme.run()

        assert first.plan_state == "DONE" and first.states == {"VERIFIED": 2} and first.records_written == 2
        assert acme.value(lead_id(0), "Score__c") == 12.5 and acme.value(account_id(1), "Note__c") == "hello"
        assert acme.value(lead_id(0), "Synced__c") is not None
        before = len(acme.writes())
        acme.advance(hours=1)
        second = acme.plan()
        assert second.state == "DONE" and second.plan.ops == [] and len(acme.writes()) == before


def test_nothing_is_written_without_approval(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        planned = acme.plan()

        with pytest.raises(ApprovalRequired, match="nobody approved it"):
            planned.apply()

        assert acme.writes() == [] and planned.state == "NEEDS_APPROVAL"


def test_a_record_whose_outcome_is_unknown_gets_no_newer_write_until_it_is_decided(tmp_path: Path) -> None:
    with office(tmp_path, leads=20) as acme:
        for number in range(1, 20):
            acme.want(lead_id(number), Score__c=1)
        acme.run()
        acme.want(lead_id(0), Score__c=1)
        acme.fault("zombie", method="PATCH", path="composite/sobjects$", seconds=240)
        stopped = acme.run(patience_seconds=0)
        acme.want(lead_id(0), Score__c=2)
        meanwhile = acme.plan()
        acme.advance(minutes=12)

        acme.run_recovery()
        done = acme.run()

        assert stopped.states == {"UNKNOWN": 1} and stopped.plan_state == "APPLYING"
        assert meanwhile.plan.ops == [] and meanwhile.plan.skipped["earlier write not yet decided"] == 1
        assert done.states == {"VERIFIED": 1} and [
            write.changes["Score__c"][1] for write in acme.writes() if write.record_id == lead_id(0)
        ] == [1, 2]


def test_what_a_person_locks_is_not_written(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.edit(lead_id(0), Lock__c=True)
        acme.want(lead_id(0), Score__c=1)
        acme.want(lead_id(1), Score__c=1)
        planned = acme.plan()
        acme.edit(lead_id(1), Lock__c=True)

        done = planned.approve().apply()

        assert done.states == {"HELD": 1} and acme.writes() == []
        assert planned.plan.skipped["record locked by people"] == 1


def test_a_short_budget_goes_to_the_most_valuable_records_first(tmp_path: Path) -> None:
    numbers = agreement().write_back
    budget = numbers.budget.model_copy(update={"least_calls": 7, "run_pct": 0, "day_pct": 0})
    sending = numbers.sending.model_copy(update={"batch": 5})
    canary = numbers.canary.model_copy(update={"first": 5, "second": 5})
    with office(tmp_path, leads=40, budget=budget, sending=sending, canary=canary) as acme:
        for number in range(40):
            acme.want(lead_id(number), Score__c=number + 1)
            acme.priorities[lead_id(number)] = 0 if number >= 35 else 9

        done = acme.run()

        written = {write.record_id for write in acme.writes()}
        assert done.stopped is not None and "budget" in done.stopped and done.plan_state == "APPLYING"
        assert {lead_id(number) for number in range(35, 40)} <= written and len(written) < 40


def test_a_run_that_goes_wrong_stops_itself_and_only_a_person_resumes_it(tmp_path: Path) -> None:
    numbers = agreement().write_back
    breaker = numbers.breaker.model_copy(update={"consecutive": 10})
    with office(tmp_path, leads=300, breaker=breaker) as acme:
        for number in range(300):
            acme.want(lead_id(number), Score__c=number + 1)
        acme.fault("row_error", path="Lead/", count=None, code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="no")
        planned = acme.plan().approve()

        stopped = planned.apply()
        acme.world.faults.clear()
        with pytest.raises(ApprovalRequired, match="stopped itself"):
            planned.apply()
        resumed = planned.apply(resume=True)

        assert stopped.stopped is not None and stopped.states == {"DEAD": 25, "PLANNED": 275}
        assert resumed.states == {"DEAD": 25, "VERIFIED": 275}


def test_apply_never_imports_the_orchestrator() -> None:
    code = "import sys, alignment_pipeline.cli.apply; print([m for m in sys.modules if m.split('.')[0] == 'dagster'])"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_an_answer_that_took_long_makes_no_clock_wrong(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        planned = acme.plan().approve()
        honest = acme.crm.limits

        def slow() -> Limits:
            found = honest()
            acme.advance(minutes=20)
            return found

        acme.crm.limits = slow

        assert planned.apply().states == {"VERIFIED": 1}
