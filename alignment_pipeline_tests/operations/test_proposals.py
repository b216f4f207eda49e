"""What `alignment init` proposes from the organisation's own metadata and data."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.descriptions import FieldDescription, ObjectDescription
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import init, proposals
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.connectors.salesforce.test_currencies import organisation
from alignment_pipeline_tests.staging.factories import NOW, account, days_ago, staged

AGREEMENT = loader.load(loader.default_path())


def lead_with(*statuses: str) -> dict[str, ObjectDescription | None]:
    status = FieldDescription("Status", "picklist", picklist_values=statuses)
    return {"Lead": ObjectDescription("Lead", {"Status": status}, _by_lower={"status": status})}


def test_each_lead_status_says_what_it_does_or_that_no_rule_knows_it() -> None:
    (found,) = proposals.stages(lead_with("Working - Contacted", "Nurturing", "Parked"), AGREEMENT)

    assert found.lines == (
        "Working - Contacted: moves a person to Accepted and counts as accepted for the SLA clocks",
        "Nurturing: moves a person to Recycled and counts as deferred for the SLA clocks",
        "Parked: no rule; add it to a move, or to sla.outcomes, if it means something",
    )


def test_a_zone_without_holidays_is_pointed_out() -> None:
    users = [{"TimeZoneSidKey": zone, "IsActive": True} for zone in ("Europe/Berlin", "Europe/Berlin", "Africa/Lagos")]
    users.append({"TimeZoneSidKey": "Europe/Paris", "IsActive": False})

    (found,) = proposals.time_zones(users, AGREEMENT)

    assert found.lines == (
        "Europe/Berlin: 2 active users",
        "Africa/Lagos: 1 active users; no calendar has holidays for it: add it to holidays_by_zone",
    )


def test_constant_rates_are_proposed_from_the_organisations_own_and_set_by_nobody(tmp_path: Path) -> None:
    with organisation() as several:
        drafted = init.draft(Home(tmp_path, several.environment, several.clock))

    agreement = loader.loads(drafted.text, name="the draft")
    assert ("CurrencyIsoCode", "USD", []) == (agreement.crm.currency_field, agreement.currencies.company, agreement.currencies.rates)
    (found,) = [one for one in drafted.proposals if one.keys == "currencies.rates"]
    assert "The rate of each fiscal year's first day, by the dated exchange rates of the organisation." in found.lines[0]
    assert found.lines[1:] == tuple(
        f"{{currency: EUR, fiscal_year: {year}, units: {units}}}"
        for year, units in ((2024, 0.95), (2025, 0.95), (2026, 0.87), (2027, 0.87))
    )
    assert "deals are in several currencies: amounts are published in USD, and currencies.rates still needs your constant rates" in (
        drafted.remarks
    )


def test_activities_of_ninety_days_are_counted_by_type(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace("account_scores", staged("account_scores", [{"account_id": account(1), "as_of": NOW}]))
    seen = (("webinar_attended", 1), ("webinar_attended", 2), ("poll", 3), ("webinar_attended", 91))
    rows = [
        {"activity_id": str(n), "source_key": "lead:1", "activity_type": kind, "occurred_at": days_ago(age), "known_at": days_ago(age)}
        for n, (kind, age) in enumerate(seen)
    ]
    warehouse.replace("activities", staged("activities", rows))
    warehouse.replace("people", staged("people", [{"person_id": "p"}]))
    warehouse.replace("person_records", staged("person_records", [{"source_key": "lead:1", "person_id": "p"}]))

    (found,) = proposals.activities(warehouse, AGREEMENT)

    assert found.lines == ("webinar_attended: 2 by 1 people, 2 counted by a rule", "poll: 1 by 1 people, no rule counts them")


def test_before_a_first_run_it_says_what_comes_after_it(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)

    for (found,) in (proposals.activities(warehouse, AGREEMENT), proposals.thresholds(warehouse, AGREEMENT, reps=3, weekly_per_rep=5)):
        assert found.lines == (proposals._FIRST_RUN,)


@pytest.mark.parametrize(
    ("capacity", "proposed"),
    [
        pytest.param(20, 1.25, id="the most precise of those that fit"),
        pytest.param(8, 2.0, id="only the highest fits"),
        pytest.param(1, None, id="none fits"),
    ],
)
def test_the_most_precise_level_that_reps_can_take_is_proposed(capacity: float, proposed: float | None) -> None:
    rows = [
        {"threshold_factor": factor, "mqas_per_week": weekly, "precision_pct": precision}
        for factor, weekly, precision in ((0.5, 30.0, 7.0), (1.0, 15.0, 10.0), (1.25, 12.0, 12.0), (2.0, 8.0, 9.0))
    ]

    fitting = proposals.fitting(rows, capacity)

    assert (fitting and fitting["threshold_factor"]) == proposed


def test_the_block_of_comments_leaves_the_file_an_agreement() -> None:
    text = proposals.as_comment([proposals.Proposal("a.b", "Title", ("one: 1", "two # 2"))])

    assert all(line.startswith("#") for line in text.splitlines())
    assert loader.loads(text + loader.default_path().read_text(encoding="utf-8")) == AGREEMENT


def test_answers_stand_in_the_draft(tmp_path: Path) -> None:
    home = Home(path=tmp_path, environ={}, clock=Clock())
    answers = init.Answers("Acme", "Ada", "Grace", 3)

    drafted = loader.loads(init.draft(home, is_offline=True, answers=answers).text)
    untouched = init.draft(home, is_offline=True)

    assert (drafted.name, drafted.parties.marketing.owner, drafted.parties.sales.owner) == ("Acme", "Ada", "Grace")
    assert drafted.lifecycle.handover.mqas_per_rep_and_week == 3
    assert untouched.text == loader.default_path().read_text(encoding="utf-8")
