"""What came of a time that somebody would have been qualified: judged by the opportunities of the account that followed.

Belongs here: terms, outcomes and the numbers of a sweep, for MQAs and MQLs alike. Who would have been qualified: `backtest.py`,
`mql_backtest.py`.
"""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis

from alignment_pipeline.contracts import Contract
from alignment_pipeline.contracts.shape import from_columns

FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
WEEK = timedelta(days=7)
Tables = Mapping[str, ibis.Table]


@dataclass(frozen=True)
class Span:
    """What is tested: since when, as of when, and the days in which an opportunity counts."""

    tested_from: datetime
    as_of: datetime
    outcome_days: int

    @property
    def outcome(self) -> timedelta:
        """The days in which an opportunity counts."""
        return timedelta(days=self.outcome_days)


@dataclass(frozen=True)
class Outcome:
    """An opportunity of an account: created, and won when it was."""

    created_at: datetime
    won_at: datetime | None


@dataclass(frozen=True)
class Entry:
    """An account or person became qualified; the account is None for a person without one."""

    entity_id: str
    account_id: str | None
    entered_at: datetime


@dataclass(frozen=True)
class Candidates:
    """Who became qualified out of how many, and how many of these an account has (else one)."""

    entries: Sequence[Entry]
    population: int
    shares: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Term:
    """An entry, and what came of it."""

    entry: Entry
    is_judged: bool
    outcome: Outcome | None
    won_at: datetime | None

    @property
    def lead_days(self) -> float:
        """Days from the entry to the opportunity."""
        assert self.outcome is not None
        return (self.outcome.created_at - self.entry.entered_at) / timedelta(days=1)


@dataclass(frozen=True)
class Backtest:
    """Both tables of a backtest."""

    terms: ibis.Table
    sweep: ibis.Table


def outcomes_of(opportunities: ibis.Table) -> dict[str, list[Outcome]]:
    """Opportunities by account, in the order of their creation."""
    by_account: dict[str, list[Outcome]] = {}
    rows = opportunities.filter(opportunities.account_id.notnull())
    rows = rows.select("account_id", "opportunity_id", "created_at", "is_won", closed_at=ibis.coalesce(rows.closed_at, rows.modified_at))
    for row in rows.order_by("created_at", "opportunity_id").to_pyarrow().to_pylist():
        won_at = row["closed_at"] if row["is_won"] else None
        by_account.setdefault(row["account_id"], []).append(Outcome(row["created_at"], won_at))
    return by_account


def judged(entries: Sequence[Entry], outcomes: Mapping[str, list[Outcome]], span: Span) -> list[Term]:
    """The entries since the time tested began, each with the first opportunity that followed in time."""
    terms = []
    for entry in entries:
        entered = entry.entered_at
        if entered < span.tested_from:
            continue
        mine = outcomes.get(entry.account_id or "", [])
        # strictly after: an opportunity created at the same moment was not foretold
        first = bisect.bisect_right([outcome.created_at for outcome in mine], entered)
        following = [outcome for outcome in mine[first:] if outcome.created_at <= min(entered + span.outcome, span.as_of)]
        won = min((outcome.won_at for outcome in following if outcome.won_at and outcome.won_at <= span.as_of), default=None)
        terms.append(Term(entry, entered + span.outcome <= span.as_of, following[0] if following else None, won))
    return terms


def numbers(
    terms: Sequence[Term], outcomes: Mapping[str, list[Outcome]], span: Span, *, population: int, shares: Mapping[str, int] | None = None
) -> dict[str, object]:
    """Precision, recall and the rest. `population` could have been qualified; `shares` says how many of it an account has (else one)."""
    old = [term for term in terms if term.is_judged]
    followed = [term for term in old if term.outcome is not None]
    won = [term for term in followed if term.won_at is not None]
    # an opportunity of the first days could have been foretold before the time tested: it is not asked for
    first = span.tested_from + span.outcome
    asked = [(account, one) for account, mine in outcomes.items() for one in mine if first <= one.created_at <= span.as_of]
    entered: dict[str, list[datetime]] = {}
    for term in terms:
        if term.entry.account_id is not None:
            entered.setdefault(term.entry.account_id, []).append(term.entry.entered_at)
    foretold = sum(any(one.created_at - span.outcome <= at < one.created_at for at in entered.get(account, [])) for account, one in asked)
    spans = ((span.as_of - span.tested_from) - span.outcome) / span.outcome
    chances = sum(1 if shares is None else shares.get(account, 0) for account, _ in asked)
    return {
        "judged": len(old),
        "followed": len(followed),
        "won": len(won),
        "opportunities": len(asked),
        "foretold": foretold,
        "precision_pct": _pct(len(followed), len(old)),
        "won_pct": _pct(len(won), len(old)),
        "recall_pct": _pct(foretold, len(asked)),
        "base_rate_pct": min(100.0, 100.0 * chances / (population * spans)) if population and spans > 0 else None,
        "median_lead_days": statistics.median(term.lead_days for term in followed) if followed else None,
        "outcome_days": span.outcome_days,
        "tested_from": span.tested_from,
    }


def sweep(
    entries_at: Callable[[float], Candidates],
    outcomes: Mapping[str, list[Outcome]],
    span: Span,
    *,
    factors: Sequence[float],
    contracts: tuple[Contract, Contract],
    further: Callable[[Sequence[Term]], Mapping[str, object]],
    agreement_version: str,
) -> Backtest:
    """Who would have been qualified under each factor of the thresholds, judged; the terms are those of the agreement's own.

    `contracts` are those of the terms and of the sweep; `further` gives a row the columns that only its own contract has.
    """
    terms_contract, sweep_contract = contracts
    stamp: dict[str, Any] = {"as_of": span.as_of, "agreement_version": agreement_version}
    rows: dict[str, list[object]] = {name: [] for name in sweep_contract.names[:-2]}
    own: list[Term] = []
    for factor in sorted({*factors, 1.0}):
        candidates = entries_at(factor)
        terms = judged(candidates.entries, outcomes, span)
        own = terms if factor == 1.0 else own
        row = numbers(terms, outcomes, span, population=candidates.population, shares=candidates.shares)
        row = {**row, "threshold_factor": factor, **further(terms)}
        for name, column in rows.items():
            column.append(row[name])
    return Backtest(terms_table(own, terms_contract, **stamp), from_columns(rows, sweep_contract, **stamp))


def a_week(terms: Sequence[Term], span: Span) -> float:
    """Entries a week on average."""
    return len(terms) / ((span.as_of - span.tested_from) / WEEK)


def terms_table(terms: Sequence[Term], contract: Contract, *, as_of: datetime, agreement_version: str) -> ibis.Table:
    """The contract's rows of terms: entity, account when the contract asks for it, and what came of it."""
    columns: dict[str, list[object]] = {
        "entity_id": [term.entry.entity_id for term in terms],
        "account_id": [term.entry.account_id for term in terms],
        "entered_at": [term.entry.entered_at for term in terms],
        "is_judged": [term.is_judged for term in terms],
        "created_at": [term.outcome.created_at if term.outcome else None for term in terms],
        "lead_days": [term.lead_days if term.outcome else None for term in terms],
        "won_at": [term.won_at for term in terms],
    }
    return from_columns(columns, contract, as_of=as_of, agreement_version=agreement_version)


def _pct(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None
