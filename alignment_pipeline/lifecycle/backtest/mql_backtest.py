"""How well MQLs foretold opportunities in the past, deciding at every moment only with what was known at it.

Belongs here: walking people through the agreement's stages again and finding who would have become an MQL, for the agreement's
thresholds and for multiples of them. Judging: `judging.py`; accounts: `backtest.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.agreement.stages import PersonMove, PersonStages, PersonWhen
from alignment_pipeline.contracts.lifecycle import MQL_BACKTEST_TERMS, MQL_BACKTESTS
from alignment_pipeline.contracts.moments import from_microseconds, micros, microseconds
from alignment_pipeline.lifecycle.backtest.hindsight import as_known_then, without_attributes
from alignment_pipeline.lifecycle.backtest.judging import FACTORS, Backtest, Candidates, Entry, Span, Tables, a_week, outcomes_of, sweep
from alignment_pipeline.lifecycle.mqa import mqa_statuses
from alignment_pipeline.lifecycle.signals.changes import beside
from alignment_pipeline.lifecycle.signals.events import counted_events
from alignment_pipeline.lifecycle.stages.conditions import Book, Signal, compiled
from alignment_pipeline.lifecycle.stages.machine import Machine
from alignment_pipeline.lifecycle.stages.person_signals import person_changes, person_series


def mql_stage(stages: PersonStages) -> str | None:
    """The stage that hands people to sales for what they did: the first one sales works into which engagement moves somebody."""
    by_engagement = {move.to for move in stages.moves if any(when.measures for when in move.when)}
    handed = (state.name for state in stages.stages if state.works == "sales" and state.part_of is None and not state.is_side_track)
    return next((name for name in handed if name in by_engagement), None)


def mql_backtest(
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
    """Replay the stages of people over the last `tested_days`; an MQL is right when its account got an opportunity within `outcome_days`.

    Tables: those of `person_stages.INPUTS`. An activity counts from when it was known. Unless `use_attributes`, what has no history
    is left out: weights, title, fit, opt-out, and the conditions on fit and tier of the moves to MQL, which then ask for engagement
    alone. Which account a person belongs to is as known today. An agreement in which engagement hands nobody to sales has no MQLs:
    both tables are empty.
    """
    stage = mql_stage(agreement.lifecycle.people)
    span = Span(as_of - timedelta(days=tested_days), as_of, outcome_days)
    if stage is None:
        return Backtest(ibis.memtable(MQL_BACKTEST_TERMS.empty()), ibis.memtable(MQL_BACKTESTS.empty()))
    people = _People(_as_known(t, agreement, as_of, use_attributes=use_attributes), agreement, as_of)

    def entries_at(factor: float) -> Candidates:
        stages = scaled(agreement.lifecycle.people, stage, factor, keep_attributes=use_attributes)
        return Candidates(people.entries(stages, stage), population=people.count, shares=people.by_account)

    return sweep(
        entries_at,
        outcomes_of(t["opportunities"]),
        span,
        factors=factors,
        contracts=(MQL_BACKTEST_TERMS, MQL_BACKTESTS),
        further=lambda terms: {
            "stage": stage,
            "mqls": len(terms),
            "mqls_per_week": a_week(terms, span),
            "attributes_used": use_attributes,
            "reconstructed_pct": reconstructed_pct,
        },
        agreement_version=agreement_version,
    )


def scaled(stages: PersonStages, stage: str, factor: float, *, keep_attributes: bool) -> PersonStages:
    """The same stages with the points of the moves to `stage` multiplied, and without their conditions on fit and tier unless kept."""

    def measure(one: Measure | None) -> Measure | None:
        return one if one is None or one.points is None else one.model_copy(update={"points": one.points * factor})

    def when(one: PersonWhen) -> PersonWhen:
        changed: dict[str, object] = {"engaged": measure(one.engaged), "newly_engaged": measure(one.newly_engaged)}
        return one.model_copy(update=changed if keep_attributes else changed | {"fit_at_least": None, "tiers": []})

    def move(one: PersonMove) -> PersonMove:
        return one.model_copy(update={"when": [when(line) for line in one.when]}) if one.to == stage else one

    return stages.model_copy(update={"moves": [move(one) for one in stages.moves]})


class _People:
    """Everybody who is walked, with what happens to them beside their activities: the same for every factor, so worked out once."""

    def __init__(self, t: Tables, agreement: Agreement, as_of: datetime) -> None:
        self._t, self._agreement, self._as_of = t, agreement, as_of
        people = t["people"].select("person_id", created_us=micros(t["people"].created_at))
        scored = t["person_scores"].select("person_id", "account_id")
        self._population: pa.Table = people.inner_join(scored, "person_id").order_by("person_id").to_pyarrow()
        self._changes: dict[Signal, ibis.Table] = {}
        accounts = self._population["account_id"].to_pylist()
        self.by_account: Mapping[str, int] = Counter(account for account in accounts if account is not None)
        self.count = self._population.num_rows

    def entries(self, stages: PersonStages, stage: str) -> list[Entry]:
        """Every time that somebody would have entered `stage`."""
        t, agreement = self._t, self._agreement
        book = Book()
        moves = compiled(stages, book, unit=agreement.scoring.engagement.unit)
        events = counted_events(t["scored_activities"], t["person_fits"], book.measures, as_of=self._as_of)
        signals = person_series(events, book, self._changes_of(book), agreement=agreement, as_of=self._as_of)
        machine = Machine(
            states=len(stages.stages),
            start=stages.names.index(stages.start),
            moves=moves,
            signals=len(book.signals),
            pulses=book.pulses,
            as_of_us=microseconds(self._as_of),
        )
        wanted = stages.names.index(stage)
        return [
            Entry(person["person_id"], person["account_id"], from_microseconds(stay.entered_us))
            for person, changes in beside(self._population, signals)
            for stay in machine.walk(person["created_us"], changes).stays
            if stay.state == wanted
        ]

    def _changes_of(self, book: Book) -> dict[int, ibis.Table]:
        if not self._changes:
            changes = person_changes(self._t, book, agreement=self._agreement, as_of=self._as_of)
            self._changes = {book.signals[number]: ibis.memtable(rows.to_pyarrow()) for number, rows in changes.items()}
        return {number: self._changes[signal] for number, signal in enumerate(book.signals) if signal.measure is None}


def _as_known(t: Tables, agreement: Agreement, as_of: datetime, *, use_attributes: bool) -> Tables:
    """The tables without hindsight; MQAs, which a move may ask for, are decided again from them."""
    scored = as_known_then(t["scored_activities"], as_of=as_of)
    given = {**t, "scored_activities": scored}
    if not use_attributes:
        people = t["people"].mutate(is_opted_out=ibis.literal(False), is_email_invalid=ibis.literal(False))
        given = {**without_attributes(given), "people": people}
        given["person_fits"] = given["person_fits"].mutate(fit_micro=ibis.literal(0, type="int64"))
    sources = [given[name] for name in ("scored_activities", "person_fits", "accounts", "account_tiers", "opportunities")]
    scoring = agreement.scoring
    mqas = mqa_statuses.account_mqa_tables(*sources, mqa=agreement.lifecycle.mqa, scoring=scoring, as_of=as_of, agreement_version="")
    return {**given, "account_mqa_changes": mqas["account_mqa_changes"]}
