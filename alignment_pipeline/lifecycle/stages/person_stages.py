"""Stages of people: history and present, from everything that happened to them.

Belongs here: who is walked through the machine and what they begin with. Signals: `person_signals.py`; the walk: `machine.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts.lifecycle import PERSON_STAGE_CHANGES, PERSON_STAGES
from alignment_pipeline.contracts.moments import Moment, micros, microseconds
from alignment_pipeline.contracts.shape import from_columns
from alignment_pipeline.lifecycle.signals.changes import beside
from alignment_pipeline.lifecycle.signals.events import counted_events
from alignment_pipeline.lifecycle.stages.conditions import Book, compiled
from alignment_pipeline.lifecycle.stages.handover import Owners
from alignment_pipeline.lifecycle.stages.journeys import Facts, Journeys, Owner, Text
from alignment_pipeline.lifecycle.stages.machine import CompiledMove, Machine
from alignment_pipeline.lifecycle.stages.person_signals import person_changes, person_series, signal_texts

INPUTS = (
    "scored_activities", "person_fits", "person_scores", "people", "person_records", "person_accounts", "accounts", "account_tiers",
    "opportunities", "opportunity_contact_roles", "leads", "record_changes", "account_mqa_changes", "users",
)  # fmt: skip
_TEXTS = -1  # no signal has this number


def person_stage_tables(
    t: Mapping[str, ibis.Table],
    *,
    agreement: Agreement,
    as_of: datetime,
    agreement_version: str,
    changes: Mapping[int, ibis.Table] | None = None,
) -> dict[str, ibis.Table]:
    """`person_stage_changes` and `person_stages`, from the tables named in `INPUTS`, for the people of `person_scores`.

    `changes` are what `signal_changes` gave for the same tables, where the caller has kept them.
    """
    stages = agreement.lifecycle.people
    unit = agreement.scoring.engagement.unit
    book, moves = _compiled(agreement)
    events = counted_events(t["scored_activities"], t["person_fits"], book.measures, as_of=as_of)
    known_changes = signal_changes(t, agreement=agreement, as_of=as_of) if changes is None else changes
    signals = person_series(events, book, known_changes, agreement=agreement, as_of=as_of)
    machine = Machine(
        states=len(stages.stages),
        start=stages.names.index(stages.start),
        moves=moves,
        signals=len(book.signals),
        pulses=book.pulses,
        as_of_us=microseconds(as_of),
    )
    amounts = book.amounts(events, agreement.scoring.engagement.decay, entity="person")
    owners = Owners(t["users"], agreement.lifecycle.handover)
    account_owners = _account_owners(t, owners)
    texts = _texts(known_changes[_TEXTS])
    journeys = Journeys(stages, moves, book, key="person_id", unit=unit)
    for person, theirs in beside(_population(t), signals):
        account_id = person["account_id"]
        owner = owners.of_person(person, account_owners.get(account_id or ""))
        facts = Facts(amounts.get(person["person_id"], {}), person["fit_score"], owner, texts=texts.get(person["person_id"], ()))
        journeys.add(person["person_id"], machine.walk(person["created_us"], theirs), facts)
    stamp = {"as_of": as_of, "agreement_version": agreement_version}
    return {
        "person_stage_changes": from_columns(journeys.changes, PERSON_STAGE_CHANGES, **stamp),  # type: ignore[arg-type]
        "person_stages": from_columns(journeys.now, PERSON_STAGES, **stamp),  # type: ignore[arg-type]
    }


def signal_changes(t: Mapping[str, ibis.Table], *, agreement: Agreement, as_of: Moment) -> dict[int, ibis.Table]:
    """What happens to people beside their activities, as queries by the number of the signal; under `_TEXTS` what sentences quote."""
    book = _compiled(agreement)[0]
    return person_changes(t, book, agreement=agreement, as_of=as_of) | {_TEXTS: signal_texts(t, book, agreement=agreement)}


def _texts(rows: ibis.Table) -> dict[str, list[Text]]:
    """By person, what was set when, the earliest first."""
    by_person: dict[str, list[Text]] = {}
    for row in rows.order_by("entity_id", "at_us", "signal", "status").to_pyarrow().to_pylist():
        by_person.setdefault(row["entity_id"], []).append(Text(row["at_us"], row["signal"], row["status"]))
    return by_person


def _compiled(agreement: Agreement) -> tuple[Book, list[CompiledMove]]:
    book = Book()
    return book, compiled(agreement.lifecycle.people, book, unit=agreement.scoring.engagement.unit)


def _population(t: Mapping[str, ibis.Table]) -> pa.Table:
    people = t["people"].select("person_id", "owner_id", "country", "industry", created_us=micros(t["people"].created_at))
    scored = t["person_scores"].select("person_id", "account_id", "fit_score")
    return people.inner_join(scored, "person_id").order_by("person_id").to_pyarrow()


def _account_owners(t: Mapping[str, ibis.Table], owners: Owners) -> dict[str, Owner]:
    """Owners of the accounts that have people."""
    accounts = t["accounts"].semi_join(t["person_accounts"], "account_id").select("account_id", "owner_id", "country", "industry")
    tiers = t["account_tiers"].select("account_id", "tier")
    rows = accounts.inner_join(tiers, "account_id").to_pyarrow().to_pylist()
    return {row["account_id"]: owners.of_account(row, row["tier"]) for row in rows}
