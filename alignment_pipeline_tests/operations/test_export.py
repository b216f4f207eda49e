"""An export: every table, a record of it, and ways to open it; never in the place of anything else."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from ruamel.yaml import YAML

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import export
from alignment_pipeline.operations.exporting.personal import Personal
from alignment_pipeline.warehouse import views
from alignment_pipeline_tests.operations.exporting import rows

EVIDENCE = Path(__file__).parents[2] / "examples" / "evidence"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return rows.home(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def exported(home: Home) -> Path:
    return export.export(home, export.Wish(home.path.parent / "it's out")).folder


def test_every_table_is_there_and_the_manifest_says_what_it_is(exported: Path) -> None:
    content = json.loads((exported / "manifest.json").read_text())

    assert set(CONTRACTS) == set(content["tables"])
    for name, one in content["tables"].items():
        assert (2, CONTRACTS[name].version) == (one["rows"], one["contract_version"])
        assert one["sha256"] == hashlib.sha256((exported / one["file"]).read_bytes()).hexdigest()
    assert {"made_at": "2026-11-21T08:00:00Z", "personal": "hashed", "left_out": {}}.items() <= content.items()


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0] for name in CONTRACTS}


def test_duckdb_opens_it_by_file_from_anywhere_and_by_sql_in_its_folder(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    with duckdb.connect(str(exported / "alignment.duckdb"), read_only=True) as connection:
        assert dict.fromkeys(CONTRACTS, 2) == counts(connection)
    shutil.copytree(exported, tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    with duckdb.connect() as connection:
        connection.execute(Path("open.sql").read_text())
        assert dict.fromkeys(CONTRACTS, 2) == counts(connection)


def test_csv_files_have_the_contracts_types_in_duckdb(home: Home, tmp_path: Path) -> None:
    folder = export.export(home, export.Wish(tmp_path / "out", "csv", personal=Personal.FULL)).folder
    with duckdb.connect(str(folder / "alignment.duckdb"), read_only=True) as connection:
        assert dict.fromkeys(CONTRACTS, 2) == counts(connection)
        found = {row[0]: row[1] for row in connection.execute("DESCRIBE people").fetchall()}

    short = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
    assert {one.name: views.TYPES[one.type] for one in CONTRACTS["people"].columns} == {n: short.get(k, k) for n, k in found.items()}


def test_the_list_of_numbers_says_how_each_is_counted(exported: Path) -> None:
    listed = YAML(typ="safe").load((exported / "metrics.yaml").read_text())["metrics"]

    by_name = {one["name"]: one for one in listed}
    assert "Bookings + open * conversion + later bookings" == by_name["forecast"]["definition"]
    assert [] == [one["name"] for one in listed if not (one["definition"] and one["table"] and one["formula"] and one["grain"])]


def test_a_second_export_replaces_the_first_and_check_says_what_changed(home: Home, exported: Path) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in exported.rglob("*") if path.is_file() and path.suffix != ".duckdb"}

    first, wish = files(), export.Wish(exported)
    assert ([], first) == (export.export(home, wish).differences, files())
    assert {"home", exported.name} == {path.name for path in exported.parent.iterdir()}
    home.warehouse().replace("people", rows.rows(CONTRACTS["people"], 3))

    assert ["rows 2 -> 3 (+50.0%)"] == [one.text for one in export.check(home, wish).differences]
    assert first == files()


def test_there_must_be_an_export_to_compare_with(home: Home, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no export to compare with"):
        export.check(home, export.Wish(tmp_path / "out"))


@pytest.mark.parametrize("where", [".", "home", "home/exports", "file", "full"])
def test_nothing_but_an_export_is_replaced(tmp_path: Path, where: str) -> None:
    home = rows.home(tmp_path, "people")
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.docx").write_text("x")

    with pytest.raises(ConfigurationError):
        export.export(home, export.Wish(tmp_path / where))

    assert (tmp_path / "full" / "thesis.docx").exists() and (home.path / "warehouse").exists()


def test_a_past_day_has_what_was_known_then(tmp_path: Path) -> None:
    home = rows.home(tmp_path, "run_measures")
    measures = CONTRACTS["run_measures"]
    later = rows.rows(measures, 1).set_column(3, "measured_at", pa.array([rows.NOW], measures.schema.field("measured_at").type))
    home.warehouse().append("run_measures", later)
    done = export.export(home, export.Wish(tmp_path / "out", day=date(2026, 11, 20), personal=Personal.FULL))

    assert 2 == done.tables["run_measures"].rows
    assert {"people", "accounts", "sla_clocks", "account_scores"} <= done.tables.keys()
    assert {"no record of what it held on 2026-11-20"} == set(done.left_out.values())
    with pytest.raises(ConfigurationError, match="the day is not over yet"):
        export.export(home, export.Wish(tmp_path / "out", day=date(2026, 11, 21)))


def test_a_workbook_without_its_library_says_how_to_get_it(tmp_path: Path) -> None:
    """In a process of its own, in which the library cannot be imported."""
    home = rows.home(tmp_path, "people")
    code = "import sys; sys.modules['xlsxwriter'] = None\nfrom alignment_pipeline.cli.main import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, "export", "--to", str(tmp_path / "out"), "--format", "xlsx"],
        env={**os.environ, "ALIGNMENT_HOME": str(home.path)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert (2, True) == (done.returncode, "pip install 'alignment-pipeline[xlsx]'" in done.stderr)
    assert not (tmp_path / "out").exists()


def test_every_query_of_the_evidence_example_runs_on_an_export(exported: Path) -> None:
    """The sources over the export's views, as Evidence makes them tables of its own, and the page's queries over these."""
    sources = sorted((EVIDENCE / "sources" / "alignment").glob("*.sql"))
    page = (EVIDENCE / "pages" / "index.md").read_text(encoding="utf-8")
    queries = dict(re.findall(r"^```sql (\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    with duckdb.connect() as evidence, duckdb.connect(str(exported / "alignment.duckdb"), read_only=True) as source:
        evidence.execute("CREATE SCHEMA alignment")
        for path in sources:
            evidence.register("answer", source.execute(path.read_text(encoding="utf-8")).to_arrow_table())
            evidence.execute(f"CREATE TABLE alignment.{path.stem} AS SELECT * FROM answer")
        shown = {name: evidence.execute(text).to_arrow_table() for name, text in queries.items()}

    assert 4 == len(sources) == len(queries)
    for name, columns in re.findall(r"<DataTable data=\{(\w+)\}[^>]*>(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL):
        assert set(re.findall(r"<Column id=(\w+)", columns)) <= set(shown[name].column_names), name
    for name, drawn in re.findall(r"<(?:Bar|Line)Chart data=\{(\w+)\}([^>]*)/>", page):
        assert set(re.findall(r"\b[xy]=(\w+)", drawn)) <= set(shown[name].column_names), name
