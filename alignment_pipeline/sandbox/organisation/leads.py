"""Lead records and their history: made, routed, worked, converted, merged, deleted.

Belongs here: Lead and LeadHistory. The few leads whose clocks are staged minute by minute are written by `hand_raises.py` with
`Leads.write`; contacts that leads convert into are made in `contacts.py` before this.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.organisation import geography, names
from alignment_pipeline.sandbox.organisation.people import Person
from alignment_pipeline.sandbox.organisation.records import Record, World
from alignment_pipeline.sandbox.organisation.sales_work import SalesWork
from alignment_pipeline.sandbox.organisation.team import CLOSED, CONVERTED, NEW, RECYCLED, WORKING, Rep, Team

_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")


@dataclass(frozen=True)
class Change:
    """One change of one field at one moment, as history keeps it."""

    at: datetime
    field: str
    old: object
    new: object
    by: str


class Leads:
    """Writes leads with the histories that explain them."""

    def __init__(self, world: World, team: Team, work: SalesWork) -> None:
        self.world, self.team, self.work = world, team, work
        self.rng: random.Random = world.rng("leads")

    def owner_change(self, at: datetime, old: str, new: str, by: str) -> list[Change]:
        """An owner change: two rows, one with names and one with ids."""
        return [
            Change(at, "Owner", self.team.user_names[old], self.team.user_names[new], by),
            Change(at, "Owner", old, new, by),
        ]

    def write(self, person: Person, created: datetime, first_owner: str, changes: Iterable[Change], *, again: bool = False) -> Record:
        """The lead as its changes left it, and a history row for each. `again` writes the person's second record, typed differently."""
        rng, world = self.rng, self.world
        kept = sorted((change for change in changes if change.at <= world.anchor), key=lambda change: change.at)
        email = person.second_email if again else person.email
        company = person.company
        knows_site = company is not None and bool(company.website) and rng.random() < 0.16
        at_home = company is not None and person.country == company.country
        opted_out = next((change.at for change in kept if change.field == "HasOptedOutOfEmail"), None)
        record: Record = {
            "Id": world.mint.id("Lead"),
            "MasterRecordId": None,
            "FirstName": names.same_first_name(rng, person.first) if again else person.first,
            "LastName": person.last,
            "Company": person.typed_again if again else person.typed,
            "Email": email,
            "Title": person.title,
            "Phone": person.phone,
            "MobilePhone": None,
            "Website": company.website[:255] if knows_site and company else None,
            "Street": None,
            "City": (company.city[:40] or None) if at_home and company and rng.random() < 0.3 else None,
            "State": (company.state or None) if at_home and company and rng.random() < 0.25 else None,
            "PostalCode": None,
            "Country": geography.country_as_typed(rng, person.country) or None if rng.random() < 0.72 else None,
            "LeadSource": rng.choices(_SOURCES, (58, 6, 9, 19, 8))[0],
            "Status": NEW,
            "Industry": None,
            "Rating": rng.choice(("Hot", "Warm", "Cold")) if rng.random() < 0.2 else None,
            "AnnualRevenue": None,
            "NumberOfEmployees": None,
            "OwnerId": first_owner,
            "IsConverted": False,
            "ConvertedDate": None,
            "ConvertedAccountId": None,
            "ConvertedContactId": None,
            "ConvertedOpportunityId": None,
            "IsUnreadByOwner": not kept,
            "HasOptedOutOfEmail": opted_out is not None,
        }
        record["Name"] = f"{record['FirstName']} {record['LastName']}"
        for change in kept:
            if change.field == "Status":
                record["Status"] = change.new
            elif change.field == "Owner" and str(change.new) in self.team.user_names:
                record["OwnerId"] = change.new
        author = self.team.sync_user.id
        record |= world.stamps(
            created, [change.at for change in kept], author, system_delay=timedelta(seconds=rng.choice((0, 0, 0, 15, 3700)))
        )
        if kept:
            record["LastModifiedById"] = kept[-1].by
        world.add("Lead", record)
        self._history(str(record["Id"]), [Change(record["CreatedDate"], "created", None, None, author), *kept])
        person.leads.append(record)
        return record

    def _history(self, lead_id: str, changes: Iterable[Change]) -> None:
        for change in changes:
            is_id = change.field == "Owner" and str(change.new) in self.team.user_names
            self.world.add(
                "LeadHistory",
                {
                    "Id": self.world.mint.id("LeadHistory"),
                    "LeadId": lead_id,
                    "Field": change.field,
                    "DataType": "EntityId" if is_id else "Text",
                    "OldValue": change.old,
                    "NewValue": change.new,
                    "CreatedById": change.by,
                    "CreatedDate": self.world.until_anchor(change.at),
                    "IsDeleted": False,
                },
            )

    def conversion_moment(self, record: Record) -> datetime:
        """When the lead may convert: days after its last change, before the anchor."""
        last: datetime = record["LastModifiedDate"]
        return self.world.until_anchor(
            last + min(timedelta(days=self.rng.uniform(1, 30)), (self.world.anchor - last) * self.rng.uniform(0.2, 0.9))
        )

    def life(self, person: Person, created: datetime) -> tuple[str, list[Change]]:
        """An ordinary lead's way: where it waited first, who got it, what came of it."""
        rng, team = self.rng, self.team
        sdr = rng.choice(team.of(person.region, "sdr") or team.of(geography.REGIONS[0], "sdr"))
        waits_in = team.queue_of(person.region)
        changes: list[Change] = []
        if person.has_opted_out:
            changes.append(Change(created + timedelta(days=rng.uniform(1, 60)), "HasOptedOutOfEmail", False, True, team.sync_user.id))
        luck = rng.random()
        if luck < 0.20:
            return waits_in, changes  # nobody has taken it out of the queue
        if luck < 0.42 and person.account is not None:
            owner, first_owner = person.account.owner, person.account.owner.id
        else:
            owner, first_owner = sdr, waits_in
            routed = created + timedelta(minutes=rng.expovariate(1 / 40) + 0.3)
            changes += self.owner_change(routed, waits_in, sdr.id, team.integration_user.id)
        started = created + timedelta(hours=1)
        if rng.random() < 0.22:
            return first_owner, changes  # owned and never touched
        first_touch = geography.business_minutes_after(
            started, rng.choice((4, 20, 90, 400, 900, 2400)) * rng.uniform(0.4, 1.4), owner.region.zone
        )
        changes.append(Change(first_touch + timedelta(minutes=2), "Status", NEW, WORKING, owner.id))
        if rng.random() < 0.05:
            other = rng.choice(team.of(owner.region, "sdr"))
            if other.id != owner.id:
                changes += self.owner_change(first_touch + timedelta(days=3), owner.id, other.id, owner.id)
                owner = other
        ended = first_touch + timedelta(days=rng.uniform(2, 40))
        fate = rng.random()
        if fate < 0.48:
            changes.append(Change(ended, "Status", WORKING, CLOSED, owner.id))
        elif fate < 0.82:
            changes.append(Change(ended, "Status", WORKING, RECYCLED, owner.id))
        self._touch_plan = (owner, first_touch, ended)
        return first_owner, changes

    _touch_plan: tuple[Rep, datetime, datetime] | None = None

    def ordinary(self, person: Person) -> Record:
        """A lead that lived an ordinary life, with the work sales did on it."""
        self._touch_plan = None
        first_owner, changes = self.life(person, person.created)
        record = self.write(person, person.created, first_owner, changes)
        if self._touch_plan is not None:
            self._touches(str(record["Id"]), *self._touch_plan)
        elif self.rng.random() < 0.10:
            self.work.sequence(str(record["Id"]), self.team.integration_user.id, person.created + timedelta(hours=2))
        return record

    def _touches(self, who: str, owner: Rep, first: datetime, ended: datetime) -> None:
        rng, work, anchor = self.rng, self.work, self.world.anchor
        moment = first
        for number in range(rng.choices((1, 2, 3, 5, 7), (40, 25, 18, 12, 5))[0]):
            if moment > min(ended, anchor):
                return
            if rng.random() < 0.45:
                work.call_out(who, owner.id, moment)
            else:
                work.email_out(who, owner.id, moment)
                if rng.random() < 0.10:
                    work.auto_reply(who, owner.id, min(anchor, moment + timedelta(seconds=40)))
                elif rng.random() < 0.03:
                    work.bounce(who, owner.id, min(anchor, moment + timedelta(seconds=15)))
            answer = moment + timedelta(hours=rng.uniform(1, 30))
            if number and rng.random() < 0.16 and answer < anchor:
                (work.email_in if rng.random() < 0.7 else work.call_in)(who, owner.id, answer)
            moment = geography.business_minutes_after(moment, rng.uniform(300, 1800), owner.region.zone)
        if rng.random() < 0.12 and moment < anchor:
            work.meeting(who, owner.id, moment)
        if rng.random() < 0.08 and first < anchor - timedelta(days=1):
            work.to_do(who, owner.id, first + timedelta(hours=1), anchor + timedelta(days=rng.randrange(-5, 9)))

    def second(self, person: Person) -> Record:
        """The same person's second lead, made weeks later in another way."""
        later = min(person.created + timedelta(days=self.rng.uniform(3, 120)), self.world.anchor - timedelta(hours=5))
        first_owner, changes = self.life(person, later)
        return self.write(person, later, first_owner, changes, again=True)

    def merge(self, winner: Record, loser: Record) -> None:
        """The loser goes into the winner: deleted, pointing at it, and noted in the winner's history."""
        start = max(winner["SystemModstamp"], loser["SystemModstamp"])
        merged = self.world.until_anchor(start + (self.world.anchor - start) * self.rng.random())
        by = self.rng.choice(self.team.marketers).id
        loser |= {
            "IsDeleted": True,
            "MasterRecordId": winner["Id"],
            "LastModifiedDate": merged,
            "LastModifiedById": by,
            "SystemModstamp": merged,
        }
        winner |= {"LastModifiedDate": merged, "LastModifiedById": by, "SystemModstamp": merged}
        self._history(str(winner["Id"]), [Change(merged, "leadMerged", loser["Id"], winner["Id"], by)])

    def delete(self, record: Record) -> None:
        """Into the recycle bin; half of them within its 15 days."""
        span = timedelta(days=13) if self.rng.random() < 0.5 else timedelta(days=120)
        gone = self.world.until_anchor(max(record["SystemModstamp"], self.world.anchor - span * self.rng.random()))
        record |= {"IsDeleted": True, "LastModifiedDate": gone, "SystemModstamp": gone}

    def convert(self, record: Record, person: Person, at: datetime, opportunity_id: str | None, by: str) -> None:
        """The lead becomes its person's contact on the account."""
        assert person.account is not None
        record |= {
            "IsConverted": True,
            "ConvertedDate": at.date(),
            "ConvertedAccountId": person.account.id,
            "ConvertedContactId": person.contacts[0]["Id"],
            "ConvertedOpportunityId": opportunity_id,
            "LastModifiedDate": at,
            "LastModifiedById": by,
            "SystemModstamp": at,
        }
        self.work.move(str(record["Id"]), str(person.contacts[0]["Id"]), person.account.id)
        changes = [Change(at, "Status", record["Status"], CONVERTED, by), Change(at, "leadConverted", None, None, by)]
        record["Status"] = CONVERTED
        self._history(str(record["Id"]), changes)
