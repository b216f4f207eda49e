"""Ticks: the same ledger, recomputed only for the subjects that something happened to or whose next moment has come.

Belongs here: which subjects those are, the sources cut down to them, and putting their rows in the place of the old ones. The fold
itself is `sla/ledger.py`, for a tick as for a full run. Elapsed minutes of clocks that nothing happened to stay as of their last fold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts import sla as tables
from alignment_pipeline.sla.ledger import Ledger
from alignment_pipeline.sla.sources import Sources, fetch, text

# the CRM's own stamps (deletions, stage entries) may lie before the moment we learned of them
_MARGIN = timedelta(days=1)
_OF_PERSON = ("people", "person_records", "person_accounts", "person_stage_changes")
_OF_RECORD = ("touches", "activities")
LEDGER_CONTRACTS = (tables.SLA_CLOCKS, tables.SLA_SLICES, tables.SLA_ESCALATIONS, tables.SLA_EXCLUSIONS)
"""Contracts of the ledger's four tables, in the order of its fields."""


@dataclass(frozen=True)
class Touched:
    """Subjects to fold again."""

    people: pa.Array
    accounts: pa.Array
    opportunities: pa.Array

    @property
    def ids(self) -> pa.Array:
        """All of them."""
        return pa.concat_arrays([self.people, self.accounts, self.opportunities])


def touched(before: Ledger, sources: Sources, *, sla: Sla, since: datetime, as_of: datetime) -> Touched:
    """Subjects with news known after `since`, the moment of the last fold, or with a moment of their own up to `as_of`.

    Moments of their own: coming due or at risk, a rung, and everything that waits for a feed (unknown, waiting). Changes of an
    account or an opportunity touch the account's people, because they decide whether a person is a new lead.
    """
    moment, margin = (ibis.literal(one).cast("timestamp('UTC')") for one in (since, since - _MARGIN))
    records = fetch(sources.person_records, "source_key", "person_id")
    keys: list[pa.ChunkedArray] = []
    for table in (sources.touches, sources.activities):
        keys.append(text(fetch(table.filter(table.known_at > moment), "source_key")["source_key"]))
    changed = {name: _news(sources, name, moment) for name in ("leads", "contacts", "accounts", "opportunities")}
    changes = sources.record_changes.filter(sources.record_changes.known_at > moment)
    states = sources.record_states.filter(sources.record_states.modified_at > margin)
    for object_, name in (("Lead", "leads"), ("Contact", "contacts"), ("Account", "accounts"), ("Opportunity", "opportunities")):
        for rows in (changes, states):
            changed[name] += [text(fetch(rows.filter(rows.object == object_), "record_id")["record_id"])]
    for name, prefix in (("leads", "lead"), ("contacts", "contact")):
        keys += [pc.binary_join_element_wise(prefix, column, ":") for column in changed[name]]
    people = [_of(records, keys, "source_key", "person_id")]
    stages = sources.person_stage_changes.filter(sources.person_stage_changes.entered_at > margin)
    people.append(_array([text(fetch(stages, "person_id")["person_id"])]))
    deals = fetch(sources.opportunities, "opportunity_id", "account_id")
    moves = sources.opportunity_stage_changes.filter(sources.opportunity_stage_changes.known_at > moment)
    opportunities = _array([*changed["opportunities"], text(fetch(moves, "opportunity_id")["opportunity_id"])])
    accounts = [_array(changed["accounts"]), _of(deals, [pa.chunked_array([opportunities])], "opportunity_id", "account_id")]
    for table in (sources.account_mqa_changes, sources.account_stage_changes):
        accounts.append(_array([text(fetch(table.filter(table.entered_at > margin), "account_id")["account_id"])]))
    owned = fetch(sources.person_accounts, "person_id", "account_id")
    people.append(_of(owned, [pa.chunked_array([one]) for one in accounts], "account_id", "person_id"))
    people.append(_moved(before, owned))
    due = _due(before, sla, as_of)
    people.append(due["person"])
    every = _array([pa.chunked_array([one]) for one in people])
    accounts += [due["account"], _of(owned, [pa.chunked_array([every])], "person_id", "account_id")]
    return Touched(
        every,
        _array([pa.chunked_array([one]) for one in accounts]),
        _array([pa.chunked_array([opportunities]), pa.chunked_array([due["opportunity"]])]),
    )


def cut(sources: Sources, subjects: Touched) -> Sources:
    """The sources of these subjects alone: their records, events and changes, and the accounts and opportunities they need."""
    records = fetch(sources.person_records, "source_key", "person_id", "record_id")
    mine = records.filter(pc.is_in(records["person_id"], value_set=subjects.people))
    owned = fetch(sources.person_accounts, "person_id", "account_id")
    # an account's clock is stopped by a touch of any of its people
    family = owned.filter(pc.is_in(owned["account_id"], value_set=subjects.accounts))["person_id"]
    kin = records.filter(pc.is_in(records["person_id"], value_set=_array([text(family)])))
    keys = _array([text(mine["source_key"]), text(kin["source_key"])])
    deals = fetch(sources.opportunities, "opportunity_id", "account_id")
    of_accounts = _of(deals, [pa.chunked_array([subjects.accounts])], "account_id", "opportunity_id")
    opportunities = _array([pa.chunked_array([of_accounts]), pa.chunked_array([subjects.opportunities])])
    wanted = {
        **{name: ("person_id", _array([pa.chunked_array([subjects.people]), text(family)])) for name in _OF_PERSON},
        **dict.fromkeys(_OF_RECORD, ("source_key", keys)),
        "leads": ("lead_id", _array([text(mine["record_id"])])),
        "contacts": ("contact_id", _array([text(mine["record_id"])])),
        "accounts": ("account_id", subjects.accounts),
        "account_mqa_changes": ("account_id", subjects.accounts),
        "account_stage_changes": ("account_id", subjects.accounts),
        "opportunities": ("opportunity_id", opportunities),
        "opportunity_stage_changes": ("opportunity_id", opportunities),
        "opportunity_contact_roles": ("contact_id", _array([text(mine["record_id"])])),
    }
    ids = _array([text(mine["record_id"]), pa.chunked_array([subjects.accounts]), pa.chunked_array([opportunities])])
    wanted |= {"record_changes": ("record_id", ids), "record_states": ("record_id", ids)}
    return replace(sources, **{name: _only(getattr(sources, name), column, values) for name, (column, values) in wanted.items()})


def merged(before: Ledger, tick: Ledger, subjects: Touched) -> Ledger:
    """The ledger with the rows of these subjects replaced by the tick's."""
    old, new = (
        [
            fetch(table, *contract.names)
            for contract, table in zip(LEDGER_CONTRACTS, (one.clocks, one.slices, one.escalations, one.exclusions), strict=True)
        ]
        for one in (before, tick)
    )
    gone, fresh = (
        part.filter(pc.is_in(part["subject_id"], value_set=subjects.ids))["clock_id"].combine_chunks() for part in (old[0], new[0])
    )
    out = []
    for place, contract in enumerate(LEDGER_CONTRACTS):
        key, left_out, taken = ("subject_id", subjects.ids, subjects.ids) if "subject_id" in contract.names else ("clock_id", gone, fresh)
        kept = old[place].filter(pc.invert(pc.is_in(old[place][key], value_set=left_out)))
        added = new[place].filter(pc.is_in(new[place][key], value_set=taken))
        out.append(ibis.memtable(pa.concat_tables([kept.cast(contract.schema), added.cast(contract.schema)])))
    return Ledger(*out)


def _news(sources: Sources, name: str, moment: ibis.Value) -> list[pa.ChunkedArray]:
    table, key = getattr(sources, name), f"{name.removesuffix('s') if name != 'opportunities' else 'opportunity'}_id"
    return [text(fetch(table.filter(table.known_at > moment), key)[key])]


def _moved(before: Ledger, owned: pa.Table) -> pa.Array:
    """People with a clock whose account is another one now."""
    clocks = fetch(before.clocks.filter(before.clocks.person_id.notnull()), "person_id", "account_id")
    place = pc.index_in(clocks["person_id"], value_set=text(owned["person_id"]).combine_chunks())
    now = pc.fill_null(pc.take(owned["account_id"], place), "")
    return _array([text(clocks["person_id"].filter(pc.not_equal(pc.fill_null(clocks["account_id"], ""), now)))])


def _due(before: Ledger, sla: Sla, as_of: datetime) -> dict[str, pa.Array]:
    """Subjects whose clocks or rungs change by themselves up to `as_of`, or wait for a feed."""
    now, oldest = (ibis.literal(one).cast("timestamp('UTC')") for one in (as_of, as_of - timedelta(hours=sla.escalation.max_age_hours)))
    clocks, rungs = before.clocks, before.escalations
    is_open = clocks.state.isin(["pending", "at_risk"])
    comes_due = is_open & ((clocks.due_at <= now) | (clocks.at_risk_at <= now))
    ready = clocks.filter(clocks.state.isin(["unknown", "paused"]) | comes_due)
    turning = (rungs.state == "waiting") | ((rungs.state == "future") & (rungs.due_at <= now))
    ageing = rungs.state.isin(["due", "cancelled"]) & (rungs.due_at < oldest)
    told = clocks.semi_join(rungs.filter(turning | ageing).select("clock_id"), "clock_id")
    parts = [fetch(rows, "subject", "subject_id") for rows in (ready, told)]

    def of_kind(kind: str) -> pa.Array:
        return _array([text(rows.filter(pc.equal(rows["subject"], kind))["subject_id"]) for rows in parts])

    return {kind: of_kind(kind) for kind in ("person", "account", "opportunity")}


def _of(table: pa.Table, keys: list[pa.ChunkedArray], key: str, value: str) -> pa.Array:
    """Values of the rows whose key is among these."""
    return _array([text(table.filter(pc.is_in(table[key], value_set=_array(keys)))[value])])


def _array(columns: list[pa.ChunkedArray]) -> pa.Array:
    """All values of these columns, each once."""
    chunks = [chunk for column in columns for chunk in column.chunks]
    unique = pc.unique(pa.chunked_array(chunks, type=pa.string()))
    return unique.filter(pc.is_valid(unique))


def _only(table: ibis.Table, column: str, values: pa.Array) -> ibis.Table:
    """Rows of the table whose column is one of the values."""
    return table.semi_join(ibis.memtable(pa.table({column: values})), column)
