"""What could not be read: counted, with table, record, column and reason, so that nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.staging import values, versions
from alignment_pipeline.staging.sources import SOURCES

_REASONS = {
    "id": "is no Salesforce id of 15 or 18 characters",
    "email": "is no e-mail address",
    "timestamp": "is no moment in ISO 8601",
    "date": "is no date",
    "number": "is no finite number",
    "integer": "is no whole number",
    "flag": "is neither true nor false",
    "text": "is blank",
}


def quarantined_rows(raw: Mapping[str, ibis.Table], *, as_of: datetime) -> ibis.Table:
    """One row per raw row that could not be read as what its table promises.

    `raw` maps raw table names to their tables; tables without typed columns are passed over. A required value that is
    missing or unreadable drops its row (is_row_dropped); any other unreadable value becomes null.
    """
    found = []
    for name in sorted(set(raw) & set(SOURCES)):
        table = versions.living(raw[name], as_of=as_of)
        for column, source in SOURCES[name].items():
            value = table[source.field]
            read = values.KINDS[source.kind](value)
            given = values.text(value).notnull()
            bad = read.isnull() if source.required else read.isnull() & given
            if source.kind == "text" and not source.required:
                continue
            reason = ibis.ifelse(given, ibis.literal(f"{column} {_REASONS[source.kind]}"), ibis.literal(f"{column} is missing"))
            found.append(
                table.filter(bad).select(
                    table_name=ibis.literal(name),
                    record_id=_.record_id,
                    column_name=ibis.literal(source.field),
                    reason=reason,
                    is_row_dropped=ibis.literal(source.required),
                    value_hash=value.hexdigest("sha256"),
                    known_at=_.known_at,
                )
            )
    contract = CONTRACTS["quarantined_rows"]
    if not found:
        return ibis.memtable(contract.empty())
    return stacked(found, contract).distinct()
