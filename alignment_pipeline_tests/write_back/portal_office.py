"""A small HubSpot portal for write-back tests, as the only CRM: the same ways to plan and apply as the Salesforce office.

Belongs here: the portal, its agreement and what an extraction of it would give. Planning and applying: `office.py`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import FieldMapping
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.hubspot import crm, preparation
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id, kind_and_id
from alignment_pipeline.connectors.hubspot.crm_portal import properties_of
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.retries import RetryPolicy
from alignment_pipeline.connectors.transport import Timeouts
from alignment_pipeline.contracts import staging_facts
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.hubspot.settings import HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline_tests.sandbox.hubspot.portal import InPortal
from alignment_pipeline_tests.write_back import organisation
from alignment_pipeline_tests.write_back.office import NOW, Office

SCORE, STAGE, NOTE, SYNCED = "alignment_engagement_score", "alignment_stage", "alignment_score_reason", "alignment_last_synced"
OWNER = crm_id("owners", "7")
OBJECTS = {"contacts": "Contact", "companies": "Account"}
_FIRST_COMPANY = 900_001


def contact_id(number: int) -> str:
    """The id of contact `number` in the CRM's tables."""
    return crm_id("contacts", str(number + 1))


def company_id(number: int) -> str:
    """The id of company `number`."""
    return crm_id("companies", str(number + _FIRST_COMPANY))


def agreement(*more: FieldMapping, **write_back: Any) -> Agreement:
    """The example of HubSpot alone, with four fields an object: two of the machine, one shared with people, the stamp of the sync."""
    shipped = loader.load(loader.example_path("hubspot_only"))
    fields = [
        one.model_copy(update={"owner": "shared"}) if one.field == NOTE else one
        for one in shipped.crm.fields
        if one.field in (SCORE, STAGE, NOTE, SYNCED)
    ]
    inputs = [one for one in shipped.crm.inputs if one.field == "alignment_do_not_sync"]
    section = shipped.crm.model_copy(update={"fields": [*fields, *more], "inputs": inputs})
    steps = organisation.agreement().write_back.steps
    numbers = shipped.write_back.model_copy(update={"steps": steps} | write_back)
    chosen = shipped.model_copy(update={"crm": section, "write_back": numbers})
    return chosen.model_copy(update={"version": loader.content_version(chosen)})


@dataclass
class PortalOffice(InPortal, Office):
    """The portal, its desired values, and the ways to plan and apply."""

    def want(self, record_id: str, **values: Any) -> None:
        """Desire values of a record."""
        for name, value in values.items():
            self.wanted[(OBJECTS[kind_and_id(record_id)[0]], record_id, name)] = value

    def want_task(self, key: str, parent: str | None = None, **values: Any) -> None:
        """Desire a task."""
        common = {"Subject": "Call", "Status": "NOT_STARTED", "OwnerId": OWNER, "Priority": "Normal"}
        self.creates[key] = {"parent": parent, "values": common | ({"WhoId": parent} if parent else {}) | values}

    def edit(self, record_id: str, **values: Any) -> None:
        """A person edits a record."""
        kind, number = kind_and_id(record_id)
        self.person.edit(kind, number, values)

    def value(self, record_id: str, name: str) -> Any:
        """What the portal has now."""
        kind, number = kind_and_id(record_id)
        record = self.store.get(kind, number)
        return None if record is None else record.values.get(name)

    def writes(self, after: int = 0) -> list[Any]:
        """What was written through the API, in order."""
        return [write for write in self.world.audit.writes(after=after, system="hubspot") if write.source == "api"]

    def extract(self) -> None:
        """Read the portal as an extraction would."""
        self.snapshot = tables_of_portal(self.store, self.agreement, self.clock)


def tables_of_portal(store: HubSpotStore, chosen: Agreement, clock: Clock) -> tuple[pa.Table, pa.Table]:
    """What an extraction of the mapped fields gives now: `crm_field_values` and `crm_record_states`."""
    values: list[dict[str, Any]] = []
    states: list[dict[str, Any]] = []
    known_at = clock.now()
    numbers = {one.field for one in chosen.crm.fields if one.type == "number"}
    with store.lock:
        for kind, object_ in (*OBJECTS.items(), ("tasks", "Task")):
            names = ["Status"] if object_ == "Task" else properties_of(chosen.crm, object_)
            for record in store.living(kind):
                identity = crm_id(kind, record.id)
                if object_ != "Task":
                    states.append(_state(object_, identity, identity, record.updated_at))
                for name in names:
                    text = record.values.get("hs_task_status" if object_ == "Task" else name)
                    value = float(text) if text is not None and name in numbers else text
                    values.append(
                        {
                            "object": object_,
                            "record_id": identity,
                            "field": name,
                            "value": json.dumps(value),
                            "modified_at": record.updated_at,
                            "known_at": known_at,
                        }
                    )
            for old, new in store.merged[kind].items():
                states.append(_state(object_, crm_id(kind, old), crm_id(kind, new), known_at) | {"is_deleted": True})
    return (
        pa.Table.from_pylist(values, schema=staging_facts.CRM_FIELD_VALUES.schema),
        pa.Table.from_pylist(states, schema=staging_facts.CRM_RECORD_STATES.schema),
    )


def _state(object_: str, identity: str, survivor: str, at: Any) -> dict[str, Any]:
    return {
        "object": object_,
        "record_id": identity,
        "is_deleted": False,
        "survivor_id": survivor,
        "converted_to_id": None,
        "modified_at": at,
    }


def environment(sandbox: Sandbox) -> dict[str, str]:
    """The variables of an installation that has HubSpot and no Salesforce."""
    return {name: value for name, value in sandbox.environment().items() if not name.startswith("SALESFORCE_")}


@contextmanager
def portal_office(
    tmp_path: Path,
    *,
    contacts: int = 3,
    companies: int = 2,
    factor: float = 1.0,
    seed: int = 7,
    settings: Mapping[str, Any] | None = None,
    read_seconds: float = 30.0,
    is_still: bool = True,
    chosen: Agreement | None = None,
) -> Iterator[PortalOffice]:
    """Open the portal; everything is closed at the end. With `is_still`, the clock stands and waiting moves it on at once."""
    store = HubSpotStore(HubSpotSettings(**(settings or {})))
    ticking = {"base": lambda: 1_000_000.0} if is_still else {}
    world = World(sandbox_clock(NOW, factor=factor, **ticking), Faults(seed), SalesforceStore(), hubspot=store)
    made = NOW - timedelta(days=19)
    store.load(
        {
            "contacts": [
                {"id": n + 1, "at": made, "email": f"p{n}@acme.example", "lastname": f"P{n}", "hubspot_owner_id": 7}
                for n in range(contacts)
            ],
            "companies": [{"id": n + _FIRST_COMPANY, "at": made, "name": f"A{n}", "hubspot_owner_id": 7} for n in range(companies)],
        },
        owners=[{"id": "7", "email": "rep@acme.example", "firstName": "Ann", "lastName": "Rep", "userId": 77, "archived": False}],
    )
    clock = replace(world.clock, wait=lambda seconds: world.advance(seconds * world.clock.factor)) if is_still else replace(world.clock)
    chosen = chosen or agreement()
    home = tmp_path / "home"
    with Sandbox(world) as sandbox:
        retry = RetryPolicy(randomness=random.Random(3))
        timeouts = Timeouts(connect=5.0, read=read_seconds)
        session = HubSpotSession(Credentials.from_env(environment(sandbox)), clock, retry=retry, timeouts=timeouts)
        preparation.make(session, preparation.missing(session, chosen.crm))
        world.audit.clear()
        journal = Journal.open(str(home / "journal.sqlite"), home=home, clock=clock)
        found = crm.crm(session, chosen.crm)
        yield PortalOffice(world, sandbox, home, journal, chosen, found, session)  # type: ignore[arg-type]
        journal.close()
