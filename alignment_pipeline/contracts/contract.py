"""What a table promises: key, grain, columns, types, nullability, personal data.

Belongs here: the vocabulary of contracts. The contracts themselves lie beside this file, one module per stage of the
line; the checks made from them run in `defs/checks.py`; the store that keeps the tables is `warehouse/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

ColumnType = Literal["string", "int64", "float64", "boolean", "timestamp", "date", "json"]

_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "json": pa.string(),
}


@dataclass(frozen=True)
class Column:
    """A column's promise. `personal` marks data about a person, which erasure and the journal's rules follow."""

    name: str
    type: ColumnType
    description: str
    nullable: bool = True
    personal: bool = False

    @property
    def arrow(self) -> pa.Field:
        """The Arrow field: timestamps are UTC microseconds; `json` is text that holds a JSON value."""
        return pa.field(self.name, _ARROW[self.type], nullable=self.nullable)


@dataclass(frozen=True)
class Contract:
    """One table: its grain in one sentence, its key, its columns in order.

    `group` is the stage of the line it belongs to; `owner` the team that answers for its meaning. `version` is `major.minor`: a column
    that is removed or gets another type needs the next major one, a new column the next minor one.
    """

    name: str
    group: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    owner: str = "team:revenue-operations"
    version: str = "1.0"

    def __post_init__(self) -> None:
        if not self.description.startswith("One row per "):
            raise ValueError(f"contract {self.name}: the description says the grain first ('One row per ...')")
        unknown = set(self.key) - set(self.names)
        if unknown:
            raise ValueError(f"contract {self.name}: key columns {sorted(unknown)} are not columns")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"contract {self.name}: a column is declared twice")

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema that every published version of the table has."""
        return pa.schema([column.arrow for column in self.columns])

    @property
    def described(self) -> pa.Schema:
        """The same schema with descriptions as metadata: of the table, its version, and each column. Files carry it."""
        notes = {column.name: {"description": column.description, "personal": str(column.personal).lower()} for column in self.columns}
        about = {"description": self.description, "contract": self.name, "contract_version": self.version}
        return pa.schema([field.with_metadata(notes[field.name]) for field in self.schema], metadata=about)

    @property
    def personal_columns(self) -> tuple[str, ...]:
        """Columns that hold personal data."""
        return tuple(column.name for column in self.columns if column.personal)

    def empty(self) -> pa.Table:
        """The table without rows."""
        return self.schema.empty_table()

    def joined(self, parts: Iterable[pa.Table]) -> pa.Table:
        """Tables of this contract one after the other, in one chunk."""
        return pa.concat_tables([self.empty(), *parts]).combine_chunks()


def columns(text: str) -> tuple[Column, ...]:
    """Read columns from lines of `name type description`; the type may end in `!` (never null) and `@` (personal)."""
    parsed = []
    for line in text.strip().splitlines():
        name, kind, description = line.strip().split(None, 2)
        bare = kind.rstrip("!@")
        if bare not in _ARROW:
            raise ValueError(f"column {name}: unknown type {kind!r}; one of {sorted(_ARROW)}")
        parsed.append(
            Column(name, bare, description, nullable="!" not in kind, personal="@" in kind)  # type: ignore[arg-type]
        )
    return tuple(parsed)
