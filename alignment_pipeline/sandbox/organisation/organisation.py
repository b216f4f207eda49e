"""The demo organisation: one seed gives one world of Salesforce and Marketo records, and the truth about it.

Belongs here: the order in which the parts are built. Every part owns its nouns; see the modules' first lines. People are invented;
companies are real, and everything said about what they do is fiction (NOTICE.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.organisation import accounts as accounts_module
from alignment_pipeline.sandbox.organisation import campaigns, deal_currencies, marketing, marketo_people, people, team
from alignment_pipeline.sandbox.organisation.accounts import Accounts
from alignment_pipeline.sandbox.organisation.activities import Activities
from alignment_pipeline.sandbox.organisation.contacts import Contacts
from alignment_pipeline.sandbox.organisation.deal_movements import DealMovements
from alignment_pipeline.sandbox.organisation.hand_raises import HandRaise, HandRaises
from alignment_pipeline.sandbox.organisation.leads import Leads
from alignment_pipeline.sandbox.organisation.marketo_people import MarketoPerson
from alignment_pipeline.sandbox.organisation.opportunities import Opportunities
from alignment_pipeline.sandbox.organisation.people import Person
from alignment_pipeline.sandbox.organisation.records import Record, World
from alignment_pipeline.sandbox.organisation.sales_work import SalesWork
from alignment_pipeline.sandbox.organisation.truth import HandRaiseTruth, LeadTruth, Truth

ANCHOR = datetime(2026, 11, 21, 8, tzinfo=UTC)  # a Saturday: business clocks stand still while somebody looks at the demo
ACTIVITY_TYPES = (
    "1 Visit Webpage|2 Fill Out Form|3 Click Link|6 Send Email|7 Email Delivered|8 Email Bounced|9 Unsubscribe Email|10 Open Email|"
    "11 Click Email|12 New Lead|13 Change Data Value|22 Change Score|24 Add to List|25 Remove from List|32 Merge Leads|37 Delete Lead|"
    "46 Interesting Moment|104 Change Status in Progression|113 Add to Nurture"
)


@dataclass(frozen=True)
class Organisation:
    """Records as the vendors' APIs name their fields. `marketo_activities` is read again and again, each time from the start.

    Values are plain Python: str, int, float, bool, None, date, time and aware datetime in Salesforce; in Marketo moments are text.
    """

    seed: int
    anchor: datetime
    salesforce: dict[str, list[dict[str, object]]]
    marketo_leads: list[dict[str, object]]
    marketo_activities: Activities
    marketo_activity_types: list[dict[str, object]]
    marketo_deleted_leads: list[dict[str, object]]
    truth: Truth
    currencies: tuple[str, ...] = ()

    def write_truth(self, path: Path) -> None:
        """Write the truth to a file of its own."""
        self.truth.write(path)


def generate(
    *,
    seed: int,
    anchor: datetime = ANCHOR,
    accounts: int = 5000,
    people: int = 20_000,
    activities: int = 300_000,
    currencies: int = 1,
) -> Organisation:
    """Build the organisation: `accounts` accounts, `people` leads and contacts, `activities` Marketo activities before `anchor`.

    With two `currencies`, deals of accounts in the euro area are in euros. The same arguments give the same records.

    Raises ConfigurationError when the anchor has no time zone or a size is out of range.
    """
    if anchor.tzinfo is None:
        raise ConfigurationError(f"the demo organisation's anchor {anchor.isoformat()} has no time zone; give an aware datetime")
    if people < 500 or activities < 5 * people:
        raise ConfigurationError(f"the demo organisation needs 500 people and 5 activities for each; asked for {people} and {activities}")
    world = World(seed, anchor.astimezone(UTC).replace(microsecond=0))
    return _Build(world, accounts, people).organisation(activities, currencies)


class _Build:
    """The parts in the order in which they need each other."""

    def __init__(self, world: World, accounts: int, total: int) -> None:
        self.world = world
        self.rng = world.rng("organisation")
        self.team = team.build(world)
        self.accounts: Accounts = accounts_module.build(world, self.team, accounts)
        self.people: list[Person] = people.build(world, self.accounts, total)
        self.work = SalesWork(world)
        self.leads = Leads(world, self.team, self.work)
        self.contacts = Contacts(world, self.team)
        self.leads_total = round(total * 0.625)
        for object_ in ("Lead", "LeadHistory", "Contact", "ContactHistory", "Opportunity", "Task", "Event"):
            world.salesforce.setdefault(object_, [])

    def organisation(self, activities: int, currencies: int) -> Organisation:
        """Everything, ready to be loaded."""
        self._contacts()
        opportunities = Opportunities(self.world, self.team, self.accounts, self.people, self.work)
        raised = self._leads(opportunities)
        self.contacts.report_to_each_other(self.people)
        programs = campaigns.build(self.world, self.team, self.people)
        known = marketo_people.MarketoPeople(self.world, raised).build(self.people)
        customers = self._customers_who_ask()
        log = marketing.build(self.world, known, raised, customers, programs, activities)
        for rep in self.team.reps[::9]:
            self.work.all_day(rep.id, self.world.anchor - timedelta(days=self.rng.randrange(3, 200)))
        self.work.write_last_activity()
        self._settle_accounts()
        movements = DealMovements(self.world)
        movements.write()
        if currencies > 1:
            deal_currencies.write(self.world, self.accounts)
        return Organisation(
            seed=self.world.seed,
            anchor=self.world.anchor,
            salesforce=self.world.salesforce,
            marketo_leads=[one.record for one in known if one.deleted_at is None],
            marketo_activities=log,
            marketo_activity_types=_activity_types(log),
            marketo_deleted_leads=marketo_people.deleted(self.world, known),
            truth=replace(self._truth(known, raised, customers), deals=movements.log(), moved_deals=dict(movements.kinds)),
            currencies=(deal_currencies.COMPANY, deal_currencies.SECOND) if currencies > 1 else (),
        )

    def _contacts(self) -> None:
        for person in self.people:
            if person.pattern in ("contact", "contact_merged", "contact_deleted", "lead+contact"):
                record = self.contacts.write(person, person.created)
                if person.pattern == "contact_merged":
                    self.contacts.merge(record, self.contacts.write(person, person.created, again=True))
                elif person.pattern == "contact_deleted":
                    self.contacts.delete(record)

    def _leads(self, opportunities: Opportunities) -> list[HandRaise]:
        rng = self.rng
        plain = [
            person
            for person in self.people
            if person.pattern == "lead" and person.kind in ("account", "outside") and person.email and not person.is_bot
        ]
        rng.shuffle(plain)
        raises = HandRaises(self.world, self.team, self.leads, self.work).build(plain, self.leads_total)
        for person in self.people:
            if person.leads or not person.pattern.startswith(("lead", "converted")):
                continue
            if person.pattern == "converted":
                self._converted(person, opportunities)
                continue
            record = self.leads.ordinary(person)
            if person.pattern in ("lead+lead", "lead_merged"):
                second = self.leads.second(person)
                if person.pattern == "lead_merged":
                    self.leads.merge(record, second)
            elif person.pattern == "lead_deleted":
                self.leads.delete(record)
        return raises

    def _converted(self, person: Person, opportunities: Opportunities) -> None:
        assert person.account is not None
        person.created = min(person.created, self.world.anchor - timedelta(days=8))
        record = self.leads.ordinary(person)
        at = self.leads.conversion_moment(record)
        self.contacts.write(person, at)
        opportunity = opportunities.write(person.account, at, source="Web") if self.rng.random() < 0.45 else None
        self.leads.convert(record, person, at, str(opportunity["Id"]) if opportunity else None, person.account.owner.id)

    def _customers_who_ask(self) -> list[tuple[Person, datetime, str]]:
        """Contacts of customers who used the sales form: not new leads, but their account owner's business."""
        asked: list[tuple[Person, datetime, str]] = []
        wanted = max(4, self.leads_total // 1000)
        long_known = self.world.anchor - timedelta(days=22)
        for person in self.people:
            is_customer = person.account is not None and person.account.record["Type"] == "Customer"
            if is_customer and person.pattern == "contact" and person.marketo_ids and person.email and person.created < long_known:
                asked.append((person, self.world.anchor - timedelta(days=self.rng.uniform(0.6, 20)), "Contact sales"))
                if len(asked) == wanted:
                    break
        return asked

    def _settle_accounts(self) -> None:
        """An account is older than everything on it."""
        oldest: dict[str, datetime] = {}
        for object_ in ("Contact", "Opportunity"):
            for record in self.world.salesforce[object_]:
                account, born = record["AccountId"], record["CreatedDate"]
                if account is not None and born < oldest.get(account, self.world.anchor):
                    oldest[account] = born
        for record in self.world.salesforce["Account"]:
            first = oldest.get(record["Id"])
            if first is not None and first <= record["CreatedDate"]:
                record["CreatedDate"] = first - timedelta(days=1)

    def _acceptable(self, person: Person) -> list[str]:
        """The accounts a person rightly belongs to; for an ambiguous one the candidates."""
        return list(person.candidates) if person.account is None else self.accounts.also_right(person.account, person.country)

    def _lead_truth(self, person: Person, record: Record) -> LeadTruth:
        kind = person.kind if person.kind in ("account", "ambiguous") else "none"
        return LeadTruth(
            lead_id=str(record["Id"]),
            person=person.key,
            kind=kind,
            account_id=person.account.id if person.account is not None else None,
            acceptable_ids=tuple(self._acceptable(person)),
            why=person.kind,
            habit=person.habit if record is person.leads[0] else person.habit_again,
            is_live=not record["IsDeleted"],
            is_converted=bool(record["IsConverted"]),
        )

    def _truth(self, known: list[MarketoPerson], raised: list[HandRaise], customers: list[tuple[Person, datetime, str]]) -> Truth:
        iso = marketo_people.iso
        return Truth(
            leads=tuple(self._lead_truth(person, record) for person in self.people for record in person.leads),
            persons={
                person.key: {
                    "leads": [str(record["Id"]) for record in person.leads],
                    "contacts": [str(record["Id"]) for record in person.contacts],
                    "marketo": [str(number) for number in person.marketo_ids],
                    "kind": [person.kind],
                    "accounts": self._acceptable(person),
                }
                for person in self.people
                if person.leads or person.contacts or person.marketo_ids
            },
            bots=tuple(one.id for one in known if one.person.is_bot and one.deleted_at is None),
            internal=tuple(one.id for one in known if one.person.kind == "internal" and one.deleted_at is None),
            accounts={account.id: account.right_id for account in self.accounts.accounts if account.right_id != account.id},
            hot_accounts={account.id: [iso(begun) for begun in account.bursts] for account in self.accounts.accounts if account.bursts},
            hand_raises=tuple(
                HandRaiseTruth(
                    lead_id=one.lead_id,
                    marketo_id=one.person.marketo_ids[0],
                    form=one.form,
                    story=one.story,
                    is_recent=one.is_recent,
                    submitted_at=iso(one.submitted_at),
                    assigned_at=iso(one.assigned_at) if one.assigned_at else None,
                    first_touch_at=iso(one.first_touch_at) if one.first_touch_at else None,
                )
                for one in raised
            ),
            customers_who_asked=tuple(person.marketo_ids[0] for person, _, _ in customers),
        )


_PRIMARY = {
    1: "Webpage ID", 2: "Webform ID", 3: "Link ID", 6: "Mailing ID", 7: "Mailing ID", 8: "Mailing ID", 9: "Mailing ID",
    10: "Mailing ID", 11: "Mailing ID", 13: "Attribute Name", 22: "Score Name", 24: "List ID", 25: "List ID", 32: "Lead ID",
    46: "Type", 104: "Program ID", 113: "Program ID",
}  # fmt: skip


def _activity_types(log: Activities) -> list[dict[str, object]]:
    """The subscription's types as `activities/types.json` tells them, with the attributes that the log uses."""
    kinds: dict[int, dict[str, str]] = {}
    for asset in log.assets:
        for attribute in asset.attributes:
            kinds.setdefault(asset.type_id, {})[attribute["name"]] = _data_type(attribute["value"])
    entries: list[dict[str, object]] = []
    for entry in ACTIVITY_TYPES.split("|"):
        number, _, name = entry.partition(" ")
        kind: dict[str, Any] = {"id": int(number), "name": name, "description": name}
        if int(number) in _PRIMARY:
            kind["primaryAttribute"] = {"name": _PRIMARY[int(number)], "dataType": "string" if int(number) in (13, 22, 46) else "integer"}
        entries.append(
            kind | {"attributes": [{"name": key, "dataType": value} for key, value in sorted(kinds.get(int(number), {}).items())]}
        )
    return entries


def _data_type(value: object) -> str:
    return "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "string"
