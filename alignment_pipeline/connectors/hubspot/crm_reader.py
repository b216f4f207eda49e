"""Records of a portal in the CRM's words, by id or by a unique property.

Belongs here: reading for the write-back, by object and never by search, which trails. Requests: `objects.py` and `associations.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignment_pipeline.connectors.crm import Record
from alignment_pipeline.connectors.hubspot import associations, lists, objects
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id, hubspot_id, kind_and_id
from alignment_pipeline.connectors.hubspot.crm_portal import ABOUT_KINDS, Portal
from alignment_pipeline.connectors.hubspot.words import ABOUT, KINDS, Words


class PortalReader(Portal):
    """Reads records of one portal."""

    def read_by_ids(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record | None]:
        """Id asked for -> record in the CRM's words, None where there is none. `Id` differs from the id asked for after a merge."""
        words = self.words(object_name)
        by_number = {hubspot_id(one): one for one in ids}
        properties = [words.property_of(name) for name in fields if name not in ABOUT_KINDS and self.is_property(object_name, name)]
        records: dict[str, Record | None] = dict.fromkeys(ids)
        for asked, record in objects.by_ids(self.session, words.kind, list(by_number), properties):
            records[by_number[asked]] = self._shown(words, record, fields)
        self._add_links(object_name, records, fields)
        self._add_lists(object_name, records, fields)
        return records

    def find_by_keys(self, object_name: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, list[Record]]:
        """Key -> the record that has it. A task whose associations got lost on the way is not there yet: making it again completes it."""
        words = self.words(object_name)
        wanted = [*dict.fromkeys([key_field, ABOUT, *(words.property_of(name) for name in fields if name not in ABOUT_KINDS)])]
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
        for kind in sorted({kind for kinds in ABOUT_KINDS.values() for kind in kinds}):
            mine = {key: hubspot_id(str(record["Id"])) for key, record in records.items() if kind_and_id(about[key])[0] == kind}
            linked = associations.linked(self.session, "tasks", kind, list(mine.values())) if mine else {}
            lost |= {key for key, number in mine.items() if not linked.get(number)}
        return lost

    def _shown(self, words: Words, record: Mapping[str, Any], fields: Sequence[str]) -> Record:
        values = record["properties"]
        shown = {name: words.read(name, values.get(words.property_of(name))) for name in fields if name not in ABOUT_KINDS}
        return shown | {"Id": crm_id(words.kind, str(record["id"]))}

    def _add_links(self, object_name: str, records: dict[str, Record | None], fields: Sequence[str]) -> None:
        """Add what is kept as an association and not as a property."""
        there = {hubspot_id(str(record["Id"])): key for key, record in records.items() if record is not None}
        for name in fields:
            if object_name == "Task" and name in ABOUT_KINDS:
                kinds, label = ABOUT_KINDS[name], None
            elif self.is_link(object_name, name):
                kinds, label = ("companies",), self.labels.get(name)
            else:
                continue
            linked = {
                kind: associations.linked(self.session, KINDS[object_name], kind, list(there), label) if there else {} for kind in kinds
            }
            for number, key in there.items():
                targets = [crm_id(kind, min(linked[kind][number], key=int)) for kind in kinds if linked[kind].get(number)]
                record = records[key]
                assert record is not None
                records[key] = {**record, name: targets[0] if targets else None}

    def _add_lists(self, object_name: str, records: dict[str, Record | None], fields: Sequence[str]) -> None:
        """Add who is in which list."""
        there = {hubspot_id(str(record["Id"])): key for key, record in records.items() if record is not None}
        for name in fields:
            if not self.is_list(object_name, name) or not there:
                continue
            inside = lists.members_among(self.session, self.lists[name].id, list(there)) if name in self.lists else set()
            for number, key in there.items():
                records[key] = {**(records[key] or {}), name: "true" if number in inside else "false"}
