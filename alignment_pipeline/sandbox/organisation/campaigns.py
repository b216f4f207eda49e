"""Campaigns and who took part.

Belongs here: Campaign and CampaignMember; the webinars among them are Marketo programs too (`activities.py` uses the same names).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.organisation.people import Person
from alignment_pipeline.sandbox.organisation.records import Record, World
from alignment_pipeline.sandbox.organisation.team import Team

_WEBINARS = (
    "Pipeline reviews people look forward to",
    "Clean CRM data in 30 days",
    "Account scoring without the black box",
    "From lead to account",
    "Forecasting for operators",
    "The 5 minute rule",
    "Marketing and sales on one page",
    "Attribution, honestly",
)
_OTHERS = (
    ("Trade Show", "RevOps Expo"),
    ("Trade Show", "B2B Summit"),
    ("Content", "Benchmark report"),
    ("Content", "Buyer's guide"),
    ("Email", "Customer newsletter"),
    ("Conference", "Northwind Connect"),
    ("Direct Mail", "Executive notebook"),
    ("Webinar", "Partner webinar"),
)


@dataclass(frozen=True)
class Program:
    """One campaign; webinars carry the name under which Marketo runs them."""

    id: str
    name: str
    type: str
    held_at: datetime


def build(world: World, team: Team, people: list[Person]) -> list[Program]:
    """Write campaigns over the last year, and their members."""
    rng = world.rng("campaigns")
    plans = [("Webinar", name, days) for days, name in zip(range(12, 250, 26), _WEBINARS, strict=False)]
    plans += [(kind, name, rng.randrange(20, 340)) for kind, name in _OTHERS] + [("Webinar", "Planning next quarter", -16)]
    parent = _campaign(world, rng, team, "Other", "Always on", world.anchor - timedelta(days=360), None)
    programs = [_campaign(world, rng, team, kind, name, world.anchor - timedelta(days=days), parent.id) for kind, name, days in plans]
    reachable = [person for person in people if (person.leads or person.contacts) and person.kind != "internal"]
    weights = [{"hot": 4.0, "cooled": 3.0, "warm": 2.5, "aware": 1.5}.get(person.heat, 0.6) for person in reachable]
    for program in programs:
        size = max(12, len(reachable) // rng.randrange(26, 60))
        invited = {person.key: person for person in rng.choices(reachable, weights, k=size)}
        for person in invited.values():
            _member(world, rng, team, program, person)
    return [parent, *programs]


def _campaign(world: World, rng: random.Random, team: Team, kind: str, name: str, at: datetime, parent: str | None) -> Program:
    held = at.replace(hour=15, minute=0, second=0, microsecond=0)
    title = f"{held:%Y-%m} {kind}: {name}"[:80]
    is_over = held < world.anchor
    record: Record = {
        "Id": world.mint.id("Campaign"),
        "Name": title,
        "Type": kind,
        "Status": "Completed" if is_over else "Planned",
        "IsActive": held > world.anchor - timedelta(days=60),
        "StartDate": held.date(),
        "EndDate": held.date() + timedelta(days=0 if kind == "Webinar" else 3),
        "ParentId": parent,
        "OwnerId": rng.choice(team.marketers).id,
    }
    world.add(
        "Campaign", record | world.stamps(min(held - timedelta(days=40), world.anchor - timedelta(days=2)), [held], str(record["OwnerId"]))
    )
    return Program(str(record["Id"]), title, kind, held)


def _member(world: World, rng: random.Random, team: Team, program: Program, person: Person) -> None:
    lead = next((record for record in person.leads if not record["IsDeleted"]), None)
    contact = next((record for record in person.contacts if not record["IsDeleted"]), None)
    latest = max(
        [program.held_at - timedelta(days=rng.uniform(2, 25)), *(record["CreatedDate"] for record in (lead, contact) if record is not None)]
    )
    if (lead is None and contact is None) or latest >= world.anchor:
        return
    responded = latest + timedelta(days=rng.uniform(0.1, 10)) if program.held_at < latest else program.held_at
    has_responded = rng.random() < 0.33 and responded < world.anchor
    record: Record = {
        "Id": world.mint.id("CampaignMember"),
        "CampaignId": program.id,
        # A converted lead's membership names both; otherwise the record that the list was made from.
        "LeadId": lead["Id"] if lead is not None else None,
        "ContactId": contact["Id"] if contact is not None and (lead is None or lead["IsConverted"]) else None,
        "Status": "Responded" if has_responded else "Sent",
        "HasResponded": has_responded,
        "FirstRespondedDate": responded.date() if has_responded else None,
    }
    world.add("CampaignMember", record | world.stamps(latest, [responded if has_responded else None], team.sync_user.id))
