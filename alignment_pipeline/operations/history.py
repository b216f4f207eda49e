"""Days of the past: taken from the raw tables as known at their end, kept, and compared with a replay.

Belongs here: which agreement and target list a day was taken under, what an erasure took out of it, and whether the raw tables still
say the same. The rules' order: `replay.py`; the rows: `lifecycle/snapshots.py`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.history import SNAPSHOT_REPLAYS
from alignment_pipeline.errors import ConfigurationError, Retryable
from alignment_pipeline.installation import agreements
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import lease
from alignment_pipeline.operations import replay
from alignment_pipeline.operations.row_hashes import row_hashes, table_hash
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.write_back.records import erase as erasing

# table -> the column that names its rows
KEYS = {"person_snapshots": "person_id", "account_snapshots": "account_id"}
NOTES = "TAKEN.json"
EXAMPLES = 10
WAIT_SECONDS = 600.0


@dataclass(frozen=True)
class Taken:
    """What is written down beside a day. Hashes and rows are those of the taking; an erasure later leaves them and adds to `erased_*`."""

    day: str
    taken_at: str
    agreement_version: str
    target_list: str | None
    rows: dict[str, int]
    hashes: dict[str, str]
    erased_people: int = 0
    erased_accounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One table of a day beside its replay. Rows `left_out` are not compared: an erased person had a part in them."""

    rows: int
    left_out: int
    missing: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    stored_hash: str
    replayed_hash: str

    @property
    def differing(self) -> int:
        """Rows that are not the same in both."""
        return len(self.missing) + len(self.added) + len(self.changed)

    @property
    def examples(self) -> dict[str, list[str]]:
        """Keys of the first of them, by kind."""
        return {kind: list(getattr(self, kind)[:EXAMPLES]) for kind in ("missing", "added", "changed") if getattr(self, kind)}


@dataclass(frozen=True)
class Comparison:
    """A day beside its replay."""

    day: date
    agreement_version: str
    erased_people: int
    tables: dict[str, Difference]

    @property
    def agrees(self) -> bool:
        """Every row that can be compared is the same."""
        return all(one.stored_hash == one.replayed_hash for one in self.tables.values())

    @property
    def sentence(self) -> str:
        """As `2026-11-20: 480 rows agree, 3 left out for 1 erased person`."""
        rows = sum(one.rows for one in self.tables.values())
        differing = sum(one.differing for one in self.tables.values())
        left_out = sum(one.left_out for one in self.tables.values())
        said = f"{rows} rows agree" if self.agrees else f"{differing} of {rows} rows differ"
        people = "person" if self.erased_people == 1 else "people"
        return f"{self.day}: {said}" + (f", {left_out} left out for {self.erased_people} erased {people}" if self.erased_people else "")


def end_of(day: date) -> datetime:
    """The last moment of a UTC day."""
    return datetime.combine(day, time.max, UTC)


def days(warehouse: Warehouse) -> list[date]:
    """The days that were taken, in order."""
    return warehouse.snapshot_days("person_snapshots")


def taken(warehouse: Warehouse, day: date) -> Taken | None:
    """What was written down when a day was taken, None when it never was."""
    path = _notes(warehouse, day)
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return Taken(**{**content, "erased_accounts": tuple(content["erased_accounts"])})


def take(home: Home, warehouse: Warehouse, day: date) -> Taken:
    """Decide a day as known at its end and keep it.

    A day is taken under the agreement in force; a day taken before is taken again under the agreement and list it was first taken
    under, so that taking it again never rewrites what was said. Raises ConfigurationError when the day is not over, AnotherWriter when an
    erasure or a write to the CRM does not end, Retryable when a person was erased while the day was decided.
    """
    if home.clock.now() <= end_of(day):
        raise ConfigurationError(f"{day} is not over yet (UTC); a day can be taken when it has passed")
    before = taken(warehouse, day)
    if before is None:
        list_name = agreements.keep(home)
        version, agreement = home.agreement.version, home.agreement
    else:
        list_name, version = before.target_list, before.agreement_version
        agreement = agreements.kept(home, version)
    rows, hashes = {}, {}
    with home.journal() as journal:
        erased = erasing.tombstones(journal)
        # an erasure holds this lease: nothing that was decided before it may be kept after it
        with _decided(home, warehouse, day, agreement, list_name) as tables, lease.acquire(journal, lease.FULL, wait_seconds=WAIT_SECONDS):
            if erasing.tombstones(journal) != erased:
                raise Retryable(f"a person was erased while {day} was decided; take the day again")
            for name, table in tables.items():
                rows[name] = warehouse.keep(name, day, table).rows
                warehouse.forget_old_snapshots(name, day)
                hashes[name] = table_hash(_hashes(warehouse, name, warehouse.read_snapshot(name, day)))
            snapshot = Taken(day.isoformat(), home.clock.now().isoformat(), version, list_name, rows, hashes)
            _write(warehouse, day, snapshot)
    return snapshot


def compare(home: Home, warehouse: Warehouse, day: date) -> Comparison:
    """Replay a day from what the raw tables say today, as known at its end, under the agreement it was taken under.

    Rows in which an erased person had a part are left out on both sides and counted: the person's own, their account's, and those of
    the account's people. Raises ConfigurationError when the day was never taken.
    """
    noted = taken(warehouse, day)
    if noted is None:
        raise ConfigurationError(f"{day} was never taken; take it with `alignment history --take --from {day} --to {day}`")
    agreement = agreements.kept(home, noted.agreement_version)
    with _decided(home, warehouse, day, agreement, noted.target_list) as tables:
        compared = {name: _difference(warehouse, name, day, replayed, noted) for name, replayed in tables.items()}
    return Comparison(day, noted.agreement_version, noted.erased_people, compared)


def comparisons(warehouse: Warehouse, day: date) -> list[dict[str, Any]]:
    """Rows of `snapshot_replays` of a day, none when it was never replayed since it was taken."""
    if day not in warehouse.snapshot_days(SNAPSHOT_REPLAYS.name):
        return []
    rows: list[dict[str, Any]] = warehouse.read_snapshot(SNAPSHOT_REPLAYS.name, day).to_pyarrow().to_pylist()
    return rows


def keep_comparison(home: Home, warehouse: Warehouse, comparison: Comparison) -> int:
    """Keep what came of a comparison beside the day, as `snapshot_replays`. Returns its rows."""
    rows = [
        {
            "snapshot_on": comparison.day,
            "table_name": name,
            "is_equal": one.stored_hash == one.replayed_hash,
            "rows": one.rows,
            "left_out": one.left_out,
            "erased_people": comparison.erased_people,
            "differing": one.differing,
            "examples": json.dumps(one.examples),
            "stored_hash": one.stored_hash,
            "replayed_hash": one.replayed_hash,
            "replayed_at": home.clock.now(),
            "agreement_version": comparison.agreement_version,
        }
        for name, one in sorted(comparison.tables.items())
    ]
    return warehouse.keep(SNAPSHOT_REPLAYS.name, comparison.day, pa.Table.from_pylist(rows, schema=SNAPSHOT_REPLAYS.schema)).rows


def forget_comparison(warehouse: Warehouse, day: date, names: Collection[str]) -> None:
    """Take out what came of a comparison whose examples name one of these: it can be made again."""
    text = " ".join(row["examples"] for row in comparisons(warehouse, day))
    if any(name in text for name in names):
        warehouse.drop_snapshot(SNAPSHOT_REPLAYS.name, day)


def erase(warehouse: Warehouse, day: date, people: Collection[str], accounts: Collection[str]) -> None:
    """Write down that people were erased from a day, and the accounts that they counted for."""
    noted = taken(warehouse, day)
    if noted is not None:
        both = tuple(sorted({*noted.erased_accounts, *accounts}))
        _write(warehouse, day, replace(noted, erased_people=noted.erased_people + len(people), erased_accounts=both))


@contextmanager
def _decided(home: Home, warehouse: Warehouse, day: date, agreement: Agreement, list_name: str | None) -> Iterator[dict[str, ibis.Table]]:
    """The day's rows by table, from a replay in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="replay-", dir=home.folder("spill")) as folder:
        yield replay.decide(
            KEYS,
            warehouse,
            warehouse.beside(Path(folder)),
            agreement=agreement,
            as_of=end_of(day),
            target_list=agreements.target_list(home, list_name),
        )


def _difference(warehouse: Warehouse, name: str, day: date, replayed: ibis.Table, noted: Taken) -> Difference:
    stored = warehouse.read_snapshot(name, day)
    excepted = _touched(warehouse, name, noted.erased_accounts, stored) | _touched(warehouse, name, noted.erased_accounts, replayed)
    then, again = _hashes(warehouse, name, stored), _hashes(warehouse, name, replayed)
    left_out = sum(key in excepted for key in then)
    then = {key: value for key, value in then.items() if key not in excepted}
    again = {key: value for key, value in again.items() if key not in excepted}
    return Difference(
        rows=len(then),
        left_out=left_out,
        missing=tuple(sorted(then.keys() - again.keys())),
        added=tuple(sorted(again.keys() - then.keys())),
        changed=tuple(sorted(key for key in then.keys() & again.keys() if then[key] != again[key])),
        stored_hash=table_hash(then),
        replayed_hash=table_hash(again),
    )


def _touched(warehouse: Warehouse, name: str, accounts: Collection[str], rows: ibis.Table) -> set[str]:
    """Keys of the rows of accounts that lost a person."""
    if not accounts:
        return set()
    touched = rows.filter(rows.account_id.isin(sorted(accounts))).select(key=rows[KEYS[name]])
    return set(warehouse.connection.to_pyarrow(touched).column("key").to_pylist())


def _hashes(warehouse: Warehouse, name: str, rows: ibis.Table) -> dict[str, str]:
    hashed = row_hashes(rows, CONTRACTS[name])
    read = warehouse.connection.to_pyarrow(hashed.select(KEYS[name], "row_hash"))
    return dict(zip(read.column(KEYS[name]).to_pylist(), read.column("row_hash").to_pylist(), strict=True))


def _notes(warehouse: Warehouse, day: date) -> Path:
    return warehouse.snapshot_folder(day) / NOTES


def _write(warehouse: Warehouse, day: date, noted: Taken) -> None:
    path = _notes(warehouse, day)
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(asdict(noted), indent=1, sort_keys=True), encoding="utf-8")
    aside.chmod(0o600)
    aside.replace(path)
