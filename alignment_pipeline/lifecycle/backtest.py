"""How well MQAs foretold opportunities in the past, deciding at every moment only with what was known at it.

Belongs here: replaying the MQA rules and judging them, for the agreement's thresholds and for multiples of them. The plot: `sweep_plot.py`.
"""

from __future__ import annotations

import bisect
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.agreement.mqa import Mqa
from alignment_pipeline.contracts.lifecycle import MQA_BACKTEST_TERMS, MQA_BACKTESTS
from alignment_pipeline.contracts.shape import from_columns
from alignment_pipeline.lifecycle.handover import Owners
from alignment_pipeline.lifecycle.hindsight import as_known_then, without_attributes
from alignment_pipeline.lifecycle.moments import moment_of
from alignment_pipeline.lifecycle.mqa_history import Judged, judged_accounts

FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
WEEK = timedelta(days=7)
Tables = Mapping[str, ibis.Table]


@dataclass(frozen=True)
class Outcome:
    """An opportunity of an account: created, and won when it was."""

    created_at: datetime
    won_at: datetime | None


@dataclass(frozen=True)
class Term:
    """A time that an account would have been an MQA, and what came of it."""

    account_id: str
    entered_at: datetime
    is_judged: bool
    outcome: Outcome | None
    won_at: datetime | None


@dataclass(frozen=True)
class Backtest:
    """Both tables of a backtest."""

    terms: ibis.Table
    sweep: ibis.Table


def mqa_backtest(
    t: Tables,
    *,
    agreement: Agreement,
    as_of: datetime,
    agreement_version: str,
    outcome_days: int = 90,
    tested_days: int = 365,
    factors: Sequence[float] = FACTORS,
    use_attributes: bool = False,
    reconstructed_pct: float | None = None,
) -> Backtest:
    """Replay the MQA rules over the last `tested_days` and compare with the opportunities that followed within `outcome_days`.

    Tables: scored_activities, person_fits, accounts, account_tiers, opportunities, users. An activity counts from when it was
    known, not from when it happened. Attributes without history (tier, size, title, type) are left out unless `use_attributes`.
    """
    scored = as_known_then(t["scored_activities"], as_of=as_of)
    given = {**t, "scored_activities": scored} if use_attributes else without_attributes({**t, "scored_activities": scored})
    tested_from = as_of - timedelta(days=tested_days)
    outcomes = _outcomes(t["opportunities"])
    owners = _owners_of(t, agreement)
    rows: dict[str, list[object]] = {name: [] for name in MQA_BACKTESTS.names[:-2]}
    terms_now: list[Term] = []
    for factor in sorted({*factors, 1.0}):
        mqa = scaled(agreement.lifecycle.mqa, factor)
        judged = judged_accounts(
            given["scored_activities"],
            given["person_fits"],
            given["accounts"],
            given["account_tiers"],
            t["opportunities"],
            mqa=mqa,
            scoring=agreement.scoring,
            as_of=as_of,
        )
        terms = _terms(judged, outcomes, tested_from=tested_from, as_of=as_of, outcome_days=outcome_days)
        terms_now = terms if factor == 1.0 else terms_now
        row = _row(terms, outcomes, len(judged), tested_from=tested_from, as_of=as_of, outcome_days=outcome_days)
        row |= {
            "threshold_factor": factor,
            "weeks_over": _weeks_over(terms, owners, agreement.lifecycle.handover.mqas_per_rep_and_week),
            "attributes_used": use_attributes,
            "reconstructed_pct": reconstructed_pct,
        }
        for name, column in rows.items():
            column.append(row[name])
    stamp = {"as_of": as_of, "agreement_version": agreement_version}
    return Backtest(_terms_table(terms_now, **stamp), from_columns(rows, MQA_BACKTESTS, **stamp))  # type: ignore[arg-type]


def scaled(mqa: Mqa, factor: float) -> Mqa:
    """The same paths with all thresholds of points multiplied; numbers of people and of activities stay."""

    def one(measure: Measure) -> Measure:
        return measure if measure.points is None else measure.model_copy(update={"points": measure.points * factor})

    paths = [path.model_copy(update={"all": [one(measure) for measure in path.all]}) for path in mqa.paths]
    return mqa.model_copy(update={"paths": paths})


def _outcomes(opportunities: ibis.Table) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    rows = opportunities.filter(opportunities.account_id.notnull())
    rows = rows.select("account_id", "opportunity_id", "created_at", "is_won", closed_at=ibis.coalesce(rows.closed_at, rows.modified_at))
    for row in rows.order_by("created_at", "opportunity_id").to_pyarrow().to_pylist():
        won_at = row["closed_at"] if row["is_won"] else None
        found.setdefault(row["account_id"], []).append(Outcome(row["created_at"], won_at))
    return found


def _terms(
    judged: list[Judged], outcomes: Mapping[str, list[Outcome]], *, tested_from: datetime, as_of: datetime, outcome_days: int
) -> list[Term]:
    span = timedelta(days=outcome_days)
    found = []
    for one in judged:
        mine = outcomes.get(one.account_id, [])
        created = [outcome.created_at for outcome in mine]
        for term in one.walk.terms:
            entered = moment_of(term.entered_us)
            if entered < tested_from:
                continue
            # strictly after: an opportunity created at the same moment was not foretold
            first = bisect.bisect_right(created, entered)
            following = [outcome for outcome in mine[first:] if outcome.created_at <= min(entered + span, as_of)]
            won = min((outcome.won_at for outcome in following if outcome.won_at and outcome.won_at <= as_of), default=None)
            found.append(Term(one.account_id, entered, entered + span <= as_of, following[0] if following else None, won))
    return found


def _row(
    terms: list[Term], outcomes: Mapping[str, list[Outcome]], accounts: int, *, tested_from: datetime, as_of: datetime, outcome_days: int
) -> dict[str, object]:
    span = timedelta(days=outcome_days)
    judged = [term for term in terms if term.is_judged]
    followed = [term for term in judged if term.outcome is not None]
    won = [term for term in followed if term.won_at is not None]
    # an opportunity of the first days could have been foretold by an MQA before the time tested: it is not asked for
    asked = [(account, one) for account, mine in outcomes.items() for one in mine if tested_from + span <= one.created_at <= as_of]
    entries: dict[str, list[datetime]] = {}
    for term in terms:
        entries.setdefault(term.account_id, []).append(term.entered_at)
    foretold = sum(any(one.created_at - span <= entered < one.created_at for entered in entries.get(account, [])) for account, one in asked)
    weeks = (as_of - tested_from) / WEEK
    spans = ((as_of - tested_from) - span) / span
    return {
        "mqas": len(terms),
        "judged": len(judged),
        "followed": len(followed),
        "won": len(won),
        "opportunities": len(asked),
        "foretold": foretold,
        "precision_pct": _pct(len(followed), len(judged)),
        "won_pct": _pct(len(won), len(judged)),
        "recall_pct": _pct(foretold, len(asked)),
        "base_rate_pct": min(100.0, 100.0 * len(asked) / (accounts * spans)) if accounts and spans > 0 else None,
        "median_lead_days": statistics.median(_lead_days(term) for term in followed) if followed else None,
        "mqas_per_week": len(terms) / weeks,
        "outcome_days": outcome_days,
        "tested_from": tested_from,
    }


def _pct(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None


def _lead_days(term: Term) -> float:
    assert term.outcome is not None
    return (term.outcome.created_at - term.entered_at) / timedelta(days=1)


def _owners_of(t: Tables, agreement: Agreement) -> dict[str, str]:
    owners = Owners(t["users"], agreement.lifecycle.handover)
    tiers = t["account_tiers"].select("account_id", "tier")
    rows = t["accounts"].select("account_id", "owner_id", "country", "industry").inner_join(tiers, "account_id")
    found = {row["account_id"]: owners.of_account(row, row["tier"]).owner_id for row in rows.to_pyarrow().to_pylist()}
    return {account: owner for account, owner in found.items() if owner is not None}


def _weeks_over(terms: list[Term], owners: Mapping[str, str], limit: int | None) -> int:
    """Rep-weeks (Monday to Sunday, UTC) with more new MQAs than agreed."""
    weeks = Counter((owners[term.account_id], term.entered_at.isocalendar()[:2]) for term in terms if term.account_id in owners)
    return sum(count > limit for count in weeks.values()) if limit is not None else 0


def _terms_table(terms: list[Term], *, as_of: datetime, agreement_version: str) -> ibis.Table:
    columns: dict[str, list[object]] = {
        "entity_id": [term.account_id for term in terms],
        "entered_at": [term.entered_at for term in terms],
        "is_judged": [term.is_judged for term in terms],
        "created_at": [term.outcome.created_at if term.outcome else None for term in terms],
        "lead_days": [_lead_days(term) if term.outcome else None for term in terms],
        "won_at": [term.won_at for term in terms],
    }
    return from_columns(columns, MQA_BACKTEST_TERMS, as_of=as_of, agreement_version=agreement_version)
