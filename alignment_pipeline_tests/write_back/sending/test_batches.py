"""Large plans by Bulk, shared fields one by one, tasks by key; and the calls they cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from alignment_pipeline.write_back.fields import holds
from alignment_pipeline.write_back.records import dead_letters
from alignment_pipeline_tests.write_back.office import agreement, lead_id, office


def test_many_machine_records_go_by_bulk_within_the_call_budget(tmp_path: Path) -> None:
    sending = agreement().write_back.sending.model_copy(update={"bulk_above": 200})
    with office(tmp_path, leads=900, sending=sending) as acme:
        for number in range(900):
            acme.want(lead_id(number), Score__c=number + 0.25, Stage__c="MQL")
        planned = acme.plan().approve()
        calls = acme.session.counter.total

        done = planned.apply()

        assert done.states == {"VERIFIED": 900}
        assert acme.value(lead_id(899), "Score__c") == 899.25
        assert {write.source for write in acme.writes()} == {"api", "bulk"}
        assert acme.session.counter.total - calls <= 3 * 900 / 200 + 40
        assert all(write.headers.get("sforce-auto-assign", "").upper() == "FALSE" for write in acme.writes())


def test_a_shared_field_is_written_one_by_one_on_condition(tmp_path: Path) -> None:
    with office(tmp_path, leads=5) as acme:
        for number in range(5):
            acme.want(lead_id(number), Note__c=f"note {number}")

        done = acme.run()

        assert done.states == {"VERIFIED": 5}
        assert acme.session.counter.by_endpoint["update one"] == 5


def test_a_task_is_created_once_by_its_key(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.want_task("sla:1:first_touch:x", lead_id(0))

        done = acme.run()
        again = acme.plan()

        tasks = [task for task in acme.world.salesforce.tables["Task"].values() if task.get("Key__c")]
        assert done.states == {"VERIFIED": 2} and len(tasks) == 1
        assert again.plan.ops == [] and again.plan.skipped["created before"] == 1


def test_a_task_of_ours_is_closed_unless_somebody_works_on_it(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        for number in range(3):
            acme.want_task(f"sla:{number}", lead_id(number))
        acme.run()
        tasks = {task["Key__c"]: task["Id"] for task in acme.world.salesforce.tables["Task"].values()}
        acme.edit(tasks["sla:1"], Status="In Progress")
        acme.advance(hours=1)
        for key in ("sla:0", "sla:1"):
            acme.want(tasks[key], Status="Completed")

        done = acme.run()

        assert done.states == {"VERIFIED": 1}
        assert [acme.value(tasks[f"sla:{number}"], "Status") for number in range(3)] == ["Completed", "In Progress", "Not Started"]
        assert [hold.reason.value for hold in holds.listing(acme.journal)] == ["HUMAN_EDIT"]


@pytest.mark.parametrize(
    "bad", [range(0, 900, 75), [3, 150, 151, 152, 400, 401, 888], range(899, 0, -100)], ids=["even", "some beside", "last"]
)
def test_a_few_refused_rows_of_a_bulk_job_do_not_stop_the_run(tmp_path: Path, bad: Sequence[int]) -> None:
    """Twelve of 900 are 1.3 %; told before the successes they would be 6 % of the last 200."""
    sending = agreement().write_back.sending.model_copy(update={"bulk_above": 200})
    with office(tmp_path, leads=900, sending=sending) as acme:
        for number in range(900):
            acme.want(lead_id(number), Score__c=number + 0.25)
        acme.fault(
            "row_error",
            path="Lead/(" + "|".join(lead_id(number) for number in bad) + ")",
            count=None,
            code="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        )
        done = acme.run()
        dead = dead_letters.listing(acme.journal)

        assert (done.stopped, done.plan_state, done.states) == (None, "DONE", {"DEAD": len(bad), "VERIFIED": 900 - len(bad)})
        assert {one.record_id for one in dead} == {lead_id(number) for number in bad}


def test_many_refused_rows_of_a_bulk_job_stop_it(tmp_path: Path) -> None:
    sending = agreement().write_back.sending.model_copy(update={"bulk_above": 200, "bulk_job_rows": 300})
    with office(tmp_path, leads=900, sending=sending) as acme:
        for number in range(900):
            acme.want(lead_id(number), Score__c=number + 0.25)
        bad = "|".join(lead_id(number) for number in range(0, 900, 5))
        acme.fault("row_error", path=f"Lead/({bad})", count=None, code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="Region is required")
        done = acme.run()

        assert done.stopped is not None and "were refused" in done.stopped
