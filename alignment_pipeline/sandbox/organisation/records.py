"""What every Salesforce record carries: id, stamps, who made it.

Belongs here: the common system fields and the moment arithmetic behind them, so that created <= changed <= stamped <= the anchor
holds everywhere. The fields of an object belong to the module of its noun.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from alignment_pipeline.sandbox.organisation import geography, ids

Record = dict[str, Any]
MONTHS_OF_HISTORY = 18
DAYS_OF_ACTIVITY = 183


@dataclass
class World:
    """What all builders share: the seed's random streams, the anchor, the mint of ids and the growing tables."""

    seed: int
    anchor: datetime
    mint: ids.Mint = field(default_factory=ids.Mint)
    salesforce: dict[str, list[Record]] = field(default_factory=dict)

    def rng(self, noun: str) -> random.Random:
        """A stream of its own for each noun: one more account does not change everybody's names."""
        return random.Random(f"{self.seed}:{noun}")

    @property
    def history_start(self) -> datetime:
        """The first day of the demo's CRM history."""
        return self.anchor - timedelta(days=30 * MONTHS_OF_HISTORY)

    @property
    def activity_start(self) -> datetime:
        """The first moment of the recorded Marketo activities."""
        return self.anchor - timedelta(days=DAYS_OF_ACTIVITY)

    def add(self, object_: str, record: Record) -> Record:
        """Put a record into its table."""
        self.salesforce.setdefault(object_, []).append(record)
        return record

    def until_anchor(self, moment: datetime) -> datetime:
        """The moment in whole seconds, never after the anchor."""
        return min(moment, self.anchor).replace(microsecond=0)

    def stamps(self, created: datetime, changed: Iterable[datetime | None], by: str, *, system_delay: timedelta = timedelta()) -> Record:
        """The system fields of a record made at one moment and changed at others. `system_delay` stamps later than the last change."""
        born = self.until_anchor(created)
        last = max([born, *(self.until_anchor(moment) for moment in changed if moment is not None)])
        return {
            "IsDeleted": False,
            "CreatedDate": born,
            "CreatedById": by,
            "LastModifiedDate": last,
            "LastModifiedById": by,
            "SystemModstamp": self.until_anchor(last + system_delay),
        }

    def office_moment(self, rng: random.Random, start: datetime, end: datetime, zone: str) -> datetime:
        """A moment between two others, nearly always in someone's office hours. Needs start < end."""
        span = (end - start).total_seconds()
        drawn = start + timedelta(seconds=int(rng.random() * span))
        if rng.random() < 0.08:
            return drawn.replace(microsecond=0)
        moved = geography.business_minutes_after(drawn, rng.random() * 400 + 1, zone)
        return (moved if moved < end else drawn).replace(microsecond=0)


def utc(year: int, month: int, day: int) -> datetime:
    """Midnight UTC of a day."""
    return datetime(year, month, day, tzinfo=UTC)
