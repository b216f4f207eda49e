"""Every table as files that any tool opens, with a record of what they are.

Belongs here: which tables an export has, the folder, and its parts in order. How each part is made: `exporting/`.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS, Contract
from alignment_pipeline.contracts.moments import moment
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import target_list
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import history, numbers, replay
from alignment_pipeline.operations.exporting import dictionary, manifest, opening, personal, writing
from alignment_pipeline.operations.exporting.manifest import Difference, TableFile
from alignment_pipeline.operations.exporting.personal import Personal
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.write_back.plans import keys

#: Changed when the files of an export are laid out in another way.
FORMAT_VERSION = "1.0"
_BATCH = 100_000


@dataclass(frozen=True)
class Wish:
    """What somebody asked for."""

    folder: Path
    form: str = "parquet"
    day: date | None = None
    personal: Personal = Personal.HASHED


@dataclass(frozen=True)
class Exported:
    """What an export wrote, how it differs from the one that was in the folder, and the tables that it could not have."""

    folder: Path
    tables: Mapping[str, TableFile]
    differences: Sequence[Difference]
    left_out: Mapping[str, str]


def export(home: Home, wish: Wish, *, done: Callable[[str, int], None] = lambda *_: None) -> Exported:
    """Write every table, and put the folder in the place of the last export there.

    Raises ConfigurationError when the folder holds anything else, or a table is too large for the format.
    """
    folder = wish.folder.expanduser().resolve()
    last = _last(folder, home)
    with _tables(home, wish.day) as (tables, left_out):
        _refuse_sizes(tables, wish.form)
        aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        (aside / "tables").mkdir(parents=True, mode=0o700)
        try:
            files = {}
            key = _key(home, wish.personal)
            for name, table in tables.items():
                contract = CONTRACTS[name]
                path = aside / "tables" / f"{name}.{wish.form}"
                rows = writing.write(path, wish.form, contract, _batches(table, contract, wish.personal, key))
                files[name] = manifest.table_file(path, contract, rows)
                done(name, rows)
            _write_beside(aside, home, wish, files, left_out)
            _swap(aside, folder)
            if wish.form != "xlsx":
                # its views name the files where they lie now
                opening.database(folder / opening.DATABASE, [CONTRACTS[name] for name in files], wish.form, folder / "tables")
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return Exported(folder, files, manifest.differences(last or files, files), left_out)


def check(home: Home, wish: Wish) -> Exported:
    """What an export would change for readers of the one in the folder. Nothing is written."""
    folder = wish.folder.expanduser().resolve()
    last = _last(folder, home)
    if last is None:
        raise ConfigurationError(f"{folder} holds no export to compare with")
    with _tables(home, wish.day) as (tables, left_out):
        now = {name: manifest.planned(CONTRACTS[name], int(table.count().to_pyarrow().as_py())) for name, table in tables.items()}
    return Exported(folder, now, manifest.differences(last, now), left_out)


def _last(folder: Path, home: Home) -> dict[str, TableFile] | None:
    if folder == home.path or home.path in folder.parents or folder in home.path.parents:
        raise ConfigurationError(f"{folder} is, holds or lies in the home: an export goes to a folder of its own")
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file; --to names a folder")
    last = manifest.read(folder)
    if last is None and folder.is_dir() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is not empty and holds no export: an export replaces the whole folder, so give another one")
    return last


@contextlib.contextmanager
def _tables(home: Home, day: date | None) -> Iterator[tuple[dict[str, ibis.Table], dict[str, str]]]:
    """The tables as published, or as they would have been decided at the end of a day, and why others are missing."""
    warehouse = home.warehouse()
    if day is None:
        yield {name: warehouse.read(name) for name in CONTRACTS}, {}
        return
    at = history.end_of(day)
    if at > home.clock.now():
        raise ConfigurationError(f"--as-of {day}: the day is not over yet; leave it out to export the tables of the last run")
    known = {name: _known(warehouse, name, at) for name in CONTRACTS if name not in replay.DECIDED}
    tables = {name: table for name, table in known.items() if table is not None}
    with tempfile.TemporaryDirectory(prefix="export-", dir=home.folder("spill")) as scratch:
        beside = warehouse.beside(Path(scratch))
        targets = target_list.target_list(home.agreement, agreement_path=home.agreement_path)
        tables |= replay.everything(warehouse, beside, agreement=home.agreement, as_of=at, target_list=targets)
        reason = f"no record of what it held on {day}"
        yield {name: tables[name] for name in CONTRACTS if name in tables}, {name: reason for name in CONTRACTS if name not in tables}


def _known(warehouse: Warehouse, name: str, at: datetime) -> ibis.Table | None:
    """The rows of a table that no rule makes, as far as they were known."""
    table = warehouse.read(name)
    column = next((one for one in ("known_at", "said_at", "started_at", "measured_at") if one in table.columns), None)
    return None if column is None else table.filter(table[column] <= moment(at))


def _refuse_sizes(tables: Mapping[str, ibis.Table], form: str) -> None:
    if form != "xlsx":
        return
    most = writing.SHEET_ROWS * writing.MOST_SHEETS
    large = [name for name, table in tables.items() if int(table.count().to_pyarrow().as_py()) > most]
    if large:
        raise ConfigurationError(f"{', '.join(large)} has more than {most:,} rows, too many for Excel: use --format parquet or csv")


def _key(home: Home, how: Personal) -> bytes:
    return keys.secret(home.path / personal.KEY_FILE, may_make=True).encode() if how is Personal.HASHED else b""


def _batches(table: ibis.Table, contract: Contract, how: Personal, key: bytes) -> Iterator[pa.Table]:
    """The rows in the order of their key, so that two exports of the same rows are equal."""
    for batch in table.order_by(*contract.key).to_pyarrow_batches(chunk_size=_BATCH):
        rows = pa.Table.from_batches([batch]).select(list(contract.names))
        typed = rows.cast(pa.schema([field.with_nullable(True) for field in contract.schema]))
        yield personal.hidden(typed, contract, how, key)


def _write_beside(aside: Path, home: Home, wish: Wish, files: Mapping[str, TableFile], left_out: Mapping[str, str]) -> None:
    contracts = [CONTRACTS[name] for name in files]
    texts = {
        manifest.FILE: manifest.text(files, _about(home, wish, left_out)),
        "dictionary.md": dictionary.markdown(contracts, {name: one.rows for name, one in files.items()}),
        "dictionary.csv": dictionary.spreadsheet(contracts),
        "metrics.yaml": opening.metrics(numbers.catalogue(home.agreement)),
        "datacontract.odcs.yaml": dictionary.data_contract(contracts, wish.form, version=FORMAT_VERSION),
    }
    if wish.form != "xlsx":
        texts |= {
            "open.sql": opening.sql(contracts, wish.form),
            "sources.yml": dictionary.dbt_sources(contracts, wish.form),
            "exposures.yml": dictionary.dbt_exposures(numbers.readers(home.agreement), contracts),
        }
    for name, text in texts.items():
        (aside / name).write_text(text, encoding="utf-8")


def _about(home: Home, wish: Wish, left_out: Mapping[str, str]) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "made_at": home.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "as_of": wish.day.isoformat() if wish.day else "the last run",
        "agreement_version": home.agreement.version,
        "format": wish.form,
        "personal": wish.personal.value,
        "left_out": dict(left_out),
    }


def _swap(aside: Path, folder: Path) -> None:
    """The finished folder in the place of the last one."""
    before = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    if folder.exists():
        folder.replace(before)
    aside.replace(folder)
    shutil.rmtree(before, ignore_errors=True)
