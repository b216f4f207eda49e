"""One portal as the write-back's CRM: its session, the words of its objects, and which fields are associations.

Belongs here: what reading, writing and describing share (`crm_reader.py`, `crm_writer.py`, `crm_schema.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from alignment_pipeline.agreement import field_map
from alignment_pipeline.connectors.hubspot import associations
from alignment_pipeline.connectors.hubspot.associations import Label
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.words import WHAT, WHO, Words

#: Fields of a task that are associations.
ABOUT_KINDS = {WHO: "contacts", WHAT: "companies"}


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

    @cached_property
    def labels(self) -> dict[str, Label]:
        """Labels between contacts and companies, asked once."""
        return associations.labels(self.session, "contacts", "companies")
