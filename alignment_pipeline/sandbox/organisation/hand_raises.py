"""People who asked for a demo or for sales, and what happened to them minute by minute.

Belongs here: the staged leads on which SLA clocks end as met, met late, breached, at risk or pending, and the awkward cases
(still in the queue, given to a second rep, touched before, answered by a machine alone). The form itself is a Marketo activity:
`activities.py` writes it at `submitted_at`. Clocks are staged for the rep's local 9 to 17 on weekdays; an agreement with other
hours or holidays decides otherwise, which is why the truth calls it a story and not a result.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.organisation import geography
from alignment_pipeline.sandbox.organisation.leads import Change, Leads
from alignment_pipeline.sandbox.organisation.people import Person
from alignment_pipeline.sandbox.organisation.records import World
from alignment_pipeline.sandbox.organisation.sales_work import SalesWork
from alignment_pipeline.sandbox.organisation.team import NEW, WORKING, Rep, Team

FORMS = ("Request a demo", "Contact sales")
RECENT = (
    "met",
    "met_late",
    "breached",
    "at_risk",
    "pending",
    "in_queue",
    "second_rep",
    "touched_before",
    "machine_only",
    "to_account_owner",
)
PAST = ("met", "met_late", "breached", "second_rep", "touched_before", "machine_only", "weekend")
FIRST_TOUCH_MINUTES = 5


@dataclass(frozen=True)
class HandRaise:
    """One form sent in, and what came of it."""

    person: Person
    form: str
    submitted_at: datetime
    assigned_at: datetime | None
    first_touch_at: datetime | None
    story: str
    is_recent: bool
    lead_id: str


class HandRaises:
    """Stages hand-raises on people who have no lead yet."""

    def __init__(self, world: World, team: Team, leads: Leads, work: SalesWork) -> None:
        self.world, self.team, self.leads, self.work = world, team, leads, work
        self.rng: random.Random = world.rng("hand raises")

    def _assigned(self, story: str, rep: Rep, is_recent: bool) -> datetime:
        rng, world, zone = self.rng, self.world, rep.region.zone
        if is_recent:
            minutes = {
                "pending": rng.uniform(0.6, 3.4),
                "at_risk": rng.uniform(4.1, 4.8),
                "in_queue": rng.uniform(3, 200),
                "met_late": rng.uniform(300, 1400),
            }.get(story, rng.uniform(40, 1400))
            return geography.business_minutes_before(world.anchor, minutes, zone)
        start = world.activity_start + timedelta(days=1)
        span = (world.anchor - timedelta(days=7)) - start
        if story == "weekend":
            day = start + span * rng.random()
            saturday = (day + timedelta(days=(5 - day.weekday()) % 7)).replace(hour=12, minute=rng.randrange(60))
            return min(saturday, world.anchor - timedelta(days=6))
        return geography.business_minutes_after(start + span * rng.random(), rng.uniform(10, 300), zone)

    def stage(self, person: Person, story: str, *, is_recent: bool) -> HandRaise:
        """Write the lead, its assignment and its touches."""
        rng, team, world = self.rng, self.team, self.world
        sdrs = team.of(person.region, "sdr")
        if story == "to_account_owner" and person.account is not None:
            rep = person.account.owner
        else:
            rep = rng.choice(sdrs)
        zone = rep.region.zone
        assigned = self._assigned(story, rep, is_recent).replace(microsecond=0)
        submitted = assigned - timedelta(seconds=rng.randrange(20, 55))
        created = submitted + timedelta(seconds=rng.randrange(4, 15))
        queue, by = team.queue_of(person.region), team.integration_user.id
        changes: list[Change] = []
        touch: datetime | None = None
        if story != "in_queue":
            changes += self.leads.owner_change(assigned, queue, rep.id, by)
        if story in ("met", "weekend", "to_account_owner"):
            touch = geography.business_minutes_after(assigned, rng.uniform(0.8, 4.5), zone)
        elif story == "met_late":
            touch = geography.business_minutes_after(assigned, rng.uniform(9, 260), zone)
        elif story == "second_rep":
            other = next(sdr for sdr in sdrs if sdr.id != rep.id)
            moved = geography.business_minutes_after(assigned, 3, zone)
            changes += self.leads.owner_change(moved, rep.id, other.id, rep.id)
            rep = other
            touch = geography.business_minutes_after(moved, 1.2, zone)
        if touch is not None and touch > world.anchor:
            touch = None
        if touch is not None:
            changes.append(Change(touch + timedelta(seconds=50), "Status", NEW, WORKING, rep.id))
        if story == "touched_before":
            # The lead is older than the form: sales called an hour before it was sent in.
            created = submitted - timedelta(days=rng.uniform(2, 20))
        record = self.leads.write(person, created, queue, changes)
        record["LeadSource"] = "Web"
        lead_id = str(record["Id"])
        person.created = record["CreatedDate"]
        if touch is not None:
            (self.work.call_out if rng.random() < 0.6 else self.work.email_out)(lead_id, rep.id, touch)
        elif story == "touched_before":
            self.work.call_out(lead_id, rep.id, submitted - timedelta(minutes=rng.uniform(40, 90)))
        elif story == "machine_only":
            self.work.sequence(lead_id, by, assigned + timedelta(seconds=30))
            self.work.auto_reply(lead_id, rep.id, assigned + timedelta(seconds=95))
        return HandRaise(
            person=person,
            form=rng.choice(FORMS),
            submitted_at=submitted,
            assigned_at=None if story == "in_queue" else assigned,
            first_touch_at=touch,
            story=story,
            is_recent=is_recent,
            lead_id=lead_id,
        )

    def build(self, candidates: list[Person], total_leads: int) -> list[HandRaise]:
        """Stage every recent story several times, and past ones for a few per cent of leads; candidates are used from the front."""
        rng = self.rng
        each = max(3, total_leads // 900)
        past = max(20, total_leads // 50)
        stories = [(story, True) for story in RECENT for _ in range(each)] + [(story, False) for story in PAST for _ in range(3)]
        stories += [(rng.choices(PAST, (52, 22, 10, 4, 4, 4, 4))[0], False) for _ in range(past)]
        waiting = list(candidates)
        raises = []
        for story, is_recent in stories:
            needs_account = story == "to_account_owner"
            place = next(place for place, person in enumerate(waiting) if person.account is not None or not needs_account)
            raises.append(self.stage(waiting.pop(place), story, is_recent=is_recent))
        return raises
