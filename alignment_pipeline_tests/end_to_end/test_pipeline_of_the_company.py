"""The company's pipeline against what the CRM itself sums today, and against the generator's log of every deal on past days."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.installation import salesforce
from alignment_pipeline.pipeline_metrics import bridge, measures
from alignment_pipeline_tests.end_to_end.company import Company, company, small
from alignment_pipeline_tests.pipeline_metrics import oracle
from alignment_pipeline_tests.pipeline_metrics.factories import deals_at, parted

pytestmark = pytest.mark.slow
DAYS = 30
STAGES = {"Closed Won": "won", "Closed Lost": "lost"}


@dataclass
class Acme:
    """The company after a run, its agreement, and the log of its deals."""

    company: Company
    agreement: Agreement
    events: list[oracle.Event]
    states: ibis.Table

    def days(self, count: int, seed: int) -> list[date]:
        """Random days of the last eighteen months."""
        chance, today = random.Random(seed), self.company.organisation.anchor.date()
        return [today - timedelta(days=chance.randrange(1, 540)) for _ in range(count)]


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with company(small(11), tmp_path_factory.mktemp("pipeline")) as one:
        assert 3 == one.alignment("run", "--json").code
        states = one.home.warehouse().read("opportunity_states")
        yield Acme(one, loader.load(loader.default_path()), _events(one), ibis.memtable(states.to_pyarrow()))


def _events(one: Company) -> list[oracle.Event]:
    # what was purged before the first run nobody can read: deals deleted more than 15 days before, and their histories
    purged = one.organisation.anchor - timedelta(days=15)
    events = []
    for deal, moments in one.organisation.truth.deals.items():
        if moments[-1].get("is_deleted") and datetime.fromisoformat(moments[-1]["at"]) < purged:
            continue
        values: dict[str, Any] = {"owner": None, "is_deleted": False}
        for row in moments:
            if row.get("is_deleted"):
                values = values | {"is_deleted": True}
            else:
                cents = None if row["amount"] is None else round(100 * row["amount"])
                close = date.fromisoformat(row["close"])
                values = values | {"stage": STAGES.get(row["stage"], "open"), "cents": cents, "close": close}
            events.append((deal, datetime.fromisoformat(row["at"]), values))
    return events


def test_as_of_today_is_what_the_crm_itself_sums(acme: Acme) -> None:
    rows = acme.company.home.warehouse().read("pipeline_metrics").to_pyarrow().to_pylist()
    today = {row["metric"]: row for row in rows if row["scope"] == "all" and row["period"] == rows[0]["period"]}
    period = acme.agreement.fiscal.period_of(acme.company.organisation.anchor.date())
    inside = f"CloseDate >= {period.first} AND CloseDate <= {period.last}"
    asked = {
        "open_pipeline": f"IsClosed = false AND {inside}",
        "all_open_pipeline": "IsClosed = false",
        "bookings": f"IsWon = true AND {inside}",
    }
    session = salesforce.session(acme.company.home)
    for metric, condition in asked.items():
        text = f"SELECT SUM(Amount) total, COUNT(Id) deals FROM Opportunity WHERE {condition}"
        (summed,) = session.get("/query", "aggregate", params={"q": text}).json()["records"]
        assert (today[metric]["value"], today[metric]["n"]) == (100 * (summed["total"] or 0), summed["deals"]), metric


def test_sums_of_past_days_are_those_of_the_event_log(acme: Acme) -> None:
    assert len(acme.events) > 300
    for day in acme.days(DAYS, 1):
        period = acme.agreement.fiscal.period_of(day)
        rows = measures.present(
            parted(acme.states), measures.Cut(period, day), fiscal=acme.agreement.fiscal, pipeline=acme.agreement.pipeline
        )
        # a day on which nothing was in the pipeline has no row
        row = next((row for row in rows if row["scope"] == "all"), defaultdict(int))
        assert oracle.open_and_booked(acme.events, day, oracle.Period(period.first, period.last)) == {
            "open_pipeline": row["in_set_cents"], "overdue_pipeline": row["is_overdue_cents"], "all_open_pipeline": row["is_open_cents"],
            "bookings": row["is_booked_cents"], "without_amount": row["in_set_without"],
        }, day  # fmt: skip


def test_bridges_between_past_days_are_those_of_the_event_log(acme: Acme) -> None:
    chance = random.Random(2)
    parts: set[str] = set()
    for day in acme.days(DAYS, 2):
        since, period = day - timedelta(days=chance.randrange(1, 80)), acme.agreement.fiscal.period_of(day)
        moved = bridge.movements(
            deals_at(acme.states, since), deals_at(acme.states, day), since=since, period=period, dimensions=(),
            fiscal=acme.agreement.fiscal, booking_date=acme.agreement.pipeline.booking_date,
        )  # fmt: skip
        sums: dict[str, int] = defaultdict(int)
        for row in moved.to_pyarrow().to_pylist():
            if row["scope"] == "all":
                sums[row["part"]] += row["amount_cents"] or 0
        expected = oracle.bridge(acme.events, since, day, oracle.Period(period.first, period.last))
        assert {part: cents for part, cents in sums.items() if cents} == expected, (since, day)
        parts |= expected.keys()
    assert {"new", "won", "lost", "pushed_out", "pulled_in"} <= parts


def test_a_person_asks_for_any_day_on_the_command_line(acme: Acme) -> None:
    day = acme.days(1, 3)[0]

    said = acme.company.alignment("pipeline", "--as-of", f"{day}", "--json")

    assert 0 == said.code, said.err
    period = acme.agreement.fiscal.period_of(day)
    expected = oracle.open_and_booked(acme.events, day, oracle.Period(period.first, period.last))
    rows = {row["metric"]: row["value"] for row in said.json["metrics"] if row["scope"] == "all"}
    assert (period.name, expected["open_pipeline"], expected["bookings"]) == (
        said.json["metrics"][0]["period"],
        rows["open_pipeline"],
        rows["bookings"],
    )


def test_goals_are_proposed_and_never_set(acme: Acme) -> None:
    before = acme.company.alignment("agreement", "show", "--effective").out
    out = acme.company.path / "goals.yaml"

    said = acme.company.alignment("plan-goals", "--out", str(out), "--json")

    assert 0 == said.code, said.err
    assert "bookings" in {row["line"] for row in said.json["lines"]}
    assert "Nothing is set" in out.read_text(encoding="utf-8")
    assert before == acme.company.alignment("agreement", "show", "--effective").out


def test_the_plan_of_the_period_before_stands_beside_what_came(acme: Acme) -> None:
    said = acme.company.alignment("plan-goals", "--review", "--json")

    assert 0 == said.code, said.err
    period = acme.agreement.fiscal.before(acme.agreement.fiscal.period_of(acme.company.organisation.anchor.date()))
    booked = oracle.open_and_booked(acme.events, period.last, oracle.Period(period.first, period.last))["bookings"]
    lines = {line["line"]: line for line in said.json["lines"]}
    assert (period.name, booked / 100) == (said.json["period"], lines["bookings"]["came"])
    assert 2 == acme.company.alignment("plan-goals", "--review", "--out", "goals.yaml").code
