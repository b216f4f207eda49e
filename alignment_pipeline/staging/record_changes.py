"""Changes of fields over time: from history tracking, or as we observed them where tracking is off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import ibis
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.staging import values, versions

_CONTRACT = CONTRACTS["record_changes"]
_HISTORY = {
    "Lead": ("raw_salesforce_lead_changes", "LeadId"),
    "Contact": ("raw_salesforce_contact_changes", "ContactId"),
    "Opportunity": ("raw_salesforce_opportunity_changes", "OpportunityId"),
}
_RECORDS = {
    "Lead": ("raw_salesforce_leads", ("OwnerId", "Status")),
    "Contact": ("raw_salesforce_contacts", ("OwnerId", "AccountId")),
    "Account": ("raw_salesforce_accounts", ("OwnerId", "Type")),
    "Opportunity": ("raw_salesforce_opportunities", ("OwnerId", "StageName", "Amount")),
}
# history tracking names these fields by their relationship; we name them by their API name
_API_NAMES = {"Owner": "OwnerId", "Account": "AccountId"}
_REFERENCES = tuple(_API_NAMES.values())


def record_changes(raw: Mapping[str, ibis.Table], *, inputs: Mapping[str, Sequence[str]], as_of: datetime) -> ibis.Table:
    """One row per change of a field.

    An owner change leaves two history rows, one with names and one with ids: the row with ids counts. `inputs` maps an
    object to the API names of its input fields, whose changes are observed too. A field is observed only where the
    history holds no change of it at all; then `changed_at` is the stamp of the version that had the new value, and the
    change happened after `earliest_at`, the moment we last knew the old one.
    """
    tracked = [_tracked(raw[table], object_, parent, as_of) for object_, (table, parent) in _HISTORY.items()]
    history = stacked(tracked, _CONTRACT)
    observed = [
        _observed(raw[table], object_, (*fields, *inputs.get(object_, ())), len(fields), as_of)
        for object_, (table, fields) in _RECORDS.items()
    ]
    seen = stacked(observed, _CONTRACT)
    known_fields = history.select("object", "field").distinct()
    untracked = seen.anti_join(known_fields, ["object", "field"])
    return stacked([history, untracked], _CONTRACT)


def _tracked(raw: ibis.Table, object_: str, parent: str, as_of: datetime) -> ibis.Table:
    rows = versions.living(raw, as_of=as_of)
    field = rows.Field
    for tracked, api_name in _API_NAMES.items():
        field = ibis.ifelse(rows.Field == tracked, ibis.literal(api_name), field)
    changed_at = values.timestamp(rows.CreatedDate)
    table = rows.select(
        change_id=rows.record_id,
        object=ibis.literal(object_),
        record_id=values.identifier(rows[parent]),
        field=field,
        old_value=values.text(rows.OldValue),
        new_value=values.text(rows.NewValue),
        changed_at=changed_at,
        earliest_at=changed_at,
        is_observed=ibis.literal(False),
        known_at=rows.known_at,
    ).filter(_.record_id.notnull(), _.field.notnull(), _.changed_at.notnull())
    named = table.field.isin(_REFERENCES) & values.identifier(ibis.coalesce(table.new_value, table.old_value)).isnull()
    return table.filter(~named)


def _observed(raw: ibis.Table, object_: str, fields: Sequence[str], standard: int, as_of: datetime) -> ibis.Table:
    known = raw.filter(_.known_at <= ibis.literal(as_of).cast("timestamp('UTC')"), ~_.is_deleted)
    parts = []
    for position, field in enumerate(fields):
        value = known[field] if position < standard else values.custom(known, field)
        order = ibis.window(group_by="record_id", order_by=["modified_at", "known_at", "row_hash"])
        rows = known.select("record_id", "known_at", "modified_at", "row_hash", new_value=values.text(value)).mutate(
            old_value=_.new_value.lag().over(order),
            earlier_at=ibis.greatest(_.known_at.lag().over(order), _.modified_at.lag().over(order)),
        )
        moved = rows.filter(_.earlier_at.notnull(), ~_.new_value.identical_to(_.old_value))
        changed_at = ibis.coalesce(moved.modified_at, moved.known_at)
        parts.append(
            moved.select(
                # with the version's hash: stamps are whole seconds, and two edits may share one
                change_id=ibis.literal(f"observed:{object_}.{field}:")
                + moved.record_id
                + ibis.literal(":")
                + changed_at.cast("string")
                + ibis.literal(":")
                + moved.row_hash,
                object=ibis.literal(object_),
                record_id=moved.record_id,
                field=ibis.literal(field),
                old_value=moved.old_value,
                new_value=moved.new_value,
                changed_at=changed_at,
                earliest_at=ibis.least(moved.earlier_at, changed_at),
                is_observed=ibis.literal(True),
                known_at=moved.known_at,
            )
        )
    return stacked(parts, _CONTRACT)
