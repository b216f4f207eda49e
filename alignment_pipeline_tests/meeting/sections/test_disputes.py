"""Disputes: the other team's owner decides, in five business days; an upheld case leaves the rate and stays counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from alignment_pipeline.agreement.meeting import Deciders, Meeting
from alignment_pipeline.meeting.pack import Meeting as Given
from alignment_pipeline.meeting.sections import disputes
from alignment_pipeline.meeting.sections.disputes import Dispute, id_of
from alignment_pipeline_tests.meeting.factories import AGREEMENT, FIRST, busy, clock, draft, made, values, weeks_ago
from alignment_pipeline_tests.staging.factories import lead, user

MONDAY = date(2026, 11, 16)
BREACH = Dispute(id_of("breach", "clock-1"), "breach", "clock-1", "sales", "Ann Lee", MONDAY, "Was on leave")


def state(dispute: Dispute, *, today: date = date(2026, 11, 20), meeting: Meeting | None = None) -> tuple[str, str]:
    found = disputes.state_of(dispute, parties=AGREEMENT.parties, meeting=meeting or Meeting(), today=today)
    return found[0], found[1]


def decided(decision: str, by: str) -> Dispute:
    return replace(BREACH, decision=decision, decided_by=by, decided_on=date(2026, 11, 19))


@pytest.mark.parametrize(("today", "expected"), [(date(2026, 11, 23), "open"), (date(2026, 11, 24), "escalated")])
def test_five_business_days_are_left_to_decide(today: date, expected: str) -> None:
    assert expected == state(BREACH, today=today)[0]


@pytest.mark.parametrize("decision", ["upheld", "overruled"])
def test_the_other_team_s_owner_decides(decision: str) -> None:
    assert (decision, "") == state(decided(decision, "vp marketing"))


@pytest.mark.parametrize("by", ["VP Sales", "Ann Lee", "somebody"])
def test_nobody_else_does(by: str) -> None:
    found, remark = state(decided("upheld", by))

    assert "open" == found and f"{by} cannot decide this; VP Marketing does" == remark


def test_a_named_decider_decides_but_not_his_own_dispute() -> None:
    meeting = Meeting(deciders=Deciders(marketing=["kim@ours.example", "Ann Lee"]))

    assert "upheld" == state(decided("upheld", "Kim@ours.example"), meeting=meeting)[0]
    assert "open" == state(decided("upheld", "Ann Lee"), meeting=meeting)[0]


def test_an_upheld_breach_leaves_the_rate_and_stays_counted() -> None:
    clocks = [clock(n, "breached" if n < 2 else "met") for n in range(10)]
    rate = f"kept_in_time|counts=yes|in_period=yes|policy={FIRST}"
    before = values(made(sla_clocks=clocks))
    one = made(Given(disputes=[decided("upheld", "VP Marketing")]), sla_clocks=clocks)
    after = values(one)

    assert (8.0, 10.0) == (before[rate]["numerator"], before[rate]["denominator"])
    assert (8.0, 9.0) == (after[rate]["numerator"], after[rate]["denominator"])
    assert 1.0 == after[f"upheld|counts=no|in_period=yes|policy={FIRST}"]["value"]
    assert 1 == next(row["upheld"] for row in one.content["sections"]["promises"]["sales"] if row["key"] == FIRST)


def test_an_open_and_an_overruled_breach_stay_in_the_rate() -> None:
    clocks = [clock(n, "breached" if n < 2 else "met") for n in range(10)]
    for dispute in (BREACH, decided("overruled", "VP Marketing"), decided("upheld", "VP Sales")):
        found = values(made(Given(disputes=[dispute]), sla_clocks=clocks))
        assert 10.0 == found[f"kept_in_time|counts=yes|in_period=yes|policy={FIRST}"]["denominator"]


def test_an_upheld_rejection_leaves_the_share_that_sales_accepted() -> None:
    said = [{"person_id": f"lead:{lead(n)}", "outcome": ("accepted", "rejected")[n % 2], "said_at": weeks_ago(0)} for n in range(4)]
    dispute = replace(BREACH, kind="rejection", subject=f"lead:{lead(1)}", team="marketing", decision="upheld", decided_by="VP Sales")
    found = values(made(Given(disputes=[dispute]), person_outcomes=said, marketing_commitments=busy()["marketing_commitments"]))

    assert (2.0, 3.0) == tuple(found["accepted|in_period=yes|is_judged=yes"][part] for part in ("numerator", "denominator"))


def test_what_a_rep_wrote_into_the_crm_is_a_dispute_of_the_last_breach() -> None:
    field = next(one.field for one in AGREEMENT.crm.inputs if one.meaning == "dispute_reason")
    found = disputes.from_fields(
        draft(
            sla_clocks=[clock(1, "breached", weeks=2), clock(2, "breached", record_id=lead(1), weeks=1), clock(3, record_id=lead(1))],
            leads=[{"lead_id": lead(1), "dispute_reason": "Was on leave", "owner_id": user(1), "modified_at": weeks_ago(0)},
                   {"lead_id": lead(2), "dispute_reason": " ", "owner_id": user(1)}],
            record_changes=[
                {"change_id": "c", "record_id": lead(1), "field": field, "new_value": "Was on leave", "changed_at": weeks_ago(0.5)}
            ],
        )
    )  # fmt: skip

    expected = Dispute(id_of("breach", "clock-2"), "breach", "clock-2", "sales", "Ann Lee", weeks_ago(0.5).date(), "Was on leave")
    assert [expected] == found


def test_the_file_decides_what_the_field_raised() -> None:
    assert [decided("upheld", "VP Marketing")] == disputes.joined([BREACH], [decided("upheld", "VP Marketing")])


def test_a_dispute_decided_before_the_period_is_not_listed_again() -> None:
    old = replace(decided("upheld", "VP Marketing"), decided_on=MONDAY - timedelta(days=3))
    pack = made(Given(disputes=[old]), sla_clocks=[clock(1, "breached"), clock(2)])

    assert [] == pack.content["sections"]["disputes"]["rows"]
    assert 1.0 == values(pack)[f"kept_in_time|counts=yes|in_period=yes|policy={FIRST}"]["denominator"]


def test_the_page_s_data_name_no_person_of_a_lead() -> None:
    pack = made(Given(disputes=[BREACH]), sla_clocks=[clock(1, "breached")])

    assert lead(1) not in pack.json.decode()
