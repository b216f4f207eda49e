"""Stages of people: history and present, from everything that happened to them.

Belongs here: who is walked through the machine and what they begin with. Signals: `person_signals.py`; the walk: `machine.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts.lifecycle import PERSON_STAGE_CHANGES, PERSON_STAGES
from alignment_pipeline.contracts.shape import from_columns
from alignment_pipeline.lifecycle.conditions import Book, compiled
from alignment_pipeline.lifecycle.crossings import merged, now
from alignment_pipeline.lifecycle.events import counted_events, micros, microseconds
from alignment_pipeline.lifecycle.handover import Owners
from alignment_pipeline.lifecycle.journeys import Facts, Journeys, Owner
from alignment_pipeline.lifecycle.machine import Machine
from alignment_pipeline.lifecycle.person_signals import person_changes
from alignment_pipeline.lifecycle.walks import by_entity

INPUTS = (
    "scored_activities", "person_fits", "person_scores", "people", "person_records", "person_accounts", "accounts", "account_tiers",
    "opportunities", "opportunity_contact_roles", "leads", "record_changes", "account_mqa_changes", "users",
)  # fmt: skip


def person_stage_tables(
    t: Mapping[str, ibis.Table], *, agreement: Agreement, as_of: datetime, agreement_version: str
) -> dict[str, ibis.Table]:
    """`person_stage_changes` and `person_stages`, from the tables named in `INPUTS`, for the people of `person_scores`."""
    stages = agreement.lifecycle.people
    unit = agreement.scoring.engagement.unit
    book = Book()
    moves = compiled(stages, book, unit=unit)
    changes = by_entity(merged(person_changes(t, book, agreement=agreement, as_of=as_of)))
    machine = Machine(
        states=len(stages.stages),
        start=stages.names.index(stages.start),
        moves=moves,
        signals=len(book.signals),
        pulses=book.pulses,
        as_of_us=microseconds(as_of),
    )
    amounts = _amounts(t, book, agreement=agreement, as_of=as_of)
    owners = Owners(t["users"], agreement.lifecycle.handover)
    account_owners = _account_owners(t, owners)
    journeys = Journeys(stages, moves, book, key="person_id", unit=unit)
    for person, found in changes.beside(_population(t)):
        account_id = person["account_id"]
        owner = owners.of_person(person, account_owners.get(str(account_id)) if account_id else None)
        facts = Facts(amounts.get(str(person["person_id"]), {}), person["fit_score"], owner)  # type: ignore[arg-type]
        journeys.add(str(person["person_id"]), machine.walk(int(person["created_us"]), found), facts)  # type: ignore[call-overload]
    stamp = {"as_of": as_of, "agreement_version": agreement_version}
    return {
        "person_stage_changes": from_columns(journeys.changes, PERSON_STAGE_CHANGES, **stamp),  # type: ignore[arg-type]
        "person_stages": from_columns(journeys.now, PERSON_STAGES, **stamp),  # type: ignore[arg-type]
    }


def _population(t: Mapping[str, ibis.Table]) -> ibis.Table:
    people = t["people"].select("person_id", "owner_id", "country", "industry", created_us=micros(t["people"].created_at))
    scored = t["person_scores"].select("person_id", "account_id", "fit_score")
    return people.inner_join(scored, "person_id").order_by("person_id")


def _amounts(t: Mapping[str, ibis.Table], book: Book, *, agreement: Agreement, as_of: datetime) -> dict[str, dict[int, int]]:
    """What people have now of the criteria on points and activities: person to signal to amount."""
    events = counted_events(t["scored_activities"], t["person_fits"], as_of=as_of)
    found: dict[str, dict[int, int]] = {}
    for number, signal in enumerate(book.signals):
        if signal.kind != "measure" or signal.measure is None:
            continue
        rows = now(events, signal.measure, agreement.scoring.engagement.decay, entity="person_id", as_of=as_of).to_pyarrow()
        for person_id, amount in zip(rows["entity_id"].to_pylist(), rows["amount"].to_pylist(), strict=True):
            found.setdefault(person_id, {})[number] = amount
    return found


def _account_owners(t: Mapping[str, ibis.Table], owners: Owners) -> dict[str, Owner]:
    """Owners of the accounts that have people."""
    accounts = t["accounts"].semi_join(t["person_accounts"], "account_id").select("account_id", "owner_id", "country", "industry")
    tiers = t["account_tiers"].select("account_id", "tier")
    rows = accounts.inner_join(tiers, "account_id").to_pyarrow().to_pylist()
    return {row["account_id"]: owners.of_account(row, row["tier"]) for row in rows}
