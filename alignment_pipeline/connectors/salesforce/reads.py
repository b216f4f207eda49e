"""Reading single records back: before a write, to verify it, and to learn what became of records that are gone.

Belongs here: records by id or key. Whole objects are read by `extraction.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from alignment_pipeline.connectors.salesforce import rest_query, soql
from alignment_pipeline.connectors.salesforce.identifiers import api_name, given_id, id18
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.errors import Retryable

MOST_RECORDS = 2_000
# of the 16,384 bytes that URI and headers may have together; field names and the token need the rest
MOST_KEY_BYTES = 10_000
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Fate:
    """What became of a record: deleted, merged into `master_id`, or converted (leads)."""

    record_id: str
    is_deleted: bool
    master_id: str | None = None
    is_converted: bool = False
    contact_id: str | None = None
    account_id: str | None = None


def _in_url(keys: Sequence[str]) -> Iterator[list[str]]:
    """The keys in parts that a request's URI can carry: keys are as long as people make them, ids are not."""
    part: list[str] = []
    size = 0
    for key in keys:
        length = len(quote(f"'{key}',", safe=""))
        if part and (size + length > MOST_KEY_BYTES or len(part) == soql.MOST_IDS):
            yield part
            part, size = [], 0
        part.append(key)
        size += length
    if part:
        yield part


@dataclass
class SalesforceReader:
    """Reads records by id. Values are the vendor's JSON values (numbers with a fraction are Decimal)."""

    session: SalesforceSession
    serves_collections: bool = True

    def read_by_ids(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record | None]:
        """18-character id -> record with exactly `fields` (and Id), or None when it does not exist or is deleted.

        2,000 records a call where the server reads collections, else 200 a query. Order of `ids`; duplicates collapse.
        """
        wanted = list(dict.fromkeys(id18(one) for one in ids))
        names = list(dict.fromkeys(("Id", *fields)))
        by_id: dict[str, Record | None] = dict.fromkeys(wanted)
        for first in range(0, len(wanted), MOST_RECORDS):
            chunk = wanted[first : first + MOST_RECORDS]
            records = self._collection(object_name, chunk, names) if self.serves_collections else None
            for record in records if records is not None else self._queried(object_name, chunk, names):
                identity = given_id(record.get("Id"), "re-read")
                if identity in by_id and not record.get("IsDeleted"):
                    by_id[identity] = {name: record.get(name) for name in names}
        return by_id

    def find_by_keys(self, object_name: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, list[Record]]:
        """Key value -> the records that hold it (several when the field is not unique); keys without a record are absent."""
        names = list(dict.fromkeys(("Id", key_field, *fields)))
        by_key: dict[str, list[Record]] = {}
        for part in _in_url(list(dict.fromkeys(keys))):
            query = soql.select(object_name, names, where=[soql.among(key_field, part)])
            for record in rest_query.records(self.session, query, "re-read"):
                known = {name: record.get(name) for name in names} | {"Id": given_id(record.get("Id"), "re-read")}
                by_key.setdefault(str(record.get(key_field)), []).append(known)
        return by_key

    def fates(self, object_name: str, ids: Sequence[str], available: Sequence[str]) -> dict[str, Fate]:
        """What became of records, deleted ones included. `available`: the object's fields by describe. Unknown ids are absent."""
        optional = ("MasterRecordId", "IsConverted", "ConvertedContactId", "ConvertedAccountId")
        names = ["Id", "IsDeleted", *(name for name in optional if name in available)]
        wanted = list(dict.fromkeys(id18(one) for one in ids))
        fates: dict[str, Fate] = {}
        for first in range(0, len(wanted), soql.MOST_IDS):
            query = soql.select(object_name, names, where=[soql.ids_among("Id", wanted[first : first + soql.MOST_IDS])])
            for record in rest_query.records(self.session, query, "fates", with_deleted=True):
                identity = given_id(record.get("Id"), "fates")
                fates[identity] = Fate(
                    identity,
                    bool(record.get("IsDeleted")),
                    record.get("MasterRecordId"),
                    bool(record.get("IsConverted")),
                    record.get("ConvertedContactId"),
                    record.get("ConvertedAccountId"),
                )
        return fates

    def _collection(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> list[Record] | None:
        path = f"/composite/sobjects/{api_name(object_name)}"
        body = {"ids": list(ids), "fields": [api_name(name) for name in fields]}
        try:
            answer = self.session.ask(path, "re-read", body).json()
        except SalesforceRefused as refused:
            # A query answers the same, or says more clearly what is wrong.
            self.serves_collections = refused.status not in (404, 405)
            return None
        if not isinstance(answer, list) or len(answer) != len(ids):
            # what does not exist stands as null in its place: a shorter list was cut, and says nothing of what it lacks
            raise Retryable("re-read: the answer is not a list with a place for each record asked for")
        return [record for record in answer if isinstance(record, Mapping)]

    def _queried(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> list[Record]:
        records: list[Record] = []
        for first in range(0, len(ids), soql.MOST_IDS):
            query = soql.select(object_name, fields, where=[soql.ids_among("Id", ids[first : first + soql.MOST_IDS])])
            records += list(rest_query.records(self.session, query, "re-read"))
        return records
