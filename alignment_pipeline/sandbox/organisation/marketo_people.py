"""The people as Marketo knows them: synced with Salesforce or known to marketing alone, some twice, some gone.

Belongs here: Marketo lead records and the log of deleted ones. What these people did: `marketing.py`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.organisation import geography
from alignment_pipeline.sandbox.organisation.hand_raises import HandRaise
from alignment_pipeline.sandbox.organisation.people import Person
from alignment_pipeline.sandbox.organisation.records import Record, World

_FIRST_ID, _FIRST_DELETE_ID = 1_000_100, 90_000_000
_COMPANY_FIELDS = ("industry", "numberOfEmployees", "annualRevenue")


@dataclass
class MarketoPerson:
    """One Marketo lead: its record, the person it stands for, and whether it still exists."""

    id: int
    person: Person
    record: Record
    created: datetime
    mails: bool
    deleted_at: datetime | None = None
    merged_into: int | None = None


def iso(moment: datetime) -> str:
    """As Marketo writes moments: `2026-11-20T16:58:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class MarketoPeople:
    """Writes Marketo leads."""

    def __init__(self, world: World, hand_raises: list[HandRaise]) -> None:
        self.world = world
        self.rng: random.Random = world.rng("marketo people")
        self.raised = {raised.person.key: raised for raised in hand_raises}
        self.drafts: list[tuple[datetime, Person, Record]] = []

    def _created(self, person: Person, links: list[Record]) -> datetime:
        rng, world = self.rng, self.world
        raised = self.raised.get(person.key)
        if raised is not None:
            first: datetime = min([raised.submitted_at, *(record["CreatedDate"] for record in links)])
            return first - timedelta(days=rng.uniform(1, 60)) if rng.random() < 0.5 else first
        if links:
            return world.until_anchor(min(record["CreatedDate"] for record in links) + timedelta(seconds=rng.choice((0, 5, 300, 900))))
        return person.created

    def _draft(self, person: Person, email: str | None, typed: str, lead: Record | None, contact: Record | None) -> None:
        rng = self.rng
        links = [record for record in (lead, contact) if record is not None]
        company = person.company
        record: Record = {
            "email": email.lower() if email and rng.random() < 0.9 else email,
            "firstName": person.first if rng.random() < 0.95 else None,
            "lastName": person.last,
            "company": typed,
            "title": person.title,
            "phone": person.phone,
            "website": company.website[:255] or None if company is not None and rng.random() < 0.1 else None,
            "city": None,
            "state": None,
            "country": geography.country_name(person.country) or None if rng.random() < 0.8 else None,
            "leadSource": (lead or contact or {}).get("LeadSource") or rng.choice(("Web", "Webinar", "List import", "Content")),
            "unsubscribed": person.has_opted_out,
            "emailInvalid": False,
            "marketingSuspended": rng.random() < 0.004,
            "blackListed": rng.random() < 0.002,
            "isAnonymous": False,
            "personType": "contact" if contact is not None else "lead",
            "leadPartitionId": 1,
            "originalSourceType": rng.choice(("Web form fillout", "SFDC sync", "List import", "Web service API")),
        }
        if person.account is not None and contact is not None and rng.random() < 0.5:
            record |= {"industry": person.account.record["Industry"], "numberOfEmployees": person.account.record["NumberOfEmployees"]}
        if lead is not None:
            record |= {"sfdcLeadId": lead["Id"], "sfdcType": "Lead", "sfdcLeadOwnerId": lead["OwnerId"], "sfdcIsDeleted": lead["IsDeleted"]}
        if contact is not None:
            record |= {
                "sfdcContactId": contact["Id"],
                "sfdcType": "Contact",
                "sfdcAccountId": contact["AccountId"],
                "sfdcIsDeleted": contact["IsDeleted"],
            }
        self.drafts.append((self._created(person, links), person, record))

    def _of(self, person: Person) -> None:
        rng = self.rng
        first_lead = person.leads[0] if person.leads else None
        first_contact = person.contacts[0] if person.contacts else None
        if person.pattern == "marketo":
            self._draft(person, person.email, person.typed, None, None)
            return
        if person.key not in self.raised and rng.random() > (0.9 if person.email else 0.45):
            return
        if person.pattern == "lead_deleted":
            self._draft(person, person.email, person.typed, None if rng.random() < 0.5 else first_lead, None)
        elif person.pattern == "lead+contact":
            self._draft(person, person.email, person.typed, None, first_contact)
            if rng.random() < 0.5:
                self._draft(person, person.second_email, person.typed_again, first_lead, None)
        elif person.pattern == "lead+lead":
            self._draft(person, person.email, person.typed, first_lead, None)
            if rng.random() < 0.5:
                self._draft(person, person.second_email, person.typed_again, person.leads[1], None)
        elif person.pattern == "converted":
            self._draft(person, person.email, person.typed, first_lead, first_contact)
        else:
            self._draft(person, person.email, person.typed, first_lead, first_contact)

    def build(self, people: list[Person]) -> list[MarketoPerson]:
        """Everyone marketing knows, deleted and merged ones included; ids rise with the day they became known."""
        rng, anchor = self.rng, self.world.anchor
        for person in people:
            self._of(person)
        self.drafts.sort(key=lambda draft: (draft[0], draft[1].key))
        built: list[MarketoPerson] = []
        number = _FIRST_ID
        for created, person, record in self.drafts:
            number += rng.randrange(1, 6)
            updated = created + (anchor - created) * rng.random()
            full = {"id": number} | record | {"createdAt": iso(created), "updatedAt": iso(updated)}
            mails = bool(record["email"]) and not record["marketingSuspended"] and not record["blackListed"]
            built.append(MarketoPerson(number, person, {key: value for key, value in full.items() if value is not None}, created, mails))
            person.marketo_ids.append(number)
        self._remove(built)
        return built

    def _remove(self, people: list[MarketoPerson]) -> None:
        """Delete some and merge some: their activities stay in the log until then."""
        rng, world = self.rng, self.world
        plain = [one for one in people if one.person.pattern == "marketo" and one.created < world.anchor - timedelta(days=40)]
        gone = rng.sample(plain, min(len(plain), max(6, len(people) // 300)))
        half = len(gone) // 2
        targets = [one for one in people if one.person.leads and one not in gone]
        for place, one in enumerate(gone):
            since = max(one.created, world.anchor - timedelta(days=60))
            one.deleted_at = (since + (world.anchor - since) * rng.random()).replace(microsecond=0)
            one.person.marketo_ids.remove(one.id)
            if place < half:
                one.merged_into = rng.choice(targets).id


def deleted(world: World, people: list[MarketoPerson]) -> list[Record]:
    """The answers of `deletedleads.json`: type 37 with the lead's id; merged losers are gone in the same way."""
    records = []
    for number, one in enumerate(sorted((one for one in people if one.deleted_at), key=lambda one: (one.deleted_at, one.id)), start=1):
        assert one.deleted_at is not None
        records.append(
            {
                "id": _FIRST_DELETE_ID + number,
                "marketoGUID": str(_FIRST_DELETE_ID + number),
                "leadId": one.id,
                "activityDate": iso(one.deleted_at),
                "activityTypeId": 37,
                "primaryAttributeValueId": one.id,
                "primaryAttributeValue": f"{one.person.first} {one.person.last}",
                "attributes": [{"name": "Campaign", "value": "Merged" if one.merged_into else "Clean-up"}],
            }
        )
    return records
