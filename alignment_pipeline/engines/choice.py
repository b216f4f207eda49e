"""Which engine runs the rules: the setting, and what each choice needs.

Belongs here: `ALIGNMENT_ENGINE`. The engines lie beside this file.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping

import ibis

from alignment_pipeline.engines.embedded import DuckDb
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import memory
from alignment_pipeline.installation.home import DUCKDB_SHARE
from alignment_pipeline.line.engine import Engine
from alignment_pipeline.warehouse.warehouse import Warehouse

SETTING, ADDRESS = "ALIGNMENT_ENGINE", "ALIGNMENT_ENGINE_URL"
DEFAULT = "duckdb"
Environ = Mapping[str, str]


def name_of(environ: Environ) -> str:
    """The engine's name. Raises ConfigurationError when there is none of this name."""
    name = environ.get(SETTING, "").strip().lower() or DEFAULT
    if name not in _MAKERS:
        raise ConfigurationError(f"{SETTING} is {name!r}; the engines are {', '.join(_MAKERS)} (docs/engines.md)")
    return name


def kinds_of(environ: Environ) -> frozenset[str]:
    """What Dagster shows of the assets. Nothing is connected and nothing refused: a wrong name stops a run, not the code location."""
    name = environ.get(SETTING, "").strip().lower() or DEFAULT
    return frozenset({name, "parquet"}) if name in (DEFAULT, "spark") else frozenset({name, DEFAULT, "parquet"})


def engine(environ: Environ, warehouse: Warehouse) -> Engine:
    """The engine that the setting names, over the store's tables. What DuckDB does not get of the memory, a fold may take.

    Raises ConfigurationError when its package or its address is missing.
    """
    embedded = DuckDb(warehouse, fold_bytes=int(memory.limit(environ) * (1 - DUCKDB_SHARE)))
    return _MAKERS[name_of(environ)](environ, embedded)


def _duckdb(environ: Environ, embedded: DuckDb) -> Engine:
    return embedded


def _spark(environ: Environ, embedded: DuckDb) -> Engine:
    from alignment_pipeline.engines.spark import session, spark

    return spark.Spark(embedded, session.session(environ))


def _postgres(environ: Environ, embedded: DuckDb) -> Engine:
    _require("psycopg", "postgres", "postgres")
    from alignment_pipeline.engines.database import Database, load_by_copy
    from alignment_pipeline.engines.postgres_dialect import Compiler

    connection = ibis.connect(_address(environ, "postgres://user:password@host:5432/database"))
    connection.raw_sql("SET TIME ZONE 'UTC'").close()
    connection.con.commit()
    connection.compiler = Compiler()
    return Database(embedded, connection, load=load_by_copy)


def _snowflake(environ: Environ, embedded: DuckDb) -> Engine:
    _require("snowflake.connector", "snowflake", "snowflake")
    return _by_ibis(environ, embedded, "snowflake://user:password@account/database/schema?warehouse=name")


def _bigquery(environ: Environ, embedded: DuckDb) -> Engine:
    _require("google.cloud.bigquery", "bigquery", "bigquery")
    return _by_ibis(environ, embedded, "bigquery://project/dataset")


def _by_ibis(environ: Environ, embedded: DuckDb, example: str) -> Engine:
    from alignment_pipeline.engines.database import Database, load_by_ibis

    return Database(embedded, ibis.connect(_address(environ, example)), load=load_by_ibis)


def _address(environ: Environ, example: str) -> str:
    address = environ.get(ADDRESS, "").strip()
    if not address:
        raise ConfigurationError(f"{SETTING} is {name_of(environ)!r}, and {ADDRESS} does not say where: for example {example}")
    return address


def _require(module: str, extra: str, name: str) -> None:
    try:
        is_there = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        is_there = False
    if not is_there:
        raise ConfigurationError(f"{SETTING} is {name!r}, and {module} is not installed: pip install 'alignment_pipeline[{extra}]'")


_MAKERS: Mapping[str, Callable[[Environ, DuckDb], Engine]] = {
    DEFAULT: _duckdb,
    "spark": _spark,
    "postgres": _postgres,
    "snowflake": _snowflake,
    "bigquery": _bigquery,
}
