"""Writing records by REST: collections of 200, single conditional updates, upserts by an external key.

Belongs here: sending, and per-row outcomes as values. What may be written, when, and what a failed row needs: `write_back/`.
Larger loads: `bulk_ingest.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.connectors.salesforce.identifiers import api_name, id18, is_id
from alignment_pipeline.connectors.salesforce.results import error_of, failure
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.errors import AlignmentError

MOST_RECORDS = 200
# One value of a wrong type refuses its whole request: these are halved until the culprit stands alone.
_HALVED = frozenset({"JSON_PARSER_ERROR", "INVALID_TYPE_ON_FIELD_IN_RECORD", "MALFORMED_ID", "DUPLICATE_VALUE"})
_COLUMN = re.compile(r"No such column '(\w+)'")
Fields = Mapping[str, Any]


@dataclass
class SalesforceWriter:
    """Writes records of one session, always without assignment rules. Failures of rows are values.

    Raised: OutcomeUnknown (sent, answer lost: read before writing again), QuotaExhausted, CredentialsRefused, Retryable
    (nothing was written). Whoever calls holds the journal: intent is durable before these methods are called.
    """

    session: SalesforceSession

    def update_collection(self, object_name: str, records: Sequence[Fields]) -> list[RowResult]:
        """Update up to 200 records of one object, each with its `Id`; results in the order sent, keyed by id."""
        return self._collection(object_name, records, "Id", "PATCH", "/composite/sobjects", "update collection")

    def upsert_collection(self, object_name: str, key_field: str, records: Sequence[Fields]) -> list[RowResult]:
        """Upsert up to 200 records by a unique external key that each of them holds; results keyed by it."""
        path = f"/composite/sobjects/{api_name(object_name)}/{api_name(key_field)}"
        return self._collection(object_name, records, key_field, "PATCH", path, "upsert collection")

    def create_collection(self, object_name: str, records: Sequence[Fields], keys: Sequence[str]) -> list[RowResult]:
        """Insert up to 200 records; results keyed by `keys`. Only for objects without an external key: OutcomeUnknown may hide copies."""
        keyed = [{**record, "": key} for record, key in zip(records, keys, strict=True)]
        return self._collection(object_name, keyed, "", "POST", "/composite/sobjects", "create collection")

    def update_one(self, object_name: str, record_id: str, fields: Fields, *, if_unmodified_since: datetime | None = None) -> RowResult:
        """Update one record, only when nobody has changed it since (412 is a failure of class CONFLICT)."""
        identity = id18(record_id)
        problem = _problem(fields)
        if problem:
            return failure(identity, "UNWRITABLE_VALUE", problem)
        headers = {"If-Unmodified-Since": format_datetime(if_unmodified_since.astimezone(UTC), usegmt=True)} if if_unmodified_since else {}
        path = f"/sobjects/{api_name(object_name)}/{identity}"
        try:
            answer = self.session.write("PATCH", path, "update one", dict(fields), headers=headers, accept=frozenset({412}))
        except SalesforceRefused as refused:
            return _refused(identity, refused)
        if answer.status == 412:
            return failure(identity, "PRECONDITION_FAILED", "the record was changed since it was read", retry=RetryClass.CONFLICT)
        return RowResult.success(identity, identity)

    def upsert_by_external_id(self, object_name: str, key_field: str, key: str, fields: Fields) -> RowResult:
        """Create or update the one record that holds the key. Several holders (300) are a failure for a person to decide."""
        problem = _problem(fields)
        if problem or not key.strip():
            return failure(key, "UNWRITABLE_VALUE", problem or f"{key_field} is empty")
        path = f"/sobjects/{api_name(object_name)}/{api_name(key_field)}/{quote(key, safe='')}"
        body = {name: value for name, value in fields.items() if name.lower() not in (key_field.lower(), "id")}
        try:
            answer = self.session.write("PATCH", path, "upsert one", body, accept=frozenset({300}))
        except SalesforceRefused as refused:
            return _refused(key, refused)
        if answer.status == 300:
            return failure(key, "DUPLICATE_EXTERNAL_ID", f"several {object_name} records hold {key_field} = {key}")
        content = answer.json_or_none()
        given = content.get("id") if isinstance(content, Mapping) else None
        identity = str(given) if is_id(given) else None
        return RowResult.success(key, identity, is_created=answer.status == 201)

    def _collection(
        self, object_name: str, records: Sequence[Fields], key_field: str, method: str, path: str, endpoint: str
    ) -> list[RowResult]:
        if len(records) > MOST_RECORDS:
            raise ValueError(f"at most {MOST_RECORDS} records in a collection, not {len(records)}")
        keys = [_key(record, key_field) for record in records]
        results: dict[int, RowResult] = {}
        taken: set[str] = set()
        for place, (record, key) in enumerate(zip(records, keys, strict=True)):
            problem = _problem(record) or _key_problem(key, key_field, taken)
            taken.add(key)
            if problem:
                results[place] = failure(key, "UNWRITABLE_VALUE", problem)
        sent = [place for place in range(len(records)) if place not in results]
        bodies = {place: _body(object_name, records[place], key_field) for place in sent}
        results |= self._send(sent, keys, bodies, method, path, endpoint)
        return [results[place] for place in range(len(records))]

    def _send(
        self, places: list[int], keys: Sequence[str], bodies: Mapping[int, Fields], method: str, path: str, endpoint: str
    ) -> dict[int, RowResult]:
        """Send these places as one request; halve it when the request as a whole is refused for one row's value."""
        if not places:
            return {}
        body = {"allOrNone": False, "records": [bodies[place] for place in places]}
        try:
            answer = self.session.write(method, path, endpoint, body).json_or_none()
        except SalesforceRefused as refused:
            if refused.code in _HALVED and len(places) > 1:
                half = len(places) // 2
                first = self._send(places[:half], keys, bodies, method, path, endpoint)
                return first | self._send_rest(places[half:], keys, bodies, method, path, endpoint)
            culprits = _holding(places, bodies, refused)
            rest = [place for place in places if place not in culprits]
            failed = {place: _refused(keys[place], refused) for place in (culprits or places)}
            return failed | (self._send(rest, keys, bodies, method, path, endpoint) if culprits else {})
        return _matched(places, keys, answer, by_id="id" in bodies[places[0]])

    def _send_rest(
        self, places: list[int], keys: Sequence[str], bodies: Mapping[int, Fields], method: str, path: str, endpoint: str
    ) -> dict[int, RowResult]:
        """The second half, when the first has its answers already: an error must not take those away, so these rows are to be read."""
        try:
            return self._send(places, keys, bodies, method, path, endpoint)
        except AlignmentError as error:
            return {place: RowResult.unknown(keys[place], type(error).__name__) for place in places}


def _matched(places: list[int], keys: Sequence[str], answer: Any, *, by_id: bool) -> dict[int, RowResult]:
    """Results by position, as the API promises; where ids contradict the positions, by id, and the rest is unknown."""
    entries = answer if isinstance(answer, list) else []
    rows = {place: _row(keys[place], entry) for place, entry in zip(places, entries, strict=False)}
    wrong = len(entries) != len(places) or (
        by_id and any(row.is_success and row.record_id not in (None, id18(keys[place])) for place, row in rows.items())
    )
    if not wrong:
        return rows
    if not by_id:
        return {place: RowResult.unknown(keys[place], "the answer has another number of results than rows were sent") for place in places}
    successes = [entry.get("id") for entry in entries if isinstance(entry, Mapping) and entry.get("success") is True]
    written = {id18(str(record_id)) for record_id in successes if is_id(record_id)}
    return {
        place: RowResult.success(keys[place], keys[place])
        if id18(keys[place]) in written
        else RowResult.unknown(keys[place], "the answer has no result that is certainly this row's")
        for place in places
    }


def _holding(places: list[int], bodies: Mapping[int, Fields], refused: SalesforceRefused) -> list[int]:
    """The rows that hold the field which refused a whole request; empty when it cannot be told, or when all of them do."""
    named = {name.lower() for name in (*refused.fields, *_COLUMN.findall(refused.detail))}
    holding = [place for place in places if named & {name.lower() for name in bodies[place]}]
    return holding if len(holding) < len(places) else []


def _row(key: str, entry: Any) -> RowResult:
    if not isinstance(entry, Mapping):
        return RowResult.unknown(key, "the answer has no result for this row")
    if entry.get("success") is True:
        given = entry.get("id")
        if given is not None and not is_id(given):
            return RowResult.unknown(key, "the answer's id is none")
        return RowResult.success(key, id18(given) if given is not None else None, is_created=bool(entry.get("created", False)))
    code, message, fields = error_of(entry)
    return failure(key, code or "UNKNOWN_ERROR", message, fields)


def _refused(key: str, refused: SalesforceRefused) -> RowResult:
    kind = {404: RetryClass.GONE, 409: RetryClass.LOCK}.get(refused.status)
    if refused.code == "NOT_FOUND" and "external id field" in refused.detail.lower():
        kind = RetryClass.SCHEMA
    return failure(key, refused.code or f"HTTP_{refused.status}", refused.detail or str(refused), refused.fields, retry=kind)


def _key(record: Fields, key_field: str) -> str:
    value = record.get(key_field)
    text = str(value) if value is not None else ""
    return id18(text) if key_field == "Id" and is_id(text) else text


def _key_problem(key: str, key_field: str, taken: set[str]) -> str | None:
    if key_field == "Id" and not is_id(key):
        return f"{key!r} is not a Salesforce id"
    if not key.strip():
        return f"{key_field or 'the key'} is empty"
    return f"{key} is listed twice in one request" if key in taken else None


def _body(object_name: str, record: Fields, key_field: str) -> Fields:
    """The record as the API takes it: its type first, `id` in lower case, the caller's own key left out."""
    body: dict[str, Any] = {"attributes": {"type": api_name(object_name)}}
    if key_field == "Id":
        body["id"] = id18(str(record["Id"]))
    return body | {api_name(name): value for name, value in record.items() if name and name.lower() != "id"}


def _problem(record: Fields) -> str | None:
    """Why a record cannot be put into a request at all; None when it can."""
    for name, value in record.items():
        if isinstance(value, (float, Decimal)) and not math.isfinite(value):
            return f"{name} is {value}; only finite numbers can be written"
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                return f"{name} holds half a character (a lone surrogate)"
        if isinstance(value, datetime) and value.tzinfo is None:
            return f"{name} is a moment without a time zone"
    return None
