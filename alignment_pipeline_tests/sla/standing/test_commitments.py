"""Marketing is held to its word as sales is: paced by business day, judged only on what is read."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.fiscal import Fiscal, PeriodKind
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.sla import MARKETING_COMMITMENTS
from alignment_pipeline.line import calls
from alignment_pipeline.sla.standing import commitments
from alignment_pipeline_tests.sla.factories import ACCOUNT, LEAD, World, at, contract, rows_of, table

WEEK = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
RUNGS = [
    {"name": "marketer", "at_share": 1, "notify": ["marketer"], "subject": "Behind: {policy}", "body": "{reason}"},
    {"name": "cmo", "at_share": 2, "notify": ["marketer", "cmo"], "subject": "Far behind: {policy}", "body": "{reason}"},
]
Row = dict[str, object]


def promised(measure: str, goal: float = 20, **more: object) -> Sla:
    item = {
        "name": "promise",
        "title": "The promise",
        "measure": measure,
        "period": "month",
        "goal": goal,
        "calendar": "days",
        "ladder": "marketing",
    }
    return Sla.model_validate(
        {
            "calendars": [{"name": "days", "time_zone": "America/New_York", "week": WEEK, "holidays": ["US"]}],
            "commitments": [item | {"grace_business_days": 0} | more],
            "escalation": {
                "ladders": [{"name": "marketing", "rungs": RUNGS}],
                "marketer_email": "u001@us.example",
                "cmo_email": "u004@us.example",
            },
        }
    )


def judged(
    world: World,
    sla: Sla,
    crm: Crm,
    as_of: datetime,
    *,
    read: timedelta = timedelta(0),
    fiscal: Fiscal | None = None,
    pipeline: Pipeline | None = None,
) -> ibis.Table:
    marks = {"salesforce": as_of - read, "marketo": as_of - read}
    given = {"fiscal": fiscal or Fiscal(), "pipeline": pipeline or Pipeline()}
    return calls.marketing_commitments(world.sources(), marks, sla=sla, crm=crm, **given, as_of=as_of, agreement_version="test")


def row_of(world: World, sla: Sla, crm: Crm, as_of: datetime, *, month: int = 11, read: timedelta = timedelta(0), **more: Any) -> Row:
    rows = rows_of(judged(world, sla, crm, as_of, read=read, **more))
    assert list(rows[0]) == list(MARKETING_COMMITMENTS.names)
    return next(row for row in rows if row["period_start_on"] == date(2026, month, 1))


def mqls(count: int) -> World:
    world = World()
    for number in range(count):
        world.stage(at("2026-11-03T10:00:00"), "MQL", person=f"lead:{number}")
        world.stage(at("2026-11-04T10:00:00"), "MQL", person=f"lead:{number}")
    return world


def test_the_pace_counts_business_days_that_are_over(crm: Crm) -> None:
    # November 2026 in the United States: 21 weekdays less Veterans Day and Thanksgiving
    found = row_of(mqls(3), promised("mqls"), crm, at("2026-11-12T12:00:00"))

    assert (found["elapsed_days"], found["total_days"], found["actual"]) == (7, 19, 3.0)
    assert found["expected"] == pytest.approx(20 * 7 / 19)
    assert found["projected"] == pytest.approx(3 * 19 / 7)


def test_the_sentence_says_how_far_and_how_far_was_expected(crm: Crm) -> None:
    running = row_of(mqls(3), promised("mqls"), crm, at("2026-11-12T12:00:00"))
    over = row_of(mqls(3), promised("mqls"), crm, at("2026-12-02T12:00:00"))

    assert (
        running["reason"]
        == f"3 by business day {running['elapsed_days']} of {running['total_days']}, when 7 were expected; the goal is 20."
    )
    assert over["reason"] == "3 in the whole period; the goal was 20."


@pytest.mark.parametrize(("count", "state"), [(3, "at_risk"), (7, "pending"), (20, "met")])
def test_behind_its_pace_a_promise_is_at_risk(crm: Crm, count: int, state: str) -> None:
    assert row_of(mqls(count), promised("mqls"), crm, at("2026-11-12T12:00:00"))["state"] == state


def test_the_first_days_are_too_early_to_judge(crm: Crm) -> None:
    assert row_of(mqls(0), promised("mqls", grace_business_days=8), crm, at("2026-11-12T12:00:00"))["state"] == "pending"


def test_a_period_that_is_over_is_broken_only_once_the_feeds_are_read_to_its_end(crm: Crm) -> None:
    after = at("2026-12-02T12:00:00")

    assert row_of(mqls(3), promised("mqls"), crm, after)["state"] == "breached"
    assert row_of(mqls(3), promised("mqls"), crm, after, read=timedelta(days=5))["state"] == "unknown"


def test_money_that_sales_brought_or_nobody_named_is_not_marketings(crm: Crm) -> None:
    world = World().account()
    for number, source in enumerate(("Web", "Outbound", None)):
        world.deal(f"00600000000000{number}AAA", lead_source=source, amount_usd=100.0, created=at("2026-11-03T10:00:00"))

    assert row_of(world, promised("sourced_pipeline_usd"), crm, at("2026-11-12T12:00:00"))["actual"] == 100.0
    assert row_of(world, promised("pipeline_usd"), crm, at("2026-11-12T12:00:00"))["actual"] == 300.0
    assert row_of(world, promised("sourced_pipeline_usd", lead_sources=["outbound"]), crm, at("2026-11-12T12:00:00"))["actual"] == 100.0


def test_coverage_is_open_pipeline_over_what_is_still_missing(crm: Crm) -> None:
    world = World().account()
    world.deal("006000000000001AAA", amount_usd=300.0, close_on=date(2026, 11, 30))
    world.deal("006000000000002AAA", amount_usd=999.0, close_on=date(2026, 12, 1))
    world.deal("006000000000003AAA", amount_usd=40.0, is_closed=True, is_won=True, close_on=date(2026, 11, 5))
    sla = promised("coverage_ratio", goal=3, revenue_target_usd=140.0)

    found = row_of(world, sla, crm, at("2026-11-12T12:00:00"))

    assert (found["actual"], found["state"], found["projected"]) == (3.0, "met", None)


def test_a_target_that_is_booked_needs_no_cover(crm: Crm) -> None:
    world = World().account().deal("006000000000001AAA", amount_usd=140.0, is_closed=True, is_won=True, close_on=date(2026, 11, 5))

    met = row_of(world, promised("coverage_ratio", goal=3, revenue_target_usd=140.0), crm, at("2026-11-12T12:00:00"))

    assert (met["actual"], met["state"], met["reason"]) == (None, "met", "The period's target is booked already; nothing is left to cover.")


def test_only_eligible_stages_cover(crm: Crm) -> None:
    world = World().account()
    world.deal("006000000000001AAA", amount_usd=300.0, close_on=date(2026, 11, 30), stage="Negotiation")
    world.deal("006000000000002AAA", amount_usd=300.0, close_on=date(2026, 11, 30), stage="Prospecting")
    sla = promised("coverage_ratio", goal=3, revenue_target_usd=100.0)

    row = row_of(world, sla, crm, at("2026-11-12T12:00:00"), pipeline=Pipeline(eligible_stages=["Negotiation"]))

    assert row["actual"] == 3.0


@pytest.mark.parametrize(("booking_date", "won"), [("close_date", 40.0), ("closed_at", 7.0)])
def test_revenue_is_booked_by_the_date_that_the_agreement_names(crm: Crm, booking_date: str, won: float) -> None:
    world = World().account()
    late, early = {"close_on": date(2026, 12, 1), "closed_at": at("2026-11-05T10:00:00")}, {"close_on": date(2026, 11, 9)}
    world.deal("006000000000001AAA", amount_usd=40.0, is_closed=True, is_won=True, closed_at=at("2026-10-20T10:00:00"), **early)
    world.deal("006000000000002AAA", amount_usd=7.0, is_closed=True, is_won=True, **late)

    row = row_of(
        world, promised("won_usd"), crm, at("2026-11-12T12:00:00"), pipeline=Pipeline.model_validate({"booking_date": booking_date})
    )

    assert row["actual"] == won


def test_a_ratio_without_divisor_is_unknown_and_not_zero(crm: Crm) -> None:
    found = row_of(World(), promised("sourced_won_pct", goal=30), crm, at("2026-11-12T12:00:00"))

    assert (found["actual"], found["state"]) == (None, "unknown")


def test_acceptance_counts_what_sales_said_in_the_period(crm: Crm) -> None:
    world = World()
    for number, said in enumerate(("Accepted", "Accepted", "Rejected")):
        lead = f"00Q00000000000{number}AAA"
        world.lead(lead, disposition=said, reject_code="Wrong size" if said == "Rejected" else None)
        world.change(at("2026-11-05T10:00:00"), "Alignment_Disposition__c", None, said, record=lead)
        if said == "Rejected":
            world.change(at("2026-11-05T10:00:00"), "Alignment_Reject_Code__c", None, "Wrong size", record=lead)

    assert row_of(world, promised("acceptance_pct", goal=60), crm, at("2026-11-12T12:00:00"))["actual"] == pytest.approx(200 / 3)


def test_new_contacts_can_be_those_at_target_accounts(crm: Crm) -> None:
    world = World().account(is_target_flagged=True).account("001000000000002AAA")
    world.contact(created=at("2026-11-05T10:00:00")).contact(
        "003000000000002AAA", account="001000000000002AAA", created=at("2026-11-05T10:00:00")
    )

    assert row_of(world, promised("new_contacts"), crm, at("2026-11-12T12:00:00"))["actual"] == 2.0
    assert row_of(world, promised("new_contacts", target_accounts_only=True), crm, at("2026-11-12T12:00:00"))["actual"] == 1.0


@pytest.mark.parametrize(("count", "rungs"), [(20, []), (6, ["marketer"]), (3, ["marketer", "cmo"])])
def test_the_ladder_goes_from_the_marketer_to_the_cmo(crm: Crm, count: int, rungs: list[str]) -> None:
    sla, as_of = promised("mqls"), at("2026-11-12T12:00:00")
    world = mqls(count)
    found = commitments.commitment_escalations(
        judged(world, sla, crm, as_of), world.sources().users, sla=sla, as_of=as_of, agreement_version="test"
    )

    assert [row["rung"] for row in rows_of(found)] == rungs
    assert all(row["escalation_id"] == f"sla:commitment:promise:2026-11-01:{row['rung']}" for row in rows_of(found))


def test_periods_follow_the_fiscal_year() -> None:
    calendar, february = Fiscal(), Fiscal(first_month=2)

    assert period("quarter", date(2026, 11, 21), calendar) == commitments.Period(date(2026, 10, 1), date(2026, 12, 31), "UTC")
    assert period("quarter", date(2026, 11, 21), february) == commitments.Period(date(2026, 11, 1), date(2027, 1, 31), "UTC")
    assert period("month", date(2028, 2, 3), calendar).last == date(2028, 2, 29)
    assert period("year", date(2026, 5, 5), february).first == date(2026, 2, 1)


def period(kind: PeriodKind, day: date, fiscal: Fiscal) -> commitments.Period:
    return commitments.period_of(kind, day, "UTC", fiscal=fiscal)


def test_the_shipped_promises_are_all_judged(sla: Sla, crm: Crm) -> None:
    world = World().lead(LEAD).account(ACCOUNT)
    world.rows["business_hours"] = [
        {"calendar": "Default", "time_zone": "UTC", "weekday": 0, "opens_minute": 0, "closes_minute": 1440, "is_default": True}
    ]
    rows = rows_of(judged(world, sla, crm, at("2026-11-12T12:00:00")))

    assert {row["commitment"] for row in rows} == {item.name for item in sla.commitments}
    assert table(contract("business_hours"), []).count().execute() == 0
