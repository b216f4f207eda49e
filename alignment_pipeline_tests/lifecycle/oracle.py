"""What MQAs and stages should be: every question asked anew at every moment, in loops that share no code with the rules.

Belongs here: the slow and obvious reading of the agreement.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline_tests.lifecycle.line import Crm
from alignment_pipeline_tests.scoring.factories import NOW
from alignment_pipeline_tests.scoring.oracle import fits, half_up, share_left
from alignment_pipeline_tests.scoring.organisations import Organisation

Row = dict[str, Any]
START = datetime(1970, 1, 1, tzinfo=UTC)


def midnight_after(moment: datetime, days: int) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)


class Truth:
    """Facts of one organisation and the questions about them."""

    def __init__(
        self, agreement: Agreement, made: Organisation, crm: Crm, scored: list[Row], fitted: dict[str, Row], tiers: dict[str, Row]
    ) -> None:
        self.agreement = agreement
        self.crm = crm
        self.fitted = fitted
        self.tiers = tiers
        self.accounts = {row["account_id"]: row for row in made.accounts}
        self.people = {row["person_id"]: row for row in made.people}
        self.account_of = {row["person_id"]: row["account_id"] for row in made.person_accounts}
        self.periods: dict[str, list[Row]] = {}
        for row in made.person_account_periods:
            self.periods.setdefault(row["person_id"], []).append(row)
        self.person_of = {row["source_key"]: row["person_id"] for row in made.person_records}
        self.by_person: dict[str, list[Row]] = {}
        self.by_account: dict[str, list[Row]] = {}
        for row in scored:
            if row["exclusion"] is None:
                self.by_person.setdefault(row["person_id"], []).append(row)
                if row["account_id"]:
                    self.by_account.setdefault(row["account_id"], []).append(row)

    def while_on(self, account_id: str, person_id: str, stays: list[Any]) -> list[Any]:
        """Stays (name, from, until) of somebody, while they were on the account."""
        if person_id not in self.periods:
            return stays if self.account_of.get(person_id) == account_id else []
        found = []
        for period in self.periods[person_id]:
            for name, begin, end in stays if period["account_id"] == account_id else []:
                ends = [moment for moment in (end, period["until_at"]) if moment is not None]
                if not ends or max(begin, period["from_at"]) < min(ends):
                    found.append((name, max(begin, period["from_at"]), min(ends, default=None)))
        return found

    def counts(self, row: Row, measure: Measure) -> bool:
        """Whether a criterion is about an activity."""
        fitted = self.fitted[row["person_id"]]
        return (
            (not measure.types or row["activity_type"] in measure.types)
            and (not measure.categories or fits(row.get("category"), measure.categories))
            and (not measure.details or fits(row.get("detail"), measure.details))
            and (not measure.seniorities or fitted["seniority"] in measure.seniorities)
            and (not measure.functions or fitted["function"] in measure.functions)
        )

    def share(self, measure: Measure, days: int) -> float:
        if days > measure.days:
            return 0.0
        return share_left(self.agreement.scoring, days) if measure.decayed else 1.0

    def total(self, events: list[Row], measure: Measure, at: datetime) -> int:
        """What the events add up to, each person's with at least 0 where several people add up."""
        of_person: dict[str, int] = {}
        for row in events:
            if row["occurred_at"] > at or not self.counts(row, measure):
                continue
            days = (at.astimezone(UTC).date() - row["occurred_at"].astimezone(UTC).date()).days
            amount = row["weighted"] if measure.points is not None else 1
            of_person[row["person_id"]] = of_person.get(row["person_id"], 0) + half_up(amount * self.share(measure, days))
        return sum(of_person.values()) if len({row["person_id"] for row in events}) < 2 else sum(max(0, one) for one in of_person.values())

    def level(self, events: list[Row], measure: Measure, at: datetime, keep_pct: float = 100.0) -> int:
        """2 met, 1 kept, 0 neither."""
        need = round(measure.points * 1e6) if measure.points is not None else measure.activities
        keep = round(measure.points * keep_pct / 100 * 1e6) if measure.points is not None else measure.activities
        if measure.people is None:
            total = self.total(events, measure, at) + self._fit_on_top(events, measure)
            return 2 if total >= need else 1 if total >= keep else 0
        totals = [
            self.total([row for row in events if row["person_id"] == one], measure, at) for one in {row["person_id"] for row in events}
        ]
        if sum(total >= need for total in totals) >= measure.people:
            return 2
        return 1 if sum(total >= keep for total in totals) >= measure.people else 0

    def _fit_on_top(self, events: list[Row], measure: Measure) -> int:
        if not measure.plus_fit or not events:
            return 0
        fitted = self.fitted[events[0]["person_id"]]
        return fitted["fit_micro"] if fitted["fit_score"] is not None else 0

    def moments(self, events: list[Row], measures: list[Measure]) -> set[datetime]:
        """Every moment at which a sum can change."""
        found = {row["occurred_at"] for row in events}
        decay = self.agreement.scoring.engagement.decay
        for measure in measures:
            steps = {measure.days + 1}
            if measure.decayed:
                every = {"steps": decay.step_days, "half_life": 1, "none": 10**6}[decay.form]
                steps |= {decay.horizon_days + 1} | set(range(0, min(decay.horizon_days, measure.days) + 1, every))
            found |= {midnight_after(row["occurred_at"], days) for row in events for days in steps if days}
        return found

    def closing(self, row: Row) -> datetime | None:
        return (row.get("closed_at") or row["modified_at"]) if row.get("is_closed") else None

    def happens(self, opportunities: list[Row], event: str, at: datetime) -> bool:
        """Whether one of the opportunities is created, won or lost at this very moment."""
        if event == "opportunity_created":
            return any(row["created_at"] == at for row in opportunities)
        closed = [row for row in opportunities if self.closing(row) == at]
        return any(bool(row.get("is_won")) == (event == "opportunity_won") for row in closed)

    def account_opportunities(self, account_id: str | None) -> list[Row]:
        return [row for row in self.crm.opportunities if account_id and row["account_id"] == account_id]

    def is_open(self, opportunities: list[Row], at: datetime) -> bool:
        spans = [(row["created_at"], self.closing(row)) for row in opportunities]
        return any(start <= at and (end is None or at < end) for start, end in spans)

    def customer_since(self, account_id: str | None) -> datetime | None:
        if account_id is None or not self.accounts[account_id].get("is_customer"):
            return None
        won = [self.closing(row) for row in self.account_opportunities(account_id) if row.get("is_won")]
        return min((moment for moment in won if moment and moment <= NOW), default=datetime(2025, 1, 1, tzinfo=UTC))


def mqa_terms(truth: Truth, account_id: str) -> list[tuple[datetime, datetime | None, str]]:
    """When an account was an MQA, and by which path."""
    mqa = truth.agreement.lifecycle.mqa
    events = truth.by_account.get(account_id, [])
    account, tier = truth.accounts[account_id], truth.tiers[account_id]["tier"]
    opportunities = truth.account_opportunities(account_id)
    customer = truth.customer_since(account_id)
    size = account.get("employees")
    paths = [
        path
        for path in mqa.paths
        if (not path.tiers or tier in path.tiers)
        and (path.is_target is None or path.is_target == (tier is not None))
        and (path.employees_at_least is None or (size is not None and size >= path.employees_at_least))
        and (path.employees_below is None or (size is not None and size < path.employees_below))
    ]
    waiting = truth.moments(events, mqa.measures) | {row["created_at"] for row in opportunities}
    waiting |= {end for row in opportunities if (end := truth.closing(row))} | ({customer} if customer else set())
    waiting = {moment for moment in waiting if moment <= NOW}
    terms: list[tuple[datetime, datetime | None, str]] = []
    while waiting:
        at = min(waiting)
        waiting.discard(at)
        excluded = (mqa.exclude.customers and customer is not None and customer <= at) or (
            mqa.exclude.open_opportunities and truth.is_open(opportunities, at)
        )
        excluded = excluded or fits(account.get("account_type"), mqa.exclude.account_types)
        if terms and terms[-1][1] is None:
            entered, _, name = terms[-1]
            holds = any(all(truth.level(events, one, at, mqa.keep_pct) >= 1 for one in path.all) for path in paths)
            stays_until = entered + timedelta(days=mqa.dwell_days)
            if excluded or (not holds and at >= stays_until):
                terms[-1] = (entered, at, name)
            elif not holds and stays_until <= NOW:
                waiting.add(stays_until)
            continue
        path = next((path for path in paths if all(truth.level(events, one, at) == 2 for one in path.all)), None)
        if path is None or excluded:
            continue
        free = (terms[-1][1] or at) + timedelta(days=mqa.cooldown_days) if terms else at
        if at >= free:
            terms.append((at, None, path.name))
        elif free <= NOW:
            waiting.add(free)
    return terms
