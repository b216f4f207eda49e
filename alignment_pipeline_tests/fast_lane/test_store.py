"""The tables of a lane: expressions outlive the versions of published tables."""

from __future__ import annotations

from typing import Any

import ibis
import pytest
from ibis import _

from alignment_pipeline.fast_lane.statements import RememberingBackend
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import account, staged


class Counting(RememberingBackend):
    """Counts the expressions that are turned into SQL."""

    compiled = 0

    def compile(self, expression: ibis.Expr, /, **options: Any) -> str:
        self.compiled += expression.op() not in self._sql
        return super().compile(expression, **options)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(Warehouse(tmp_path_factory.mktemp("home"), backend=Counting))


def publish(store: Store, *names: str) -> None:
    store.warehouse.replace("accounts", staged("accounts", [{"account_id": account(n), "name": name} for n, name in enumerate(names)]))


def short_names(store: Store) -> list[str]:
    """Names of accounts with up to four letters, by an expression that is built once."""
    accounts = store.read("accounts")
    expression = store.prepared(("short",), lambda: accounts.filter(_.name.length() <= 4).select("name").order_by("name"))
    return store.rows(expression)["name"].to_pylist()


def test_a_table_that_is_published_again_is_read_by_the_same_statement(store: Store) -> None:
    publish(store, "Acme", "Umbrella")
    assert ["Acme"] == short_names(store)

    publish(store, "Beta", "Acme", "Umbrella", "Zeta")
    before = store.warehouse.connection.compiled
    assert ["Acme", "Beta", "Zeta"] == short_names(store)
    assert before == store.warehouse.connection.compiled


def test_the_first_rows_of_a_table_are_seen(store: Store) -> None:
    assert [] == short_names(store)
    publish(store, "Acme")
    assert ["Acme"] == short_names(store)
    publish(store)
    assert [] == short_names(store)


def test_rows_by_key_are_those_of_the_version_that_is_published_now(store: Store) -> None:
    publish(store, "Acme")
    assert ["Acme"] == store.among("accounts", "account_id", [account(0)])["name"].to_pylist()
    publish(store, "Beta")
    assert ["Beta"] == store.among("accounts", "account_id", [account(0)])["name"].to_pylist()
