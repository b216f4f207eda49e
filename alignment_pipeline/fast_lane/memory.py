"""What the lane remembers between polls, in the journal's stream state: where each log was read to, and who is still to be answered.

Belongs here: the values and their JSON. A hand-raise is remembered before anything is done about it and forgotten after it was written,
so a lane that dies at any moment takes it up again, and the journal's own keys keep it from being written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.journal import outbox_and_streams
from alignment_pipeline.journal.journal import Journal

SYSTEM, STREAM = "fast_lane", "hand_raises"
# activities may become visible a little after later ones: this much of the log is looked at again with every poll
OVERLAP = timedelta(minutes=5)
# longer than anything is looked at again, a restart with an old token included
SEEN_FOR = timedelta(hours=2)
TRAIL_STEP = timedelta(seconds=30)
# a hand-raise that could not be answered for a day belongs to the full run, which shows it as breached
LONGEST_WAIT = timedelta(days=1)
# what was remembered before systems were told apart is of the first one
_FIRST = MARKETING[0].name
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)


@dataclass(frozen=True)
class HandRaise:
    """One entry of a log that waits for its answer: its id in the raw table, its system and its person as the log names them.

    `values` are the raw row's; `why` says what it waited for at the last try.
    """

    guid: str
    system: str
    person: str
    happened_at: datetime
    learned_at: datetime
    values: Mapping[str, str | None]
    tries: int = 0
    not_before: datetime | None = None
    why: str | None = None

    @property
    def activity_id(self) -> str:
        """Its id among the activities."""
        return f"{self.system}:{self.guid}"

    def is_due(self, now: datetime) -> bool:
        """Whether its next try has come."""
        return self.not_before is None or self.not_before <= now

    def waiting(self, now: datetime, why: str) -> HandRaise:
        """The same after a try that could not end, with a growing pause."""
        pause = min(_FIRST_PAUSE * 2 ** min(self.tries, 10), _LONGEST_PAUSE)
        return replace(self, tries=self.tries + 1, not_before=now + pause, why=why)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "guid": self.guid,
            "system": self.system,
            "person": self.person,
            "happened_at": self.happened_at.isoformat(),
            "learned_at": self.learned_at.isoformat(),
            "values": dict(self.values),
            "tries": self.tries,
            "not_before": self.not_before.isoformat() if self.not_before else None,
            "why": self.why,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> HandRaise:
        """From `to_json`."""
        return cls(
            guid=body["guid"],
            system=body.get("system", _FIRST),
            person=body["person"] if "person" in body else body["marketo_id"],
            happened_at=datetime.fromisoformat(body["happened_at"]),
            learned_at=datetime.fromisoformat(body["learned_at"]),
            values=body["values"],
            tries=int(body["tries"]),
            not_before=datetime.fromisoformat(body["not_before"]) if body["not_before"] else None,
            why=body["why"],
        )


@dataclass
class Memory:
    """Tokens of the last minutes by system, entries seen in them, open hand-raises by GUID, and calls spent by system and day."""

    trails: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)
    open: dict[str, HandRaise] = field(default_factory=dict)
    day: str = ""
    calls: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, journal: Journal) -> Memory:
        """As last saved; empty before the first poll."""
        body = outbox_and_streams.stream_state(journal, SYSTEM, STREAM)
        if body is None:
            return cls()
        trails = body.get("trails") or {_FIRST: body.get("trail", [])}
        return cls(
            trails={name: [(datetime.fromisoformat(at), token) for at, token in trail] for name, trail in trails.items()},
            seen={guid: datetime.fromisoformat(at) for guid, at in body["seen"].items()},
            open={one["guid"]: HandRaise.from_json(one) for one in body["open"]},
            day=body["day"],
            calls={str(name): int(number) for name, number in body["calls"].items()},
        )

    def save(self, journal: Journal) -> None:
        """Keep it, in one transaction."""
        content = {
            "trails": {name: [[at.isoformat(), token] for at, token in trail] for name, trail in self.trails.items()},
            "seen": {guid: at.isoformat() for guid, at in sorted(self.seen.items())},
            "open": [self.open[guid].to_json() for guid in sorted(self.open)],
            "day": self.day,
            "calls": self.calls,
        }
        outbox_and_streams.put_stream_state(journal, SYSTEM, STREAM, content)

    def due(self, now: datetime) -> list[HandRaise]:
        """Hand-raises to be worked on now, oldest first."""
        return sorted((one for one in self.open.values() if one.is_due(now)), key=lambda one: (one.happened_at, one.guid))

    def trail(self, system: str) -> list[tuple[datetime, str]]:
        """The tokens of a system's log, the oldest first."""
        return self.trails.setdefault(system, [])

    def polled(self, system: str, at: datetime, token: str) -> bool:
        """Note a poll's token; True when that changed what must be saved. The trail keeps one token older than the overlap."""
        trail = self.trail(system)
        if trail and at - trail[-1][0] < TRAIL_STEP:
            return False
        trail.append((at, token))
        while len(trail) > 1 and trail[1][0] <= at - OVERLAP:
            trail.pop(0)
        oldest = min(one[0][0] for one in self.trails.values() if one) - SEEN_FOR
        self.seen = {guid: seen for guid, seen in self.seen.items() if seen >= oldest}
        return True

    def spend(self, now: datetime, **calls: int) -> None:
        """Count calls of the UTC day."""
        today = now.date().isoformat()
        if today != self.day:
            self.day, self.calls = today, {}
        for system, number in calls.items():
            self.calls[system] = self.calls.get(system, 0) + number
