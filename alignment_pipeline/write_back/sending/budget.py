"""How many API calls a run may make, so that everybody else keeps theirs.

Belongs here: the cap and what was used of it. When it is short, the most valuable operations go first (`batches.py`); the rest stays
planned and waits for the next run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from alignment_pipeline.agreement.write_back import Budget as Shares
from alignment_pipeline.connectors.crm import Limits
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import BUDGET

_API = "salesforce"


@dataclass
class Budget:
    """One run's calls. `cap` counts from `mark`, the caller's total when the run began."""

    cap: int | None
    calls: Callable[[], int]
    mark: int

    @property
    def used(self) -> int:
        """Calls of this run so far."""
        return self.calls() - self.mark

    def covers(self, further: int) -> bool:
        """Whether so many more calls fit."""
        return self.cap is None or self.used + further <= self.cap


def start(journal: Journal, limits: Limits, shares: Shares, calls: Callable[[], int]) -> Budget:
    """The run's budget from the organisation's limits and what our runs used today."""
    if limits.allowed is None or limits.remaining is None:
        return Budget(None, calls, calls())
    today = used_today(journal, journal.clock.now())
    left_to_all = limits.remaining - limits.allowed * (100 - shares.org_used_pct) / 100
    own = min(limits.allowed * shares.run_pct / 100, limits.allowed * shares.day_pct / 100 - today)
    return Budget(max(0, int(min(left_to_all, max(own, shares.least_calls)))), calls, calls())


def used_today(journal: Journal, now: datetime) -> int:
    """Calls of our runs of this UTC day."""
    with journal.read() as connection:
        used = connection.execute(select(BUDGET.c.used).where(BUDGET.c.day == now.date().isoformat(), BUDGET.c.api == _API)).scalar()
    return int(used or 0)


def note(journal: Journal, calls: int, cap: int | None) -> None:
    """Add a run's calls to the day's."""
    now = journal.clock.now()
    row = {"day": now.date().isoformat(), "api": _API, "used": used_today(journal, now) + calls, "cap": cap}
    with journal.begin() as connection:
        journal.upsert(connection, BUDGET, [row])
