"""The warehouse's connection lets go of tables in memory."""

from __future__ import annotations

import gc

import ibis
import pyarrow as pa
import pytest

from alignment_pipeline.fast_lane.statements import RememberingBackend
from alignment_pipeline.warehouse.connection import Connection
from alignment_pipeline.warehouse.warehouse import Warehouse

ROWS = 200_000


@pytest.fixture(params=[Connection, RememberingBackend])
def connection(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Connection:
    return Warehouse(tmp_path_factory.mktemp("home"), backend=request.param).connection


def rows_in_memory(first: int) -> ibis.Table:
    """A table whose rows Arrow's own memory holds."""
    return ibis.memtable(pa.table({"number": pa.array(range(first, first + ROWS), pa.int64())}))


def test_a_table_that_nobody_refers_to_takes_no_memory(connection: Connection) -> None:
    def read(first: int) -> int:
        table = rows_in_memory(first)
        return int(connection.to_pyarrow(table.filter(table.number % 2 == 0)).num_rows)

    before = pa.total_allocated_bytes()
    assert [ROWS // 2] * 5 == [read(number) for number in range(5)]
    gc.collect()
    connection.to_pyarrow(ibis.memtable({"last": [1]}))
    assert pa.total_allocated_bytes() - before < 8 * ROWS


def test_a_table_that_is_referred_to_stays(connection: Connection) -> None:
    table = rows_in_memory(0)
    for limit in (1, 2):
        gc.collect()
        assert limit == connection.to_pyarrow(table.limit(limit)).num_rows
        del limit
