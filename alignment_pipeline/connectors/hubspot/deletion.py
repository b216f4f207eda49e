"""Deleting contacts of HubSpot for good (`gdpr-delete`), after a look at each.

Belongs here: the calls. A contact is named by its id only: an unknown e-mail address would be put on HubSpot's blocklist for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.deletion import ShownRecord
from alignment_pipeline.connectors.hubspot import objects
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.errors import Permanent

_NAMES = ("firstname", "lastname", "email", "hs_additional_emails")


def open_deletion(environ: Mapping[str, str], clock: Clock) -> ContactDeletion:
    """The portal that the environment names, by the writer's token where one is set. Checks that it is the expected one."""
    session = HubSpotSession(Credentials.of_writer(environ), clock)
    session.portal_id()
    return ContactDeletion(session)


@dataclass
class ContactDeletion:
    """Looks up and deletes contacts of one portal."""

    session: HubSpotSession

    @property
    def counter(self) -> CallCounter:
        """Calls so far."""
        return self.session.counter

    def look_up(self, ids: Sequence[str]) -> list[ShownRecord]:
        """See `Deletion`. By object, which is never late; archived contacts are looked for where no living one answers."""
        wrong = [one for one in ids if not one.isdigit()]
        if wrong:
            raise Permanent(f"{', '.join(wrong)} is no id of a contact: HubSpot's contacts are looked up and deleted by their number only")
        shown = self._records(ids, is_archived=False)
        known = {one for record in shown for one in record.asked}
        return shown + self._records([one for one in ids if one not in known], is_archived=True)

    def delete(self, record_id: str) -> None:
        """See `Deletion`. A contact that is gone already is as wanted."""
        try:
            body = {"objectId": record_id}
            self.session.write("/crm/v3/objects/contacts/gdpr-delete", "contact privacy deletion", body, is_repeatable=True)
        except HubSpotRefused as refused:
            if refused.status != 404:
                raise

    def _records(self, ids: Sequence[str], *, is_archived: bool) -> list[ShownRecord]:
        by_id: dict[str, tuple[objects.Record, list[str]]] = {}
        for asked, record in objects.by_ids(self.session, "contacts", list(ids), _NAMES, is_archived=is_archived):
            by_id.setdefault(str(record["id"]), (record, []))[1].append(asked)
        return [_shown(record, asked, is_archived) for record, asked in by_id.values()]


def _shown(record: objects.Record, asked: Sequence[str], is_archived: bool) -> ShownRecord:
    values = {name: str(record["properties"].get(name) or "") for name in _NAMES}
    listed = f"{values['email']};{values['hs_additional_emails']}".lower().split(";")
    addresses = tuple(dict.fromkeys(one.strip() for one in listed if one.strip()))
    return ShownRecord(str(record["id"]), tuple(asked), f"{values['firstname']} {values['lastname']}".strip(), addresses, is_archived)
