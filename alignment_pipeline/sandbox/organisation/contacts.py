"""Contact records and their history.

Belongs here: Contact and ContactHistory. Which people have one is decided in `people.py`; contacts of converted leads too.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.organisation import geography
from alignment_pipeline.sandbox.organisation.people import Person
from alignment_pipeline.sandbox.organisation.records import Record, World
from alignment_pipeline.sandbox.organisation.team import Team

_DEPARTMENTS = {
    "executive": "Management",
    "marketing": "Marketing",
    "sales": "Sales",
    "it": "IT",
    "finance": "Finance",
    "operations": "Operations",
    "research": "R&D",
}


class Contacts:
    """Writes contacts of people who work at an account."""

    def __init__(self, world: World, team: Team) -> None:
        self.world, self.team = world, team
        self.rng: random.Random = world.rng("contacts")

    def write(self, person: Person, created: datetime, *, again: bool = False) -> Record:
        """The person's contact on their account; now and then one that nobody put on an account."""
        rng, world, account = self.rng, self.world, person.account
        assert account is not None
        owner = account.owner if rng.random() < 0.8 else rng.choice(self.team.of(person.region, "ae") or self.team.reps)
        changes: list[tuple[datetime, str, object, object]] = []
        span = (world.anchor - created).total_seconds()

        def some_time() -> datetime:
            return created + timedelta(seconds=span * rng.random())

        old_title = None
        if person.title and rng.random() < 0.05:
            old_title = "Assistant"
            changes.append((some_time(), "Title", old_title, person.title))
        if person.has_opted_out:
            changes.append((some_time(), "HasOptedOutOfEmail", False, True))
        if rng.random() < 0.03:
            before = rng.choice(self.team.of(account.owner.region, "ae"))
            if before.id != owner.id:
                moment = some_time()
                changes += [(moment, "Owner", before.name, owner.name), (moment, "Owner", before.id, owner.id)]
        is_loose = person.pattern == "contact" and rng.random() < 0.006
        record: Record = {
            "Id": world.mint.id("Contact"),
            "AccountId": None if is_loose else account.id,
            "MasterRecordId": None,
            "FirstName": person.first,
            "LastName": person.last,
            "Name": f"{person.first} {person.last}",
            "Email": person.second_email if again else person.email,
            "Title": person.title,
            "Department": _DEPARTMENTS[person.persona] if rng.random() < 0.4 else None,
            "Phone": person.phone,
            "MobilePhone": None,
            "MailingCity": account.company.city[:40] or None if person.country == account.company.country else None,
            "MailingState": None,
            "MailingPostalCode": None,
            "MailingCountry": geography.country_name(person.country) or None,
            "ReportsToId": None,
            "LeadSource": rng.choice(("Web", "Partner Referral", "Purchased List", "Other", None)),
            "HasOptedOutOfEmail": person.has_opted_out,
            "OwnerId": owner.id,
        }
        record |= world.stamps(
            created, [change[0] for change in changes], owner.id, system_delay=timedelta(seconds=rng.choice((0, 0, 60, 7200)))
        )
        world.add("Contact", record)
        person.contacts.append(record)
        rows = [(record["CreatedDate"], "created", None, None), *sorted(changes, key=lambda change: change[0])]
        for at, field, old, new in rows:
            self.world.add(
                "ContactHistory",
                {
                    "Id": world.mint.id("ContactHistory"),
                    "ContactId": record["Id"],
                    "Field": field,
                    "DataType": "EntityId" if field == "Owner" and str(new).startswith("005") else "Text",
                    "OldValue": old,
                    "NewValue": new,
                    "CreatedById": owner.id,
                    "CreatedDate": world.until_anchor(at),
                    "IsDeleted": False,
                },
            )
        return record

    def report_to_each_other(self, people: list[Person]) -> None:
        """Reporting lines: in an account, individuals report to a director or manager of it."""
        heads: dict[str, str] = {}
        for person in people:
            if person.account and person.contacts and person.seniority in ("director", "manager"):
                heads.setdefault(person.account.id, str(person.contacts[0]["Id"]))
        for person in people:
            if person.account and person.contacts and person.seniority == "individual":
                person.contacts[0]["ReportsToId"] = heads.get(person.account.id)

    def merge(self, winner: Record, loser: Record) -> None:
        """The loser goes into the winner."""
        start = max(winner["SystemModstamp"], loser["SystemModstamp"])
        merged = self.world.until_anchor(start + (self.world.anchor - start) * self.rng.random())
        loser |= {"IsDeleted": True, "MasterRecordId": winner["Id"], "LastModifiedDate": merged, "SystemModstamp": merged}
        winner |= {"LastModifiedDate": merged, "SystemModstamp": merged}

    def delete(self, record: Record) -> None:
        """Into the recycle bin."""
        gone = self.world.until_anchor(max(record["SystemModstamp"], self.world.anchor - timedelta(days=14) * self.rng.random()))
        record |= {"IsDeleted": True, "LastModifiedDate": gone, "SystemModstamp": gone}
