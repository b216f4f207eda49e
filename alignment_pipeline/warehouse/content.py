"""What a table's rows are, in a few characters: two versions with the same rows in any order have the same text.

Belongs here: the sum over rows. When two versions are compared: `warehouse.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from alignment_pipeline.contracts import Contract

#: The moment a row was decided as of is no part of what it says.
STAMP = "as_of"


def content(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], contract: Contract) -> str:
    """Rows and two sums of 64-bit hashes. The sums are those of this DuckDB: another version of it gives another text."""
    head = f"duckdb {duckdb.__version__}"
    if not paths:
        return f"{head}: 0"
    names = ", ".join(f'"{name}"' for name in contract.names if name != STAMP)
    rows, total, folded = connection.execute(
        "SELECT count(*), sum(one::HUGEINT), bit_xor(one) FROM "
        f"(SELECT hash({names}) AS one FROM read_parquet([{', '.join('?' * len(paths))}]))",
        [str(path) for path in paths],
    ).fetchall()[0]
    return f"{head}: {rows} {total:x} {folded:x}"
