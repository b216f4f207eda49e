"""The rows of a fold as Spark hands them to a worker, without Spark.

Belongs here: putting cut tables into one, each row in the column of its table, and taking made tables apart again.
"""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.engines.spark import workers
from alignment_pipeline.line.job import Job
from alignment_pipeline.line.keys import PART_KEY
from alignment_pipeline.warehouse.warehouse import Warehouse


def work(job: Job, warehouse: Warehouse) -> workers.Work:
    """What a worker is sent."""
    connection = warehouse.connection
    whole = {
        one: connection.to_pyarrow(value) if isinstance(value, ibis.Table) else value
        for one, value in job.given.items()
        if one not in job.cut
    }
    cut = tuple((one, job.given[one].schema().to_pyarrow()) for one in job.cut)
    return workers.Work(job.step.name, job.agreement, job.as_of, dict(job.options), lambda: whole, cut)


def part(job: Job, warehouse: Warehouse) -> pa.Table:
    """All rows of the cut tables as one part."""
    schemas = [job.given[one].schema().to_pyarrow() for one in job.cut]
    kinds = [pa.struct([field.with_nullable(True) for field in schema]) for schema in schemas]
    parts = []
    for number, rows in enumerate(job.cut.values()):
        found = warehouse.connection.to_pyarrow(rows.drop(PART_KEY))
        columns: list[Any] = [pa.repeat(pa.scalar(0, pa.int32()), len(found)), pa.repeat(pa.scalar(number, pa.int32()), len(found))]
        columns += [
            found.cast(pa.schema(list(kind))).to_struct_array().combine_chunks() if other == number else pa.nulls(len(found), kind)
            for other, kind in enumerate(kinds)
        ]
        arrays = [column.chunk(0) if isinstance(column, pa.ChunkedArray) and column.num_chunks == 1 else column for column in columns]
        names = [workers.PART, workers.TABLE, *(f"rows_{other}" for other in range(len(kinds)))]
        parts.append(pa.table(dict(zip(names, arrays, strict=True))))
    return pa.concat_tables(parts)


def taken_apart(made: pa.Table, names: tuple[str, ...]) -> dict[str, pa.Table]:
    """The made tables by name."""
    found = {}
    for number, name in enumerate(names):
        mine = made.filter(pc.equal(made[workers.TABLE], number))[f"made_{number}"].combine_chunks()
        flat = mine.flatten() if isinstance(mine, pa.StructArray) else mine.chunk(0).flatten()
        found[name] = pa.table(flat, schema=pa.schema([field.with_nullable(True) for field in CONTRACTS[name].schema]))
    return found
