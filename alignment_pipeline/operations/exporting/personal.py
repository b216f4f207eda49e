"""People in an export: left out, as keyed hashes, or as they are.

Belongs here: what happens to the columns that the contracts mark as personal. Which rows there are does not depend on it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.contracts import Contract

KEY_FILE = "export.key"
_HASH_CHARACTERS = 32
# what stands in free text: reasons and notes of vendors may quote an address
_ADDRESS = r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"


class Personal(StrEnum):
    """What an export does with columns that hold personal data."""

    NONE = "none"
    HASHED = "hashed"
    FULL = "full"


def hidden(table: pa.Table, contract: Contract, personal: Personal, key: bytes) -> pa.Table:
    """The rows with the personal columns as asked for. Equal values have equal hashes in all tables and exports of one home."""
    if personal is Personal.FULL:
        return table
    known: dict[str, str] = {}

    def hashed(value: str) -> str:
        if value not in known:
            known[value] = hash_of(value, key)
        return known[value]

    arrays = []
    for field, column in zip(contract.schema, table.columns, strict=True):
        if field.name in contract.personal_columns:
            arrays.append(_hidden(column, field.type, personal, hashed))
        elif pa.types.is_string(field.type):
            arrays.append(without_addresses(column, personal, hashed))
        else:
            arrays.append(column)
    return pa.Table.from_arrays(arrays, schema=table.schema)


def hash_of(value: str, key: bytes) -> str:
    """The keyed hash of a value; upper and lower case, and blanks around it, do not count."""
    return hmac.new(key, value.strip().lower().encode(), hashlib.sha256).hexdigest()[:_HASH_CHARACTERS]


def _hidden(column: pa.ChunkedArray, kind: pa.DataType, personal: Personal, hashed: Callable[[str], str]) -> pa.ChunkedArray:
    if personal is Personal.NONE or not pa.types.is_string(kind):
        return pa.chunked_array([pa.nulls(len(column), kind)])
    return _mapped(column, lambda value: hashed(value) if value else value)


def without_addresses(column: pa.ChunkedArray, personal: Personal, hashed: Callable[[str], str]) -> pa.ChunkedArray:
    """A column that is not marked as personal, without the e-mail addresses that a sentence in it may quote."""
    if not pc.any(pc.match_substring(column, "@")).as_py():
        return column

    def replaced(value: str) -> str:
        return re.sub(_ADDRESS, lambda address: "(address)" if personal is Personal.NONE else hashed(address[0]), value)

    return _mapped(column, replaced)


def _mapped(column: pa.ChunkedArray, change: Callable[[str], str]) -> pa.ChunkedArray:
    """Each different value changed once."""
    encoded = column.combine_chunks().dictionary_encode()
    values = pa.array([None if value is None else change(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([values.take(encoded.indices)])
