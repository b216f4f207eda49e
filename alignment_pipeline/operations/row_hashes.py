"""One hash per row and one per table, the same for the same rows in any order.

Belongs here: comparing two versions of a table row by row. Which versions are compared, and why: `history.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import ibis

from alignment_pipeline.contracts import Contract

# between values, and for null: characters that no value of ours holds
_BETWEEN, _NULL = "\x1f", "\x1e"


def row_hashes(rows: ibis.Table, contract: Contract) -> ibis.Table:
    """`rows` with `row_hash`, the SHA-256 of the values of all columns of the contract in its order."""
    values = [rows[name].cast("string").fill_null(_NULL) for name in contract.names]
    return rows.mutate(row_hash=ibis.literal(_BETWEEN).join(values).hexdigest("sha256"))


def table_hash(hashes: Mapping[str, str]) -> str:
    """The SHA-256 of the sorted hashes of rows: equal for equal tables, whatever the order of their rows."""
    return hashlib.sha256("\n".join(sorted(hashes.values())).encode()).hexdigest()
