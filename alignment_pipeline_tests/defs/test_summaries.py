"""What the page of a table shows: every table that people look at has something, and nobody is named."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from alignment_pipeline.contracts import CONTRACTS, Contract
from alignment_pipeline.defs import notes, summaries
from alignment_pipeline.line.steps import LINE
from alignment_pipeline.warehouse.warehouse import Warehouse

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
VALUES = {"string": "x", "json": "[]", "int64": 1, "float64": 1.0, "boolean": True, "timestamp": NOW, "date": date(2026, 11, 20)}
LOOKED_AT = ("identity", "matching", "scoring", "lifecycle", "sla", "pipeline", "write_back")
#: Names, and texts that may hold one.
NAMES = {"person_id", "lead_id", "contact_id", "record_id", "opportunity_id", "task_subject", "task_body", "email", "score_reason"}


def row_of(contract: Contract) -> dict[str, Any]:
    """A row with a value in each column, as a total over all owners and periods."""
    total = {name: "(all)" for name in ("owner_id", "lead_source") if name in contract.names}
    total |= {"period": "all"} if contract.name == "program_yields" else {}
    return {column.name: VALUES[column.type] for column in contract.columns} | total


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    found = Warehouse(tmp_path_factory.mktemp("home"))
    for name in {*summaries.QUERIES, "accounts"}:
        found.replace(name, pa.Table.from_pylist([row_of(CONTRACTS[name])], schema=CONTRACTS[name].schema))
    return found


def test_every_table_of_a_rule_shows_something_of_its_rows() -> None:
    unpublished = {name for step in LINE if not step.is_published for name in step.makes}
    wanted = {contract.name for contract in CONTRACTS.values() if contract.group in LOOKED_AT} - unpublished

    assert set() == wanted - summaries.QUERIES.keys() - notes._NOTES.keys()


@pytest.mark.parametrize("name", summaries.QUERIES)
def test_a_page_shows_the_rows_that_were_published(warehouse: Warehouse, name: str) -> None:
    ((title, shown),) = summaries.of(name, warehouse).items()
    header, rule, row = shown.value.splitlines()

    assert title and header.startswith("| ") and set(rule) == {"|", "-"}
    assert row.count("|") == header.count("|")


@pytest.mark.parametrize("name", summaries.QUERIES)
def test_no_person_is_named(name: str) -> None:
    words = set(summaries.QUERIES[name][1].replace(",", " ").replace("(", " ").replace(")", " ").split())
    counted = {"lead_id", "contact_id"} if name == "people" else set()  # whether there is one

    assert set() == words & (NAMES | set(CONTRACTS[name].personal_columns)) - counted


def test_a_table_without_rows_shows_nothing(tmp_path: Path) -> None:
    assert {} == summaries.of("sla_clocks", Warehouse(tmp_path))


def test_a_cell_neither_ends_its_row_nor_becomes_markup() -> None:
    shown = summaries.markdown(["a"], [("x|y\n<img src=x>",), (None,), (1_234,), (0.123456,)])

    assert shown.splitlines()[2:] == ["| x\\|y &lt;img src=x&gt; |", "| – |", "| 1,234 |", "| 0.1235 |"]
