"""The instance that runs of the command line are recorded in: Dagster's own SQLite files, written faster, each run under its repository.

Belongs here: how a run that this process executes is stored, so that Dagster's pages show it. Running it: `launch.py`.

Dagster opens a connection for every event and closes it again; closing the last connection of a database in WAL mode writes its whole log
back, and each commit waits for the disk. A full run has about 800 events: 40 % of the time of a run over a small organisation. Here one
connection stays open for each of the last few databases, with `synchronous = NORMAL`: after a power cut the last events of a run may be
missing, a database is never damaged. The tables of the product and its journal are not kept there.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance import InstanceRef
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

from alignment_pipeline.installation.instance_storage import PATIENCE_SECONDS

#: The code location, as `workspace.yaml` and `alignment dev` name it.
LOCATION = "alignment_pipeline"
_DATABASES_KEPT_OPEN = 4


class RunLog(SqliteEventLogStorage):
    """Dagster's event log in the same files, with connections that stay open."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> RunLog:
        """What Dagster calls."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            if len(self._engines) >= _DATABASES_KEPT_OPEN:
                self._engines.popitem(last=False)[1].dispose()
            # the lock of this storage lets one thread in at a time
            address, settings = self.conn_string_for_shard(shard), {"timeout": PATIENCE_SECONDS, "check_same_thread": False}
            # making the tables takes two connections
            self._initdb(create_engine(address, poolclass=NullPool, connect_args=settings))
            engine = create_engine(address, poolclass=StaticPool, connect_args=settings)
            event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = NORMAL"))
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        return self._engines[shard]

    def dispose(self) -> None:
        """Close the databases."""
        super().dispose()
        while self._engines:
            self._engines.popitem()[1].dispose()


def instance(folder: Path, *, is_ours: bool) -> dg.DagsterInstance:
    """The instance of a DAGSTER_HOME. One that is not ours keeps the storage that its `dagster.yaml` names."""
    if not is_ours:
        return dg.DagsterInstance.from_config(str(folder))
    log = {"module": __name__, "class": RunLog.__name__, "config": {"base_dir": str(folder / "history" / "runs")}}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides={"event_log_storage": log}))


def origin(job: str) -> RemoteJobOrigin:
    """Where Dagster's pages find the job of a run: Overview, Jobs and the history of runs list runs by it."""
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name="alignment_pipeline.definitions")
    location = ManagedGrpcPythonEnvCodeLocationOrigin(loadable_target_origin=target, location_name=LOCATION)
    return RemoteRepositoryOrigin(location, "__repository__").get_job_origin(job)
