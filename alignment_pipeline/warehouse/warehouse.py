"""The store: a dataset of Parquet files per table, published by pointing a link at it.

Belongs here: reading, replacing and appending tables on one in-memory DuckDB. Which columns a table has: `contracts/`; how rows become
files: `files.py`; where the files of a version lie: `versions.py`. A reader sees a whole old or a whole new table; two publishers of one
table are told apart by a lock file.
"""

from __future__ import annotations

import copy
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts import CONTRACTS, Contract
from alignment_pipeline.errors import ConfigurationError, DataLoss
from alignment_pipeline.warehouse import connection, content, files, folders, versions
from alignment_pipeline.warehouse.connection import Connection
from alignment_pipeline.warehouse.files import Written
from alignment_pipeline.warehouse.manifest import (
    POINTER,
    DataFile,
    Manifest,
    read_basis,
    read_manifest,
    stamp,
    verify,
    write_basis,
    write_manifest,
)

# what was planned and sent, not what was decided
_OF_THE_JOURNAL = frozenset({"write_plans", "write_results"})


@dataclass(frozen=True)
class Published:
    """What a publication wrote: the table, its version, its rows in all, the rows added. `is_kept`: the old version has these rows."""

    table: str
    version: int
    rows: int
    added: int
    is_kept: bool = False


class Warehouse:
    """Tables below `home/warehouse`, read through one in-memory DuckDB connection.

    Tables are named by the contracts. Not safe for several threads; open one per process or thread.
    """

    def __init__(
        self, home: Path, *, clock: Clock | None = None, memory_limit: str | None = None, backend: type[Connection] = Connection
    ) -> None:
        self.root = home / "warehouse"
        self._versions = home / "versions"
        self._clock = clock or Clock()
        self._read_before: dict[tuple[str, ...], ibis.Table] = {}
        folders.private(home)
        folders.check_home(home)
        folders.private(self.root)
        versions.upgrade(self.root, self._versions, CONTRACTS)
        self.spill = home / "spill"
        folders.private(self.spill)
        self._files: dict[str, tuple[str, ...]] = {}
        self.connection = connection.connected(backend, spill=self.spill, memory_limit=memory_limit)

    def exists(self, name: str) -> bool:
        """Whether the table was ever published."""
        return read_manifest(self._folder(name)) is not None

    def manifest(self, name: str) -> Manifest | None:
        """The published version of a table, None when there is none."""
        return read_manifest(self._folder(name))

    def read(self, name: str) -> ibis.Table:
        """The published table, or the contract's empty table when it was never published. Raises DataLoss when files are cut."""
        remedy = "Run `alignment doctor --repair` to move it aside and rebuild it from its sources"
        return self._read(self._folder(name), name, remedy=remedy)

    def files(self, name: str) -> list[Path]:
        """The Parquet files of the published version, empty when the table has no rows or was never published."""
        folder = Path(os.path.realpath(self._folder(name)))
        manifest = read_manifest(folder)
        return [folder / file.name for file in manifest.files] if manifest else []

    def over(self, paths: list[str], name: str) -> ibis.Table:
        """A table over Parquet files, under a name of its own that begins with `name`.

        Files of an earlier release may lack columns that the contract has since: they are null there.
        """
        view = f"{name}_{secrets.token_hex(4)}"
        self._files[view] = tuple(paths)
        rows = self.connection.read_parquet(paths, table_name=view, hive_partitioning=False, union_by_name=len(paths) > 1)
        contract = CONTRACTS.get(name)
        new = [field for field in contract.schema if field.name not in rows.columns] if contract else []
        if contract is None or not new:
            return rows
        whole = rows.mutate(**{field.name: ibis.null(ibis.schema(pa.schema([field]))[field.name]) for field in new}).select(*contract.names)
        self._files[completed := f"{view}_completed"] = tuple(paths)
        return self.connection.create_view(completed, whole)

    def files_of(self, view: str) -> tuple[str, ...]:
        """The files behind a table that `read` or `over` gave."""
        return self._files[view]

    def adopt(self, name: str, paths: Iterable[Path]) -> Published:
        """Publish a version of Parquet files that an engine wrote beside the store, in the contract's columns and types; they are moved.
        Raises ConfigurationError when a required value is missing."""
        return self._store(self._folder(name), name, Written(tuple(paths)), keeps=False)

    def replace(self, name: str, table: ibis.Table | pa.Table | Iterable[pa.RecordBatch]) -> Published:
        """Publish a new version that holds exactly these rows, in the contract's columns and types."""
        return self._store(self._folder(name), name, table, keeps=False)

    def replace_if_other(self, name: str, table: ibis.Table | pa.Table | Iterable[pa.RecordBatch]) -> Published:
        """The same, unless the published version holds these rows already (the moment they were decided as of aside): then it stays."""
        return self._store(self._folder(name), name, table, keeps=False, is_compared=True)

    def sign(self, published: Published, basis: Mapping[str, Any]) -> None:
        """Keep beside a publication what it was decided from. Another version that was published since is left alone."""
        link = self._folder(published.table)
        with versions.publishing(self._store_of(link)):
            folder = Path(os.path.realpath(link))
            manifest = read_manifest(folder)
            if manifest is not None and manifest.version == published.version:
                write_basis(folder, basis)

    def basis(self, name: str) -> dict[str, Any] | None:
        """What the published version was decided from; None when that was not kept."""
        return read_basis(Path(os.path.realpath(self._folder(name))))

    def decided_as_of(self) -> datetime | None:
        """The latest moment as of which a table was decided, whether or not its rows changed; None when nothing was."""
        kept = (self.basis(name) for name in CONTRACTS if name not in _OF_THE_JOURNAL)
        return max((datetime.fromisoformat(one["as_of"]) for one in kept if one), default=None)

    def append(self, name: str, rows: ibis.Table | pa.Table | Iterable[pa.RecordBatch]) -> Published:
        """Publish a version that holds the rows so far and these. Nothing is published when these are none."""
        _contract(name)
        return self._store(self._folder(name), name, rows, keeps=True)

    def forget_old_versions(self, name: str) -> None:
        """Delete every data file that the published version does not name: an erasure leaves no byte behind."""
        self._forget(self._folder(name))

    def keep(self, name: str, day: date, table: ibis.Table | pa.Table) -> Published:
        """Keep a table as of a day, as `snapshots/<day>/<table>`; what was kept for the day is replaced."""
        folder = self.snapshot_folder(day) / name
        for path in (self.root / "snapshots", folder.parent):
            folders.private(path)
        return self._store(folder, _contract(name).name, table, keeps=False)

    def read_snapshot(self, name: str, day: date) -> ibis.Table:
        """What was kept for a day. Raises ConfigurationError when nothing was, DataLoss when files are cut."""
        folder = self.snapshot_folder(day) / name
        if read_manifest(folder) is None:
            raise ConfigurationError(f"there is no snapshot of {name} on {day}")
        return self._read(folder, name, remedy="Take the day again: `alignment history --take`")

    def snapshot_folder(self, day: date) -> Path:
        """Where the tables of a kept day lie."""
        return self.root / "snapshots" / day.isoformat()

    def snapshot_days(self, name: str) -> list[date]:
        """The days for which a table was kept, in order."""
        return sorted(date.fromisoformat(path.parent.parent.name) for path in (self.root / "snapshots").glob(f"*/{name}/{POINTER}"))

    def forget_old_snapshots(self, name: str, day: date) -> None:
        """Delete every data file of a kept day that its manifest does not name."""
        self._forget(self.snapshot_folder(day) / name)

    def drop_snapshot(self, name: str, day: date) -> None:
        """Delete what was kept of a table for a day."""
        self._drop(self.snapshot_folder(day) / name)

    def beside(self, root: Path) -> Warehouse:
        """A warehouse below another folder on the same connection, so that rules can read from both."""
        other = copy.copy(self)
        other.root, other._versions = root, root / ".versions"
        folders.private(root)
        return other

    def damaged(self) -> dict[str, list[str]]:
        """Tables whose files do not have their published checksums, with what is wrong."""
        damage = {}
        for folder in sorted(path for path in self.root.iterdir() if path.is_dir() and path.name in CONTRACTS):
            try:
                manifest = read_manifest(folder)
                problems = verify(folder, manifest, checksums=True) if manifest else []
            except DataLoss as error:
                problems = [str(error)]
            if problems:
                damage[folder.name] = problems
        return damage

    def move_aside(self, name: str) -> Path:
        """Take a damaged table out of the way (kept, never deleted), so that the next run rebuilds it."""
        folder = self._folder(name)
        aside = self._versions / f"damaged-{name}-{self._clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
        Path(os.path.realpath(folder)).replace(aside)
        self._drop(folder)
        return aside

    def _folder(self, name: str) -> Path:
        return self.root / _contract(name).name

    def _store_of(self, folder: Path) -> Path:
        return self._versions / folder.relative_to(self.root)

    def _forget(self, folder: Path) -> None:
        versions.forget_others(folder, self._store_of(folder))

    def _drop(self, folder: Path) -> None:
        if folder.is_symlink():
            folder.unlink()
        for path in (folder, self._store_of(folder)):
            if path.is_dir():
                shutil.rmtree(path)

    def _read(self, folder: Path, name: str, *, remedy: str) -> ibis.Table:
        # the version that is published now: one that is published later does not change these paths
        folder = Path(os.path.realpath(folder))
        manifest = read_manifest(folder)
        if manifest is None or not manifest.files:
            return _empty(_contract(name))
        problems = verify(folder, manifest)
        if problems:
            raise DataLoss(f"table {name}: {'; '.join(problems)}. {remedy}")
        paths = tuple(str(folder / file.name) for file in manifest.files)
        if paths not in self._read_before:
            # a version never changes: a run reads the tables that many rules share once
            self._read_before[paths] = self.over(list(paths), name)
        return self._read_before[paths]

    def _store(
        self,
        link: Path,
        name: str,
        rows: ibis.Table | pa.Table | Iterable[pa.RecordBatch] | Written,
        *,
        keeps: bool,
        is_compared: bool = False,
    ) -> Published:
        """Publish a version of these rows, after those that are there if `keeps`; with `is_compared` only if its rows are others."""
        contract, store = _contract(name), self._store_of(link)
        with versions.publishing(store):
            old = Path(os.path.realpath(link))
            before = read_manifest(old)
            kept = before.files if before and keeps else ()
            folder = versions.new(store, before.version + 1 if before else 1)
            try:
                for file in kept:
                    versions.share(file.name, old, folder)
                if isinstance(rows, Written):
                    moved = files.moved(folder, contract, rows)
                    return self._publish(link, folder, contract, tuple(moved), sum(file.rows for file in moved))
                new = files.write(self.connection, folder, contract, rows)
                if before and keeps and not new:
                    return Published(name, before.version, before.rows, 0)
                added = sum(file.rows for file in new)
                says = self._content(folder, new, contract) if is_compared else None
                if before and says is not None and before.content == says and not verify(old, before):
                    return Published(name, before.version, before.rows, 0, is_kept=True)
                whole = files.compacted(kept + tuple(new), folder, contract, self.connection, self.over)
                return self._publish(link, folder, contract, whole, added, says)
            finally:
                # a rule or a reading that fails half-way leaves nothing beside the published version
                if read_manifest(folder) is None:
                    shutil.rmtree(folder, ignore_errors=True)

    def _content(self, folder: Path, new: Iterable[DataFile], contract: Contract) -> str:
        return content.content(self.connection.con, [folder / file.name for file in new], contract)

    def _publish(
        self, link: Path, folder: Path, contract: Contract, whole: tuple[DataFile, ...], added: int, says: str | None = None
    ) -> Published:
        version = int(folder.name[1:7])
        if not whole:
            files.write_batches(folder / versions.EMPTY, contract, contract.empty())
        manifest = Manifest(table=contract.name, version=version, published_at=stamp(self._clock.now()), files=whole, content=says)
        write_manifest(folder, manifest)
        versions.point(link, folder)
        versions.sweep(folder.parent, folder, version)
        return Published(contract.name, version, manifest.rows, added)


def _contract(name: str) -> Contract:
    try:
        return CONTRACTS[name]
    except KeyError:
        raise ConfigurationError(f"no contract names a table {name!r}; tables are declared in alignment_pipeline/contracts") from None


def _empty(contract: Contract) -> ibis.Table:
    # nullable, as the columns of a read Parquet file are
    return ibis.memtable(pa.schema([field.with_nullable(True) for field in contract.schema]).empty_table())
