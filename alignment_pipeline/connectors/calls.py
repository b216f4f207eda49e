"""What a run's calls cost: counted by endpoint, and held inside a budget.

Belongs here: counters and the share of the day's quota a run may use. Retrying is `retries.py`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from alignment_pipeline.errors import QuotaExhausted


@dataclass(frozen=True)
class Usage:
    """The vendor's own count for the whole organisation, as its last answer said."""

    used: int
    allowed: int


@dataclass
class CallCounter:
    """HTTP requests sent, by endpoint, retries and logins included; and the vendor's own count when it tells."""

    by_endpoint: Counter[str] = field(default_factory=Counter)
    usage: Usage | None = None

    @property
    def total(self) -> int:
        """All requests sent."""
        return sum(self.by_endpoint.values())

    def since(self, mark: int) -> int:
        """Requests sent since `total` was `mark`."""
        return self.total - mark


@dataclass(frozen=True)
class CallBudget:
    """When to stop so that the customer's other integrations keep room: 25 % of the day for one run, 80 % for everybody."""

    most_calls: int | None = None
    run_share: float = 0.25
    organisation_share: float = 0.80

    def check(self, counter: CallCounter, system: str) -> None:
        """Raise QuotaExhausted when the next call would go past the budget."""
        if self.most_calls is not None and counter.total >= self.most_calls:
            raise QuotaExhausted(f"{system}: the run's budget of {self.most_calls} calls is used up; it goes on next time")
        usage = counter.usage
        if usage is None or usage.allowed <= 0:
            return
        if usage.used >= usage.allowed * self.organisation_share:
            raise QuotaExhausted(
                f"{system}: the organisation has used {usage.used} of {usage.allowed} calls today, "
                f"{self.organisation_share:.0%} is our limit; it goes on when the vendor's 24 hours have rolled on"
            )
        if counter.total >= usage.allowed * self.run_share:
            raise QuotaExhausted(f"{system}: this run has used {counter.total} calls, {self.run_share:.0%} of the day's {usage.allowed}")
