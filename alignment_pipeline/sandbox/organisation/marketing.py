"""Half a year of what people did with the demo company's marketing, drawn in bulk.

Belongs here: who visits, opens, clicks, registers and when. Traffic has office hours in the visitor's time zone, quiet weekends, a
heavy tail of busy people, bursts on hot accounts, and mail gateways that open and click everything. Hand-raises come from
`hand_raises.py`, webinars from `campaigns.py`; asset texts from `catalogue.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from alignment_pipeline.sandbox.organisation import catalogue
from alignment_pipeline.sandbox.organisation.activities import Activities
from alignment_pipeline.sandbox.organisation.campaigns import Program
from alignment_pipeline.sandbox.organisation.catalogue import Catalogue
from alignment_pipeline.sandbox.organisation.hand_raises import HandRaise
from alignment_pipeline.sandbox.organisation.marketo_people import MarketoPerson
from alignment_pipeline.sandbox.organisation.people import Person
from alignment_pipeline.sandbox.organisation.records import World

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_DAY = 86_400
_HOURS = np.array([1, 1, 1, 1, 1, 2, 5, 14, 40, 70, 80, 72, 50, 62, 76, 72, 62, 46, 26, 16, 12, 10, 6, 2], dtype=np.float64)
_WEEKDAYS = np.array([1.0, 1.12, 1.1, 1.05, 0.82, 0.16, 0.14])
_APPETITE = {"hot": 1.3, "cooled": 1.2, "warm": 1.3, "aware": 0.9, "cold": 0.5}
_OPENS = {"hot": 0.45, "cooled": 0.35, "warm": 0.33, "aware": 0.24, "cold": 0.12}
_FIRST_ID = 300_000_000
_MAILS = 24


class Marketing:
    """Draws the activity log. All randomness comes from one numpy generator, so the log depends on the seed alone."""

    def __init__(self, world: World, people: list[MarketoPerson]) -> None:
        self.world, self.people = world, people
        self.rng = np.random.default_rng([world.seed, 20_260_000])
        self.catalogue = Catalogue()
        self.start, self.end = int(world.activity_start.timestamp()), int(world.anchor.timestamp())
        self.ids = np.array([one.id for one in people], dtype=np.int64)
        self.born = np.array([int(one.created.timestamp()) for one in people], dtype=np.int64)
        self.gone = np.array([int(one.deleted_at.timestamp()) if one.deleted_at else self.end for one in people], dtype=np.int64)
        self.mails = np.array([one.mails for one in people])
        self.bots = np.array([one.person.is_bot for one in people])
        self.opted_out = np.array([one.person.has_opted_out for one in people])
        self.opens = np.array([_OPENS[one.person.heat] for one in people])
        tail = self.rng.pareto(2.4, len(people)) + 0.25
        self.appetite = np.array([_APPETITE[one.person.heat] for one in people]) * np.minimum(tail, 14)
        self.appetite[np.array([one.person.kind == "internal" for one in people])] *= 4
        # Most traffic comes from people of companies that nobody sells to; accounts show their interest in bursts.
        self.appetite[np.array([one.person.kind == "account" for one in people])] *= 0.6
        self.appetite *= self.born < self.end - _DAY
        zones = sorted({one.person.zone for one in people})
        self.zone = np.array([zones.index(one.person.zone) for one in people], dtype=np.int64)
        days = range(self.start // _DAY - 1, self.end // _DAY + 3)
        self.first_day = days[0]
        self.offsets = np.array([[_offset(zone, day) for day in days] for zone in zones], dtype=np.int64)
        self.parts: list[tuple[Ints, Ints, Ints]] = []  # person, second, asset
        self.count = 0

    def add(self, person: Ints, second: Ints, asset: Ints) -> None:
        """Keep the rows that lie inside the log and inside the person's life as a lead."""
        kept = (second >= np.maximum(self.start, self.born[person])) & (second <= np.minimum(self.end, self.gone[person]))
        self.parts.append((person[kept], second[kept], asset[kept]))
        self.count += int(kept.sum())

    def moments(self, person: Ints, low: Ints, high: Ints) -> Ints:
        """A second for each person between two others: mostly office hours in their zone, few on weekends."""
        day = (low + (self.rng.random(len(person)) * np.maximum(high - low, 1)).astype(np.int64)) // _DAY
        for _ in range(3):
            again = self.rng.random(len(person)) > _WEEKDAYS[(day + 3) % 7] / _WEEKDAYS.max()  # day 0 of Unix time was a Thursday
            fresh = (low + (self.rng.random(len(person)) * np.maximum(high - low, 1)).astype(np.int64)) // _DAY
            day = np.where(again, fresh, day)
        hour = self.rng.choice(24, size=len(person), p=_HOURS / _HOURS.sum())
        local = day * _DAY + hour * 3600 + self.rng.integers(0, 3600, len(person))
        place = np.clip(day - self.first_day, 0, self.offsets.shape[1] - 1)
        second: Ints = local - self.offsets[self.zone[person], place]
        return np.clip(second, low, high)

    def visits(self, person: Ints, begin: Ints, *, buyer: bool, pages: float) -> None:
        """Sessions of page visits from each given moment on, a few pages each, now and then a click on a download."""
        lengths = np.minimum(self.rng.geometric(1 / pages, len(person)), 14)
        session = np.repeat(np.arange(len(person)), lengths)
        step = np.arange(len(session)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        gaps = self.rng.integers(15, 140, len(session))
        second = begin[session] + np.where(step == 0, 0, step * 45 + gaps)
        weights = np.array([entry[2 if buyer else 1] for entry in catalogue.PAGES], dtype=np.float64)
        page = self.rng.choice(len(weights), size=len(session), p=weights / weights.sum())
        asset = self._table("page", 8)[page, self.rng.integers(0, 8, len(session))]
        self.add(person[session], second, asset)

    def _table(self, kind: str, variants: int) -> Ints:
        return np.array(
            [[self.catalogue.page(number, variant) for variant in range(variants)] for number in range(len(catalogue.PAGES))],
            dtype=np.int64,
        )

    def mailings(self, target: int) -> None:
        """E-mails to segments: sent, delivered or bounced, opened, clicked, unsubscribed, and swallowed by bots."""
        world, rng = self.world, self.rng
        reachable = np.nonzero(self.mails & (self.born < self.end - 14 * _DAY))[0]
        share = min(0.9, target / 2.35 / _MAILS / max(1, len(reachable)))
        unsubscribed = np.full(len(self.people), self.end + 1, dtype=np.int64)
        for number in range(_MAILS):
            day = world.activity_start + timedelta(days=3 + number * 7.3)
            sent_at = (day + timedelta(days=(1 - day.weekday()) % 7)).replace(hour=9 + number % 7, minute=0, second=0, microsecond=0)
            if sent_at >= world.anchor - timedelta(days=1):
                break
            mail = self.catalogue.mail(number, f"{sent_at:%Y-%m}-{'Newsletter' if number % 3 else 'Nurture'} {number:02d}", sent_at)
            chosen = reachable[(rng.random(len(reachable)) < share) | self.bots[reachable]]
            chosen = chosen[(self.born[chosen] < sent_at.timestamp()) & (unsubscribed[chosen] > sent_at.timestamp())]
            sent = int(sent_at.timestamp()) + rng.integers(0, 1200, len(chosen))
            self._rows(chosen, sent, mail.send)
            bounced = rng.random(len(chosen)) < 0.012
            self._rows(chosen[bounced], sent[bounced] + 20, mail.bounced)
            there, landed = chosen[~bounced], sent[~bounced] + 4
            self._rows(there, landed, mail.delivered)
            left = there[self.opted_out[there] & (there % _MAILS <= number)]
            self._rows(left, landed[np.isin(there, left)] + 900, mail.unsubscribed)
            unsubscribed[left] = int(sent_at.timestamp())
            is_bot = self.bots[there]
            self._read(there[~is_bot], landed[~is_bot], mail, unsubscribed)
            self._gateways(there[is_bot], landed[is_bot], mail)

    def _rows(self, person: Ints, second: Ints, asset: int) -> None:
        self.add(person, second, np.full(len(person), asset, dtype=np.int64))

    def _read(self, person: Ints, landed: Ints, mail: catalogue.Mail, unsubscribed: Ints) -> None:
        rng = self.rng
        opened = rng.random(len(person)) < self.opens[person]
        reader, at = person[opened], landed[opened] + (rng.exponential(7 * 3600, int(opened.sum()))).astype(np.int64) + 30
        self.add(reader, at, np.array(mail.opens, dtype=np.int64)[rng.integers(0, 2, len(reader))])
        clicked = rng.random(len(reader)) < 0.16
        clicker, when = reader[clicked], at[clicked] + rng.integers(8, 90, int(clicked.sum()))
        self.add(clicker, when, np.array(mail.clicks, dtype=np.int64)[rng.integers(0, len(mail.clicks), len(clicker))])
        self.visits(clicker, when + 2, buyer=False, pages=2.0)
        leaving = rng.random(len(reader)) < 0.004
        self._rows(reader[leaving], at[leaving] + 25, mail.unsubscribed)
        unsubscribed[reader[leaving]] = at[leaving] + 25

    def _gateways(self, person: Ints, landed: Ints, mail: catalogue.Mail) -> None:
        """A gateway opens the mail at once and clicks every link in the same second; Marketo does not mark all of them."""
        is_marked = np.cumsum(self.bots)[person] % 4 != 0  # every fourth bot is sly
        for marked, opened, clicks in ((True, mail.bot_open, mail.bot_clicks), (False, mail.sly_open, mail.sly_clicks)):
            those, at = person[is_marked == marked], landed[is_marked == marked] + 1
            self._rows(those, at, opened)
            for click in clicks:
                self._rows(those, at + 1, click)

    def bursts(self, budget: int) -> None:
        """Weeks in which a buying committee looks around: several people of one account, more and more sessions, buyers' pages.

        `budget` is about how many rows they may take together; a small log has shorter phases.
        """
        rng = self.rng
        members: dict[str, list[int]] = {}
        for place, one in enumerate(self.people):
            if one.person.account is not None and one.person.account.bursts and one.deleted_at is None:
                members.setdefault(one.person.account.id, []).append(place)
        starts = {one.person.account.id: one.person.account.bursts for one in self.people if one.person.account is not None}
        expected = sum(min(7, len(known)) * len(starts[account_id]) for account_id, known in members.items()) * 12 * 3.4
        usual = 10 * min(1.0, budget / max(1.0, expected))
        for account_id in sorted(members):
            known = members[account_id]
            for begun in starts[account_id]:
                first = int(begun.timestamp())
                last = min(self.end, first + 34 * _DAY)
                committee = np.array(known[:7], dtype=np.int64)
                sessions = rng.poisson(usual, len(committee)) + 2
                person = np.repeat(committee, sessions)
                # Squaring the share makes the second half of the phase busier than the first.
                low = np.maximum(first, self.born[person])
                high = low + (np.maximum(last - low, 60) * np.sqrt(rng.random(len(person)))).astype(np.int64)
                self.visits(person, self.moments(person, np.maximum(low, high - _DAY), np.minimum(high, self.end)), buyer=True, pages=3.4)

    def asked(self, hand_raises: list[HandRaise], customers: list[tuple[Person, datetime, str]]) -> None:
        """The forms of hand-raisers, each after a visit of its page; customers' forms are the account owner's business."""
        place = {one.person.key: number for number, one in reversed(list(enumerate(self.people)))}
        sent = [(raised.person, raised.submitted_at, raised.form) for raised in hand_raises] + customers
        for person, at, form in sent:
            one = np.array([place[person.key]], dtype=np.int64)
            second = np.array([int(at.timestamp())], dtype=np.int64)
            page = next(
                number
                for number, entry in enumerate(catalogue.PAGES)
                if entry[0] == next(path for name, path, _ in catalogue.FORMS if name == form)
            )
            self._rows(one, second - 40, self.catalogue.page(page, 1))
            self._rows(one, second, self.catalogue.form(form))

    def webinars(self, programs: list[Program], target: int) -> None:
        """Registrations, attendance and no-shows of the campaigns that are webinars."""
        rng = self.rng
        held = [program for program in programs if program.type == "Webinar"]
        weights = self.appetite * self.mails
        for number, program in enumerate(held):
            size = min(max(8, target // 2 // max(1, len(held))), int((weights > 0).sum()))
            chosen = rng.choice(len(self.people), size=size, replace=False, p=weights / weights.sum())
            at = int(program.held_at.timestamp())
            self.add(
                chosen,
                at - rng.integers(_DAY, 12 * _DAY, size),
                np.full(size, self.catalogue.progress(number, program.name, "Invited", "Registered"), dtype=np.int64),
            )
            came = rng.random(size) < 0.48
            for those, status in ((chosen[came], "Attended"), (chosen[~came], "No Show")):
                self._rows(
                    those,
                    np.full(len(those), at + 3600, dtype=np.int64),
                    self.catalogue.progress(number, program.name, "Registered", status),
                )

    def known(self) -> None:
        """New Lead on the day a person became known, and Merge Leads on the winner."""
        fresh = np.nonzero(self.born >= self.start)[0]
        assets = [
            self.catalogue.new_lead(str(self.people[place].record.get("leadSource")), str(self.people[place].created.date()))
            for place in fresh
        ]
        self.add(fresh, self.born[fresh], np.array(assets, dtype=np.int64))
        winners = {one.id: place for place, one in enumerate(self.people)}
        for one in self.people:
            if one.merged_into is not None and one.deleted_at is not None:
                winner = np.array([winners[one.merged_into]], dtype=np.int64)
                self._rows(winner, np.array([int(one.deleted_at.timestamp())], dtype=np.int64), self.catalogue.merge(one.id))

    def housekeeping(self, target: int) -> None:
        """What forms, lists, scores and programs log by the way."""
        rng = self.rng
        kinds = (
            ("form", 0.045), ("change", 0.24), ("score", 0.18), ("list", 0.09), ("off list", 0.02), ("moment", 0.11),
            ("nurture", 0.06), ("link", 0.24),
        )  # fmt: skip
        content = [name for name, _, weight in catalogue.FORMS for _ in range(weight)]
        for kind, part in kinds:
            size = max(6, int(target * part))
            person = self._people(size)
            number = rng.integers(0, 997, size).tolist()
            places = {
                "form": lambda n: self.catalogue.form(content[n % len(content)]),
                "change": self.catalogue.change,
                "score": self.catalogue.score,
                "list": lambda n: self.catalogue.listed(n, added=True),
                "off list": lambda n: self.catalogue.listed(n, added=False),
                "moment": self.catalogue.moment,
                "nurture": self.catalogue.nurture,
                "link": lambda n: self.catalogue.link(n % len(catalogue.PAGES)),
            }[kind]
            assets = np.array([places(one) for one in number], dtype=np.int64)
            self.add(person, self._anytime(person), assets)

    def _people(self, size: int) -> Ints:
        return self.rng.choice(len(self.people), size=size, p=self.appetite / self.appetite.sum()).astype(np.int64)

    def _anytime(self, person: Ints) -> Ints:
        return self.moments(person, np.maximum(self.start, self.born[person]), np.minimum(self.end, self.gone[person]))

    def log(self, total: int) -> Activities:
        """Fill up with everyday visits to exactly `total` rows, put them in order and number them."""
        while self.count < total:
            person = self._people((total - self.count) // 2 + 50)
            self.visits(person, self._anytime(person), buyer=False, pages=2.6)
        person = np.concatenate([part[0] for part in self.parts])[:total]
        second = np.concatenate([part[1] for part in self.parts])[:total]
        asset = np.concatenate([part[2] for part in self.parts])[:total]
        order = np.lexsort((np.arange(total), second))
        ids = _FIRST_ID + np.cumsum(self.rng.integers(1, 5, total))
        return Activities(ids, second[order], self.ids[person[order]], asset[order], self.catalogue.assets)


def _offset(zone: str, day: int) -> int:
    moment = datetime.fromtimestamp(day * _DAY + _DAY // 2, tz=ZoneInfo(zone))
    shift = moment.utcoffset()
    return int(shift.total_seconds()) if shift is not None else 0


def build(
    world: World,
    people: list[MarketoPerson],
    hand_raises: list[HandRaise],
    customers: list[tuple[Person, datetime, str]],
    programs: list[Program],
    total: int,
) -> Activities:
    """The whole log of `total` rows."""
    marketing = Marketing(world, people)
    marketing.asked(hand_raises, customers)
    marketing.known()
    marketing.webinars(programs, total * 25 // 1000)
    marketing.mailings(total * 44 // 100)
    marketing.housekeeping(total * 11 // 100)
    marketing.bursts(total * 2 // 10)
    return marketing.log(total)
