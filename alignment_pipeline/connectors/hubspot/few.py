"""A few records of HubSpot, read now: the pass over an object that everybody's reading uses, for some ids.

Belongs here: reading by id what a full reading takes from the list or from search. Who asks: `listening.py`, `people.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alignment_pipeline.connectors.hubspot import associations, objects
from alignment_pipeline.connectors.hubspot.object_extraction import Pass
from alignment_pipeline.connectors.hubspot.objects import Record
from alignment_pipeline.connectors.hubspot.session import HubSpotSession


@dataclass
class Few(Pass):
    """A pass over the records of these ids."""

    ids: Sequence[str] = ()

    def _read(self) -> Iterator[Record]:
        names, links = self.names_and_links()
        kind, session = self.stream.object, self.source.session
        records = [record for _, record in objects.by_ids(session, kind, self.ids, names, history=self.history)]
        by_id = {str(record["id"]): record for record in records}
        by_link = {other: associations.linked(session, kind, other, list(by_id)) if by_id else {} for other in links}
        for number, record in by_id.items():
            yield {**record, "links": {other: by_link[other].get(number, []) for other in links}} if links else record


def ids_by_email(session: HubSpotSession, emails: Sequence[str]) -> list[str]:
    """Ids of the contacts that have these addresses."""
    ids: list[str] = []
    for first in range(0, len(emails), objects.PAGE):
        part = [{"id": one} for one in emails[first : first + objects.PAGE]]
        body = {"inputs": part, "idProperty": "email", "properties": ["email"], "propertiesWithHistory": []}
        answer = session.ask("/crm/v3/objects/contacts/batch/read", "contacts by address", body)
        ids += [str(record["id"]) for record in objects.results(answer, "contacts by address")]
    return list(dict.fromkeys(ids))
