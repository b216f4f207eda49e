"""HubSpot as the write-back's CRM: contacts and companies are updated by id, tasks are made once by a unique property.

Belongs here: the pieces of this connector put into the form of `connectors/crm.py`. Words: `words.py`; requests: `writes.py` and
`associations.py`. Reading back is by object, never by search, which trails. There is no conditional write: records are read again just
before, and a value that anybody set since is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from alignment_pipeline.agreement import field_map
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.credentials import setting
from alignment_pipeline.connectors.crm import Crm, Fields, Limits, Newest, Record
from alignment_pipeline.connectors.descriptions import FieldDescription, ObjectDescription
from alignment_pipeline.connectors.hubspot import associations, objects, writes
from alignment_pipeline.connectors.hubspot.associations import Label
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id, hubspot_id, kind_and_id
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.hubspot.words import ABOUT, KINDS, MODSTAMP, OWNER, WHAT, WHO, Words
from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.connectors.values import parse_stamp

_WRITER = "HUBSPOT_WRITER_ACCESS_TOKEN"
_TYPES = {"number": "double", "bool": "boolean", "enumeration": "picklist", "date": "date", "datetime": "datetime"}
_LONGEST = 65_536
_TASK_FIELDS = ("Subject", "Description", "Status", "Priority", "ActivityDate", WHO, WHAT)
_ABOUT_KINDS = {WHO: "contacts", WHAT: "companies"}
#: HubSpot's stamps have milliseconds, the journal's condition is the record's stamp as it was read.
_LEAST = timedelta(milliseconds=1)


def open_crm(environ: Mapping[str, str], clock: Clock, mapped: field_map.Crm, *, may_write: bool) -> Crm:
    """The portal that the environment names, by the writer's token where it may write and one is set."""
    token = setting(environ, _WRITER) if may_write else None
    credentials = Credentials.from_env({**environ, "HUBSPOT_ACCESS_TOKEN": token} if token else environ)
    return crm(HubSpotSession(credentials, clock), mapped, may_write=may_write)


def crm(session: HubSpotSession, mapped: field_map.Crm, *, may_write: bool = True) -> Crm:
    """The portal of a session. Raises ConfigurationError when it is not the expected one (HUBSPOT_PORTAL_ID)."""
    portal = _Portal(session, mapped)
    return Crm(
        organization_id=f"hubspot:{session.portal_id()}",
        reader=portal,
        writer=portal if may_write else None,
        bulk=None,
        describe_all=portal.describe_all,
        limits=portal.limits,
        calls=lambda: session.counter.total,
        newest=portal.newest,
    )


@dataclass
class _Portal:
    """Reader and writer of one portal."""

    session: HubSpotSession
    mapped: field_map.Crm
    _words: dict[str, Words] = field(default_factory=dict)

    def words(self, object_: str) -> Words:
        """The words of an object."""
        if object_ not in self._words:
            names = [one.field for one in self.mapped.fields if one.object == object_ and one.value == "person.matched_account_id"]
            self._words[object_] = Words(object_, frozenset(names))
        return self._words[object_]

    def is_link(self, object_: str, field_: str) -> bool:
        """Whether a field of the agreement is an association with a company under a label of its own."""
        return any(one.object == object_ and one.field == field_ and one.type == "lookup" for one in self.mapped.fields)

    # ---- reading

    def read_by_ids(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record | None]:
        """Id asked for -> record in the CRM's words, None where there is none. `Id` differs from the id asked for after a merge."""
        words = self.words(object_name)
        by_number = {hubspot_id(one): one for one in ids}
        properties = [words.property_of(name) for name in fields if name not in _ABOUT_KINDS and not self.is_link(object_name, name)]
        records: dict[str, Record | None] = dict.fromkeys(ids)
        for asked, record in objects.by_ids(self.session, words.kind, list(by_number), properties):
            records[by_number[asked]] = self._shown(words, record, fields)
        self._add_links(object_name, records, fields)
        return records

    def find_by_keys(self, object_name: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, list[Record]]:
        """Key -> the record that has it. A task whose associations got lost on the way is not there yet: making it again completes it."""
        words = self.words(object_name)
        wanted = [*dict.fromkeys([key_field, ABOUT, *(words.property_of(name) for name in fields if name not in _ABOUT_KINDS)])]
        records: dict[str, Record] = {}
        about: dict[str, str] = {}
        for first in range(0, len(keys), objects.PAGE):
            part = list(keys[first : first + objects.PAGE])
            body = {"inputs": [{"id": one} for one in part], "idProperty": key_field, "properties": wanted, "propertiesWithHistory": []}
            answer = self.session.ask(f"/crm/v3/objects/{words.kind}/batch/read", f"{words.kind} batch read", body)
            for record in objects.results(answer, f"{words.kind} batch read"):
                key = str(record["properties"].get(key_field) or "")
                records[key] = self._shown(words, record, [key_field, *fields])
                if record["properties"].get(ABOUT):
                    about[key] = str(record["properties"][ABOUT])
        lost = self._lost({key: records[key] for key in about}, about)
        return {key: [] if key not in records or key in lost else [records[key]] for key in keys}

    def _lost(self, records: Mapping[str, Record], about: Mapping[str, str]) -> set[str]:
        """Keys of tasks that are not associated with the record that they are about."""
        lost: set[str] = set()
        for kind in _ABOUT_KINDS.values():
            mine = {key: hubspot_id(str(record["Id"])) for key, record in records.items() if kind_and_id(about[key])[0] == kind}
            linked = associations.linked(self.session, "tasks", kind, list(mine.values())) if mine else {}
            lost |= {key for key, number in mine.items() if not linked.get(number)}
        return lost

    def _shown(self, words: Words, record: Mapping[str, Any], fields: Sequence[str]) -> Record:
        values = record["properties"]
        shown = {name: words.read(name, values.get(words.property_of(name))) for name in fields if name not in _ABOUT_KINDS}
        return shown | {"Id": crm_id(words.kind, str(record["id"]))}

    def _add_links(self, object_name: str, records: dict[str, Record | None], fields: Sequence[str]) -> None:
        """Add what is kept as an association and not as a property."""
        there = {hubspot_id(str(record["Id"])): key for key, record in records.items() if record is not None}
        for name in fields:
            if object_name == "Task" and name in _ABOUT_KINDS:
                kind, label = _ABOUT_KINDS[name], None
            elif self.is_link(object_name, name):
                kind, label = "companies", self.labels.get(name)
            else:
                continue
            linked = associations.linked(self.session, KINDS[object_name], kind, list(there), label) if there else {}
            for number, key in there.items():
                targets = sorted(linked.get(number, ()), key=int)
                record = records[key]
                assert record is not None
                records[key] = {**record, name: crm_id(kind, targets[0]) if targets else None}

    @cached_property
    def labels(self) -> dict[str, Label]:
        """Labels between contacts and companies, asked once."""
        return associations.labels(self.session, "contacts", "companies")

    # ---- writing

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
        """Update one record unless somebody set one of these values since it was read, which the history of the properties says."""
        if if_unmodified_since is not None and self._edited(object_name, record_id, list(fields), if_unmodified_since):
            return RowResult.failure(record_id, "PRECONDITION_FAILED", "somebody set a value since it was read", retry=RetryClass.CONFLICT)
        return self.update_collection(object_name, [{"Id": record_id, **fields}])[0]

    def upsert_collection(self, object_name: str, key_field: str, records: Sequence[Fields]) -> list[RowResult]:
        """Make records once by their key, then associate them with what they are about; doing it again completes what was cut short."""
        words = self.words(object_name)
        rows = [(str(one[key_field]), self._written(words, one) | {ABOUT: str(one.get(WHO) or one.get(WHAT) or "")}) for one in records]
        results = writes.upsert(self.session, words.kind, key_field, [(key, _without(values, key_field)) for key, values in rows])
        for name, kind in _ABOUT_KINDS.items():
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
        left_out = {"Id", *_ABOUT_KINDS}
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

    def _edited(self, object_name: str, record_id: str, names: Iterable[str], since: datetime) -> bool:
        words = self.words(object_name)
        properties = [words.property_of(name) for name in names if not self.is_link(object_name, name)]
        number = hubspot_id(record_id)
        for _, record in objects.by_ids(self.session, words.kind, [number], properties, history=properties):
            for versions in (record.get("propertiesWithHistory") or {}).values():
                if any(parse_stamp(str(one["timestamp"])) >= since + _LEAST for one in versions):
                    return True
        return False

    # ---- describing

    def describe_all(self, names: Sequence[str]) -> Mapping[str, ObjectDescription | None]:
        """Objects as the app may see them; those that HubSpot has not, or hides, are None."""
        return {name: self._describe(name) if name in KINDS else None for name in names}

    def _describe(self, object_name: str) -> ObjectDescription | None:
        kind = KINDS[object_name]
        try:
            body = self.session.get(f"/crm/v3/properties/{kind}", f"{kind} properties")
        except HubSpotRefused as refused:
            if refused.status in (403, 404):
                return None
            raise
        fields = [_field(one) for one in objects.results(body, f"{kind} properties") if not one.get("archived")]
        own = [FieldDescription(OWNER, "reference", is_updateable=True, is_createable=True), FieldDescription(MODSTAMP, "datetime")]
        if object_name == "Task":
            own += [FieldDescription(name, "string", length=_LONGEST, is_updateable=True, is_createable=True) for name in _TASK_FIELDS]
        links = {one.field for one in self.mapped.fields if one.object == object_name and one.type == "lookup"}
        own += [FieldDescription(name, "reference", is_updateable=True, is_custom=True) for name in sorted(links) if name in self.labels]
        all_ = [*fields, *own]
        return ObjectDescription(object_name, {one.name: one for one in all_}, _by_lower={one.name.lower(): one for one in all_})

    def limits(self) -> Limits:
        """The account's day."""
        body = self.session.get("/account-info/v3/api-usage/daily/private-apps", "usage")
        row = next(iter(objects.results(body, "usage")), {})
        allowed, used = row.get("usageLimit"), row.get("currentUsage")
        remaining = int(allowed) - int(used) if allowed is not None and used is not None else None
        return Limits(int(allowed) if allowed is not None else None, remaining, self.session.server_date)

    def newest(self, object_: str, field_: str) -> Newest | None:
        """The record with the latest value of a field, as search shows it."""
        if object_ not in KINDS:
            return None
        words = self.words(object_)
        body = {
            "filterGroups": [{"filters": [{"propertyName": field_, "operator": "HAS_PROPERTY"}]}],
            "sorts": [{"propertyName": field_, "direction": "DESCENDING"}],
            "properties": [field_],
            "limit": 1,
            "after": "0",
        }
        try:
            answer = self.session.ask(f"/crm/v3/objects/{words.kind}/search", f"newest {object_}", body, is_search=True)
        except HubSpotRefused as refused:
            if refused.status == 400:
                # missing: the checks of the schema say so, and block
                return None
            raise
        rows = objects.results(answer, f"newest {object_}")
        return next((Newest(crm_id(words.kind, str(row["id"])), row["properties"].get(field_), None) for row in rows), None)


def _field(given: Mapping[str, Any]) -> FieldDescription:
    """A property. HubSpot says nothing of lengths and digits; text takes 65,536 characters."""
    modification = given.get("modificationMetadata") or {}
    kind = _TYPES.get(str(given.get("type")), "string")
    is_ours = not modification.get("readOnlyValue") and not given.get("calculated")
    is_unique = bool(given.get("hasUniqueValue"))
    return FieldDescription(
        str(given["name"]),
        kind,
        label=str(given.get("label") or given["name"]),
        length=_LONGEST if kind == "string" else 0,
        precision=18 if kind == "double" else 0,
        scale=6 if kind == "double" else 0,
        is_createable=is_ours,
        is_updateable=is_ours,
        is_calculated=bool(given.get("calculated")),
        is_external_id=is_unique,
        is_unique=is_unique,
        is_custom=not given.get("hubspotDefined", False),
        is_restricted_picklist=kind == "picklist",
        picklist_values=tuple(str(one["value"]) for one in given.get("options") or () if not one.get("hidden")),
    )


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
