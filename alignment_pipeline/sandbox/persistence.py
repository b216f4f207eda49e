"""What was written to a sandbox, kept in a file between two starts: the next one lays it over the same generated organisation.

Belongs here: the file (JSON, no pickle) and laying it over. Only differences are kept: records changed, made or removed since the
organisation was generated, Marketo's log since then, and the clock, which goes on from there. Credentials are not kept: each start
makes new ones and says so in its env-file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.marketo.records import Lead
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.world import World

VERSION = 1


@dataclass(frozen=True)
class Size:
    """What the organisation was generated from: the same numbers give the same records."""

    seed: int
    accounts: int
    people: int
    activities: int
    factor: float
    currencies: int = 1


def load(path: Path) -> tuple[Size, dict[str, Any]] | None:
    """The size and the rest of a state file; None when there is none. ConfigurationError when it cannot be read."""
    if not path.exists():
        return None
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["version"] != VERSION:
            raise ConfigurationError(f"{path.name} was written by another version of the sandbox: remove it and run `alignment demo` again")
        return Size(**body["size"]), body
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path.name} is no state of the sandbox ({error}): remove it and run `alignment demo` again") from error


def save(world: World, size: Size, path: Path) -> None:
    """Write the state, readable by its owner alone; a crash leaves the old file."""
    body = {
        "version": VERSION,
        "size": asdict(size),
        "now": world.clock.now().astimezone(UTC).isoformat(),
        "salesforce": _salesforce_state(world.salesforce),
        "marketo": _marketo_state(world.marketo) if world.marketo is not None else None,
    }
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(body, file, ensure_ascii=False)
    aside.replace(path)


def lay_over(world: World, body: Mapping[str, Any]) -> None:
    """Bring a world that was generated alike to the saved state and the saved moment."""
    _lay_over_salesforce(world.salesforce, body["salesforce"])
    if world.marketo is not None and body["marketo"] is not None:
        _lay_over_marketo(world.marketo, body["marketo"])
    world.advance((datetime.fromisoformat(body["now"]) - world.clock.now()).total_seconds())


def _salesforce_state(store: SalesforceStore) -> dict[str, Any]:
    with store.lock:
        loaded = store._loaded
        changed = {
            name: [
                {field: _packed(value) for field, value in record.items()}
                for identifier, record in sorted(table.items())
                if loaded.get(name, {}).get(identifier) is not record
            ]
            for name, table in sorted(store.tables.items())
        }
        removed = {name: sorted(set(loaded.get(name, {})) - set(table)) for name, table in sorted(store.tables.items())}
        return {
            "records": {name: records for name, records in changed.items() if records},
            "removed": {name: ids for name, ids in removed.items() if ids},
            "deletions": [[name, identifier, at.isoformat()] for name, identifier, at in store.deletions],
        }


def _lay_over_salesforce(store: SalesforceStore, body: Mapping[str, Any]) -> None:
    with store.lock:
        for name, ids in body["removed"].items():
            for identifier in ids:
                store.remove(store.schema.objects[name], identifier)
        for name, records in body["records"].items():
            schema = store.schema.objects[name]
            for packed in records:
                record = {field: _unpacked(value) for field, value in packed.items()}
                store._put(schema, record, store.tables[name].get(record["Id"]))
        store.deletions += [(name, identifier, datetime.fromisoformat(at)) for name, identifier, at in body["deletions"]]


def _marketo_state(store: MarketoStore) -> dict[str, Any]:
    with store.lock:
        loaded, mark = store._loaded
        changed = [
            {"values": {name: _packed(value) for name, value in lead.values.items()}, "created": lead.created, "changed": lead.changed}
            for lead_id, lead in sorted(store.leads.items())
            if loaded.get(lead_id) is not lead
        ]
        return {
            "leads": changed,
            "removed": sorted(set(loaded) - set(store.leads)),
            "activities": [[record, visible] for record, visible in store.log.since(mark)],
        }


def _lay_over_marketo(store: MarketoStore, body: Mapping[str, Any]) -> None:
    with store.lock:
        for lead_id in body["removed"]:
            store.forget(lead_id)
        for lead in body["leads"]:
            store.keep(Lead({name: _unpacked(value) for name, value in lead["values"].items()}, lead["created"], lead["changed"]))
        for record, visible in body["activities"]:
            store.log.extend([record], visible_at=visible)


def _packed(value: Any) -> Any:
    """JSON has no moments: they become objects that name their kind."""
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, time):
        return {"$time": value.isoformat()}
    if isinstance(value, dict):
        return {name: _packed(one) for name, one in value.items()}
    return value


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    for kind, read in (("$datetime", datetime.fromisoformat), ("$date", date.fromisoformat), ("$time", time.fromisoformat)):
        if set(value) == {kind}:
            return read(value[kind])
    return {name: _unpacked(one) for name, one in value.items()}
