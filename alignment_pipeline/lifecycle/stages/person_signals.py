"""What happens to a person beside their own activities: statuses, dispositions, conversion, opportunities, their account.

Belongs here: changes of the signals in a machine's book that are about people. Criteria on activities: `lifecycle/signals/crossings.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.contracts.moments import Moment, micros, microseconds
from alignment_pipeline.lifecycle.signals.account_signals import ON, customer_since, mqa_intervals, opportunity_intervals, stacked, stays
from alignment_pipeline.lifecycle.signals.changes import series_of
from alignment_pipeline.lifecycle.signals.crossings import Series, crossings, happenings
from alignment_pipeline.lifecycle.signals.events import Events
from alignment_pipeline.lifecycle.stages.conditions import Book, Signal

Tables = Mapping[str, ibis.Table]


def person_series(
    events: Events, book: Book, changes: Mapping[int, ibis.Table], *, agreement: Agreement, as_of: datetime
) -> Iterator[tuple[int, Series]]:
    """Every signal of the book with its changes; those not on activities as `person_changes` gives them."""
    decay = agreement.scoring.engagement.decay
    for number, signal in enumerate(book.signals):
        if signal.measure is not None and signal.kind == "measure":
            yield number, crossings(events, signal.measure, decay, entity="person")
        elif signal.measure is not None:
            yield number, happenings(events, signal.measure, entity="person")
        else:
            yield number, series_of(changes[number], until_us=microseconds(as_of))


def person_changes(t: Tables, book: Book, *, agreement: Agreement, as_of: Moment) -> dict[int, ibis.Table]:
    """Changes (entity_id, at_us, value) of every signal of the book that is not on activities, by the signal's number."""
    signals = ((number, signal) for number, signal in enumerate(book.signals) if signal.measure is None)
    return {number: _changes(t, signal, agreement=agreement, as_of=as_of) for number, signal in signals}


def _changes(t: Tables, signal: Signal, *, agreement: Agreement, as_of: Moment) -> ibis.Table:
    if signal.kind == "fit":
        fits = t["person_fits"]
        return _always(fits.filter(fits.fit_score >= signal.number), "person_id")
    if signal.kind == "tier":
        tiers = t["account_tiers"]
        wanted = tiers.filter(tiers.tier.isin([int(text) for text in signal.patterns]))
        return _of_people(t, _always(wanted, "account_id"))
    if signal.kind == "status":
        series = status_series(t)
        is_one = series.mutate(value=matches(series.status, signal.patterns).cast("int64"))
        return is_one.select("entity_id", "at_us", "value")
    if signal.kind == "becomes":
        series = _text_series(t, signal, agreement)
        became = series.filter(matches(series.status, signal.patterns))
        return became.select("entity_id", "at_us", value=_constant(ON)).distinct()
    if signal.kind == "event":
        return _opportunity_events(t, signal.name)
    return _level(t, signal.name, agreement=agreement, as_of=as_of)


def _text_series(t: Tables, signal: Signal, agreement: Agreement) -> ibis.Table:
    is_status = "status" in (signal.kind, signal.name)
    return status_series(t) if is_status else _input_series(t, signal.name, agreement)


def signal_texts(t: Tables, book: Book, *, agreement: Agreement) -> ibis.Table:
    """What the sentences quote: every text that a signal of the book asks for, when it was set (entity_id, at_us, signal, status)."""
    parts = []
    for number, signal in enumerate(book.signals):
        if signal.kind in ("status", "becomes"):
            series = _text_series(t, signal, agreement)
            mine = series.filter(matches(series.status, signal.patterns))
            parts.append(mine.select("entity_id", "at_us", signal=_constant(number), status=mine.status))
    nothing = (
        t["people"]
        .filter(False)
        .select(entity_id="person_id", at_us=_constant(0), signal=_constant(0), status=ibis.literal("", type="string"))
    )
    return stacked(*parts, nothing)


def _level(t: Tables, name: str, *, agreement: Agreement, as_of: Moment) -> ibis.Table:
    people = t["people"]
    if name == "opted_out":
        return _always(people.filter(people.is_opted_out), "person_id")
    if name == "email_invalid":
        return _always(people.filter(people.is_email_invalid), "person_id")
    if name == "competitor":
        return _always(people.filter(people.email_domain.isin(agreement.people.competitor_domains)), "person_id")
    if name == "converted":
        return _conversions(t)
    if name == "on_open_opportunity":
        return stays(_open_of_people(t), as_of=as_of)
    if name == "customer":
        return _of_people(t, customer_since(t["accounts"], t["opportunities"], as_of=as_of))
    if name == "account_open_opportunity":
        return _of_people(t, stays(opportunity_intervals(t["opportunities"]), as_of=as_of))
    return _of_people(t, stays(mqa_intervals(t["account_mqa_changes"]), as_of=as_of))


def _constant(value: int) -> ibis.Value:
    return ibis.literal(value, type="int64")


def _always(rows: ibis.Table, key: str) -> ibis.Table:
    """What holds from the beginning, because the systems keep no history of it: at 0."""
    return rows.select(entity_id=rows[key], at_us=_constant(0), value=_constant(ON))


def _of_people(t: Tables, of_accounts: ibis.Table) -> ibis.Table:
    """Changes of accounts as changes of their people."""
    pairs = t["person_accounts"].select("person_id", "account_id")
    joined = pairs.inner_join(of_accounts, pairs.account_id == of_accounts.entity_id)
    return joined.select(entity_id=joined.person_id, at_us=joined.at_us, value=joined.value)


def _persons_of(t: Tables, rows: ibis.Table, source_key: ibis.Value) -> ibis.Table:
    keys = t["person_records"].select("source_key", entity_id="person_id")
    keyed = rows.mutate(_key=source_key)
    return keyed.inner_join(keys, keyed._key == keys.source_key)


def status_series(t: Tables) -> ibis.Table:
    """A person's CRM status over time: entity_id, at_us, status. Before the first change stands that change's old value."""
    leads = t["leads"]
    changes = t["record_changes"]
    changes = changes.filter(changes.object == "Lead", changes.field == "Status")
    order = ibis.window(group_by=changes.record_id, order_by=[changes.changed_at, changes.change_id])
    ranked = changes.mutate(rank=ibis.row_number().over(order))
    first = ranked.filter(ranked.rank == 0).select(first_record_id="record_id", first_status="old_value")
    started = leads.left_join(first, leads.lead_id == first.first_record_id)
    starts = started.select(
        record_id=started.lead_id,
        at_us=micros(started.created_at),
        status=ibis.ifelse(started.first_record_id.notnull(), started.first_status, started.status),
    )
    later = changes.select("record_id", at_us=micros(changes.changed_at), status=changes.new_value)
    series = stacked(starts, later)
    by_person = _persons_of(t, series, ibis.literal("lead:") + series.record_id)
    return by_person.select("entity_id", "at_us", "status")


def _input_series(t: Tables, noun: str, agreement: Agreement) -> ibis.Table:
    """What people entered into an input field over time; where no history was kept, the present value since it was known."""
    fields = {(one.object, one.field) for one in agreement.crm.inputs if one.meaning == noun}
    changes = t["record_changes"]
    is_input = ibis.literal(False)
    for object_, field in sorted(fields):
        is_input = is_input | ((changes.object == object_) & (changes.field == field))
    changes = changes.filter(is_input)
    key = changes.object.lower() + ibis.literal(":") + changes.record_id
    changed = _persons_of(t, changes, key)
    series = changed.select("entity_id", at_us=micros(changed.changed_at), status=changed.new_value)
    people = t["people"].filter(t["people"][noun].notnull())
    silent = people.anti_join(series, people.person_id == series.entity_id)
    return stacked(series, silent.select(entity_id="person_id", at_us=micros(silent.known_at), status=silent[noun]))


def _conversions(t: Tables) -> ibis.Table:
    leads = t["leads"].filter(t["leads"].is_converted, t["leads"].converted_at.notnull())
    by_person = _persons_of(t, leads, ibis.literal("lead:") + leads.lead_id)
    first = by_person.group_by("entity_id").aggregate(at_us=micros(by_person.converted_at).min())
    return first.mutate(value=_constant(ON))


def _opportunities_of_people(t: Tables) -> ibis.Table:
    """One row per person and opportunity they are on, by a contact role or because their lead became it."""
    roles = t["opportunity_contact_roles"]
    by_role = _persons_of(t, roles, ibis.literal("contact:") + roles.contact_id)
    leads = t["leads"].filter(t["leads"].converted_opportunity_id.notnull())
    by_lead = _persons_of(t, leads, ibis.literal("lead:") + leads.lead_id)
    pairs = stacked(
        by_role.select("entity_id", of_opportunity_id="opportunity_id"),
        by_lead.select("entity_id", of_opportunity_id="converted_opportunity_id"),
    ).distinct()
    opportunities = t["opportunities"]
    return pairs.inner_join(opportunities, pairs.of_opportunity_id == opportunities.opportunity_id)


def _open_of_people(t: Tables) -> ibis.Table:
    rows = _opportunities_of_people(t)
    closed = ibis.ifelse(rows.is_closed, ibis.coalesce(rows.closed_at, rows.modified_at), ibis.null("timestamp('UTC', 6)"))
    return rows.select("entity_id", from_us=micros(rows.created_at), until_us=micros(closed))


def _opportunity_events(t: Tables, name: str) -> ibis.Table:
    rows = _opportunities_of_people(t)
    at = rows.created_at
    if name != "opportunity_created":
        rows = rows.filter(rows.is_closed, rows.is_won if name == "opportunity_won" else ~rows.is_won)
        at = ibis.coalesce(rows.closed_at, rows.modified_at)
    return rows.select("entity_id", at_us=micros(at), value=_constant(ON)).distinct()
