"""Opportunities with the history that led to where they stand.

Belongs here: Opportunity, OpportunityHistory (values after each change), OpportunityFieldHistory, OpportunityContactRole, and the work
sales does on them. Hot phases of accounts, which precede many of them, are drawn in `accounts.py`.
"""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

from alignment_pipeline.sandbox.organisation import companies
from alignment_pipeline.sandbox.organisation.accounts import Account, Accounts
from alignment_pipeline.sandbox.organisation.people import Person
from alignment_pipeline.sandbox.organisation.records import Record, World
from alignment_pipeline.sandbox.organisation.sales_work import SalesWork
from alignment_pipeline.sandbox.organisation.team import STAGES, Team

_WON, _LOST = len(STAGES) - 2, len(STAGES) - 1
_FORECAST = {"Pipeline": "Pipeline", "Best Case": "BestCase", "Commit": "Forecast", "Closed": "Closed", "Omitted": "Omitted"}
_ROLES = ("Decision Maker", "Economic Buyer", "Evaluator", "Influencer", "Business User", "Executive Sponsor", "Technical Buyer", "Other")


class Opportunities:
    """Writes opportunities of accounts."""

    def __init__(self, world: World, team: Team, accounts: Accounts, people: list[Person], work: SalesWork) -> None:
        self.world, self.team, self.work = world, team, work
        self.rng: random.Random = world.rng("opportunities")
        self.contacts: dict[str, list[Person]] = {}
        for person in people:
            if person.account is not None:
                self.contacts.setdefault(person.account.id, []).append(person)
        self._plan(accounts)

    def _plan(self, accounts: Accounts) -> None:
        rng, anchor = self.rng, self.world.anchor
        live = accounts.live
        for place, account in enumerate(live):
            is_customer = rng.random() < (0.05 if account.bursts else 0.13) or place < 8
            if is_customer:
                for _ in range(rng.choice((1, 1, 1, 2))):
                    self.write(account, anchor - timedelta(days=rng.uniform(120, 520)), outcome="won")
                if rng.random() < 0.3:
                    self.write(account, anchor - timedelta(days=rng.uniform(5, 200)), kind="Existing Customer - Upgrade")
            account.record["Type"] = "Customer" if is_customer else rng.choices(("Prospect", "Partner", None), (83, 4, 13))[0]
            for begun in account.bursts:
                is_past = begun < anchor - timedelta(days=60)
                if rng.random() < (0.6 if is_past else 0.12):
                    self.write(account, begun + timedelta(days=rng.uniform(14, 40)), source="Web")
            if rng.random() < 0.06:
                self.write(account, anchor - timedelta(days=rng.uniform(1, 500)))
        for account in accounts.accounts:
            if account.kind not in ("base", "regional"):
                account.record["Type"] = rng.choice(("Prospect", None))

    def write(self, account: Account, created: datetime, *, outcome: str = "", kind: str = "", source: str | None = None) -> Record | None:
        """One opportunity from its creation on; None when it would begin after the anchor."""
        rng, world = self.rng, self.world
        if created >= world.anchor:
            return None
        created = created.replace(microsecond=0)
        amount = float(round(min(2_000_000, rng.lognormvariate(10.6, 0.8)), -2))
        close = created.date() + timedelta(days=rng.randrange(40, 170))
        owner = account.owner
        outcome = outcome or rng.choices(("won", "lost", "open"), (26, 44, 30))[0]
        values: dict[str, Any] = {"StageName": STAGES[0][0], "Amount": amount, "CloseDate": close, "Probability": 10.0}
        moments: list[tuple[datetime, dict[str, Any]]] = []
        at, stage = created, 0
        while stage < _WON:
            at += timedelta(days=rng.gammavariate(2.2, 6), seconds=rng.randrange(30_000))
            change: dict[str, Any] = {}
            if rng.random() < 0.12:
                change["CloseDate"] = close = close + timedelta(days=rng.randrange(14, 60))
            if rng.random() < 0.15:
                change["Amount"] = amount = float(round(amount * rng.uniform(0.6, 1.5), -2))
            is_lost = outcome == "lost" and rng.random() < 0.33
            stalls = outcome == "open" and rng.random() < 0.18
            if stalls:
                break
            stage = _LOST if is_lost or (outcome == "lost" and stage == 4) else stage + 1
            if stage == _WON and outcome == "open":
                break
            change |= {"StageName": STAGES[stage][0], "Probability": float(STAGES[stage][1])}
            if stage >= _WON:
                change["CloseDate"] = at.date()
            moments.append((at.replace(microsecond=0), change))
        is_customer = bool(kind)
        record: Record = {
            "Id": world.mint.id("Opportunity"),
            "AccountId": account.id,
            "Name": f"{companies.without_legal_form(str(account.record['Name']))[:90]} - {'Expansion' if is_customer else 'New business'}",
            "Type": kind or "New Customer",
            "LeadSource": source or rng.choice(("Web", "Partner Referral", "Phone Inquiry", "Other", None)),
            "OwnerId": owner.id,
            "ContactId": None,
            "CampaignId": None,
        }
        past = [(created, dict(values)), *[(when, change) for when, change in moments if when <= world.anchor]]
        self._histories(record, values, past, owner.id)
        stage_changes = [when for when, change in past[1:] if "StageName" in change]
        number = next(place for place, entry in enumerate(STAGES) if entry[0] == values["StageName"])
        record |= values | {
            "IsClosed": STAGES[number][3],
            "IsWon": STAGES[number][4],
            "ForecastCategoryName": STAGES[number][2],
            "ForecastCategory": _FORECAST[STAGES[number][2]],
            "LastStageChangeDate": stage_changes[-1] if stage_changes else None,
        }
        record |= world.stamps(created, [when for when, _ in past], owner.id, system_delay=timedelta(seconds=rng.choice((0, 0, 900))))
        self._work(record, account, past)
        return world.add("Opportunity", record)

    def _histories(self, record: Record, values: dict[str, Any], past: list[tuple[datetime, dict[str, Any]]], by: str) -> None:
        world = self.world
        for place, (when, change) in enumerate(past):
            if place == 0:
                self._field_history(record, when, "created", None, None, by)
            else:
                for field in ("StageName", "Amount", "CloseDate"):
                    if field in change and change[field] != values[field]:
                        self._field_history(record, when, field, values[field], change[field], by)
            values |= change
            category = next(entry[2] for entry in STAGES if entry[0] == values["StageName"])
            world.add(
                "OpportunityHistory",
                {
                    "Id": world.mint.id("OpportunityHistory"),
                    "OpportunityId": record["Id"],
                    "CreatedById": by,
                    "CreatedDate": when,
                    "ForecastCategory": _FORECAST[category],
                    # The entry is stamped again when the next one replaces it.
                    "SystemModstamp": past[place + 1][0] if place + 1 < len(past) else when,
                    "IsDeleted": False,
                }
                | values,
            )

    def _field_history(self, record: Record, when: datetime, field: str, old: object, new: object, by: str) -> None:
        kinds = {float: "Currency", date: "DateOnly"}
        self.world.add(
            "OpportunityFieldHistory",
            {
                "Id": self.world.mint.id("OpportunityFieldHistory"),
                "OpportunityId": record["Id"],
                "Field": field,
                "DataType": kinds.get(type(new), "Text"),
                "OldValue": old,
                "NewValue": new,
                "CreatedById": by,
                "CreatedDate": when,
                "IsDeleted": False,
            },
        )

    def _work(self, record: Record, account: Account, past: list[tuple[datetime, dict[str, Any]]]) -> None:
        """Contact roles from the account's people, and meetings and mails around each stage."""
        rng = self.rng
        known = [
            person
            for person in self.contacts.get(account.id, ())
            if person.contacts and not person.contacts[0]["IsDeleted"] and person.contacts[0]["AccountId"]
        ]
        chosen = rng.sample(known, min(len(known), rng.choice((1, 2, 2, 3, 4))))
        created: datetime = record["CreatedDate"]
        for place, person in enumerate(chosen):
            contact = person.contacts[0]
            added = max(created, contact["CreatedDate"])
            role: Record = {
                "Id": self.world.mint.id("OpportunityContactRole"),
                "OpportunityId": record["Id"],
                "ContactId": contact["Id"],
                "Role": rng.choice(_ROLES),
                "IsPrimary": place == 0,
            }
            self.world.add("OpportunityContactRole", role | self.world.stamps(added, [], str(record["OwnerId"])))
        if not chosen:
            return
        who = str(chosen[0].contacts[0]["Id"])
        for when, _ in past:
            at = when - timedelta(hours=rng.uniform(1, 40))
            if at < self.world.anchor and at > chosen[0].contacts[0]["CreatedDate"]:
                self.work.meeting(
                    who,
                    str(record["OwnerId"]),
                    at,
                    what=str(record["Id"]),
                    account=account.id,
                    colleague=self.team.executives[0].id if rng.random() < 0.1 else None,
                )
            if rng.random() < 0.5 and when > chosen[0].contacts[0]["CreatedDate"]:
                self.work.email_out(who, str(record["OwnerId"]), when, what=str(record["Id"]), account=account.id)
            answer = when + timedelta(hours=rng.uniform(2, 50))
            if rng.random() < 0.4 and answer < self.world.anchor and answer > chosen[0].contacts[0]["CreatedDate"]:
                self.work.email_in(who, str(record["OwnerId"]), answer, what=str(record["Id"]), account=account.id)
