"""Deleting a person's records in a connected system for good, before they are erased here.

Belongs here: which records, what a person agrees to, and in which order it happens. Erasing here: `erase.py`. No plan and no run ever
comes here: only `alignment erase --also-in` does, on somebody's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alignment_pipeline.connectors.connector import Connector
from alignment_pipeline.connectors.deletion import Deletion, ShownRecord
from alignment_pipeline.connectors.registry import CONNECTORS
from alignment_pipeline.errors import ConfigurationError, Retryable
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.lease import CRM, acquire
from alignment_pipeline.operations import erase
from alignment_pipeline.operations.erased_names import Names
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.write_back.plans import keys
from alignment_pipeline.write_back.records import deletions

#: One person has a few records; a shared mailbox has dozens, and none of them may go by one word.
_MOST_RECORDS = 10
_LEASE_SECONDS = 120.0
_LOOKS, _BETWEEN_SECONDS = 3, 2.0


@dataclass(frozen=True)
class Records:
    """A person's records in one system, as it shows them now. `known` are the ids that we know them by."""

    system: str
    title: str
    known: tuple[str, ...]
    shown: tuple[ShownRecord, ...]

    def lines(self) -> list[str]:
        """What is about to be deleted, for the person who agrees to it."""
        listed = [f"  {self.system}:{one.record_id}  {_described(one)}" for one in self.shown]
        gone = len(set(self.known) - {asked for one in self.shown for asked in one.asked})
        return [*listed, *([f"  {gone} of their records here: gone there already"] if gone else [])]


def systems() -> list[str]:
    """Systems in which people can be deleted."""
    return [name for name, one in CONNECTORS.items() if one.open_deletion is not None]


def look_up(home: Home, warehouse: Warehouse, wanted: str, system: str) -> tuple[Deletion, Records]:
    """The person's records in a system. ConfigurationError where they are too many, or bear an address of somebody else."""
    connector = _connector(home, system)
    names = erase.names_of(warehouse, wanted)
    known = tuple(sorted(Names.of(names).numbers[system]))
    assert connector.open_deletion is not None
    opened = connector.open_deletion(home.environ, home.clock)
    if not known:
        raise ConfigurationError(f"nobody who is called {wanted!r} here is known to have a record in {connector.system.title}")
    if len(known) > _MOST_RECORDS:
        raise ConfigurationError(
            f"{wanted!r} names {len(known)} records of {connector.system.title}, more than the {_MOST_RECORDS} that are deleted by one "
            "command: name them one by one"
        )
    shown = tuple(opened.look_up(known))
    for one in shown:
        others = sorted(set(one.addresses) - {name.lower() for name in names})
        if others:
            raise ConfigurationError(
                f"{system}:{one.record_id} also has {', '.join(others)}, which is not known here as an address of this person: run "
                "`alignment run`, and look at the record, before it is deleted"
            )
    return opened, Records(system, connector.system.title, known, shown)


def delete(home: Home, journal: Journal, opened: Deletion, records: Records, *, by: str) -> int:
    """Delete what was looked up, and see that it is gone. Returns how many were deleted.

    Each is noted in the journal before it is asked for. Retryable when the system still shows one: erased here it could not be looked
    for again.
    """
    key = keys.secret(home.path / erase.KEY_FILE, may_make=True).encode()
    with acquire(journal, CRM, wait_seconds=_LEASE_SECONDS):
        # it may have been merged or deleted since it was shown to the person who agreed
        now = opened.look_up(records.known)
        if not {_identity(one) for one in now} <= {_identity(one) for one in records.shown}:
            raise ConfigurationError(f"{records.title} shows other records now than a moment ago: nothing was deleted, look again")
        wanted = [one.record_id for one in now]
        deletions.ask(journal, records.system, wanted, key=key, by=by)
        for one in wanted:
            opened.delete(one)
        left = _left(home, opened, wanted)
        deletions.gone(journal, records.system, sorted(set(wanted) - {one.record_id for one in left}), key=key)
    if left:
        listed = ", ".join(f"{records.system}:{one.record_id}" for one in left)
        why = "; an archived one can be restored there, and deleted for good by hand" if any(one.is_archived for one in left) else ""
        raise Retryable(
            f"{records.title} still shows {listed} after the deletion{why}. Nothing was erased here yet: give the same command again later"
        )
    return len(wanted)


def _left(home: Home, opened: Deletion, wanted: Sequence[str]) -> list[ShownRecord]:
    left: list[ShownRecord] = []
    for look in range(_LOOKS if wanted else 0):
        if look:
            home.clock.sleep(_BETWEEN_SECONDS)
        left = opened.look_up(wanted)
        if not left:
            break
    return left


def _connector(home: Home, system: str) -> Connector:
    connector = CONNECTORS[system]
    if not connector.is_configured(home.environ):
        raise ConfigurationError(f"{connector.system.title} is not connected here: set {' and '.join(connector.variables)}")
    return connector


def _identity(one: ShownRecord) -> tuple[str, tuple[str, ...]]:
    return one.record_id, one.addresses


def _described(one: ShownRecord) -> str:
    parts = [one.name or "no name", ", ".join(one.addresses) or "no address"]
    merged = [asked for asked in one.asked if asked != one.record_id]
    parts += [f"merged from {', '.join(merged)}"] if merged else []
    return ", ".join([*parts, *(["archived"] if one.is_archived else [])])
