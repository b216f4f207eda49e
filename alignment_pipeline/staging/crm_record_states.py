"""What became of each CRM record: alive, deleted, merged into another, or converted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import loosened
from alignment_pipeline.staging import values, versions
from alignment_pipeline.staging.chains import end_of_chain

_TABLES = {
    "Account": "raw_salesforce_accounts",
    "Contact": "raw_salesforce_contacts",
    "Lead": "raw_salesforce_leads",
    "Opportunity": "raw_salesforce_opportunities",
}


def crm_record_states(raw: Mapping[str, ibis.Table], *, as_of: datetime) -> ibis.Table:
    """One row per lead, contact, account and opportunity ever seen.

    Chains of merges are followed to the end; a circle (two systems restored from different backups made one) ends at
    the record itself. A survivor that was deleted later stays the survivor: its own row says that it is deleted.
    """
    parts = []
    for object_, name in _TABLES.items():
        current = versions.current(raw[name], as_of=as_of)
        no_master = object_ == "Opportunity"
        converted = values.identifier(current.ConvertedContactId) if object_ == "Lead" else ibis.null("string")
        parts.append(
            current.filter(values.identifier(current.record_id).notnull()).select(
                object=ibis.literal(object_),
                record_id=current.record_id,
                is_deleted=current.is_deleted,
                master_id=ibis.null("string") if no_master else values.identifier(current.MasterRecordId),
                converted_to_id=converted,
                account_id=values.identifier(current.AccountId) if object_ == "Contact" else ibis.null("string"),
                created_at=values.timestamp(current.CreatedDate),
                modified_at=ibis.coalesce(current.modified_at, current.known_at),
            )
        )
    rows = ibis.union(*[loosened(part) for part in parts]).to_pyarrow()
    return ibis.memtable(_with_survivors(rows))


def _with_survivors(rows: pa.Table) -> pa.Table:
    ids, masters = rows.column("record_id").to_pylist(), rows.column("master_id").to_pylist()
    into = {record: master for record, master in zip(ids, masters, strict=True) if master and master != record}
    survivors = [end_of_chain(record, into) for record in ids]
    table = rows.append_column("survivor_id", pa.array(survivors, pa.string()))
    return table.select(list(CONTRACTS["crm_record_states"].names))
