"""Erasing a person everywhere: warehouse, snapshots, reports, notifications, plans, journal; and keeping them out.

Belongs here: the warehouse's part, and the sieve of later extractions. The journal's part, tombstones: `write_back/records/erase.py`.
"""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import stream_states
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import backup
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.lease import CRM, FULL, RUN, acquire
from alignment_pipeline.operations import databases, history, personal_data
from alignment_pipeline.operations.erased_names import ID_COLUMNS, Names
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.write_back.plans import keys
from alignment_pipeline.write_back.records import erase

KEY_FILE = "erasure.key"
# a batch that the fast lane is sending ends first
_LEASE_SECONDS = 120.0
# columns of raw tables that name a person, by whatever the vendor calls it
_NAMING = (
    *("record_id", "Email", "LeadId", "ContactId", "WhoId", "ConvertedContactId", "objectId"),
    *(one for s in MARKETING if (p := s.people) for one in (p.email, p.lead_id, p.contact_id, p.merged_into) if one),
    *(feed.person for system in MARKETING for feed in system.feeds),
)


@dataclass(frozen=True)
class Erasure:
    """What was removed."""

    records: int
    rows: int
    tables: int
    files: int
    journal_operations: int
    journal_values: int


def erase_person(home: Home, warehouse: Warehouse, journal: Journal, wanted: str) -> Erasure:
    """Erase the person that a record id, Marketo id or e-mail address names, with all their records, for good.

    Nothing else may write meanwhile. Raises ConfigurationError when nobody known has that name; the name is then kept out of
    later extractions all the same, so that an erasure asked for in advance holds.
    """
    names = names_of(warehouse, wanted.strip())
    people = _full_names(warehouse, names)
    key = keys.secret(home.path / KEY_FILE, may_make=True).encode()
    with acquire(journal, RUN), acquire(journal, FULL), acquire(journal, CRM, wait_seconds=_LEASE_SECONDS):
        done = erase.erase(journal, Names.of(names).in_journal(), key=key, plans=home.folder("plans"), people=people)
        backup.renew(journal, backup.folder_of(home.path, home.environ))
        rows, tables = _erase_tables(warehouse, names)
        rows += _erase_days(warehouse, names)
        files = _erase_files(home, names, people)
    if len(names) == 1 and not rows:
        raise ConfigurationError(
            f"nobody known here is called {wanted!r}; nothing was there to erase, and a record of that name will not be stored from now on"
        )
    return Erasure(len(names), rows, tables, files, done.operations, done.values)


def to_json(done: Erasure) -> dict[str, int]:
    """As `--json` shows it."""
    return asdict(done)


class Sieve:
    """Drops rows of erased people from what arrives. Free of cost while nobody was erased."""

    def __init__(self, home: Home, journal: Journal) -> None:
        self._marks = erase.tombstones(journal)
        path = home.path / KEY_FILE
        self._key = keys.secret(path, may_make=False).encode() if self._marks and path.exists() else b""
        if self._marks and not self._key:
            raise ConfigurationError(f"people were erased here, but {KEY_FILE} is missing: restore it, or they would come back")
        self._known: dict[str, bool] = {}

    def __call__(self, batches: Iterable[pa.RecordBatch], table: str) -> Iterator[pa.RecordBatch]:
        """The batches of a raw table without erased people."""
        for batch in batches:
            yield self._kept(batch, ID_COLUMNS.get(table, {})) if self._marks else batch

    def _kept(self, batch: pa.RecordBatch, systems: Mapping[str, str]) -> pa.RecordBatch:
        keep = pa.array([True] * batch.num_rows)
        for name in _NAMING:
            if name in batch.schema.names:
                column = batch.column(name)
                values = [(value, _key(value, systems.get(name))) for value in pc.unique(column).to_pylist() if value]
                erased = [value for value, key in values if key is not None and self._is_erased(key)]
                if erased:
                    keep = pc.and_(keep, pc.invert(pc.fill_null(pc.is_in(column, value_set=pa.array(erased)), False)))
        return batch.filter(keep)

    def _is_erased(self, value: str) -> bool:
        if value not in self._known:
            self._known[value] = erase.is_erased(self._marks, self._key, [value])
        return self._known[value]


def _key(value: str, system: str | None) -> str | None:
    """The name of a person that a value is, None where it is a number of something else."""
    if not value.isdigit() or len(value) >= 15:
        return value
    return None if system is None else f"{system}:{value}"


def names_of(warehouse: Warehouse, wanted: str) -> set[str]:
    """Every id and address of the person: all records ever joined as them, merged and deleted ones included."""
    records = warehouse.read("person_records")
    people = warehouse.read("people")
    named = (records.record_id == wanted) | (records.source_key == wanted) | (records.record_id.substr(0, 15) == wanted)
    matching = records.filter(named).select("person_id")
    if "@" in wanted:
        matching = people.filter(people.email == wanted.lower()).select("person_id")
    ids = set(matching.to_pyarrow().column("person_id").to_pylist())
    if wanted.isdigit() and len(ids) > 1:
        keys = sorted(records.filter(records.record_id == wanted).to_pyarrow().column("source_key").to_pylist())
        raise ConfigurationError(f"{wanted} is the number of several people: say which of {', '.join(keys)}")
    names = {wanted.lower() if "@" in wanted else wanted}
    if wanted.isdigit() and not ids:
        names |= {f"{system.name}:{wanted}" for system in MARKETING}
    if ids:
        theirs = records.filter(records.person_id.isin(sorted(ids))).to_pyarrow()
        names |= {*theirs.column("record_id").to_pylist(), *(key for key in theirs.column("source_key").to_pylist()), *ids}
        names |= {email for email in people.filter(people.person_id.isin(sorted(ids))).to_pyarrow().column("email").to_pylist() if email}
        names |= _merged(warehouse, names)
        names |= _addresses(warehouse, names)
    return {name for name in names if name}


def _full_names(warehouse: Warehouse, names: Collection[str]) -> set[str]:
    """What texts call them: first and last name, in any version of their records."""
    full_names: set[str] = set()
    for name in ("people", "leads", "contacts"):
        table = warehouse.read(name)
        keys = [table[column].isin(sorted(names)) for column in ("person_id", "lead_id", "contact_id") if column in table.columns]
        theirs = table.filter(ibis.or_(*keys)).select("first_name", "last_name").distinct().to_pyarrow().to_pylist()
        full_names |= {f"{row['first_name']} {row['last_name']}" for row in theirs if row["first_name"] and row["last_name"]}
    return full_names


def _merged(warehouse: Warehouse, names: Collection[str]) -> set[str]:
    """Ids of records that were merged into theirs, where a merge makes a new id: their versions stay in the raw table."""
    merged: set[str] = set()
    for system in MARKETING:
        people = system.people
        if people is None or people.merged_into is None:
            continue
        raw = warehouse.read(people.table)
        survivors = sorted(Names.of(names).numbers[system.name])
        losers = raw.filter(raw[people.merged_into].isin(survivors)).select("record_id").distinct()
        merged |= {f"{system.name}:{one}" for one in losers.to_pyarrow().column("record_id").to_pylist()}
    return merged


def _addresses(warehouse: Warehouse, names: Collection[str]) -> set[str]:
    """Addresses that any version of their records ever had."""
    addresses: set[str] = set()
    given = Names.of(names)
    theirs = sorted(given.others)
    marketing = [(one.people.table, one.people.email, sorted(given.numbers[one.name])) for one in MARKETING if one.people is not None]
    for table, column, ids in (("raw_salesforce_leads", "Email", theirs), ("raw_salesforce_contacts", "Email", theirs), *marketing):
        raw = warehouse.read(table)
        emails = raw.filter(raw.record_id.isin(ids), raw[column].notnull()).select(email=raw[column].strip().lower()).distinct()
        addresses |= set(emails.to_pyarrow().column("email").to_pylist())
    return addresses


def _erase_tables(warehouse: Warehouse, names: Collection[str]) -> tuple[int, int]:
    """Publish every table that mentions them without those rows, and leave no older file behind."""
    rows = tables = 0
    for name in CONTRACTS:
        if not warehouse.exists(name):
            continue
        table = warehouse.read(name)
        mentions = Names.of(names).in_table(name, table)
        if mentions is None:
            continue
        gone = int(table.filter(mentions).count().to_pyarrow().as_py())
        if gone:
            warehouse.replace(name, table.filter(~mentions))
            rows, tables = rows + gone, tables + 1
        warehouse.forget_old_versions(name)
    return rows, tables


def _erase_days(warehouse: Warehouse, names: Collection[str]) -> int:
    """Take them out of every kept day, and write down beside it how many they were and which accounts they counted for."""
    rows = 0
    for day in history.days(warehouse):
        people: set[str] = set()
        accounts: set[str] = set()
        for name, key in history.KEYS.items():
            table = warehouse.read_snapshot(name, day)
            mentions = Names.of(names).in_table(name, table)
            assert mentions is not None
            gone = table.filter(mentions).select(key=table[key], account_id=table.account_id).to_pyarrow()
            if gone.num_rows:
                warehouse.keep(name, day, table.filter(~mentions))
                people |= set(gone.column("key").to_pylist()) if name == "person_snapshots" else set()
                accounts |= {account for account in gone.column("account_id").to_pylist() if account}
                rows += gone.num_rows
            warehouse.forget_old_snapshots(name, day)
        if people or accounts:
            history.erase(warehouse, day, people, accounts)
        history.forget_comparison(warehouse, day, names)
    return rows


def _erase_files(home: Home, names: Collection[str], people: Collection[str]) -> int:
    """Files that may show them, and what dead processes left behind: made from tables, so they can be made again.

    A full name counts like an id in files that are deleted whole: that one of a namesake goes too does no harm.
    """
    needles = [name.encode() for name in names if len(name) >= 6]
    written = {form for name in people for form in (name, html.escape(name), json.dumps(name)[1:-1])}
    named = [*needles, *(form.encode() for form in written if len(form) >= 6)]
    removed = 0
    for place in personal_data.PLACES:
        for path in sorted(home.path.glob(place.pattern)):
            if place.way is personal_data.Way.ALWAYS or (place.way is personal_data.Way.WHEN_NAMED and _names_them(path, named)):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed += 1
            elif place.way is personal_data.Way.DATABASE:
                removed += databases.leave_out(path, named)
            elif place.way is personal_data.Way.LINES:
                lines = path.read_bytes().splitlines(keepends=True)
                kept = [line for line in lines if not any(needle in line for needle in needles)]
                if len(kept) != len(lines):
                    path.write_bytes(b"".join(kept))
                    removed += 1
    return removed


def _names_them(path: Path, needles: Collection[bytes]) -> bool:
    """By its name, or by its content."""
    if any(needle in path.name.encode() for needle in needles):
        return True
    files = path.rglob("*") if path.is_dir() else [path]
    return any(needle in file.read_bytes() for file in files if file.is_file() for needle in needles)


def allow_again(home: Home, journal: Journal, wanted: str) -> bool:
    """Take an erased (or mistyped) name off the list, with all that was erased with it. False when it was not on it.

    The next run reads every system from its beginning, so that it stores what was left out and has not changed since.
    """
    path = home.path / KEY_FILE
    if not path.exists() or not erase.lift(journal, wanted.strip(), key=keys.secret(path, may_make=False).encode()):
        return False
    stream_states.forget_all(journal)
    return True
