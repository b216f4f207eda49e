"""Reading account and lead tables into plain columns.

Belongs here: which columns the matcher takes and what an absent one means. Column spellings of CRM exports live in
`matching/files/exports.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.names.text import decoded

ACCOUNT_TEXT = ("account_id", "name", "website", "country", "state", "city", "phone", "parent_account_id", "owner_id", "merged_into_id")
LEAD_TEXT = ("lead_id", "company", "email", "email_domain", "website", "country", "state", "city", "phone")

Frame: TypeAlias = pa.Table | pa.RecordBatch | pd.DataFrame


def text_column(frame: Frame, column: str, rows: int) -> list[str]:
    """One column as stripped text without HTML entities, "" for null or when the table has no such column."""
    if isinstance(frame, pd.DataFrame):
        if column not in frame.columns:
            return [""] * rows
        values: Sequence[Any] = frame[column].tolist()
    else:
        if column not in frame.schema.names:
            return [""] * rows
        values = frame.column(column).to_pylist()
    return ["" if value is None or value != value else decoded(str(value)).strip() for value in values]


def value_column(frame: Frame, column: str, rows: int) -> list[Any]:
    """One column as it is, None for null, NaN, or when the table has no such column."""
    if isinstance(frame, pd.DataFrame):
        values: Sequence[Any] = frame[column].tolist() if column in frame.columns else [None] * rows
    else:
        values = frame.column(column).to_pylist() if column in frame.schema.names else [None] * rows
    return [None if value is None or value != value else value for value in values]


def truth_column(frame: Frame, column: str, rows: int) -> list[bool]:
    """One column as yes or no: True, 1, "true", "1", "yes" are yes."""
    return [
        str(value).strip().lower() in ("true", "1", "1.0", "yes", "y", "t") if value is not None else False
        for value in value_column(frame, column, rows)
    ]


def row_count(frame: Frame) -> int:
    return len(frame) if isinstance(frame, pd.DataFrame) else frame.num_rows


def require(frame: Frame, what: str, *columns: str) -> None:
    """Say which column is missing and what the table has instead."""
    have = list(frame.columns) if isinstance(frame, pd.DataFrame) else list(frame.schema.names)
    missing = [column for column in columns if column not in have]
    if missing:
        raise ConfigurationError(
            f"{what}: column {', '.join(missing)} is missing; the table has {', '.join(map(str, have)) or 'no columns'}"
        )


def unique_ids(ids: Sequence[str], what: str) -> None:
    """An id names one row: an empty or repeated one is the caller's mistake."""
    seen: set[str] = set()
    for number, value in enumerate(ids, start=1):
        if not value:
            raise ConfigurationError(f"{what}: row {number} has no id")
        if value in seen:
            raise ConfigurationError(f"{what}: id {value} occurs twice (row {number}); one row per id is needed")
        seen.add(value)
