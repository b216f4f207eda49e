"""What the protocol needs of a CRM, and nothing more.

Belongs here: the narrow view that `write_back/` has of a CRM. Each connector that can be one gives it (`connectors/salesforce/crm.py`);
Marketo beside it is `write_back/sending/marketo.py`. A dry run has a reader only: `writer` is None, and so are its credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.connectors.descriptions import ObjectDescription
from alignment_pipeline.connectors.row_results import RowResult

Fields = Mapping[str, Any]
Record = Mapping[str, Any]


class JobStatus(Protocol):
    """A bulk job as the server tells it."""

    @property
    def state(self) -> str: ...


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

    def status(self, job_id: str) -> JobStatus: ...

    def wait(self, job_id: str) -> JobStatus: ...

    def results(self, job_id: str, keys: Sequence[str], *, key_column: str = "Id") -> list[RowResult]: ...


@dataclass(frozen=True)
class Limits:
    """The organisation's day: calls allowed and left, and the server's own time when it says so."""

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
    """One organisation, as the write-back sees it. `describe_all` asks again each time: what was true an hour ago may block a write.

    `reactions` says what starts in the CRM when records of some objects are saved.
    """

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
    reactions: Callable[[Collection[str]], list[str]] = lambda objects: []

    def reaches(self, object_: str) -> bool:
        """Whether the object's records can be read and written here."""
        return self.has_marketo or object_ != MARKETO_LEAD

    def has_bulk(self, object_: str) -> bool:
        """Whether the object may go by a bulk job."""
        return self.bulk is not None and object_ != MARKETO_LEAD
