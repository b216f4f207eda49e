"""What every table promises."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from alignment_pipeline.contracts import CONTRACTS, Column, Contract, columns
from alignment_pipeline.contracts.systems.registry import STREAMS

# what people said, what merely stands beside a decision, and steps inside a room
NO_DECISION = {"match_labels", "account_duplicates", "lead_duplicates", "match_word_rarities", "calendar_days", "person_account_periods"}
SUFFIXES = {"_at": "timestamp", "_on": "date", "_micro": "int64", "_pct": "float64"}


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_a_contract_says_its_grain_its_key_and_every_column(name: str) -> None:
    contract = CONTRACTS[name]
    assert name == contract.name and re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert contract.description.startswith("One row per ") and contract.description.endswith(".")
    assert contract.key and set(contract.key) <= set(contract.names)
    assert contract.group and contract.owner.startswith("team:")
    for column in contract.columns:
        assert len(column.description) >= 2, column.name
        assert column.name.strip() == column.name


@pytest.mark.parametrize("name", sorted(name for name, contract in CONTRACTS.items() if contract.group != "raw"))
def test_a_column_s_name_tells_its_type(name: str) -> None:
    for column in CONTRACTS[name].columns:
        for suffix, kind in SUFFIXES.items():
            if column.name.endswith(suffix):
                assert kind == column.type, column.name
        if column.name.startswith(("is_", "has_")):
            assert "boolean" == column.type, column.name


def test_the_key_of_a_decided_table_is_never_null() -> None:
    nullable = {
        (name, column.name)
        for name, contract in CONTRACTS.items()
        for column in contract.columns
        if column.name in contract.key and column.nullable
    }
    assert set() == nullable


def test_every_decided_row_says_under_which_agreement_and_as_of_when() -> None:
    decided = {"matching", "scoring", "lifecycle", "sla"}
    stamped = {"as_of", "agreement_version"}
    without = {name for name, contract in CONTRACTS.items() if contract.group in decided and not stamped <= set(contract.names)}
    assert without <= NO_DECISION


def test_personal_data_is_marked_where_every_person_would_expect_it() -> None:
    expected = {"email", "first_name", "last_name", "phone"}
    for name, contract in CONTRACTS.items():
        found = expected & set(contract.names)
        if name != "accounts":
            assert found <= set(contract.personal_columns), name


def test_every_stream_has_a_raw_table_with_all_its_fields() -> None:
    for stream in STREAMS:
        assert set(stream.fields) <= set(CONTRACTS[stream.table].names)
        assert len(stream.fields) == len(set(stream.fields)), stream.object
    assert len(STREAMS) == len({stream.table for stream in STREAMS})


def test_an_empty_table_has_the_schema() -> None:
    for contract in CONTRACTS.values():
        assert contract.schema == contract.empty().schema


def test_columns_are_read_from_lines() -> None:
    found = columns("a string! the key\nb timestamp  a moment\nc json@ what they said")
    assert [("a", False, False), ("b", True, False), ("c", True, True)] == [(one.name, one.nullable, one.personal) for one in found]
    assert pa.timestamp("us", tz="UTC") == found[1].arrow.type
    with pytest.raises(ValueError, match="unknown type 'text'"):
        columns("a text the key")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"description": "Rows of things"}, "grain"),
        ({"key": ("b",)}, "are not columns"),
        ({"columns": (Column("a", "string", "x"), Column("a", "int64", "y"))}, "declared twice"),
    ],
)
def test_a_wrong_contract_is_refused(changes: dict[str, object], said: str) -> None:
    usual: dict[str, object] = {
        "name": "things", "group": "test", "description": "One row per thing.", "key": ("a",), "columns": (Column("a", "string", "x"),),
    }  # fmt: skip
    with pytest.raises(ValueError, match=said):
        Contract(**(usual | changes))  # type: ignore[arg-type]
