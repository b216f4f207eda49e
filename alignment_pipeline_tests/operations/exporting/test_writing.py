"""The file of a table: every reader gets the values back, and no spreadsheet a formula."""

from __future__ import annotations

from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alignment_pipeline.contracts import CONTRACTS, spreadsheets
from alignment_pipeline.operations.exporting import writing
from alignment_pipeline_tests.operations.exporting.rows import rows

CONTRACT = CONTRACTS["people"]
ROWS = rows(CONTRACT, 4)
TEXTS = [column.name for column in CONTRACT.columns if column.type in ("string", "json")]


def written(folder: Path, form: str) -> Path:
    path = folder / f"people.{form}"
    assert 4 == writing.write(path, form, CONTRACT, [ROWS.slice(0, 3), ROWS.slice(3)])
    return path


def harmless(table: pa.Table) -> list[dict[str, object]]:
    return [
        {name: spreadsheets.harmless(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in table.to_pylist()
    ]


def test_parquet_holds_the_values_as_they_are(tmp_path: Path) -> None:
    assert ROWS.to_pylist() == pq.read_table(written(tmp_path, "parquet")).to_pylist()


def test_csv_holds_them_without_formulas_for_excel_pandas_and_duckdb(tmp_path: Path) -> None:
    path = written(tmp_path, "csv")

    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    by_pandas = pd.read_csv(path, dtype=str, keep_default_na=False)
    by_duckdb = duckdb.execute(f"SELECT * FROM read_csv('{path}', all_varchar = true)").fetch_arrow_table().to_pylist()
    wanted = harmless(ROWS)
    for column in TEXTS:
        assert [row[column] for row in wanted] == list(by_pandas[column]) == [row[column] for row in by_duckdb]
    cells = [value for column in TEXTS for value in by_pandas[column]]
    assert [] == [cell for cell in cells if spreadsheets.is_formula(cell)]
    assert ["2026-11-20T00:30:00.000000Z"] == list(by_pandas[next(one.name for one in CONTRACT.columns if one.type == "timestamp")][:1])


def test_a_workbook_holds_them_and_no_formula_or_link(tmp_path: Path) -> None:
    (sheet,) = openpyxl.load_workbook(written(tmp_path, "xlsx")).worksheets
    heading, *cells = list(sheet.iter_rows())

    assert list(CONTRACT.names) == [cell.value for cell in heading]
    assert {"f"}.isdisjoint(cell.data_type for row in cells for cell in row)
    assert [] == [cell.coordinate for row in cells for cell in row if cell.hyperlink]
    wanted = [
        {name: value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value for name, value in row.items()} for row in harmless(ROWS)
    ]
    types = {column.name: column.type for column in CONTRACT.columns}
    for row, expected in zip(cells, wanted, strict=True):
        found = {name: cell.value for name, cell in zip(CONTRACT.names, row, strict=True) if types[name] != "date"}
        assert {name: value for name, value in expected.items() if types[name] != "date"} == found


def test_a_workbook_goes_on_in_the_next_sheet_where_excel_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "SHEET_ROWS", 3)
    sheets = openpyxl.load_workbook(written(tmp_path, "xlsx")).worksheets

    assert [("rows 1", 4), ("rows 2", 2)] == [(sheet.title, sheet.max_row) for sheet in sheets]
