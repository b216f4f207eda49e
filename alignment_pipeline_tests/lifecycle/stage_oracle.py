"""What stages should be: at every moment, every move of the agreement is tried on the facts as they were.

Belongs here: people's and accounts' stages in plain loops. MQA and the facts: `oracle.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline_tests.lifecycle.oracle import Truth
from alignment_pipeline_tests.scoring.factories import NOW
from alignment_pipeline_tests.scoring.oracle import fits

Row = dict[str, Any]
CREATED = datetime.fromisoformat("2025-01-01T00:00:00+00:00")
Terms = list[tuple[datetime, datetime | None, str]]
Stay = tuple[str, datetime, datetime | None]


class Entity:
    """A person or an account: what is true of it at a moment, and what happens at it."""

    def __init__(self, truth: Truth, events: list[Row], stages: Any) -> None:
        self.truth = truth
        self.events = events
        self.stages = stages
        self.measures: list[Measure] = []
        for move in stages.moves:
            for when in move.when:
                self.measures += when.measures
                self.measures += [Measure(activities=1, days=when.quiet_days)] if when.quiet_days else []

    def own_moments(self) -> set[datetime]:
        raise NotImplementedError

    def special(self, when: Any, at: datetime, prior: datetime | None) -> bool:
        raise NotImplementedError

    def moments(self) -> set[datetime]:
        found = self.truth.moments(self.events, self.measures) | self.own_moments()
        return {moment for moment in found if moment <= NOW}

    def zone(self, measure: Measure, at: datetime) -> int:
        return (
            2
            if self.truth.level(self.events, measure.model_copy(update={"people": None}) if isinstance(self, Person) else measure, at) == 2
            else 0
        )

    def holds(self, when: Any, at: datetime, prior: datetime | None, entered: datetime, is_start: bool) -> bool:
        if when.engaged is not None and self.zone(when.engaged, at) != 2:
            return False
        if when.newly_engaged is not None and (
            self.zone(when.newly_engaged, at) != 2 or (prior is not None and self.zone(when.newly_engaged, prior) == 2)
        ):
            return False
        if when.activity is not None and not any(row["occurred_at"] == at and self.truth.counts(row, when.activity) for row in self.events):
            return False
        if when.quiet_days is not None and self.zone(Measure(activities=1, days=when.quiet_days), at) != 0:
            return False
        if when.in_stage_days is not None and at < entered + timedelta(days=when.in_stage_days):
            return False
        return self.special(when, at, prior)

    def walk(self, created: datetime) -> list[Stay]:
        changes = self.moments()
        waiting = {min([created, *changes])} | changes
        stays: list[Stay] = [(self.stages.start, min(waiting), None)]
        prior: datetime | None = None
        while waiting:
            at = min(waiting)
            waiting.discard(at)
            is_change = at in changes
            seen = {stays[-1][0]}
            while True:
                name, entered, _ = stays[-1]
                to = next(
                    (
                        move.to
                        for move in self.stages.moves
                        if name in move.from_ and move.to not in seen
                        for when in move.when
                        if self.holds(when, at, prior, entered, not stays) and (is_change or not _needs_event(when))
                    ),
                    None,
                )
                if to is None:
                    break
                seen.add(to)
                stays[-1] = (name, entered, at)
                stays.append((to, at, None))
            name, entered, _ = stays[-1]
            for move in self.stages.moves:
                for when in move.when if name in move.from_ else []:
                    if when.in_stage_days is not None:
                        due = entered + timedelta(days=when.in_stage_days)
                        waiting |= {due} if at < due <= NOW else set()
            prior = at
        return stays


def _needs_event(when: Any) -> bool:
    return bool(
        when.activity
        or when.newly_engaged
        or when.event
        or getattr(when, "status_becomes", None)
        or getattr(when, "disposition_becomes", None)
    )


class Person(Entity):
    """One person."""

    def __init__(self, truth: Truth, person_id: str, mqa: dict[str, Terms]) -> None:
        super().__init__(truth, truth.by_person.get(person_id, []), truth.agreement.lifecycle.people)
        self.person_id = person_id
        self.account_id = truth.account_of.get(person_id)
        mine = {key for key, owner in truth.person_of.items() if owner == person_id}
        crm = truth.crm
        self.leads = [row for row in crm.leads if f"lead:{row['lead_id']}" in mine]
        ids = {row["opportunity_id"] for row in crm.opportunity_contact_roles if f"contact:{row['contact_id']}" in mine}
        ids |= {row["converted_opportunity_id"] for row in self.leads if row.get("converted_opportunity_id")}
        self.opportunities = [row for row in crm.opportunities if row["opportunity_id"] in ids]
        self.inputs: list[tuple[datetime, str]] = []
        self.statuses: list[tuple[datetime, str | None, str]] = []
        for lead in self.leads:
            changes = [row for row in crm.record_changes if row["record_id"] == lead["lead_id"]]
            of_status = sorted((row for row in changes if row["field"] == "Status"), key=lambda row: (row["changed_at"], row["change_id"]))
            self.statuses.append((lead["created_at"], of_status[0]["old_value"] if of_status else lead["status"], ""))
            self.statuses += [(row["changed_at"], row["new_value"], row["change_id"]) for row in of_status]
            self.inputs += [(row["changed_at"], row["new_value"]) for row in changes if row["field"] == "Alignment_Disposition__c"]
        self.customer = truth.customer_since(self.account_id)
        self.mqa = mqa.get(self.account_id or "", [])
        self.converted = min((row["converted_at"] for row in self.leads if row.get("is_converted")), default=None)

    def own_moments(self) -> set[datetime]:
        found = {moment for moment, _, _ in self.statuses} | {moment for moment, _ in self.inputs}
        found |= {self.customer} if self.customer else set()
        found |= {self.converted} if self.converted else set()
        for row in self.opportunities:
            found |= {row["created_at"]} | ({end} if (end := self.truth.closing(row)) else set())
        return found

    def special(self, when: Any, at: datetime, prior: datetime | None) -> bool:
        fitted = self.truth.fitted[self.person_id]
        tier = self.truth.tiers[self.account_id]["tier"] if self.account_id else None
        if when.fit_at_least is not None and (fitted["fit_score"] is None or fitted["fit_score"] < when.fit_at_least):
            return False
        if when.tiers and tier not in when.tiers:
            return False
        known = sorted((row for row in self.statuses if row[0] <= at), key=lambda row: (row[0], fits(row[1], when.statuses)))
        if when.statuses and not (known and fits(known[-1][1], when.statuses)):
            return False
        if when.status_becomes and not any(moment == at and fits(status, when.status_becomes) for moment, status, _ in self.statuses):
            return False
        if when.disposition_becomes and not any(moment == at and fits(text, when.disposition_becomes) for moment, text in self.inputs):
            return False
        if when.reject_code_becomes or (when.event and not self.truth.happens(self.opportunities, when.event, at)):
            return False
        true = {
            "customer": self.customer is not None and self.customer <= at,
            "on_open_opportunity": self.truth.is_open(self.opportunities, at),
            "converted": self.converted is not None and self.converted <= at,
            "competitor": False,
        }
        return all(true[name] for name in when.is_all) and not any(true[name] for name in when.is_none)


class Account(Entity):
    """One account."""

    def __init__(self, truth: Truth, account_id: str, mqa: Terms, people: dict[str, list[Stay]]) -> None:
        super().__init__(truth, truth.by_account.get(account_id, []), truth.agreement.lifecycle.accounts)
        self.account_id = account_id
        self.mqa = mqa
        self.opportunities = truth.account_opportunities(account_id)
        self.customer = truth.customer_since(account_id)
        self.people = [stay for person, stays in people.items() for stay in truth.while_on(account_id, person, stays)]

    def own_moments(self) -> set[datetime]:
        found = {self.customer} if self.customer else set()
        for entered, left, _ in self.mqa:
            found |= {entered} | ({left} if left else set())
        for _, entered, left in self.people:
            found |= {entered} | ({left} if left else set())
        for row in self.opportunities:
            found |= {row["created_at"]} | ({end} if (end := self.truth.closing(row)) else set())
        return found

    def special(self, when: Any, at: datetime, prior: datetime | None) -> bool:
        def lasts(entered: datetime, left: datetime | None) -> bool:
            return entered <= at and (left is None or at < left)

        if when.people_in_stages and not any(name in when.people_in_stages and lasts(entered, left) for name, entered, left in self.people):
            return False
        if when.event and not self.truth.happens(self.opportunities, when.event, at):
            return False
        account, tier = self.truth.accounts[self.account_id], self.truth.tiers[self.account_id]["tier"]
        assert when.fit_at_least is None and not when.tiers, "no shipped agreement moves accounts by fit or tier"
        true = {
            "target": tier is not None,
            "customer": self.customer is not None and self.customer <= at,
            "open_opportunity": self.truth.is_open(self.opportunities, at),
            "mqa": any(lasts(entered, left) for entered, left, _ in self.mqa),
            "disqualified": fits(account.get("account_type"), self.truth.agreement.lifecycle.disqualified_account_types),
        }
        return all(true[name] for name in when.is_all) and not any(true[name] for name in when.is_none)
