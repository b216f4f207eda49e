"""Outcomes: what sales said of the people it was handed: accepted, rejected with a code, deferred.

Belongs here: the events (`person_outcomes`) and the table of rates made of them (`sla_dispositions`), and whether closed deals say why
(`win_loss_captures`). Clocks that outcomes stop: `sla/ledger.py`.
"""

from __future__ import annotations

from datetime import datetime

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_policies import Event
from alignment_pipeline.contracts.contract import Contract
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.contracts.sla import PERSON_OUTCOMES, SLA_DISPOSITIONS, WIN_LOSS_CAPTURES
from alignment_pipeline.sla.arrays import NOTHING, fetch, text
from alignment_pipeline.sla.timelines import subjects
from alignment_pipeline.sla.timelines.sources import Sources

_NONE = "(none)"


def person_outcomes(sources: Sources, *, sla: Sla, crm: Crm, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`person_outcomes`: what sales said of each person and when."""
    events = ibis.memtable(said(sources, sla=sla, crm=crm, as_of=as_of))
    # a status and a disposition of the same moment say it once
    once = events.group_by(["person_id", "outcome", "said_at"]).agg(
        code=events.code.max(), owner_id=events.owner_id.max(), lead_source=events.lead_source.max()
    )
    return _as_contract(once, PERSON_OUTCOMES, as_of, agreement_version)


def said(sources: Sources, *, sla: Sla, crm: Crm, as_of: datetime) -> pa.Table:
    """One row per person and outcome event: person_id, outcome, code, said_at, owner_id, lead_source.

    A rejection counts with or without a code; one that was given after it, or that still stands beside it, is its code.
    """
    now = microseconds(as_of)
    people = subjects.people(sources, pa.array([], pa.string()), sla=sla, crm=crm, as_of=now)
    places = np.concatenate([people.events.matching(Event(event=name)) for name in ("accepted", "pushed_back", "deferred")])
    subject, at = people.events.subject[places], people.events.at[places]
    owner = people.lines.owner[people.lines.at(subject, at)] if len(places) else places
    kinds = pc.replace_substring(people.events.kind.take(pa.array(places)).cast(pa.string()), "pushed_back", "rejected")
    person_ids = people.ids.take(pa.array(subject))
    base = fetch(sources.people, "person_id", "reject_code")
    now = pc.take(base["reject_code"], pc.index_in(person_ids, value_set=text(base["person_id"]).combine_chunks()))
    typed = _as_typed(people.events.value.take(pa.array(places)).cast(pa.string()), people.past.vocabulary)
    given = people.events.matching(Event(event="rejected"))
    last_given = np.full(len(people.ids), NOTHING, dtype=np.int64)
    last_given[people.events.subject[given]] = given
    place = last_given[subject]
    later = people.events.value.take(pa.array(place, pa.int64(), mask=place == NOTHING)).cast(pa.string())
    typed = pc.coalesce(typed, _as_typed(later, people.past.vocabulary))
    return pa.table(
        {
            "person_id": person_ids,
            "outcome": kinds,
            "code": pc.if_else(pc.equal(kinds, "rejected"), pc.coalesce(typed, now), pa.scalar(None, pa.string())),
            "said_at": pa.array(at).cast(pa.timestamp("us", tz="UTC")),
            "owner_id": people.past.vocabulary.take(pa.array(owner, pa.int64(), mask=owner == NOTHING)),
            "lead_source": people.lead_source.take(pa.array(subject)),
        }
    )


def _as_typed(lowered: pa.Array, vocabulary: pa.Array) -> pa.Array:
    """Reject codes as people typed them (events hold them in lower case)."""
    known = pc.utf8_lower(vocabulary)
    return vocabulary.take(pc.index_in(lowered, value_set=known)) if len(vocabulary) else lowered


def sla_dispositions(outcomes: ibis.Table, *, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`sla_dispositions`: how many people each owner accepted, rejected (by code) or deferred, per month and source."""
    keyed = outcomes.mutate(
        period_start_on=outcomes.said_at.truncate("M").date(),
        owner_id=outcomes.owner_id.fill_null(_NONE),
        lead_source=outcomes.lead_source.fill_null(_NONE),
        code=outcomes.code.fill_null(_NONE),
    )
    place = ["period_start_on", "owner_id", "lead_source"]
    counts = keyed.group_by([*place, "outcome", "code"]).agg(people=keyed.person_id.nunique())
    whole = counts.people.sum().over(ibis.window(group_by=place)).cast("float64")
    return _as_contract(counts.mutate(share_pct=100.0 * counts.people.cast("float64") / whole), SLA_DISPOSITIONS, as_of, agreement_version)


def win_loss_captures(opportunities: ibis.Table, *, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`win_loss_captures`: of the opportunities closed per month, owner and result, how many say why."""
    closed = opportunities.filter(opportunities.is_closed & opportunities.closed_at.notnull())
    keyed = closed.mutate(period_start_on=closed.closed_at.truncate("M").date(), owner_id=closed.owner_id.fill_null(_NONE))
    counts = keyed.group_by(["period_start_on", "owner_id", "is_won"]).agg(
        closed=keyed.count(), with_reason=(keyed.loss_reason.fill_null("").strip() != "").cast("int64").sum()
    )
    share = 100.0 * counts.with_reason.cast("float64") / counts.closed.cast("float64")
    return _as_contract(counts.mutate(capture_pct=share), WIN_LOSS_CAPTURES, as_of, agreement_version)


def _as_contract(table: ibis.Table, contract: Contract, as_of: datetime, agreement_version: str) -> ibis.Table:
    names = contract.names
    schema = contract.schema
    dated = table.mutate(as_of=ibis.literal(as_of).cast("timestamp('UTC')"), agreement_version=ibis.literal(agreement_version))
    return ibis.memtable(dated.select(*names).order_by(*names[:5]).to_pyarrow().cast(schema))
