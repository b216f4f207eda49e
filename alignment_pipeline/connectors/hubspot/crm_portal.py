"""One portal as the write-back's CRM: its session, the words of its objects, and which fields are associations.

Belongs here: what reading, writing and describing share (`crm_reader.py`, `crm_writer.py`, `crm_schema.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from alignment_pipeline.agreement import field_map
from alignment_pipeline.connectors.hubspot import associations, lists
from alignment_pipeline.connectors.hubspot.associations import Label
from alignment_pipeline.connectors.hubspot.lists import ContactList
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.words import WHAT, WHO, Words

#: Fields of a task that are associations, and the objects that they may name.
ABOUT_KINDS = {WHO: ("contacts",), WHAT: ("deals", "companies")}


@dataclass
class Portal:
    """One portal and the fields that the agreement maps there."""

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

    def is_list(self, object_: str, field_: str) -> bool:
        """Whether a field of the agreement is membership of a list."""
        return any(one.field == field_ for one in lists_of(self.mapped) if one.object == object_)

    def is_property(self, object_: str, field_: str) -> bool:
        """Whether a field is a property of the record, and neither an association nor membership of a list."""
        return not self.is_link(object_, field_) and not self.is_list(object_, field_)

    @cached_property
    def lists(self) -> dict[str, ContactList]:
        """Field -> the list that it stands for, asked once; lists that are missing, or take no members, are left out."""
        named = {one.field: lists.named(self.session, one.label) for one in lists_of(self.mapped)}
        return {name: one for name, one in named.items() if one is not None and one.processing in lists.STATIC}

    @cached_property
    def labels(self) -> dict[str, Label]:
        """Labels between contacts and companies, asked once."""
        return associations.labels(self.session, "contacts", "companies")


def lists_of(mapped: field_map.Crm) -> list[field_map.FieldMapping]:
    """Lines of the field map that stand for lists."""
    return [one for one in mapped.fields if one.type == "list"]


def properties_of(mapped: field_map.Crm, object_: str) -> list[str]:
    """Fields of the agreement that are properties of an object's records."""
    others = {one.field for one in mapped.fields if one.object == object_ and one.type in ("lookup", "list")}
    return [name for name in mapped.fields_of(object_) if name not in others]
