"""HubSpot as the write-back's CRM: contacts and companies are updated by id, tasks are made once by a unique property.

Belongs here: the pieces of this connector put into the form of `connectors/crm.py`: `crm_reader.py`, `crm_writer.py`, `crm_schema.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alignment_pipeline.agreement import field_map
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.crm import Crm, Limits, Newest
from alignment_pipeline.connectors.hubspot import objects
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id
from alignment_pipeline.connectors.hubspot.crm_reader import PortalReader
from alignment_pipeline.connectors.hubspot.crm_schema import PortalSchema
from alignment_pipeline.connectors.hubspot.crm_writer import PortalWriter
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.hubspot.words import KINDS


def open_crm(environ: Mapping[str, str], clock: Clock, mapped: field_map.Crm, *, may_write: bool) -> Crm:
    """The portal that the environment names, by the writer's token where it may write and one is set."""
    credentials = Credentials.of_writer(environ) if may_write else Credentials.from_env(environ)
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
class _Portal(PortalReader, PortalWriter, PortalSchema):
    """One portal: read, written, described, and asked for its limits."""

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
