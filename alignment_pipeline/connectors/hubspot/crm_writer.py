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
from alignment_pipeline.connectors.hubspot import associations, lists, objects, writes
from alignment_pipeline.connectors.hubspot.associations import Refused
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id, hubspot_id, kind_and_id
from alignment_pipeline.connectors.hubspot.crm_portal import ABOUT_KINDS, Portal
from alignment_pipeline.connectors.hubspot.words import ABOUT, KINDS, WHAT, WHO, Words
from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.connectors.values import parse_stamp

#: HubSpot's stamps have milliseconds, the journal's condition is the record's stamp as it was read.
_LEAST = timedelta(milliseconds=1)
#: Sources of history that an app has.
_OURS = ("INTEGRATION", "API")
#: Sources behind which nobody stands: HubSpot's own sync with Salesforce. Whoever is behind another one counts as a person.
_NOBODY = ("SALESFORCE",)
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
        self._list(object_name, records, outcomes)
        return self._linked(object_name, records, outcomes)

    def update_one(self, object_name: str, record_id: str, fields: Fields, *, if_unmodified_since: datetime | None = None) -> RowResult:
        """Update one record unless somebody set one of these values since it was read: the history of the properties says so, and by whom.

        Whoever comes between that look and the write is seen in the history after it, and gets their value back.
        """
        if if_unmodified_since is None:
            return self.update_collection(object_name, [{"Id": record_id, **fields}])[0]
        since = if_unmodified_since + _LEAST
        looked = self._histories(object_name, record_id, list(fields))
        if any(_is_edit(one, since) for versions in looked.values() for one in versions):
            return _conflict(record_id)
        written = self.update_collection(object_name, [{"Id": record_id, **fields}])[0]
        if not written.is_success:
            return written
        overwritten = {
            name: str(versions[1].get("value") or "")
            for name, versions in self._histories(object_name, record_id, list(fields)).items()
            if len(versions) > 1 and versions[0].get("sourceType") in _OURS and _is_edit(versions[1], since)
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
        upserted = [(one, result) for one, result in zip(records, results, strict=True) if result.is_success]
        about = [(str(result.record_id), *kind_and_id(str(one[name]))) for one, result in upserted for name in ABOUT_KINDS if one.get(name)]
        refused: dict[str, Refused] = {}
        for kind in sorted({kind for _, kind, _ in about}):
            pairs = [(task, number) for task, its_kind, number in about if its_kind == kind]
            refused |= {pair[0]: why for pair, why in associations.associate(self.session, words.kind, kind, pairs, None).items()}
        return [_with_id(words.kind, _unless(result, refused.get(str(result.record_id)), RetryClass.GONE)) for result in results]

    def create_collection(self, object_name: str, records: Sequence[Fields], keys: Sequence[str]) -> list[RowResult]:
        """As `upsert_collection`, by the field that holds the keys."""
        key_field = next(name for name, value in records[0].items() if value == keys[0])
        return self.upsert_collection(object_name, key_field, records)

    def _written(self, words: Words, record: Fields) -> dict[str, str]:
        left_out = {"Id", *ABOUT_KINDS}
        return {
            words.property_of(name): words.written(name, value)
            for name, value in record.items()
            if name not in left_out and self.is_property(words.object, name)
        }

    def _list(self, object_name: str, records: Sequence[Fields], outcomes: Sequence[RowResult]) -> None:
        """Put records whose values were written into lists, or take them out."""
        for name, chosen in self.lists.items() if object_name == "Contact" else ():
            wanted = {
                hubspot_id(str(one["Id"])): str(one[name]).lower() == "true"
                for one, outcome in zip(records, outcomes, strict=True)
                if name in one and outcome.is_success
            }
            add = {number for number, is_member in wanted.items() if is_member}
            lists.change(self.session, chosen.id, add, wanted.keys() - add)

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
            pairs = associations.associate(self.session, KINDS[object_name], "companies", new, label)
            refused = {number: why for (number, _), why in pairs.items()}
            outcomes = [
                _unless(outcome, refused.get(hubspot_id(str(one["Id"]))), RetryClass.ROW)
                for one, outcome in zip(records, outcomes, strict=True)
            ]
        return outcomes

    def _histories(self, object_name: str, record_id: str, names: Iterable[str]) -> dict[str, list[Version]]:
        """Versions of a record's properties, the newest first."""
        words = self.words(object_name)
        properties = [words.property_of(name) for name in names if self.is_property(object_name, name)]
        for _, record in objects.by_ids(self.session, words.kind, [hubspot_id(record_id)], properties, history=properties):
            given = record.get("propertiesWithHistory") or {}
            return {name: sorted(versions, key=_at, reverse=True) for name, versions in given.items()}
        return {}


def _at(version: Version) -> datetime:
    return parse_stamp(str(version["timestamp"]))


def _is_edit(version: Version, since: datetime) -> bool:
    """Whether somebody set this value since a moment."""
    return _at(version) >= since and version.get("sourceType") not in _NOBODY


def _conflict(record_id: str) -> RowResult:
    return RowResult.failure(record_id, "PRECONDITION_FAILED", "somebody set a value since it was read", retry=RetryClass.CONFLICT)


def _named(record: Fields, outcome: RowResult) -> RowResult:
    """The outcome under the id that the plan knows the record by."""
    return replace(outcome, key=str(record["Id"]), record_id=str(record["Id"]))


def _unless(result: RowResult, refused: Refused | None, retry: RetryClass) -> RowResult:
    """The outcome of a record, or that it could not be associated."""
    return result if refused is None else RowResult.failure(result.key, refused.code, refused.message, retry=retry)


def _with_id(kind: str, result: RowResult) -> RowResult:
    """The outcome of a record that was made, under its id in the CRM's tables."""
    if not result.is_success:
        return result
    return RowResult.success(result.key, crm_id(kind, str(result.record_id)), is_created=result.is_created)


def _without(values: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if key != name}
