"""Marketo's people as one more object of the write-back: the same plan, journal and verification, over Marketo's REST API.

Belongs here: reading, updating and describing `MarketoLead` in the words of `connectors/crm.py`, and a Crm that sends each object where it
belongs. Only existing people are updated, by id; nothing is created. The calls themselves: `connectors/marketo/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.connectors.crm import Crm, Fields, Reader, Record, Writer
from alignment_pipeline.connectors.descriptions import FieldDescription, ObjectDescription
from alignment_pipeline.connectors.marketo import codes, describe, leads, writes
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.errors import Permanent
from alignment_pipeline.write_back.sending.context import MODSTAMP

_MODIFIED = "updatedAt"
_TYPES = {"text": "textarea", "string": "string"}
_CLASSES = {
    **dict.fromkeys(codes.GONE, RetryClass.GONE),
    **dict.fromkeys(("603", "1006"), RetryClass.SCHEMA),
    **dict.fromkeys(("604", "606", "608", "611", "614", "615", "713"), RetryClass.TRANSIENT),
    "607": RetryClass.QUOTA,
    "UNKNOWN_OUTCOME": RetryClass.UNKNOWN,
}


def with_marketo(crm: Crm, session: MarketoSession, *, may_write: bool = True) -> Crm:
    """The same organisation, with Marketo's people as the object MarketoLead."""
    marketo = _Marketo(session)

    def describe_all(names: Sequence[str]) -> Mapping[str, ObjectDescription | None]:
        descriptions = dict(crm.describe_all(names))
        return descriptions | {MARKETO_LEAD: marketo.describe()} if MARKETO_LEAD in names else descriptions

    writer = _Writers(crm.writer, marketo) if may_write and crm.writer is not None else None
    return replace(crm, reader=_Readers(crm.reader, marketo), writer=writer, describe_all=describe_all, has_marketo=True)


@dataclass(frozen=True)
class _Marketo:
    """The calls for one subscription."""

    session: MarketoSession

    def read(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record | None]:
        names = [_MODIFIED if name == MODSTAMP else name for name in fields]
        records: dict[str, Record | None] = dict.fromkeys(ids)
        for lead in leads.by_ids(self.session, [int(one) for one in records], ["id", *names]):
            records[str(lead["id"])] = {**lead, "Id": str(lead["id"]), MODSTAMP: lead.get(_MODIFIED)}
        return records

    def update(self, records: Sequence[Fields]) -> list[RowResult]:
        inputs = [{"id": int(one["Id"]), **{name: value for name, value in one.items() if name != "Id"}} for one in records]
        return [_row(result) for result in writes.update_leads(self.session, inputs)]

    def describe(self) -> ObjectDescription:
        fields = [
            FieldDescription(one.name, _TYPES.get(one.type, one.type), length=one.length, is_updateable=not one.is_read_only)
            for one in describe.describe(self.session).values()
        ]
        return ObjectDescription(MARKETO_LEAD, {one.name: one for one in fields}, _by_lower={one.name.lower(): one for one in fields})


def _row(result: writes.LeadResult) -> RowResult:
    key = str(result.lead_id)
    if result.is_success:
        return RowResult.success(key, key)
    code = result.code or "UNKNOWN"
    return RowResult.failure(key, code, result.message or "", retry=_CLASSES.get(code, RetryClass.ROW))


@dataclass(frozen=True)
class _Readers:
    """Each object from its system."""

    salesforce: Reader
    marketo: _Marketo

    def read_by_ids(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record | None]:
        if object_name == MARKETO_LEAD:
            return self.marketo.read(ids, fields)
        return self.salesforce.read_by_ids(object_name, ids, fields)

    def find_by_keys(self, object_name: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, list[Record]]:
        _only_updated(object_name)
        return self.salesforce.find_by_keys(object_name, key_field, keys, fields)


@dataclass(frozen=True)
class _Writers:
    """Each object to its system."""

    salesforce: Writer
    marketo: _Marketo

    def update_collection(self, object_name: str, records: Sequence[Fields]) -> list[RowResult]:
        if object_name == MARKETO_LEAD:
            return self.marketo.update(records)
        return self.salesforce.update_collection(object_name, records)

    def upsert_collection(self, object_name: str, key_field: str, records: Sequence[Fields]) -> list[RowResult]:
        _only_updated(object_name)
        return self.salesforce.upsert_collection(object_name, key_field, records)

    def create_collection(self, object_name: str, records: Sequence[Fields], keys: Sequence[str]) -> list[RowResult]:
        _only_updated(object_name)
        return self.salesforce.create_collection(object_name, records, keys)

    def update_one(self, object_name: str, record_id: str, fields: Fields, *, if_unmodified_since: datetime | None = None) -> RowResult:
        _only_updated(object_name)
        return self.salesforce.update_one(object_name, record_id, fields, if_unmodified_since=if_unmodified_since)


def _only_updated(object_name: str) -> None:
    if object_name == MARKETO_LEAD:
        raise Permanent("people of Marketo are only updated by id, many at once: nothing else was asked of Marketo")
