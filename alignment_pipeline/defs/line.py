"""One run's view of the line: its tables, its moment, its agreement, and publishing with metadata.

Belongs here: what turns a rule's table into a materialization. The resource that opens it for a step: `line_resource.py`; what an asset
says of itself before it runs: `specs.py`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs import progress, summaries
from alignment_pipeline.defs.specs import CONTRACT_CHECK
from alignment_pipeline.engines import choice
from alignment_pipeline.installation import target_list
from alignment_pipeline.installation.home import Home
from alignment_pipeline.line.engine import Engine
from alignment_pipeline.line.run import TARGET_LIST, Walk, maker
from alignment_pipeline.line.step import Read, Version
from alignment_pipeline.operations.reading_ahead import ReadingAhead
from alignment_pipeline.staging import versions
from alignment_pipeline.warehouse.warehouse import Published, Warehouse

# read by six rules and published by none: worked out once in a run, on disk until it ends
HELD = frozenset({"scored_activities"})


class Line:
    """One run's view of the line of tables."""

    def __init__(self, home: Home, run_id: str, as_of: datetime | None, *, key_prefix: Sequence[str] = ()) -> None:
        self.home = home
        self.run_id = run_id
        self._given_as_of = as_of
        self._key_prefix = tuple(key_prefix)
        #: what this run has published so far
        self.published: dict[str, Published] = {}
        #: moments that one step has looked up, for the next
        self.moments: dict[tuple[str, ...], datetime | None] = {}
        self._held_rows: dict[tuple[str | None, ...], ibis.Table] = {}
        #: systems that threads read while a step reads another
        self.ahead: dict[str, ReadingAhead] = {}
        self.has_begun_to_read = False

    def key(self, table: str) -> dg.AssetKey:
        """The asset of a table, below the prefix that the project gives all of them."""
        return dg.AssetKey([*self._key_prefix, table])

    @cached_property
    def warehouse(self) -> Warehouse:
        """The store."""
        return self.home.warehouse()

    @cached_property
    def engine(self) -> Engine:
        """What runs the rules."""
        return choice.engine(self.home.environ, self.warehouse)

    @property
    def agreement(self) -> Agreement:
        """The agreement in force."""
        return self.home.agreement

    @cached_property
    def as_of(self) -> datetime:
        """The moment this run decides as of: given by the run's tag, or the moment its first rule began, the same for all steps."""
        if self._given_as_of is not None:
            return self._given_as_of
        path = self.home.folder("runs") / f"{self.run_id}.as_of"
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as handle:
                handle.write(self.home.clock.now().isoformat())
        return datetime.fromisoformat(path.read_text(encoding="ascii"))

    @property
    def stamp(self) -> dict[str, Any]:
        """The two arguments that every deciding rule takes."""
        return {"as_of": self.as_of, "agreement_version": self.agreement.version}

    def read(self, name: str) -> ibis.Table:
        """A published table."""
        return self.warehouse.read(name)

    def tables(self, *names: str) -> dict[str, ibis.Table]:
        """Several published tables, by name."""
        return {name: self.read(name) for name in names}

    def living(self, name: str) -> ibis.Table:
        """Current versions of a raw table's living records, as known now."""
        return versions.living(self.read(name), as_of=self.as_of)

    def latest(self, name: str) -> ibis.Table:
        """Living records as last read, whatever moment the run decides as of: what the CRM holds is never a thing of the past."""
        return versions.living(self.read(name), as_of=self.home.clock.now())

    def version(self, one: Read) -> Any:
        """A published table in the version that a row of the line asks for; None for a target list that the agreement does not name."""
        if one.table == TARGET_LIST:
            return target_list.target_list(self.agreement, agreement_path=self.home.agreement_path)
        versions_of = {Version.LIVING: self.living, Version.LAST_READ: self.latest}
        return versions_of.get(one.version, self.read)(one.table)

    def walk(self) -> Walk:
        """A walk along the line over the published tables."""
        return Walk(self.agreement, self.as_of, self.version, self._held, engine=self.engine)

    def _held(self, name: str, rows: Any) -> Any:
        """The rows of a table in `HELD`, worked out when the first rule of the run asks; a cluster works them out where they are read."""
        if name not in HELD or "spark" in self.engine.kinds:
            return rows
        manifests = [self.warehouse.manifest(one.table) for one in maker(name).inputs]
        versions = (name, *(one.identity if one else None for one in manifests))
        if versions not in self._held_rows:
            path = self._scratch / f"{name}-{len(self._held_rows)}.parquet"
            self.warehouse.connection.to_parquet(rows, path)
            self._held_rows[versions] = self.warehouse.over([str(path)], name)
        return self._held_rows[versions]

    @cached_property
    def _scratch(self) -> Path:
        """A folder that lasts as long as this line."""
        path = Path(tempfile.mkdtemp(prefix="held-", dir=self.warehouse.spill))
        weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)
        return path

    def publish(self, name: str, rows: ibis.Table | pa.Table | Iterable[pa.RecordBatch], **metadata: Any) -> dg.MaterializeResult:
        """Publish a table and say what was published: rows, version, seconds, agreement, moment, and the contract check."""
        begun = time.perf_counter()
        published = self.engine.publish(name, rows)
        self.published[name] = published
        decided = {"agreement_version": self.agreement.version, "as_of": self.as_of.isoformat()}
        if published.is_kept:
            decided["unchanged"] = "decided again, with the same rows: the published version stays"
        return self.materialized(published, seconds=time.perf_counter() - begun, **decided, **metadata)

    def materialized(self, published: Published, **metadata: Any) -> dg.MaterializeResult:
        """What Dagster shows of a publication, with the contract check on what now stands."""
        return self._shown(published, self.contract_check(published.table, published.rows, self.read(published.table)), metadata)

    def standing(self, published: Published, **metadata: Any) -> dg.MaterializeResult:
        """The same of a table that was not decided again. Its key was unique when it was published, and its files are whole."""
        self.read(published.table)
        return self._shown(published, self._key_check(published.table, published.rows, published.rows), metadata)

    def _shown(self, published: Published, check: dg.AssetCheckResult, metadata: Mapping[str, Any]) -> dg.MaterializeResult:
        progress.report(published.table, published.rows)
        return dg.MaterializeResult(
            asset_key=self.key(published.table),
            metadata={
                "dagster/row_count": published.rows,
                "version": published.version,
                "added": published.added,
                **metadata,
                **summaries.of(published.table, self.warehouse),
            },
            check_results=[check],
        )

    def contract_check(self, name: str, rows: int, table: ibis.Table) -> dg.AssetCheckResult:
        """The key is unique. Types and nulls were refused at publication already."""
        return self._key_check(name, rows, _distinct(self.warehouse, table, CONTRACTS[name].key) if rows else 0)

    def _key_check(self, name: str, rows: int, distinct: int) -> dg.AssetCheckResult:
        key = ", ".join(CONTRACTS[name].key)
        return dg.AssetCheckResult(
            check_name=CONTRACT_CHECK,
            asset_key=self.key(name),
            passed=distinct == rows,
            metadata={"rows": rows, "distinct_keys": distinct, "key": key},
            description=None if distinct == rows else f"{rows - distinct} rows repeat the key {key}",
        )


def _distinct(warehouse: Warehouse, table: ibis.Table, key: Iterable[str]) -> int:
    """How many keys a published table has. Written by hand: it is asked of every table, and Ibis takes longer than DuckDB."""
    columns = ", ".join(f'"{name}"' for name in key)
    counted = warehouse.connection.con.execute(f'SELECT count(*) FROM (SELECT DISTINCT {columns} FROM "{table.get_name()}")').fetchone()
    return int(counted[0]) if counted else 0
