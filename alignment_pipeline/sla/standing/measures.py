"""Measures: what marketing's commitments count, from people, accounts and opportunities, between two moments.

Belongs here: one small count per measure. How they are judged: `sla/standing/commitments.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from alignment_pipeline.agreement.commitments import Commitment
from alignment_pipeline.agreement.coverage import Coverage, coverage
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.sla.arrays import fetch
from alignment_pipeline.sla.standing import outcomes
from alignment_pipeline.sla.timelines.sources import Sources

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Between:
    """A period's local days `first` to `last`, and the moments of its part that is over: `begins_at` to `ends_at` (excluded)."""

    first: date
    last: date
    begins_at: datetime
    ends_at: datetime

    def holds(self, moment: datetime | None) -> bool:
        """Whether something happened in it."""
        return moment is not None and self.begins_at <= moment < self.ends_at

    def has_day(self, day: date | None) -> bool:
        """Whether a day belongs to the period."""
        return day is not None and self.first <= day <= self.last


@dataclass(frozen=True)
class Measures:
    """The few columns that the measures need, as rows."""

    stages: Rows
    mqas: Rows
    contacts: Rows
    targets: frozenset[str]
    deals: Rows
    said: Rows
    pipeline: Pipeline

    @classmethod
    def of(cls, sources: Sources, *, sla: Sla, crm: Crm, pipeline: Pipeline, as_of: datetime) -> Measures:
        """Read what the agreement's commitments measure, and nothing else."""
        wanted = {item.measure for item in sla.commitments}

        def rows(name: str, needed: bool, *columns: str) -> Rows:
            return fetch(getattr(sources, name), *columns).to_pylist() if needed else []

        deals = bool(wanted & {"sourced_pipeline_usd", "pipeline_usd", "won_usd", "sourced_won_pct", "coverage_ratio"})
        accounts = rows("accounts", "new_contacts" in wanted, "account_id", "is_target_flagged")
        return cls(
            rows("person_stage_changes", "mqls" in wanted, "person_id", "stage", "entered_at"),
            rows("account_mqa_changes", "mqas" in wanted, "account_id", "entered_at"),
            rows("contacts", "new_contacts" in wanted, "contact_id", "account_id", "created_at"),
            frozenset(row["account_id"] for row in accounts if row["is_target_flagged"]),
            rows(
                "opportunities", deals, "amount_usd", "lead_source", "stage", "created_at", "is_closed", "is_won", "closed_at", "close_on"
            ),
            outcomes.said(sources, sla=sla, crm=crm, as_of=as_of).to_pylist() if "acceptance_pct" in wanted else [],
            pipeline,
        )

    def value(self, commitment: Commitment, time: Between) -> float | None:
        """What is measured in that time; None without a divisor."""
        inside = time.holds

        ways: dict[str, Callable[[], float | None]] = {
            "mqls": lambda: self._mqls(commitment, inside),
            "mqas": lambda: float(len({row["account_id"] for row in self.mqas if inside(row["entered_at"])})),
            "new_contacts": lambda: self._contacts(commitment, inside),
            "acceptance_pct": lambda: self._acceptance(inside),
            "sourced_pipeline_usd": lambda: self._created(inside, lambda row: commitment.is_marketings(row["lead_source"])),
            "pipeline_usd": lambda: self._created(inside, lambda row: True),
            "won_usd": lambda: sum(self._booked(time), 0.0),
            "sourced_won_pct": lambda: self._sourced_share(commitment, time),
            "coverage_ratio": lambda: self.coverage(commitment, time).value,
        }
        return ways[commitment.measure]()

    def _mqls(self, commitment: Commitment, inside: Callable[[datetime | None], bool]) -> float:
        names = {stage.lower() for stage in commitment.stages}
        return float(len({row["person_id"] for row in self.stages if row["stage"].lower() in names and inside(row["entered_at"])}))

    def _contacts(self, commitment: Commitment, inside: Callable[[datetime | None], bool]) -> float:
        counted = [row for row in self.contacts if row["account_id"] and inside(row["created_at"])]
        return float(sum(not commitment.target_accounts_only or row["account_id"] in self.targets for row in counted))

    def _acceptance(self, inside: Callable[[datetime | None], bool]) -> float | None:
        said = [row["outcome"] for row in self.said if inside(row["said_at"]) and row["outcome"] in ("accepted", "rejected")]
        return 100.0 * said.count("accepted") / len(said) if said else None

    def _created(self, inside: Callable[[datetime | None], bool], counts: Callable[[dict[str, Any]], bool]) -> float:
        return sum((row["amount_usd"] or 0.0 for row in self.deals if inside(row["created_at"]) and counts(row)), 0.0)

    def coverage(self, commitment: Commitment, time: Between) -> Coverage:
        """Open pipeline closing in the period by what is still to win, as `pipeline_metrics` has it."""
        eligible = self.pipeline.eligible_stages
        opened = [
            row["amount_usd"] or 0.0
            for row in self.deals
            if not row["is_closed"] and time.has_day(row["close_on"]) and (not eligible or row["stage"] in eligible)
        ]
        return coverage(sum(opened), commitment.revenue_target_usd, sum(self._booked(time)))

    def _booked(self, time: Between, commitment: Commitment | None = None) -> list[float]:
        """Amounts of the deals booked in the period, by the booking date that both teams agreed on."""
        by_day = self.pipeline.booking_date == "close_date"
        booked = [
            row for row in self.deals if row["is_won"] and (time.has_day(row["close_on"]) if by_day else time.holds(row["closed_at"]))
        ]
        return [row["amount_usd"] or 0.0 for row in booked if commitment is None or commitment.is_marketings(row["lead_source"])]

    def _sourced_share(self, commitment: Commitment, time: Between) -> float | None:
        won = sum(self._booked(time))
        return 100.0 * sum(self._booked(time, commitment)) / won if won else None
