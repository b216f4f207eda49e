"""The file of one table in an export: Parquet, CSV or an Excel workbook.

Belongs here: how values are written. What happens to people first: `personal.py`.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from alignment_pipeline.contracts import Contract, spreadsheets
from alignment_pipeline.errors import ConfigurationError

FORMATS = ("parquet", "csv", "xlsx")
#: Excel's own limits: rows of a sheet (one is for the headings), characters of a cell.
SHEET_ROWS = 1_048_575
_CELL_CHARACTERS = 32_767
#: A larger table is no use in Excel.
MOST_SHEETS = 5
_FORMULA = r"^(\s*[=+\-@\t\r])"


class Writer(Protocol):
    """Takes the rows of a table in batches."""

    def write(self, table: pa.Table) -> None:
        """Append rows."""

    def close(self) -> None:
        """Finish the file."""


def write(path: Path, form: str, contract: Contract, batches: Iterable[pa.Table]) -> int:
    """Write the rows to a file of this format; returns how many."""
    rows = 0
    writer = _WRITERS[form](path, contract)
    try:
        for batch in batches:
            writer.write(batch)
            rows += batch.num_rows
    finally:
        writer.close()
    return rows


class _Parquet:
    def __init__(self, path: Path, contract: Contract) -> None:
        # nullable: without people, a column that is never null otherwise is empty
        schema = pa.schema([field.with_nullable(True) for field in contract.described], metadata=contract.described.metadata)
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema = schema

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table.cast(self._schema))

    def close(self) -> None:
        self._writer.close()


class _Csv:
    """UTF-8 with a byte order mark, so that Excel reads it as such; text that would be a formula begins with an apostrophe."""

    def __init__(self, path: Path, contract: Contract) -> None:
        self._handle = path.open("wb")
        self._handle.write(codecs.BOM_UTF8)
        schema = pa.schema([(field.name, _csv_type(field.type)) for field in contract.schema])
        self._writer = pa_csv.CSVWriter(self._handle, schema)
        self._schema = schema

    def write(self, table: pa.Table) -> None:
        arrays = [_csv_values(column) for column in table.columns]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()
        self._handle.close()


def _csv_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_timestamp(kind) else kind


def _csv_values(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_string(column.type):
        return pc.replace_substring_regex(column, pattern=_FORMULA, replacement=r"'\1")
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")  # with microseconds: no value changes
    return column


class _Workbook:
    """One table; its sheets hold as many rows as Excel can show. Text is never a formula or a link."""

    def __init__(self, path: Path, contract: Contract) -> None:
        try:
            import xlsxwriter
        except ImportError as error:
            raise ConfigurationError("--format xlsx needs XlsxWriter: pip install 'alignment-pipeline[xlsx]'") from error
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(str(path), options | {"nan_inf_to_errors": True})
        self._names = list(contract.names)
        self._heading = self._book.add_format({"bold": True})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._row = SHEET_ROWS
        self._sheets = 0
        self._next_sheet()

    def write(self, table: pa.Table) -> None:
        for row in table.to_pylist():
            if self._row > SHEET_ROWS:
                self._next_sheet()
            for column, value in enumerate(row.values()):
                self._cell(column, value)
            self._row += 1

    def close(self) -> None:
        self._book.close()

    def _next_sheet(self) -> None:
        self._sheets += 1
        self._sheet: Any = self._book.add_worksheet(f"rows {self._sheets}")
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(self._names):
            self._sheet.write_string(0, column, name, self._heading)
        self._row = 1

    def _cell(self, column: int, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, str):
            self._sheet.write_string(self._row, column, spreadsheets.harmless(value)[:_CELL_CHARACTERS])
        elif isinstance(value, bool):
            self._sheet.write_boolean(self._row, column, value)
        elif isinstance(value, datetime):
            self._sheet.write_datetime(self._row, column, value.astimezone(UTC).replace(tzinfo=None), self._moment)
        elif isinstance(value, date):
            self._sheet.write_datetime(self._row, column, datetime.combine(value, datetime.min.time()), self._day)
        else:
            self._sheet.write_number(self._row, column, value)


_WRITERS: dict[str, Callable[[Path, Contract], Writer]] = {"parquet": _Parquet, "csv": _Csv, "xlsx": _Workbook}
