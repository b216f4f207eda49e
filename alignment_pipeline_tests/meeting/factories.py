"""A small organisation's tables for packs: a test names only what matters to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.meeting import pack, periods
from alignment_pipeline.meeting.draft import Draft
from alignment_pipeline.meeting.pack import Meeting, Pack
from alignment_pipeline.meeting.sections import quarter
from alignment_pipeline.meeting.sections.quarter import Review
from alignment_pipeline_tests.staging.factories import account, lead, opportunity, staged, user

AGREEMENT = loader.load(loader.default_path())
#: The Saturday of week 47.
AS_OF = datetime(2026, 11, 21, 8, tzinfo=UTC)
WEEK = periods.week_of(AS_OF.date())
FIRST = "first_touch_hand_raiser"
Rows = Sequence[Mapping[str, Any]]


def weeks_ago(number: float) -> datetime:
    """A moment on Wednesday, so many weeks before the week of the pack."""
    return datetime(2026, 11, 18, 12, tzinfo=UTC) - timedelta(weeks=number)


def clock(number: int, state: str = "met", *, weeks: float = 0, policy: str = FIRST, owner: int = 1, **given: Any) -> dict[str, Any]:
    """A case that fell due in a week; one that was kept or late is stopped."""
    due = weeks_ago(weeks)
    stopped = None if state in ("breached", "pending", "at_risk") else due - timedelta(minutes=1)
    usual = {
        "clock_id": f"clock-{number}",
        "policy": policy,
        "party": "sales",
        "state": state,
        "subject_id": f"lead:{lead(number)}",
        "object": "Lead",
        "record_id": lead(number),
        "trigger_id": f"event-{number}",
        "due_at": due,
        "started_at": due - timedelta(minutes=5),
        "stopped_at": stopped,
        "owner_id": user(owner),
        "elapsed_minutes": 4.0 if stopped else 500.0,
        "account_id": account(1),
    }
    return usual | given


def tables(**given: Rows) -> dict[str, ibis.Table]:
    """Every input of a pack, from rows by table."""
    usual: dict[str, Rows] = {
        "users": [{"user_id": user(n), "name": name, "department": "Sales"} for n, name in ((1, "Ann Lee"), (2, "Bob Ray"))],
        "accounts": [{"account_id": account(1), "name": "Acme", "owner_id": user(1)}],
    }
    rows = usual | given
    return {name: staged(name, rows.get(name, ())) for name in (*pack.INPUTS, *(name for name in quarter.INPUTS if name in given))}


def draft(*, agreement: Agreement = AGREEMENT, as_of: datetime = AS_OF, **given: Rows) -> Draft:
    """A draft over such tables."""
    return Draft(tables(**given), agreement, WEEK, as_of)


def made(given: Meeting | None = None, *, agreement: Agreement = AGREEMENT, as_of: datetime = AS_OF, **rows: Rows) -> Pack:
    """The pack of week 47 over such tables."""
    return pack.pack_of(tables(**rows), agreement=agreement, period=WEEK, as_of=as_of, given=given or Meeting(), organisation="Northwind")


def reviewed() -> Pack:
    """The pack of the quarter so far, with something to show in every part of its review."""
    lines = [("bookings", 900.0, 400.0, 50.0, 40.0, None), ("mqas", 30.0, 12.0, 20.0, 29.0, (15.0, 25.0)),
             ("marketing_deals", 8.0, 6.0, None, None, None)]  # fmt: skip
    plan = [
        {"line": line, "planned": planned, "came": came, "planned_rate_pct": rate, "measured_rate_pct": since, "n": 40.0,
         "planned_lower_pct": within and within[0], "planned_upper_pct": within and within[1], "measured_lower_pct": None,
         "measured_upper_pct": None}
        for line, planned, came, rate, since, within in lines
    ]  # fmt: skip
    terms = [
        {"entity_id": account(1 + n % 3), "entered_at": weeks_ago(20 + n), "is_judged": n < 8, "lead_days": 5.0 + n if n % 2 else None,
         "created_at": weeks_ago(19 + n) if n % 2 else None, "won_at": weeks_ago(9 + n) if n == 3 else None}
        for n in range(10)
    ]  # fmt: skip
    sweep = [{"threshold_factor": factor, "precision_pct": 50.0, "recall_pct": 12.5, "base_rate_pct": 7.0, "mqas_per_week": 2 / factor}
             for factor in (0.5, 1.0, 2.0)]  # fmt: skip
    coverage = [
        {
            "period": period,
            "business_day": day,
            "coverage": value,
            "basis": "target",
            "open_cents": 500,
            "booked_cents": 100,
            "wanted_cents": 900,
        }
        for period, day, value in (("2026Q3", 5, 3.0), ("2026Q3", 10, 2.5), ("2026Q4", 5, 2.0), ("2026Q4", 10, None))
    ]
    late = "too late to start"
    proposals = [
        {"commitment": "mqa_volume", "title": "MQAs", "state": late, "reason": "had to be there by 2 Sep 2026", "goal": 60.0,
         "proposed": None},
        {"commitment": "contacts", "title": "New contacts", "state": "planned", "reason": "16 to create", "goal": 60.0, "proposed": 16.0},
    ]  # fmt: skip
    tested = [staged("mqa_backtest_terms", terms).to_pyarrow(), staged("mqa_backtests", sweep).to_pyarrow()]
    review = Review("2026Q4", plan, *tested, "2026Q4", proposals, "period: 2026Q4\n", coverage, {})
    rows = busy() | {
        "forecast_accuracy": [{"method": "coverage", "business_day": 5, "periods": 3, "bias_pct": -2.5, "wape_pct": 9.0, "mase": 0.8}],
        "program_yields": [
            {
                "program": "Webinars",
                "period": "all",
                "within_days": 90,
                "touched": 60,
                "judged": 40,
                "with_opportunity": 12,
                "rate": 0.3,
                "base_rate": 0.1,
                "difference": 0.2,
                "difference_lower": 0.05,
                "difference_upper": 0.35,
                "spend_cents": 600_000,
                "cost_cents": 50_000,
                "cost_lower_cents": 28_571,
                "cost_upper_cents": 200_000,
            },
            {"program": "Webinars", "period": "2026Q3", "within_days": 90, "touched": 20, "judged": 20, "with_opportunity": 6},
            {
                "program": "Buyer's guide: 2 | 3",
                "period": "all",
                "within_days": 90,
                "touched": 7,
                "judged": 6,
                "with_opportunity": 2,
                "note": "6 accounts are too few to tell",
            },
        ],
        "match_rule_precisions": [{"rule": "same_domain", "labels": 40, "right": 38, "precision": 0.95, "lower": 0.85, "upper": 0.99}],
    }
    period = periods.quarter_of(AS_OF.date(), AGREEMENT.fiscal)
    return pack.pack_of(tables(**rows), agreement=AGREEMENT, period=period, as_of=AS_OF, given=Meeting(review=review))


def values(one: Pack) -> dict[str, dict[str, Any]]:
    """The numbers of a pack, by name and scope."""
    keyed = {}
    for value in one.content["values"]:
        scope = value["scope"]
        keyed["|".join((value["name"], *(f"{column}={scope[column]}" for column in sorted(scope))))] = value
    return keyed


def busy() -> dict[str, Rows]:
    """Three months of an organisation in which every section of the page has something to show."""
    clocks = [
        clock(100 * week + n, ("met", "met", "met_late", "breached")[(n + week) % 4], weeks=week, owner=1 + n % 2)
        for week in range(13)
        for n in range(6)
    ]
    clocks += [clock(5000 + n, "breached", policy="win_loss_reason", object="Opportunity", record_id=opportunity(n)) for n in range(3)]
    clocks.append(clock(6000, "pending", policy="first_touch_mqa", subject_id=account(1), trigger_id="mqa", weeks=-0.5))
    deals = [
        {
            "opportunity_id": opportunity(n),
            "account_id": account(1),
            "stage": "Won",
            "amount_usd": 1000.0 * (n + 1),
            "owner_id": user(1),
            "lead_source": ("Web", "Outbound")[n % 2],
            "created_at": weeks_ago(n % 13),
            "is_closed": n % 3 == 0,
            "is_won": n % 6 == 0,
            "closed_at": weeks_ago(n % 5) if n % 3 == 0 else None,
            "loss_reason": "Price" if n % 6 == 3 else None,
        }
        for n in range(26)
    ]
    criteria = [{"has": 75, "needs": 80, "missing": "5 more minutes"}, {"has": 2, "needs": 2, "missing": None}]
    path = json.dumps([{"path": "Depth", "criteria": criteria}])
    accounts = [{"account_id": account(n), "name": f"Company {n}", "owner_id": user(1 + n % 2)} for n in range(1, 6)]
    return {
        "accounts": accounts,
        "people": [{"person_id": f"lead:{lead(n)}", "company": f"Company {n}"} for n in range(10)],
        "sla_clocks": clocks,
        "person_outcomes": [
            {
                "person_id": f"lead:{lead(n)}",
                "outcome": ("accepted", "rejected", "accepted", "deferred")[n % 4],
                "said_at": weeks_ago(n % 13),
                "code": "Wrong size" if n % 8 == 1 else None,
                "owner_id": user(1),
            }
            for n in range(60)
        ],
        "marketing_commitments": [
            {
                "commitment": one.name,
                "title": one.title,
                "measure": one.measure,
                "period": one.period,
                "period_start_on": WEEK.first,
                "period_end_on": WEEK.last,
                "goal": one.goal,
                "expected": one.goal / 2,
                "actual": one.goal / 3,
                "state": "at_risk",
            }
            for one in AGREEMENT.sla.commitments
        ],
        "person_stage_changes": [
            {"person_id": f"lead:{lead(n)}", "sequence": 1, "stage": "MQL", "entered_at": weeks_ago(n % 13)} for n in range(50)
        ],
        "account_mqa_changes": [{"account_id": account(n % 6), "sequence": n, "entered_at": weeks_ago(n)} for n in range(6)],
        "account_mqa_statuses": [
            {"account_id": account(1), "is_mqa": True, "mqa_status": "mqa", "latest_at": weeks_ago(0), "path": "Depth"},
            {
                "account_id": account(2),
                "mqa_status": "not yet",
                "paths": path,
                "mqa_reason": "Not an MQA yet. Needs 80 minutes of engagement in 90 days.",
                "nearest_path": "Depth",
            },
        ],
        "account_scores": [
            {"account_id": account(n), "tier": 1 + n % 3, "engagement_points": 10.0 * n, "people_engaged": n, "is_surging": n > 3}
            for n in range(1, 6)
        ],
        "contacts": [{"contact_id": f"003-{n}", "account_id": account(1), "created_at": weeks_ago(n % 13)} for n in range(40)],
        "opportunities": deals,
        "person_engagement_factors": [
            {"person_id": f"p{n}", "factor": "x", "account_id": account(n), "first_at": weeks_ago(0)} for n in (1, 2)
        ],
        "person_fits": [{"person_id": f"p{n}", "committee_role": "Economic buyer", "persona": "VP, Finance"} for n in (1, 2)],
        "step_conversions": [{"step": "mqa_to_sqa", "scope": "all", "reading": "incidence", "value": 0.5, "n": 40}],
        "pipeline_movements": [
            {
                "since_on": WEEK.first - timedelta(days=1),
                "scope": "all",
                "opportunity_id": opportunity(n),
                "part": part,
                "amount_cents": cents,
            }
            for n, part, cents in (
                (1, "start", 10000),
                (1, "end", 10000),
                (2, "new", 5000),
                (2, "end", 5000),
                (3, "start", 700),
                (3, "won", -700),
            )
        ],
        "pipeline_metrics": [
            {"metric": metric, "scope": "all", "period": "2026Q4", "unit": unit, "value": value, "n": 7, "definition": f"About {metric}"}
            for metric, unit, value in (("bookings", "cents", 70000.0), ("coverage", "ratio", 2.5), ("coverage_gap", "cents", 1.2e8))
        ],
    }
