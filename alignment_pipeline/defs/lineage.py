"""Column lineage as Dagster shows it, with what is published.

Belongs here: handing `line/column_lineage.py` to Dagster. Deriving it takes seconds, so it is kept beside the runs, once for each version
of the agreement and of this package.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import dagster as dg

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.defs.line import Line
from alignment_pipeline.line.column_lineage import column_lineage
from alignment_pipeline.line.steps import STEPS

Stored = Mapping[str, Mapping[str, Sequence[Sequence[str]]]]


def of(table: str, run: Line) -> dict[str, Any]:
    """Metadata of a table; nothing where its columns come out of Python."""
    columns = _stored(run.home.folder("runs"), run.agreement).get(table)
    if not columns:
        return {}
    deps = {
        name: [dg.TableColumnDep(asset_key=run.key(source), column_name=column) for source, column in sources]
        for name, sources in columns.items()
        if sources
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps)}


def _stored(folder: Path, agreement: Agreement) -> Stored:
    path = folder / f"column_lineage-{_release()}-{agreement.version}.json"
    if not path.exists():
        by_table = {table: columns for step in STEPS for table, columns in column_lineage(step, agreement).items()}
        plain = {table: {name: sorted(sources) for name, sources in columns.items()} for table, columns in by_table.items()}
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(plain), encoding="utf-8")
        aside.replace(path)
    return _read(path)


@cache
def _read(path: Path) -> Stored:
    stored: Stored = json.loads(path.read_text(encoding="utf-8"))
    return stored


def _release() -> str:
    try:
        return version("alignment-pipeline")
    except PackageNotFoundError:
        return "unreleased"
