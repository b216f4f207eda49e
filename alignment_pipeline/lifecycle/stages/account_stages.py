"""Stages of accounts: history and present, from everything that happened to them and to their people.

Belongs here: who is walked through the machine, and the signals of accounts in its book. The walk: `machine.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.contracts.lifecycle import ACCOUNT_STAGE_CHANGES, ACCOUNT_STAGES
from alignment_pipeline.contracts.moments import micros, microseconds
from alignment_pipeline.contracts.shape import from_columns
from alignment_pipeline.lifecycle.signals.account_signals import (
    ON,
    customer_since,
    mqa_intervals,
    opportunity_events,
    opportunity_intervals,
    stacked,
    stays,
)
from alignment_pipeline.lifecycle.signals.changes import beside, series_of
from alignment_pipeline.lifecycle.signals.crossings import Series, crossings, happenings
from alignment_pipeline.lifecycle.signals.events import Events, counted_events
from alignment_pipeline.lifecycle.stages.conditions import Book, Signal, compiled
from alignment_pipeline.lifecycle.stages.handover import Owners
from alignment_pipeline.lifecycle.stages.journeys import Facts, Journeys
from alignment_pipeline.lifecycle.stages.machine import Machine

INPUTS = (
    "scored_activities", "person_fits", "accounts", "account_tiers", "account_fits", "opportunities", "person_accounts",
    "person_account_periods", "person_stage_changes", "account_mqa_changes", "account_mqa_statuses", "users",
)  # fmt: skip
Tables = Mapping[str, ibis.Table]


def account_stage_tables(t: Tables, *, agreement: Agreement, as_of: datetime, agreement_version: str) -> dict[str, ibis.Table]:
    """`account_stage_changes` and `account_stages`, from the tables named in `INPUTS`, for the accounts in scope."""
    stages = agreement.lifecycle.accounts
    unit = agreement.scoring.engagement.unit
    book = Book()
    moves = compiled(stages, book, unit=unit)
    events = counted_events(t["scored_activities"], t["person_fits"], book.measures, as_of=as_of)
    machine = Machine(
        states=len(stages.stages),
        start=stages.names.index(stages.start),
        moves=moves,
        signals=len(book.signals),
        pulses=book.pulses,
        as_of_us=microseconds(as_of),
    )
    amounts = book.amounts(events, agreement.scoring.engagement.decay, entity="account")
    owners = Owners(t["users"], agreement.lifecycle.handover)
    journeys = Journeys(stages, moves, book, key="account_id", unit=unit)
    for account, changes in beside(_population(t), _series(t, events, book, agreement=agreement, as_of=as_of)):
        owner = owners.of_account(account, account["tier"])
        facts = Facts(amounts.get(account["account_id"], {}), account["fit_score"], owner, account["mqa_reason"])
        journeys.add(account["account_id"], machine.walk(account["created_us"], changes), facts)
    stamp = {"as_of": as_of, "agreement_version": agreement_version}
    return {
        "account_stage_changes": from_columns(journeys.changes, ACCOUNT_STAGE_CHANGES, **stamp),  # type: ignore[arg-type]
        "account_stages": from_columns(journeys.now, ACCOUNT_STAGES, **stamp),  # type: ignore[arg-type]
    }


def _population(t: Tables) -> pa.Table:
    tiers = t["account_tiers"]
    tiers = tiers.filter(tiers.is_in_scope).select("account_id", "tier")
    fits = t["account_fits"].select("account_id", "fit_score")
    accounts = t["accounts"]
    base = accounts.select("account_id", "owner_id", "country", "industry", created_us=micros(accounts.created_at))
    mqas = t["account_mqa_statuses"].select("account_id", "mqa_reason")
    judged = base.inner_join(tiers, "account_id").inner_join(fits, "account_id").inner_join(mqas, "account_id")
    return judged.order_by("account_id").to_pyarrow()


def _series(t: Tables, events: Events, book: Book, *, agreement: Agreement, as_of: datetime) -> Iterator[tuple[int, Series]]:
    """Every signal of the book with its changes."""
    decay = agreement.scoring.engagement.decay
    for number, signal in enumerate(book.signals):
        if signal.measure is not None and signal.kind == "measure":
            yield number, crossings(events, signal.measure, decay, entity="account")
        elif signal.measure is not None:
            yield number, happenings(events, signal.measure, entity="account")
        else:
            changes = _changes(t, signal, agreement=agreement, as_of=as_of)
            yield number, series_of(changes, until_us=microseconds(as_of))


def _changes(t: Tables, signal: Signal, *, agreement: Agreement, as_of: datetime) -> ibis.Table:
    accounts, tiers = t["accounts"], t["account_tiers"]
    if signal.kind == "fit":
        return _always(t["account_fits"].filter(t["account_fits"].fit_score >= signal.number))
    if signal.kind == "tier":
        return _always(tiers.filter(tiers.tier.isin([int(text) for text in signal.patterns])))
    if signal.kind == "event":
        return opportunity_events(t["opportunities"], signal.name, as_of=as_of)
    if signal.kind == "people":
        return _people_in_stages(t, signal.patterns, as_of=as_of)
    if signal.name == "target":
        return _always(tiers.filter(tiers.is_target))
    if signal.name == "customer":
        return customer_since(accounts, t["opportunities"], as_of=as_of)
    if signal.name == "open_opportunity":
        return stays(opportunity_intervals(t["opportunities"]), as_of=as_of)
    if signal.name == "mqa":
        return stays(mqa_intervals(t["account_mqa_changes"]), as_of=as_of)
    types = agreement.lifecycle.disqualified_account_types if signal.name == "disqualified" else agreement.people.partner_account_types
    return _always(accounts.filter(matches(accounts.account_type, types)))


def _constant(value: int) -> ibis.Value:
    return ibis.literal(value, type="int64")


def _always(rows: ibis.Table) -> ibis.Table:
    """What holds from the beginning, because the CRM keeps no history of it: at 0."""
    return rows.select(entity_id="account_id", at_us=_constant(0), value=_constant(ON))


def _people_in_stages(t: Tables, names: tuple[str, ...], *, as_of: datetime) -> ibis.Table:
    """While somebody of the account is in one of the stages or steps."""
    history = t["person_stage_changes"]
    history = history.filter(history.stage.isin(names) | history.sub_stage.isin(names).fill_null(False))
    history = history.select(in_stage_id="person_id", from_us=micros(history.entered_at), until_us=micros(history.left_at))
    return stays(while_on_account(history, t["person_accounts"], t["person_account_periods"]), as_of=as_of)


def while_on_account(intervals: ibis.Table, person_accounts: ibis.Table, person_account_periods: ibis.Table) -> ibis.Table:
    """Intervals of people (in_stage_id, from_us, until_us) as intervals of their accounts (entity_id), while they were on them."""
    pairs = person_accounts.anti_join(person_account_periods, "person_id").select(of_person_id="person_id", entity_id="account_id")
    always = intervals.inner_join(pairs, intervals.in_stage_id == pairs.of_person_id).select("entity_id", "from_us", "until_us")
    on = person_account_periods.filter(person_account_periods.account_id.notnull())
    on = on.select(of_person_id="person_id", entity_id="account_id", on_us=micros(on.from_at), off_us=micros(on.until_at))
    joined = intervals.inner_join(
        on,
        [
            intervals.in_stage_id == on.of_person_id,
            (on.off_us > intervals.from_us).fill_null(True),
            (on.on_us < intervals.until_us).fill_null(True),
        ],
    )
    cut = joined.select(
        "entity_id",
        from_us=ibis.ifelse(joined.on_us > joined.from_us, joined.on_us, joined.from_us),
        until_us=ibis.ifelse((joined.off_us < joined.until_us) | joined.until_us.isnull(), joined.off_us, joined.until_us),
    )
    return stacked(always, cut)
