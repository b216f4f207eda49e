"""People in an export: none, as keyed hashes that join, or as they are."""

from __future__ import annotations

import pytest

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.operations.exporting.personal import Personal, hash_of, hidden
from alignment_pipeline_tests.operations.exporting.rows import ADDRESS, rows

KEY = b"key"


@pytest.mark.parametrize("how", [Personal.NONE, Personal.HASHED])
@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_no_address_is_left_in_any_column_of_any_table(name: str, how: Personal) -> None:
    contract = CONTRACTS[name]
    before = rows(contract, 4)

    after = hidden(before, contract, how, KEY)

    assert ADDRESS.lower() not in str(after.to_pylist()).lower()
    assert (before.num_rows, before.column_names) == (after.num_rows, after.column_names)
    for column in contract.personal_columns:
        values = set(after[column].to_pylist())
        assert values == {None} if how is Personal.NONE else values.isdisjoint(before[column].to_pylist())


def test_the_same_value_has_the_same_hash_in_every_table_and_another_under_another_key() -> None:
    def emails(name: str, key: bytes) -> list[str]:
        contract = CONTRACTS[name]
        given = rows(contract).set_column(contract.names.index("email"), "email", [[ADDRESS, f" {ADDRESS.upper()}"]])
        found: list[str] = hidden(given.cast(contract.schema), contract, Personal.HASHED, key)["email"].to_pylist()
        return found

    assert emails("people", KEY) == emails("contacts", KEY) == [hash_of(ADDRESS, KEY)] * 2
    assert set(emails("people", KEY)).isdisjoint(emails("people", b"other"))


def test_full_is_what_is_published() -> None:
    contract = CONTRACTS["people"]

    assert rows(contract) == hidden(rows(contract), contract, Personal.FULL, b"")
