"""How well MQAs foretold opportunities in the past, deciding at every moment only with what was known at it.

Belongs here: replaying the MQA rules, for the agreement's thresholds and for multiples of them. Judging: `judging.py`; people:
`mql_backtest.py`; the plot: `sweep_plot.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.agreement.mqa import Mqa
from alignment_pipeline.contracts.lifecycle import MQA_BACKTEST_TERMS, MQA_BACKTESTS
from alignment_pipeline.contracts.moments import from_microseconds
from alignment_pipeline.lifecycle.backtest.hindsight import as_known_then, without_attributes
from alignment_pipeline.lifecycle.backtest.judging import (
    FACTORS,
    Backtest,
    Candidates,
    Entry,
    Span,
    Tables,
    Term,
    a_week,
    outcomes_of,
    sweep,
)
from alignment_pipeline.lifecycle.mqa.mqa_history import judged_accounts
from alignment_pipeline.lifecycle.stages.handover import Owners


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
    span = Span(as_of - timedelta(days=tested_days), as_of, outcome_days)
    owners = _owners_of(t, agreement)

    def entries_at(factor: float) -> Candidates:
        accounts = judged_accounts(
            given["scored_activities"],
            given["person_fits"],
            given["accounts"],
            given["account_tiers"],
            t["opportunities"],
            mqa=scaled(agreement.lifecycle.mqa, factor),
            scoring=agreement.scoring,
            as_of=as_of,
        )
        entries = [Entry(one.account_id, one.account_id, from_microseconds(term.entered_us)) for one in accounts for term in one.walk.terms]
        return Candidates(entries, population=len(accounts))

    return sweep(
        entries_at,
        outcomes_of(t["opportunities"]),
        span,
        factors=factors,
        contracts=(MQA_BACKTEST_TERMS, MQA_BACKTESTS),
        further=lambda terms: {
            "mqas": len(terms),
            "mqas_per_week": a_week(terms, span),
            "weeks_over": _weeks_over(terms, owners, agreement.lifecycle.handover.mqas_per_rep_and_week),
            "attributes_used": use_attributes,
            "reconstructed_pct": reconstructed_pct,
        },
        agreement_version=agreement_version,
    )


def scaled(mqa: Mqa, factor: float) -> Mqa:
    """The same paths with all thresholds of points multiplied; numbers of people and of activities stay."""

    def one(measure: Measure) -> Measure:
        return measure if measure.points is None else measure.model_copy(update={"points": measure.points * factor})

    paths = [path.model_copy(update={"all": [one(measure) for measure in path.all]}) for path in mqa.paths]
    return mqa.model_copy(update={"paths": paths})


def _owners_of(t: Tables, agreement: Agreement) -> dict[str, str]:
    owners = Owners(t["users"], agreement.lifecycle.handover)
    tiers = t["account_tiers"].select("account_id", "tier")
    rows = t["accounts"].select("account_id", "owner_id", "country", "industry").inner_join(tiers, "account_id")
    owner_of = {row["account_id"]: owners.of_account(row, row["tier"]).owner_id for row in rows.to_pyarrow().to_pylist()}
    return {account: owner for account, owner in owner_of.items() if owner is not None}


def _weeks_over(terms: Sequence[Term], owners: Mapping[str, str], limit: int | None) -> int:
    """Rep-weeks (Monday to Sunday, UTC) with more new MQAs than agreed."""
    entries = [term.entry for term in terms if term.entry.entity_id in owners]
    weeks = Counter((owners[entry.entity_id], entry.entered_at.isocalendar()[:2]) for entry in entries)
    return sum(count > limit for count in weeks.values()) if limit is not None else 0
