"""`alignment sql` as an analyst types it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from alignment_pipeline.cli import main
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home

ROWS = pa.table({"queue_id": ["q", "q"], "queue_name": ["=cmd|' /C calc'!A0", 'a, "b"'], "user_id": ["a", "b"]})
QUESTION = "select queue_name, user_id, -1 as n, timestamptz '2026-11-21 08:00:00+00' as at from queue_members order by user_id"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "home"))
    Home.from_env().warehouse().replace("queue_members", ROWS)


def said(*arguments: str) -> Result:
    return CliRunner().invoke(main.cli, ["sql", *arguments], standalone_mode=False)


def test_rows_are_printed_as_json_and_as_csv_without_formulas() -> None:
    rows = json.loads(said(QUESTION, "--json").stdout)
    cells = list(csv.reader(io.StringIO(said(QUESTION, "--format", "csv").stdout)))

    assert [ROWS["queue_name"][0].as_py(), "a", -1, "2026-11-21T08:00:00Z"] == list(rows[0].values())
    assert [["queue_name", "user_id", "n", "at"], ["'=cmd|' /C calc'!A0", "a", "-1", "2026-11-21T08:00:00Z"]] == cells[:2]


def test_rows_are_written_to_a_parquet_file(tmp_path: Path) -> None:
    said(QUESTION, "--format", "parquet", "--out", str(tmp_path / "rows.parquet"))

    assert ROWS["queue_name"].to_pylist() == pq.read_table(tmp_path / "rows.parquet")["queue_name"].to_pylist()


def test_a_table_on_the_terminal_is_cut_with_a_remark() -> None:
    found = said("select * from range(250)")

    assert (True, "150 more rows; --format csv, json or parquet gives all" in found.stderr) == ("99" in found.stdout, True)


@pytest.mark.parametrize(
    "question",
    [
        "copy queue_members to 'x.csv'",
        "explain analyze copy queue_members to 'x.csv'",
        "select 1; copy queue_members to 'x.csv'",
        "create table t as select 1",
        "selec 1",
        "select * from nothing_of_this_name",
        "select * from '/etc/passwd'",
        "",
    ],
)
def test_anything_but_a_select_is_wrong_usage(question: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert isinstance(said(question).exception, ConfigurationError)
    assert not (tmp_path / "x.csv").exists()
