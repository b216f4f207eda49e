"""The resource every asset takes: the tables of one run, its moment, its agreement, and publishing with metadata.

Belongs here: what turns a rule's table into a materialization. Which rule makes which table: the modules beside this one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import ibis
import pyarrow as pa
from pydantic import PrivateAttr

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS, Contract
from alignment_pipeline.defs import progress, summaries
from alignment_pipeline.engines import choice
from alignment_pipeline.installation import target_list
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import lease
from alignment_pipeline.line.engine import Engine
from alignment_pipeline.line.run import TARGET_LIST, Walk, maker
from alignment_pipeline.line.step import Read, Version
from alignment_pipeline.operations.reading_ahead import ReadingAhead
from alignment_pipeline.staging import versions
from alignment_pipeline.warehouse.warehouse import Published, Warehouse

AS_OF_TAG = "alignment/as_of"
# read by six rules and published by none: worked out once in a run, on disk until it ends
HELD = frozenset({"scored_activities"})
# a day's margin over the daily schedule before a table counts as stale
STALE_AFTER, WARN_AFTER = timedelta(hours=30), timedelta(hours=25)
CONTRACT_CHECK = "contract"
# a wrong value in these tables would reach the CRM: their contract check stops what depends on them
BLOCKING_GROUPS = frozenset({"staging", "identity", "matching", "scoring", "lifecycle", "sla", "write_back"})

AUTOMATED_GROUPS = frozenset({"staging", "identity", "matching", "scoring", "lifecycle", "sla", "pipeline", "history"})


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


class LineResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Opens the line for one step. Takes nothing from run config, nor from tags: who launches a run cannot widen what it may do.

    `settings` are environment variables that the code location sets for this line (a home, an agreement); no secrets, since Dagster shows
    them. `key_prefix` stands before the key of every asset.

    The steps of a run that share a process share its line: one connection, one reading of the agreement. They hold the home's lease
    for runs until the run ends: two runs that publish the same tables at once would decide on a mixture of both.
    """

    #: How long a run that Dagster started waits for another one of this home; then it fails and is reported as a failed run.
    TURN_SECONDS: ClassVar[float] = 1800.0
    settings: dict[str, str] = {}
    key_prefix: list[str] = []
    _lines: dict[str, Line] = PrivateAttr(default_factory=dict)
    _turn: ExitStack = PrivateAttr(default_factory=ExitStack)

    def open(self, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Line:
        """The line of the run that `context` belongs to."""
        run = context.run
        if run.run_id not in self._lines:
            # a tag can be set by whoever reaches the web server; only the command line may choose the moment
            tag = run.tags.get(AS_OF_TAG) if progress.is_watched() else None
            as_of = datetime.fromisoformat(tag).astimezone(UTC) if tag else None
            home = self.home()
            self._take_turn(home)
            self._lines.clear()
            self._lines[run.run_id] = Line(home, run.run_id, as_of, key_prefix=self.key_prefix)
        return self._lines[run.run_id]

    def home(self) -> Home:
        """The home of this code location."""
        return Home.from_env(over=self.settings)

    def open_beside_runs(self, run_id: str) -> Line:
        """The line without the lease of runs: for what publishes nothing that a run reads, so that neither waits for the other."""
        return Line(self.home(), run_id, None, key_prefix=self.key_prefix)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Let the next run begin."""
        for line in self._lines.values():
            for ahead in line.ahead.values():
                ahead.close()
        self._turn.close()

    def _take_turn(self, home: Home) -> None:
        """Raises AnotherWriter when the other run does not end."""
        if progress.is_watched():
            return  # `launch` holds the lease
        self._turn.close()
        journal = self._turn.enter_context(home.journal())
        self._turn.enter_context(lease.acquire(journal, lease.RUN, wait_seconds=self.TURN_SECONDS))


def table(name: str, *, deps: Iterable[str], pool: str = "warehouse") -> dict[str, Any]:
    """Arguments of `@dg.asset` for a table of the contracts."""
    return {
        **_described(CONTRACTS[name]),
        "key": name,
        "deps": list(deps),
        "check_specs": [contract_check_spec(CONTRACTS[name])],
        "freshness_policy": _freshness(),
        "automation_condition": _automation(CONTRACTS[name]),
        "pool": pool,
    }


def table_spec(name: str, *, deps: Iterable[str] = (), kinds: frozenset[str] = frozenset()) -> dg.AssetSpec:
    """The same, for a table that one step makes together with others. `kinds` says how, beside the store's."""
    described = _described(CONTRACTS[name])
    return dg.AssetSpec(
        key=name,
        deps=list(deps),
        freshness_policy=_freshness(),
        automation_condition=_automation(CONTRACTS[name]),
        **{**described, "kinds": described["kinds"] | kinds},
    )


def plain(name: str, *, deps: Iterable[str]) -> dict[str, Any]:
    """What an asset of a table of the contracts says of itself, without a promise of freshness: for days that are past."""
    return {**_described(CONTRACTS[name]), "deps": list(deps)}


def tables(*names: str, deps: Iterable[str], engine: frozenset[str], pool: str = "warehouse") -> dict[str, Any]:
    """Arguments of `@dg.multi_asset` for tables of the contracts that one rule makes together; `engine` are the kinds of what runs it."""
    wanted = list(deps)
    return {
        "specs": [table_spec(name, deps=wanted).replace_attributes(kinds=set(engine)) for name in names],
        "check_specs": [contract_check_spec(CONTRACTS[name]) for name in names],
        "pool": pool,
    }


def _described(contract: Contract) -> dict[str, Any]:
    return {
        "group_name": contract.group,
        "owners": [contract.owner],
        "kinds": {"duckdb", "parquet"},
        "description": description(contract),
        "metadata": {"dagster/column_schema": column_schema(contract)},
    }


def _freshness() -> dg.FreshnessPolicy:
    return dg.FreshnessPolicy.time_window(fail_window=STALE_AFTER, warn_window=WARN_AFTER)


def _automation(contract: Contract) -> dg.AutomationCondition | None:  # type: ignore[type-arg]
    """Where a table is only decided, it may follow what it reads, if no blocking check of that failed. Off until somebody turns on the
    sensor of automation conditions; reading systems, planning and writing stay with the schedules."""
    if contract.group not in AUTOMATED_GROUPS:
        return None
    return dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()


def contract_check_spec(contract: Contract) -> dg.AssetCheckSpec:
    """Every table has this check; it blocks where a wrong value would reach the CRM."""
    return dg.AssetCheckSpec(
        name=CONTRACT_CHECK,
        asset=contract.name,
        blocking=contract.group in BLOCKING_GROUPS,
        description=f"The key ({', '.join(contract.key)}) is unique; columns have their types and nothing required is empty.",
    )


def description(contract: Contract) -> str:
    """The contract's grain, then its key and its personal data."""
    parts = [contract.description, f"Key: {', '.join(contract.key)}."]
    if contract.personal_columns:
        parts.append(f"Personal data: {', '.join(contract.personal_columns)}.")
    return " ".join(parts)


def column_schema(contract: Contract) -> dg.TableSchema:
    """The contract's columns as the Dagster UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in contract.columns
        ]
    )
