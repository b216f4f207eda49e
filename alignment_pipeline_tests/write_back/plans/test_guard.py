"""The guard judges 24 hours, lets small programmes start, and blocks for good only what can never be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alignment_pipeline.agreement.write_back import Creates, Guard, Limit
from alignment_pipeline.errors import ApprovalRequired
from alignment_pipeline.write_back.plans import approval
from alignment_pipeline.write_back.plans.judgement import Judgement
from alignment_pipeline.write_back.plans.source_health import SourceHealth
from alignment_pipeline_tests.write_back.office import SIGNING_KEY, Office, lead_id, office


def verdict(judgement: Judgement, name: str) -> str:
    order = ["OK", "NEEDS_APPROVAL", "BLOCKED"]
    return max((check.verdict.value for check in judgement.checks if check.name == name), key=order.index, default="OK")


def filled(acme: Office, leads: int, **values: Any) -> None:
    for number in range(leads):
        acme.want(lead_id(number), **values)
    acme.run()


def standing(acme: Office, *, most_records: int = 1000, most_share_pct: float | None = None) -> None:
    approval.sign_standing(
        acme.journal,
        agreement_version=acme.agreement.version,
        org_id=acme.crm.organization_id,
        fields={"Lead": ["Score__c", "Stage__c", "Synced__c"], "Task": ["Status"]},
        most_records=most_records,
        most_creates=10,
        most_cleared=10,
        days=7,
        by="tester",
        key=SIGNING_KEY,
        numbers=acme.agreement.write_back.approvals,
        most_share_pct=most_share_pct,
    )


def test_many_small_plans_are_judged_like_one_large_one(tmp_path: Path) -> None:
    with office(tmp_path, leads=100) as acme:
        filled(acme, 100, Stage__c="MQL")
        standing(acme)
        written = 0
        for plan in range(10):
            acme.advance(minutes=30)
            for number in range(plan * 8, plan * 8 + 8):
                acme.want(lead_id(number), Stage__c="Customer")
            try:
                written += acme.plan().apply().records_written
            except ApprovalRequired:
                break
        assert written <= 25


def test_after_a_day_the_count_begins_anew(tmp_path: Path) -> None:
    with office(tmp_path, leads=100) as acme:
        filled(acme, 100, Stage__c="MQL")
        standing(acme)
        for day in range(3):
            # a run of every morning: the one before sent a little less than a day ago
            acme.advance(hours=23.8)
            for number in range(day * 8, day * 8 + 8):
                acme.want(lead_id(number), Stage__c="Customer")
            assert acme.plan().apply().records_written == 8


def test_a_standing_approval_counts_the_last_24_hours_and_not_ageing(tmp_path: Path) -> None:
    with office(tmp_path, leads=30) as acme:
        filled(acme, 30, Score__c=10)
        standing(acme, most_records=5)
        for number in range(30):
            acme.want(lead_id(number), Score__c=9.8)
        assert acme.plan().apply().records_written == 30
        for number in range(3):
            acme.want(lead_id(number), Score__c=50)
        acme.advance(hours=1)
        assert acme.plan().apply().records_written == 3
        for number in range(3, 6):
            acme.want(lead_id(number), Score__c=50)
        acme.advance(hours=1)

        with pytest.raises(ApprovalRequired, match="allows 5 records in 24 hours, with this plan there are 6"):
            acme.plan().apply()


@pytest.mark.parametrize(
    ("most_share_pct", "stage", "refusal"),
    [
        (None, None, "12 of 100 records would change"),
        (11.0, None, "12 of 100 records would change"),
        (12.0, None, None),
        # what the guard asks beside it is still a person's
        (12.0, "Customer", "Stage__c"),
    ],
)
def test_a_standing_approval_may_answer_for_the_share_that_changes(
    most_share_pct: float | None, stage: str | None, refusal: str | None, tmp_path: Path
) -> None:
    changed = Limit(approve_count=5, approve_pct=5, block_count=25, block_pct=25)
    with office(tmp_path, leads=100, guard=Guard(changed=changed)) as acme:
        filled(acme, 100, Score__c=10, Stage__c="MQL")
        standing(acme, most_share_pct=most_share_pct)
        for number in range(12):
            acme.want(lead_id(number), Score__c=50)
        for number in range(24):
            # the mix of stages moves by more than 10 points
            acme.want(lead_id(number if stage else 0), Stage__c=stage or "MQL")
        planned = acme.plan()

        if refusal is None:
            assert planned.apply().records_written == 12
        else:
            with pytest.raises(ApprovalRequired, match=refusal):
                planned.apply()


def test_a_share_answers_nothing_about_tasks_that_close(tmp_path: Path) -> None:
    with office(tmp_path, guard=Guard(creates=Creates(approve_per_run=2))) as acme:
        for number in range(3):
            acme.want_task(f"sla:{lead_id(number)}:call", lead_id(number))
        acme.run()
        standing(acme, most_share_pct=100.0)
        acme.creates.clear()
        for task in list(acme.world.salesforce.tables["Task"].values()):
            acme.want(task["Id"], Status="Completed")
        acme.advance(hours=1)

        with pytest.raises(ApprovalRequired, match="Task: 3 of"):
            acme.plan().apply()


def test_a_small_programme_can_start(tmp_path: Path) -> None:
    with office(tmp_path, leads=10) as acme:
        filled(acme, 10, Stage__c="MQL")
        for number in range(3):
            acme.want(lead_id(number), Stage__c="Customer")

        assert acme.plan().state == "DRAFT"


def test_the_first_few_of_many_are_no_shift_of_the_mix(tmp_path: Path) -> None:
    with office(tmp_path, leads=120) as acme:
        filled(acme, 120, Stage__c="MQL")
        for number in range(14):
            acme.want(lead_id(number), Stage__c="Customer")

        assert verdict(acme.plan().judgement, "records_changed") == "OK"


def test_a_block_for_the_amount_can_be_lifted_and_one_for_the_schema_cannot(tmp_path: Path) -> None:
    with office(tmp_path, leads=60) as acme:
        filled(acme, 60, Stage__c="MQL")
        for number in range(50):
            acme.want(lead_id(number), Stage__c="Customer")
        planned = acme.plan()
        assert planned.state == "BLOCKED"
        with pytest.raises(ApprovalRequired, match="--lift"):
            planned.approve()
        assert planned.approve(lift=True).apply().records_written == 50

        acme.fault("read_only_field", object="Lead", field="Stage__c")
        acme.want(lead_id(0), Stage__c="MQL")
        with pytest.raises(ApprovalRequired, match="approval does not lift that"):
            acme.plan().approve(lift=True)


def test_an_empty_text_counts_as_emptied(tmp_path: Path) -> None:
    with office(tmp_path, leads=40) as acme:
        filled(acme, 40, Reason__c="because")
        for number in range(30):
            acme.want(lead_id(number), Reason__c="")

        assert verdict(acme.plan().judgement, "values_cleared") == "NEEDS_APPROVAL"


def test_desired_records_that_fall_by_half_are_a_finding(tmp_path: Path) -> None:
    with office(tmp_path, leads=60) as acme:
        filled(acme, 60, Score__c=1)
        for number in range(25, 60):
            del acme.wanted["Lead", lead_id(number), "Score__c"]
        acme.want(lead_id(0), Score__c=1.02)

        assert verdict(acme.plan().judgement, "desired_records") == "NEEDS_APPROVAL"


def test_a_few_rows_less_of_a_small_source_are_not_judged_and_an_empty_one_is(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)

        assert verdict(acme.plan(sources=[SourceHealth("leads", 6, [10, 10])]).judgement, "source_rows") == "OK"
        assert verdict(acme.plan(sources=[SourceHealth("leads", 0, [10, 10])]).judgement, "source_rows") == "BLOCKED"
        assert verdict(acme.plan(sources=[SourceHealth("leads", 60, [100, 100])]).judgement, "source_rows") == "BLOCKED"


def test_do_not_sync_keeps_tasks_away(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.edit(lead_id(1), Lock__c=True)
        for number in (1, 2):
            acme.want_task(f"sla:{lead_id(number)}:first_touch", lead_id(number))
        planned = acme.plan()

        assert [op.depends_on for op in planned.plan.ops] == [lead_id(2)]


def test_a_record_that_may_not_be_edited_is_its_own_dead_letter(tmp_path: Path) -> None:
    with office(tmp_path, leads=40) as acme:
        for number in range(40):
            acme.want(lead_id(number), Score__c=number + 1)
        acme.fault("row_error", path="Lead/", code="INSUFFICIENT_ACCESS_OR_READONLY", count=1)

        assert acme.run().states == {"DEAD": 1, "VERIFIED": 39}


def test_a_permission_that_is_missing_altogether_stops_the_run(tmp_path: Path) -> None:
    with office(tmp_path, leads=40) as acme:
        for number in range(40):
            acme.want(lead_id(number), Score__c=number + 1)
        acme.fault("row_error", path="Lead/", code="INSUFFICIENT_ACCESS_OR_READONLY", count=1000)

        assert "in a row were refused" in (acme.run().stopped or "")
