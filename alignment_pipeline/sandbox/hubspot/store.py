"""One embedded HubSpot portal: its objects, owners, pipelines, forms, e-mail events, tokens and limits.

Belongs here: loading and what lies beside the objects. The objects themselves are in `records.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alignment_pipeline.sandbox.audit import Audit
from alignment_pipeline.sandbox.hubspot.answers import iso
from alignment_pipeline.sandbox.hubspot.changes import Changes
from alignment_pipeline.sandbox.hubspot.limits import Limits
from alignment_pipeline.sandbox.hubspot.records import PortalRecords, Record, Source
from alignment_pipeline.sandbox.hubspot.settings import HubSpotSettings
from alignment_pipeline.sandbox.hubspot.tokens import Tokens

_MIGRATION = Source("MIGRATION", "load")


@dataclass
class ContactList:
    """A list of contacts. `members`: id -> when they joined."""

    id: str
    name: str
    processing: str
    created_at: datetime
    members: dict[str, datetime] = field(default_factory=dict)
    last_added_at: datetime | None = None


class HubSpotStore(PortalRecords):
    """Everything one portal holds."""

    def __init__(self, settings: HubSpotSettings | None = None) -> None:
        super().__init__(settings or HubSpotSettings())
        self.tokens = Tokens(self.settings)
        self.limits = Limits(self.settings)
        self.owners: list[dict[str, Any]] = []
        self.pipelines: list[dict[str, Any]] = []
        self.forms: list[dict[str, Any]] = []
        self.submissions: dict[str, list[dict[str, Any]]] = {}
        self.email_events: list[dict[str, Any]] = []
        self.page_views: list[dict[str, Any]] = []
        self.lists: dict[str, ContactList] = {}
        self._loaded: dict[str, Any] | None = None

    def environment(self) -> dict[str, str]:
        """The credentials of the first private app, as the environment variables the product reads."""
        return {"HUBSPOT_ACCESS_TOKEN": next(iter(self.settings.tokens))}

    def journal_environment(self) -> dict[str, str]:
        """The credentials of the first app that reads the Webhooks Journal, likewise."""
        client_id, (client_secret, _) = next(iter(self.settings.journal_apps.items()))
        return {"HUBSPOT_JOURNAL_CLIENT_ID": client_id, "HUBSPOT_JOURNAL_CLIENT_SECRET": client_secret}

    def load(
        self,
        objects: Mapping[str, Iterable[Mapping[str, Any]]],
        *,
        owners: Sequence[Mapping[str, Any]] = (),
        pipelines: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Add records of the past. Each has `id`, `at` (a moment) and its property values."""
        with self.lock:
            for kind, records in objects.items():
                known = self.definitions.of(kind)
                for given in records:
                    values = {name: str(value) for name, value in given.items() if name not in ("id", "at") and value is not None}
                    unknown = sorted(set(values) - set(known))
                    if unknown:
                        raise ValueError(f"{kind} {given.get('id')}: the portal has no property {', '.join(unknown)}")
                    self.create(kind, values, given["at"], _MIGRATION, record_id=str(given["id"]), lag=0.0)
            self.owners += [dict(one) for one in owners]
            self.pipelines += [dict(one) for one in pipelines]
            self.loaded()

    def loaded(self) -> None:
        """What `reset` goes back to is the present state."""
        self._loaded = self._state()

    def reset(self) -> None:
        """Go back to the records as they were loaded; tokens and counts begin again."""
        with self.lock:
            self.tokens, self.limits, self.changes = Tokens(self.settings), Limits(self.settings), Changes(self.settings)
            if self._loaded is not None:
                loaded, self._loaded = self._loaded, None
                vars(self).update(loaded)
                self._loaded = self._state()

    def _state(self) -> dict[str, Any]:
        names = "merged gone blocked_emails links _unique _next_id forms submissions email_events labels page_views lists".split()
        tables = {kind: dict(table) for kind, table in self.objects.items()}
        return {"objects": tables} | {name: copy.deepcopy(getattr(self, name)) for name in names}

    def add_form(self, guid: str, name: str) -> None:
        """A form of the portal."""
        with self.lock:
            self.forms.append({"id": guid, "name": name, "formType": "hubspot", "archived": False})
            self.submissions.setdefault(guid, [])

    def submit(self, guid: str, at: datetime, values: Mapping[str, str], *, page: str = "") -> str:
        """A person fills out a form; a contact of that address converts, which subscribers see. Returns the conversion's id."""
        with self.lock:
            listed = self.submissions[guid]
            number = f"{sum(len(one) for one in self.submissions.values()) + 1:08d}"
            conversion = f"{number[:8]}-0000-4000-8000-{len(listed):012d}"
            fields = [{"name": name, "value": value, "objectTypeId": "0-1"} for name, value in values.items()]
            listed.append({"conversionId": conversion, "submittedAt": round(at.timestamp() * 1000), "values": fields, "pageUrl": page})
            contact = self.find("contacts", "email", values.get("email", ""))
            if contact is not None:
                self.changes.add("contacts", contact.id, "UPDATE", {"recent_conversion_date": iso(at)}, at)
            return conversion

    def visit(self, contact: str, at: datetime, url: str, title: str = "") -> None:
        """A contact visits a page, which changes the contact's own last visit too."""
        with self.lock:
            identity = f"{len(self.page_views) + 1:08x}-0000-4000-a000-000000000000"
            properties = {"hs_url": url, "hs_title": title}
            event = {"id": identity, "objectType": "CONTACT", "objectId": contact, "eventType": "e_visited_page"}
            self.page_views.append(event | {"occurredAt": iso(at), "properties": properties})
            last = self.objects["contacts"][contact].values.get("hs_analytics_last_timestamp", "")
            if iso(at) > last:
                source = Source("ANALYTICS", "visit")
                self.change("contacts", self.objects["contacts"][contact], {"hs_analytics_last_timestamp": iso(at)}, at, source)

    def add_list(self, name: str, processing: str, at: datetime) -> ContactList:
        """A list of contacts: MANUAL, SNAPSHOT or DYNAMIC."""
        with self.lock:
            fresh = ContactList(str(len(self.lists) + 1), name, processing, at)
            self.lists[fresh.id] = fresh
            return fresh

    def join(self, list_id: str, contact: str, at: datetime) -> None:
        """A contact joins a list, by whatever means."""
        with self.lock:
            chosen = self.lists[list_id]
            chosen.members.setdefault(contact, at)
            chosen.last_added_at = max(at, chosen.last_added_at or at)

    def erase(self, kind: str, record_id: str) -> bool:
        """See `PortalRecords`; lists and visits go too."""
        record = self.get(kind, record_id)
        if kind == "contacts" and record is not None:
            for one in self.lists.values():
                one.members.pop(record.id, None)
            self.page_views = [one for one in self.page_views if one["objectId"] != record.id]
        return super().erase(kind, record_id)

    def merge(self, kind: str, primary_id: str, secondary_id: str, now: datetime, source: Source) -> Record:
        """See `PortalRecords`; the new record is in the lists of both."""
        records = [self.get(kind, number) for number in (primary_id, secondary_id)]
        olds = {record.id for record in records if record is not None}
        merged = super().merge(kind, primary_id, secondary_id, now, source)
        for one in self.lists.values() if kind == "contacts" else ():
            joined = [one.members.pop(number) for number in olds & set(one.members)]
            if joined:
                one.members[merged.id] = min(joined)
        return merged

    def happened(self, kind: str, recipient: str, at: datetime, *, is_filtered: bool = False, **more: Any) -> str:
        """A marketing e-mail was sent, delivered, opened, clicked and so on. Returns the event's id."""
        with self.lock:
            identity = f"{len(self.email_events) + 1:08x}-0000-4000-9000-000000000000"
            event = {
                "id": identity,
                "created": round(at.timestamp() * 1000),
                "type": kind,
                "recipient": recipient,
                "portalId": self.settings.portal_id,
            }
            self.email_events.append(event | {"appId": 113, "filteredEvent": is_filtered} | more)
            return identity


class Person:
    """Somebody who works in the portal: their changes have history source CRM_UI. For tests and the demo."""

    def __init__(self, store: HubSpotStore, clock: Any, audit: Audit | None = None, user_id: int = 77) -> None:
        self._store, self._clock, self._audit = store, clock, audit
        self._source = Source("CRM_UI", f"userId:{user_id}", user_id=user_id)

    def create(self, kind: str, values: Mapping[str, str], *, lag: float | None = None) -> str:
        """A new record; its id."""
        with self._store.lock:
            return self._store.create(kind, values, self._clock.now(), self._source, lag=lag).id

    def edit(self, kind: str, record_id: str, values: Mapping[str, str], *, lag: float | None = None) -> None:
        """Change values."""
        with self._store.lock:
            record = self._store.objects[kind][record_id]
            self._store.change(kind, record, values, self._clock.now(), self._source, lag=lag)
            if self._audit is not None:
                before = {name: (record.values.get(name), value) for name, value in values.items()}
                self._audit.record(
                    system="hubspot",
                    at=self._clock.now(),
                    user=self._source.id,
                    action="update",
                    object=kind,
                    record_id=record_id,
                    changes=before,
                    source="human",
                )

    def merge(self, kind: str, primary_id: str, secondary_id: str) -> str:
        """Merge two records; the id of what arises."""
        with self._store.lock:
            return self._store.merge(kind, primary_id, secondary_id, self._clock.now(), self._source).id

    def archive(self, kind: str, record_id: str) -> None:
        """Delete a record, restorable for 90 days."""
        with self._store.lock:
            self._store.archive(kind, record_id, self._clock.now())

    def erase(self, kind: str, record_id: str) -> None:
        """Delete a record for good, as privacy law asks."""
        with self._store.lock:
            self._store.erase(kind, record_id)
