"""A run can be undone: what nobody touched goes back, what people touched stays, and it is not redone by itself."""

from __future__ import annotations

from pathlib import Path

from alignment_pipeline.agreement.field_map import FieldMapping
from alignment_pipeline.write_back.plans import prepare
from alignment_pipeline.write_back.plans import rollback as undoing
from alignment_pipeline.write_back.sending.apply import open_run
from alignment_pipeline_tests.faults.selection import wants_all
from alignment_pipeline_tests.write_back import portal_office
from alignment_pipeline_tests.write_back.office import Office, Planned, lead_id, office

LEADS = 5000 if wants_all() else 120


def _rollback(acme: Office, run_id: str) -> Planned:
    run = open_run(acme.journal, acme.crm, acme.agreement, f"undo {run_id}")
    made = undoing.build_rollback(acme.journal, run_id, agreement=acme.agreement, org_id=acme.crm.organization_id, new_run_id=run.run_id)
    kept = prepare.keep(acme.journal, made, run.rules, folder=acme.home / "plans")
    return Planned(acme, made, kept.judgement, kept.state)


def test_everything_untouched_is_restored_and_every_later_edit_is_kept(tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS) as acme:
        for number in range(LEADS):
            acme.want(lead_id(number), Score__c=number + 1, Stage__c="MQL")
        acme.want_task("sla:1", lead_id(1))
        acme.want_task("sla:2", lead_id(2))
        first = acme.run()
        edited = range(0, LEADS, 33)
        for number in edited:
            acme.edit(lead_id(number), Score__c=7777)
        tasks = {task["Key__c"]: task["Id"] for task in acme.world.salesforce.tables["Task"].values()}
        acme.edit(tasks["sla:2"], Status="In Progress")
        acme.advance(minutes=5)

        planned = _rollback(acme, first.run_id)
        assert planned.state == "NEEDS_APPROVAL"
        done = planned.approve().apply()

        untouched = [number for number in range(LEADS) if number not in edited]
        assert {(acme.value(lead_id(n), "Score__c"), acme.value(lead_id(n), "Synced__c")) for n in untouched} == {(None, None)}
        assert {acme.value(lead_id(n), "Score__c") for n in edited} == {7777}
        assert {acme.value(lead_id(n), "Stage__c") for n in range(LEADS)} == {None}
        assert acme.value(tasks["sla:1"], "Status") == "Completed" and acme.value(tasks["sla:2"], "Status") == "In Progress"
        assert [one["record_id"] for one in undoing.kept(acme.journal, planned.plan_hash)] == [tasks["sla:2"]]
        assert done.plan_state == "DONE"
        acme.advance(days=1)
        again = acme.plan()
        assert [op.record_id for op in again.plan.ops] == []


def test_a_rolled_back_value_comes_again_under_another_agreement(tmp_path: Path) -> None:
    with office(tmp_path, leads=30) as acme:
        for number in range(30):
            acme.want(lead_id(number), Reason__c="x")
        acme.run()
        acme.want(lead_id(0), Score__c=5)
        first = acme.run()
        _rollback(acme, first.plan_hash).approve().apply()
        acme.agreement = acme.agreement.model_copy(update={"version": "another"})

        done = acme.run()

        assert done.states == {"VERIFIED": 1} and acme.value(lead_id(0), "Score__c") == 5


def test_a_write_that_came_after_its_time_counts_as_ours_and_can_be_rolled_back(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.fault("zombie", method="PATCH", path="composite/sobjects$", seconds=1200)
        stopped = acme.run(patience_seconds=0)
        acme.advance(minutes=12)
        acme.run_recovery()
        given_up = acme.states()
        acme.advance(minutes=10)

        done = acme.run()

        assert (stopped.states, given_up) == ({"UNKNOWN": 1}, {"RETRY": 1})
        assert done.states == {"VERIFIED": 1} and len(acme.writes()) == 1
        assert _rollback(acme, done.run_id).approve().apply().states == {"VERIFIED": 1}
        assert acme.value(lead_id(0), "Score__c") is None


def test_a_task_that_came_after_its_time_is_ours_too_and_is_closed_by_the_rollback(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want_task("sla:1", lead_id(1))
        acme.fault("zombie", method="PATCH", path="composite/sobjects/Task", seconds=1200)
        stopped = acme.run(patience_seconds=0)
        acme.advance(minutes=12)
        acme.run_recovery()
        given_up = acme.states()
        acme.advance(minutes=10)

        done = acme.run()

        (task,) = acme.world.salesforce.tables["Task"].values()
        assert (stopped.states, given_up, done.states) == ({"UNKNOWN": 1}, {"RETRY": 1}, {"VERIFIED": 1})
        acme.advance(minutes=5)
        _rollback(acme, done.run_id).approve().apply()
        assert acme.value(task["Id"], "Status") == "Completed"


def test_a_task_is_closed_by_a_rollback_while_nobody_has_changed_more_than_a_name(tmp_path: Path) -> None:
    for changed, states in (({}, {"VERIFIED": 1}), ({"Subject": "I have called"}, {"NOOP": 1})):
        with office(tmp_path / str(len(changed)), leads=1) as acme:
            acme.edit(lead_id(0), FirstName="Ada", LastName="Byron")
            acme.want_task("sla:1", lead_id(0), [("Lead", lead_id(0), "Ada Byron")], Subject="Call Ada Byron")
            done = acme.run()
            (task,) = acme.world.salesforce.tables["Task"].values()
            assert "Call Ada Byron" == task["Subject"]
            acme.advance(minutes=5)
            if changed:
                acme.edit(task["Id"], **changed)
            acme.advance(minutes=5)
            assert states == _rollback(acme, done.run_id).approve().apply().states


def test_who_was_put_into_a_list_is_taken_out_by_a_rollback_and_others_stay(tmp_path: Path) -> None:
    nurture = FieldMapping(object="Contact", field="alignment_nurture_list", value="person.nurture", type="list", label="Nurture")
    with portal_office.portal_office(tmp_path, chosen=portal_office.agreement(nurture)) as acme:
        (static,) = acme.store.lists.values()
        acme.store.join(static.id, "3", acme.clock.now())
        acme.want(portal_office.contact_id(0), alignment_nurture_list=True)
        acme.want(portal_office.contact_id(1), alignment_nurture_list=True)
        acme.want(portal_office.contact_id(2), alignment_nurture_list=True)
        done = acme.plan().approve().apply()
        joined = set(static.members)
        nothing = acme.plan()
        _rollback(acme, done.run_id).approve().apply()

        assert (joined, set(static.members)) == ({"1", "2", "3"}, {"3"}), "who was there before is no change of ours"
        assert nothing.plan.ops == []


def test_a_rollback_follows_a_record_that_was_merged_away_and_keeps_what_the_merge_changed(tmp_path: Path) -> None:
    with portal_office.portal_office(tmp_path, contacts=5) as acme:
        ids = [portal_office.contact_id(number) for number in range(5)]
        for number, one in enumerate(ids[:4]):
            acme.want(one, **{portal_office.SCORE: 10.5 + number})
        acme.run()
        acme.advance(minutes=5)
        for number, one in enumerate(ids[:4]):
            acme.want(one, **{portal_office.SCORE: 50.5 + number})
        second = acme.run()
        acme.advance(minutes=5)
        # the first survives in a new record with its value; of the next two the one that we did not write to last is the primary
        acme.person.merge("contacts", "1", "5")
        acme.person.edit("contacts", "3", {portal_office.SCORE: "77"})
        acme.person.merge("contacts", "3", "2")
        acme.advance(minutes=5)

        _rollback(acme, second.run_id).approve().apply()

        shown = {one: float(acme.value(one, portal_office.SCORE)) for one in ids}
        assert shown == {ids[0]: 10.5, ids[4]: 10.5, ids[1]: 77.0, ids[2]: 77.0, ids[3]: 13.5}
