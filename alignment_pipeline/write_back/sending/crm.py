"""What the protocol needs of a CRM, and nothing more.

Belongs here: the narrow view that `write_back/` has of `connectors/salesforce/`; Marketo beside it is `marketo.py`. A dry run has a reader
only: `writer` is None, and so are its credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.connectors.salesforce import rest_query
from alignment_pipeline.connectors.salesforce.bulk_ingest import BulkIngest, IngestStatus
from alignment_pipeline.connectors.salesforce.describe import Describer, ObjectDescription
from alignment_pipeline.connectors.salesforce.identifiers import api_name
from alignment_pipeline.connectors.salesforce.reads import Record, SalesforceReader
from alignment_pipeline.connectors.salesforce.results import RowResult
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.salesforce.writes import SalesforceWriter

Fields = Mapping[str, Any]


class Reader(Protocol):
    """Reads records by id or key."""

    def read_by_ids(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record | None]: ...

    def find_by_keys(self, object_name: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, list[Record]]: ...


class Writer(Protocol):
    """Writes records; failures of rows are values, lost answers raise OutcomeUnknown."""

    def update_collection(self, object_name: str, records: Sequence[Fields]) -> list[RowResult]: ...

    def upsert_collection(self, object_name: str, key_field: str, records: Sequence[Fields]) -> list[RowResult]: ...

    def create_collection(self, object_name: str, records: Sequence[Fields], keys: Sequence[str]) -> list[RowResult]: ...

    def update_one(self, object_name: str, record_id: str, fields: Fields, *, if_unmodified_since: datetime | None = None) -> RowResult: ...


class Bulk(Protocol):
    """Bulk ingest jobs."""

    def create(self, object_name: str, operation: Any, *, key_field: str | None = None) -> str: ...

    def upload(self, job_id: str, records: Sequence[Fields]) -> None: ...

    def close(self, job_id: str) -> None: ...

    def abort(self, job_id: str) -> None: ...

    def status(self, job_id: str) -> IngestStatus: ...

    def wait(self, job_id: str) -> IngestStatus: ...

    def results(self, job_id: str, keys: Sequence[str], *, key_column: str = "Id") -> list[RowResult]: ...


@dataclass(frozen=True)
class Limits:
    """The organisation's day: calls allowed and left, and the server's own time when it told."""

    allowed: int | None
    remaining: int | None
    server_now: datetime | None


@dataclass(frozen=True)
class Newest:
    """The record with the latest value of a field, and who changed the record last."""

    record_id: str
    value: Any
    by: str | None


@dataclass
class Crm:
    """One organisation, as the write-back sees it. `describe_all` asks anew each time: what was true an hour ago may block a write."""

    organization_id: str
    reader: Reader
    writer: Writer | None
    bulk: Bulk | None
    describe_all: Callable[[Sequence[str]], Mapping[str, ObjectDescription | None]]
    limits: Callable[[], Limits]
    calls: Callable[[], int]
    user: str = ""
    has_marketo: bool = False
    newest: Callable[[str, str], Newest | None] = lambda object_, field: None

    def reaches(self, object_: str) -> bool:
        """Whether the object's records can be read and written here."""
        return self.has_marketo or object_ != MARKETO_LEAD

    def has_bulk(self, object_: str) -> bool:
        """Whether the object may go by a bulk job."""
        return self.bulk is not None and object_ != MARKETO_LEAD


def salesforce(session: SalesforceSession, *, may_write: bool = True) -> Crm:
    """The Salesforce organisation of a session. Raises ConfigurationError when it is not the expected one (SALESFORCE_ORG_ID)."""
    session.check_organization()
    return Crm(
        organization_id=session.organization_id,
        reader=SalesforceReader(session),
        writer=SalesforceWriter(session) if may_write else None,
        bulk=BulkIngest(session) if may_write else None,
        describe_all=lambda names: Describer(session).describe_all([name for name in names if name != MARKETO_LEAD]),
        limits=lambda: _limits(session),
        calls=lambda: session.counter.total,
        newest=lambda object_, field: _newest(session, object_, field),
    )


def _newest(session: SalesforceSession, object_: str, field: str) -> Newest | None:
    if object_ == MARKETO_LEAD:
        return None
    name = api_name(field)
    columns = f"Id,{name},LastModifiedBy.Name"
    query = f"SELECT {columns} FROM {api_name(object_)} WHERE {name} != null ORDER BY {name} DESC LIMIT 1"
    try:
        rows = list(rest_query.records(session, query, f"newest {object_}"))
    except SalesforceRefused as error:
        if error.code in ("INVALID_FIELD", "INVALID_TYPE"):
            # missing or hidden: the checks of the schema say so, and block
            return None
        raise
    return next((Newest(str(row["Id"]), row[field], (row.get("LastModifiedBy") or {}).get("Name")) for row in rows), None)


def _limits(session: SalesforceSession) -> Limits:
    answer = session.get("/limits", "limits")
    day = answer.json().get("DailyApiRequests") or {}
    allowed, remaining = day.get("Max"), day.get("Remaining")
    return Limits(
        allowed=int(allowed) if allowed is not None else None,
        remaining=int(remaining) if remaining is not None else None,
        server_now=answer.date,
    )
