"""People of Marketo are written by the same plan, journal and verification as the CRM's records."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.connectors.salesforce import crm
from alignment_pipeline.errors import Permanent
from alignment_pipeline.write_back.fields.decide import HoldReason
from alignment_pipeline.write_back.plans import guard
from alignment_pipeline.write_back.plans import rollback as undoing
from alignment_pipeline.write_back.plans.ops import ops_of, save_plan
from alignment_pipeline.write_back.plans.planned import PlannedOp
from alignment_pipeline.write_back.records import erase
from alignment_pipeline.write_back.sending.apply import open_run
from alignment_pipeline_tests.write_back.office import Office, Planned, lead_id, office
from alignment_pipeline_tests.write_back.organisation import NURTURE

REASON = "Recycled: Wrong size"


def recycle(acme: Office, people: int) -> None:
    for number in range(1, people + 1):
        acme.want(str(number), **{NURTURE: REASON})


def typed(acme: Office, person: int, text: str) -> None:
    store = acme.world.marketo
    store.keep(store.changed(store.leads[person], {NURTURE: text}, acme.clock.now()))


def rolled_back(acme: Office, plan_hash: str) -> Planned:
    run = open_run(acme.journal, acme.crm, acme.agreement, "undo")
    made = undoing.build_rollback(acme.journal, plan_hash, agreement=acme.agreement, org_id=acme.crm.organization_id, new_run_id=run.run_id)
    judgement = guard.judge(acme.journal, made, rules=run.rules)
    return Planned(acme, made, judgement, save_plan(acme.journal, made, judgement, run.rules))


def test_one_plan_writes_both_systems_reads_back_and_a_second_writes_nothing(tmp_path: Path) -> None:
    with office(tmp_path, people=30) as acme:
        acme.want(lead_id(0), Score__c=5)
        recycle(acme, 30)
        planned = acme.plan()
        assert planned.state == "NEEDS_APPROVAL" and [] == acme.told(), "a plan writes nothing"

        done = planned.approve().apply()

        assert done.states == {"VERIFIED": 31}
        assert {acme.value(str(number), NURTURE) for number in range(1, 31)} == {REASON}
        assert acme.value(lead_id(0), "Score__c") == 5
        assert {write.action for write in acme.told()} == {"update"} and len(acme.told()) == 30
        assert {name for write in acme.told() for name in write.changes} <= {NURTURE, "updatedAt"}
        assert acme.plan().plan.ops == []
        assert len(acme.told()) == 30


def test_a_rollback_restores_what_nobody_has_changed_since(tmp_path: Path) -> None:
    with office(tmp_path, people=3) as acme:
        recycle(acme, 3)
        done = acme.run()
        typed(acme, 2, "typed by a marketer")

        back = rolled_back(acme, done.plan_hash).approve().apply()

        assert back.states == {"NOOP": 1, "VERIFIED": 2}
        assert [acme.value(str(number), NURTURE) for number in (1, 2, 3)] == [None, "typed by a marketer", None]


def test_each_person_has_an_outcome_and_none_is_created(tmp_path: Path) -> None:
    with office(tmp_path, people=4) as acme:
        recycle(acme, 4)
        acme.wanted["MarketoLead", "4", NURTURE] = "x" * 256
        planned = acme.plan().approve()
        acme.world.marketo.forget(2)

        done = planned.apply()

        assert done.states == {"GONE": 1, "VERIFIED": 2}
        assert [row.reason for row in planned.plan.quarantined] == [
            f"MarketoLead.{NURTURE}: the value has 256 characters, the field takes 255"
        ]
        assert sorted(acme.world.marketo.leads) == [1, 3, 4]


def test_a_person_that_vanishes_between_look_and_send_is_gone(tmp_path: Path) -> None:
    """Marketo answers 1004 for this person alone."""
    with office(tmp_path, people=2) as acme:
        recycle(acme, 2)
        planned = acme.plan().approve()
        skipped = '{"success": true, "result": [{"status": "skipped", "reasons": [{"code": "1004", "message": "Lead not found"}]}'
        answer = f'{skipped}, {{"status": "skipped", "reasons": [{{"code": "1003", "message": "Invalid data"}}]}}]}}'
        acme.fault("answer", system="marketo", method="POST", path="/rest/v1/leads.json", status=200, content=answer)

        done = planned.apply()

        assert done.states == {"DEAD": 1, "GONE": 1}
        assert {op.err_code for op in ops_of(acme.journal, planned.plan_hash)} == {"1003", "1004"}


@pytest.mark.parametrize("code", ["606", "615", "604"])
def test_what_passes_is_waited_for(tmp_path: Path, code: str) -> None:
    with office(tmp_path, people=3) as acme:
        recycle(acme, 3)
        planned = acme.plan().approve()
        acme.fault(
            "answer", system="marketo", method="POST", path="/rest/v1/leads.json", status=200, count=1,
            content=f'{{"success": false, "errors": [{{"code": "{code}", "message": "not now"}}]}}',
        )  # fmt: skip

        done = planned.apply()

        assert done.states == {"VERIFIED": 3}
        assert len(acme.told()) == 3


def test_a_lost_answer_is_read_and_not_sent_again(tmp_path: Path) -> None:
    with office(tmp_path, people=3) as acme:
        recycle(acme, 3)
        planned = acme.plan().approve()
        acme.fault("cut_after", system="marketo", method="POST", path="/rest/v1/leads.json", count=1)

        done = planned.apply()

        assert done.states == {"VERIFIED": 3}
        assert len(acme.told()) == 3


def test_a_refused_role_stops_the_run_and_the_crm_is_done_before(tmp_path: Path) -> None:
    with office(tmp_path, people=3) as acme:
        acme.want(lead_id(0), Score__c=5)
        recycle(acme, 3)
        planned = acme.plan().approve()
        acme.fault(
            "answer", system="marketo", method="POST", path="/rest/v1/leads.json", status=200, count=None,
            content='{"success": false, "errors": [{"code": "603", "message": "Access denied"}]}',
        )  # fmt: skip

        done = planned.apply()

        assert done.states == {"DEAD": 3, "VERIFIED": 1}
        assert done.stopped is not None and "603" in done.stopped
        assert acme.value(lead_id(0), "Score__c") == 5


def test_a_filled_field_that_we_never_wrote_is_held(tmp_path: Path) -> None:
    with office(tmp_path, people=1) as acme:
        typed(acme, 1, "kept by marketing")
        recycle(acme, 1)

        planned = acme.plan()

        assert planned.plan.ops == []
        assert [hold.reason for hold in planned.plan.holds] == [HoldReason.FIRST_TOUCH]


def test_a_crm_without_marketo_leaves_its_operations_alone(tmp_path: Path) -> None:
    """The fast lane's run reaches Salesforce only: it decides nothing about what Marketo was sent."""
    with office(tmp_path, people=2) as acme:
        recycle(acme, 2)
        planned = acme.plan().approve()
        acme.fault("cut_before", system="marketo", method="POST", path="/rest/v1/leads.json", count=None)
        assert planned.apply(patience_seconds=1.0).states == {"UNKNOWN": 2}
        acme.world.faults.clear()
        both, acme.crm = acme.crm, crm.crm(acme.session)

        assert acme.run_recovery() == 2

        acme.crm = both
        acme.advance(minutes=20)
        assert planned.apply().states == {"VERIFIED": 2}


def test_a_plan_for_the_crm_alone_is_not_held_up_by_fields_of_marketo(tmp_path: Path) -> None:
    """After people of Marketo were written, the fast lane plans without having asked Marketo what its fields are."""
    with office(tmp_path, people=2) as acme:
        recycle(acme, 2)
        acme.want(lead_id(0), Score__c=5)
        acme.run()
        acme.crm, acme.wanted = crm.crm(acme.session), {}
        acme.want(lead_id(1), Score__c=6)

        planned = acme.plan(kind="fast")

        assert len(planned.plan.ops) == 1 and planned.state == "DRAFT", planned.judgement.reasons()


def test_a_field_that_marketo_does_not_have_blocks_its_writing(tmp_path: Path) -> None:
    with office(tmp_path, people=1) as acme:
        nurture = acme.agreement.crm.fields[-1].model_copy(update={"field": "nurtureTrack"})
        section = acme.agreement.crm.model_copy(update={"fields": [*acme.agreement.crm.fields[:-1], nurture]})
        acme.with_agreement(acme.agreement.model_copy(update={"crm": section}))
        acme.want("1", nurtureTrack=REASON)

        planned = acme.plan()

        assert planned.state == "BLOCKED" and "MarketoLead.nurtureTrack" in str(planned.judgement.reasons())


def test_nothing_else_is_asked_of_marketo(tmp_path: Path) -> None:
    with office(tmp_path, people=1) as acme:
        assert acme.crm.writer is not None
        with pytest.raises(Permanent, match="only updated by id"):
            acme.crm.writer.create_collection("MarketoLead", [{"email": "a@b.example"}], ["x"])
        assert not acme.crm.has_bulk("MarketoLead") and acme.crm.has_bulk("Lead")
        assert PlannedOp("MarketoLead", "1", {NURTURE: None}, 3).action == "clear"


def test_erasing_a_person_of_marketo_takes_nobody_else_along(tmp_path: Path) -> None:
    with office(tmp_path, people=12) as acme:
        recycle(acme, 12)
        acme.run()

        gone = erase.erase(acme.journal, ["1", "marketo:1"], key=b"erasure key" * 4)

        assert (gone.operations, gone.values) == (1, 1)
