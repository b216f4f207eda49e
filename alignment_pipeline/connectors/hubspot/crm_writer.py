"""Writing records of a portal in the CRM's words: by id, or once by a unique property.

Belongs here: what is written to a record and what it is associated with. HubSpot has no conditional write: a shared value is looked at
just before and just after, in its history. Requests: `writes.py` and `associations.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.connectors.crm import Fields
from alignment_pipeline.connectors.hubspot import associations, objects, writes
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id, hubspot_id
from alignment_pipeline.connectors.hubspot.crm_portal import ABOUT_KINDS, Portal
from alignment_pipeline.connectors.hubspot.words import ABOUT, KINDS, WHAT, WHO, Words
from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.connectors.values import parse_stamp

#: HubSpot's stamps have milliseconds, the journal's condition is the record's stamp as it was read.
_LEAST = timedelta(milliseconds=1)
#: Sources of history that an app has.
_OURS = ("INTEGRATION", "API")
Version = Mapping[str, Any]


class PortalWriter(Portal):
    """Writes records of one portal."""

    def update_collection(self, object_name: str, records: Sequence[Fields]) -> list[RowResult]:
        """Update records by id, each with its outcome."""
        words = self.words(object_name)
        rows = [(hubspot_id(str(one["Id"])), self._written(words, one)) for one in records]
        changed = [row for row in rows if row[1]]
        results = dict(zip([number for number, _ in changed], writes.update(self.session, words.kind, changed), strict=True))
        nothing = {number: RowResult.success(number, number) for number, _ in rows}
        outcomes = [_named(one, (nothing | results)[number]) for one, (number, _) in zip(records, rows, strict=True)]
        return self._linked(object_name, records, outcomes)

    def update_one(self, object_name: str, record_id: str, fields: Fields, *, if_unmodified_since: datetime | None = None) -> RowResult:
        """Update one record unless somebody set one of these values since it was read, which the history of the properties says.

        Whoever comes between that look and the write is seen in the history after it, and gets their value back.
        """
        if if_unmodified_since is None:
            return self.update_collection(object_name, [{"Id": record_id, **fields}])[0]
        since = if_unmodified_since + _LEAST
        looked = self._histories(object_name, record_id, list(fields))
        if any(_at(one) >= since for versions in looked.values() for one in versions):
            return _conflict(record_id)
        written = self.update_collection(object_name, [{"Id": record_id, **fields}])[0]
        if not written.is_success:
            return written
        overwritten = {
            name: str(versions[1].get("value") or "")
            for name, versions in self._histories(object_name, record_id, list(fields)).items()
            if len(versions) > 1 and versions[0].get("sourceType") in _OURS and _at(versions[1]) >= since
        }
        if not overwritten:
            return written
        words = self.words(object_name)
        writes.update(self.session, words.kind, [(hubspot_id(record_id), overwritten)])
        return _conflict(record_id)

    def upsert_collection(self, object_name: str, key_field: str, records: Sequence[Fields]) -> list[RowResult]:
        """Make records once by their key, then associate them with what they are about; doing it again completes what was cut short."""
        words = self.words(object_name)
        rows = [(str(one[key_field]), self._written(words, one) | {ABOUT: str(one.get(WHO) or one.get(WHAT) or "")}) for one in records]
        results = writes.upsert(self.session, words.kind, key_field, [(key, _without(values, key_field)) for key, values in rows])
        for name, kind in ABOUT_KINDS.items():
            pairs = [
                (str(result.record_id), hubspot_id(str(one[name])))
                for one, result in zip(records, results, strict=True)
                if result.is_success and one.get(name)
            ]
            associations.associate(self.session, words.kind, kind, pairs, None)
        return [_with_id(words.kind, result) for result in results]

    def create_collection(self, object_name: str, records: Sequence[Fields], keys: Sequence[str]) -> list[RowResult]:
        """As `upsert_collection`, by the field that holds the keys."""
        key_field = next(name for name, value in records[0].items() if value == keys[0])
        return self.upsert_collection(object_name, key_field, records)

    def _written(self, words: Words, record: Fields) -> dict[str, str]:
        left_out = {"Id", *ABOUT_KINDS}
        return {
            words.property_of(name): words.written(name, value)
            for name, value in record.items()
            if name not in left_out and not self.is_link(words.object, name)
        }

    def _linked(self, object_name: str, records: Sequence[Fields], outcomes: list[RowResult]) -> list[RowResult]:
        """Set the labelled associations of records whose values were written; an old one under the same label ends."""
        names = [one.field for one in self.mapped.fields if one.object == object_name and one.type == "lookup"]
        for name in names:
            label = self.labels.get(name)
            wanted = {
                hubspot_id(str(one["Id"])): hubspot_id(str(one[name])) if one[name] else None
                for one, outcome in zip(records, outcomes, strict=True)
                if name in one and outcome.is_success
            }
            if not wanted or label is None:
                continue
            present = associations.linked(self.session, KINDS[object_name], "companies", list(wanted), label)
            over = [(number, target) for number, targets in present.items() for target in targets if target != wanted[number]]
            new = [(number, target) for number, target in wanted.items() if target and target not in present.get(number, ())]
            associations.end(self.session, KINDS[object_name], "companies", over, label)
            associations.associate(self.session, KINDS[object_name], "companies", new, label)
        return outcomes

    def _histories(self, object_name: str, record_id: str, names: Iterable[str]) -> dict[str, list[Version]]:
        """Versions of a record's properties, the newest first."""
        words = self.words(object_name)
        properties = [words.property_of(name) for name in names if not self.is_link(object_name, name)]
        for _, record in objects.by_ids(self.session, words.kind, [hubspot_id(record_id)], properties, history=properties):
            given = record.get("propertiesWithHistory") or {}
            return {name: sorted(versions, key=_at, reverse=True) for name, versions in given.items()}
        return {}


def _at(version: Version) -> datetime:
    return parse_stamp(str(version["timestamp"]))


def _conflict(record_id: str) -> RowResult:
    return RowResult.failure(record_id, "PRECONDITION_FAILED", "somebody set a value since it was read", retry=RetryClass.CONFLICT)


def _named(record: Fields, outcome: RowResult) -> RowResult:
    """The outcome under the id that the plan knows the record by."""
    return replace(outcome, key=str(record["Id"]), record_id=str(record["Id"]))


def _with_id(kind: str, result: RowResult) -> RowResult:
    """The outcome of a record that was made, under its id in the CRM's tables."""
    if not result.is_success:
        return result
    return RowResult.success(result.key, crm_id(kind, str(result.record_id)), is_created=result.is_created)


def _without(values: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if key != name}
