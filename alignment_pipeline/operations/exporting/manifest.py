"""What an export wrote, and how two exports differ.

Belongs here: `manifest.json` and the comparison of two. The files themselves: `writing.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from alignment_pipeline.contracts import Contract
from alignment_pipeline.errors import ConfigurationError

FILE = "manifest.json"
KIND = "alignment_pipeline export"


@dataclass(frozen=True)
class TableFile:
    """One table of an export."""

    file: str
    rows: int
    sha256: str
    contract_version: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """What changed for a reader. `is_breaking`: a query written for the last export may fail or mean something else."""

    table: str
    text: str
    is_breaking: bool = False


def table_file(path: Path, contract: Contract, rows: int) -> TableFile:
    """The entry of a finished file."""
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return TableFile(f"tables/{path.name}", rows, digest, contract.version, {one.name: one.type for one in contract.columns})


def planned(contract: Contract, rows: int) -> TableFile:
    """The entry of a table that was not written."""
    return TableFile("", rows, "", contract.version, {one.name: one.type for one in contract.columns})


def text(tables: Mapping[str, TableFile], about: Mapping[str, Any]) -> str:
    """`manifest.json`."""
    content = {"kind": KIND, **about, "tables": {name: asdict(one) for name, one in sorted(tables.items())}}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read(folder: Path) -> dict[str, TableFile] | None:
    """The tables of the export in a folder; None when there is none. Raises ConfigurationError when its manifest is no such file."""
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["kind"] != KIND:
            raise ConfigurationError(f"{path} is no manifest of an export: give another folder")
        return {name: TableFile(**one) for name, one in content["tables"].items()}
    except FileNotFoundError:
        return None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path} cannot be read as the manifest of an export: give another folder") from error


def differences(last: Mapping[str, TableFile], now: Mapping[str, TableFile]) -> list[Difference]:
    """How `now` differs: tables and columns that are gone or have another type, new ones, and numbers of rows."""
    listed = [Difference(name, "the table is gone", True) for name in sorted(last.keys() - now.keys())]
    listed += [Difference(name, f"new table, {now[name].rows:,} rows") for name in sorted(now.keys() - last.keys())]
    for name in sorted(last.keys() & now.keys()):
        listed += _columns(name, last[name], now[name])
        before, after = last[name].rows, now[name].rows
        if before != after:
            share = f" ({(after - before) / before:+.1%})" if before else ""
            listed.append(Difference(name, f"rows {before:,} -> {after:,}{share}", is_breaking=before > 0 and after == 0))
    return listed


def _columns(name: str, last: TableFile, now: TableFile) -> Sequence[Difference]:
    listed = [Difference(name, f"column {one} is gone", True) for one in last.columns if one not in now.columns]
    listed += [
        Difference(name, f"column {one}: {kind} -> {now.columns[one]}", True)
        for one, kind in last.columns.items()
        if one in now.columns and now.columns[one] != kind
    ]
    if any(one.is_breaking for one in listed) and _major(last) == _major(now):
        listed.append(Difference(name, f"its contract still has version {now.contract_version}: the next major one is due", True))
    return [*listed, *(Difference(name, f"new column {one}") for one in now.columns if one not in last.columns)]


def _major(one: TableFile) -> str:
    return one.contract_version.partition(".")[0]
