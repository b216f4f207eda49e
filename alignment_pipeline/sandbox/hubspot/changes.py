"""What the portal publishes of its changes: subscriptions, and entries of the Webhooks Journal.

Belongs here: which change becomes an entry, and when it is seen. The endpoints: `webhooks_journal.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.sandbox.hubspot.answers import iso
from alignment_pipeline.sandbox.hubspot.settings import HubSpotSettings

KEPT = timedelta(days=3)
TYPES: Mapping[str, str] = {"contacts": "0-1", "companies": "0-2", "deals": "0-3"}
ACTIONS = frozenset("CREATE UPDATE DELETE MERGE RESTORE ASSOCIATION_ADDED ASSOCIATION_REMOVED SNAPSHOT".split())
_SPACE = uuid.UUID("7a3c0a4e-3c1f-4a41-9c5f-2f6f0d7f4711")


@dataclass(frozen=True)
class Published:
    """One entry, which is one file: here with a single event."""

    offset: str
    at: datetime
    event: Mapping[str, Any]


@dataclass
class Changes:
    """The subscriptions of an app, and what it is shown since."""

    settings: HubSpotSettings
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    entries: list[Published] = field(default_factory=list)

    def subscribe(self, object_type: str, actions: list[str], properties: list[str], at: datetime) -> dict[str, Any]:
        """A new subscription to records of a type."""
        fresh = {
            "id": len(self.subscriptions) + 1,
            "appId": self.settings.app_id,
            "subscriptionType": "OBJECT",
            "objectTypeId": object_type,
            "portalId": self.settings.portal_id,
            "actions": actions,
            "properties": properties,
            "createdAt": iso(at),
            "deletedAt": None,
        }
        self.subscriptions.append(fresh)
        return fresh

    def add(self, kind: str, record_id: str, action: str, values: Mapping[str, str], at: datetime) -> None:
        """A record changed: an entry where somebody has subscribed to it. An update needs a property of the subscription."""
        for one in self.subscriptions:
            wanted = {name: value for name, value in values.items() if name in one["properties"]}
            if one["objectTypeId"] != TYPES.get(kind) or action not in one["actions"] or (action == "UPDATE" and not wanted):
                continue
            event = {
                "type": "crmObject",
                "portalId": self.settings.portal_id,
                "occurredAt": iso(at),
                "action": action,
                "objectTypeId": one["objectTypeId"],
                "objectId": int(record_id),
                "propertyChanges": wanted,
            }
            self.entries.append(Published(str(uuid.uuid5(_SPACE, str(len(self.entries)))), at, event))
            return

    def visible(self, now: datetime) -> list[Published]:
        """Entries of the last three days that have appeared, the first one first."""
        newest = now - timedelta(seconds=self.settings.journal_delay_seconds)
        return sorted((one for one in self.entries if now - KEPT < one.at <= newest), key=lambda one: one.at)
