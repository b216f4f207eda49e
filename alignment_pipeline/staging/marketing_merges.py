"""Records of people that a marketing system has merged into others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.staging import values, versions
from alignment_pipeline.staging.chains import end_of_chain

_PEOPLE = {system.name: system.people for system in MARKETING if system.people is not None and system.people.merged_into is not None}
TABLES = tuple(people.table for people in _PEOPLE.values())


def marketing_merges(raw: Mapping[str, ibis.Table], *, as_of: datetime) -> ibis.Table:
    """One row per record that was merged away and does not live any more, from the raw tables `TABLES`.

    Of several tombstones the latest that names a survivor counts: a deletion logged beside the merge names none.
    """
    rows = []
    for system, people in _PEOPLE.items():
        table = raw[people.table]
        named = table.mutate(survivor=values.text(table[people.merged_into])).filter(_.survivor.notnull())
        living = versions.living(table, as_of=as_of).select("record_id")
        merges = versions.current(named, as_of=as_of).anti_join(living, "record_id").select("record_id", "survivor").to_pyarrow()
        into = dict(zip(*(merges[name].to_pylist() for name in merges.column_names), strict=True))
        ends = {record: end_of_chain(record, into) for record in sorted(into)}
        rows += [{"source_key": f"{system}:{record}", "survivor_key": f"{system}:{end}"} for record, end in ends.items() if end != record]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS["marketing_merges"].schema))
