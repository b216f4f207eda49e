"""Ids of the target list that no living account has are named."""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
import pytest

from alignment_pipeline.operations import summary
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import account, staged


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    found = Warehouse(tmp_path_factory.mktemp("home"))
    states = [(1, 1, False), (2, 1, True), (3, 3, True)]
    found.replace("accounts", staged("accounts", [{"account_id": account(1)}]))
    rows: list[dict[str, Any]] = [
        {"object": "Account", "record_id": account(one), "survivor_id": account(survivor), "is_deleted": gone}
        for one, survivor, gone in states
    ]
    found.replace("crm_record_states", staged("crm_record_states", rows))
    return found


def listed(*ids: str) -> ibis.Table:
    return ibis.memtable(pa.table({"account_id": pa.array(ids, pa.string())}))


def test_without_a_list_or_with_known_ids_there_is_nothing_to_say(warehouse: Warehouse) -> None:
    assert summary.unknown_targets(warehouse, None) == summary.unknown_targets(warehouse, listed(account(1))) == []


def test_unknown_deleted_and_merged_ids_are_named_each_once(warehouse: Warehouse) -> None:
    said = summary.unknown_targets(warehouse, listed(account(1), account(2), account(3), account(9), account(9)))
    assert said == [
        f"target list: 1 id that no account has: {account(9)}",
        f"target list: 1 id of deleted accounts: {account(3)}",
        f"target list: 1 id of accounts that were merged: {account(2)} (now {account(1)})",
    ]


def test_a_long_list_of_unknown_ids_is_cut(warehouse: Warehouse) -> None:
    (said,) = summary.unknown_targets(warehouse, listed(*(account(number) for number in range(100, 130))))
    assert said.startswith("target list: 30 ids that no account has: ") and said.endswith(" and 10 more")
