"""Changes of many signals beside the entities they belong to, in the order in which a fold reads them.

Belongs here: the merge of all signals. What is done with each entity: `lifecycle/mqa/`, `lifecycle/stages/person_stages.py`,
`lifecycle/stages/account_stages.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.lifecycle.signals.crossings import Series

Change = tuple[int, int, int]
_BATCH = 50_000


def series_of(changes: ibis.Table, *, until_us: int) -> Series:
    """A signal found by a query (entity_id, at_us, value) as a series, up to and with a moment."""
    table = changes.select("entity_id", "at_us", "value").to_pyarrow()
    table = table.filter(pc.less_equal(table["at_us"], until_us))
    ids = table["entity_id"].combine_chunks()
    numbers = [table[name].combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False) for name in ("at_us", "value")]
    return Series(ids, np.arange(len(ids), dtype=np.int64), numbers[0], numbers[1])


def beside(population: pa.Table, signals: Iterable[tuple[int, Series]]) -> Iterator[tuple[dict[str, Any], list[Change]]]:
    """Every row of `population` (its first column is the entity's id) with its changes (at_us, signal, value) in order.

    Changes at one moment stand by signal, then value. Changes of entities that are not in the population are passed over.
    """
    entity, at_us, signal, value = _merged(population.column(0).combine_chunks(), signals)
    starts = np.searchsorted(entity, np.arange(population.num_rows + 1))
    for first in range(0, population.num_rows, _BATCH):
        rows = population.slice(first, _BATCH).to_pylist()
        low, high = starts[first], starts[first + len(rows)]
        changes = list(zip(at_us[low:high].tolist(), signal[low:high].tolist(), value[low:high].tolist(), strict=True))
        for number, row in enumerate(rows, start=first):
            yield row, changes[starts[number] - low : starts[number + 1] - low]


def _merged(ids: pa.Array, signals: Iterable[tuple[int, Series]]) -> tuple[Any, Any, Any, Any]:
    parts: list[list[Any]] = [[], [], [], []]
    for number, series in signals:
        positions = pc.index_in(series.entity_ids, value_set=ids).fill_null(-1).cast(pa.int64()).to_numpy(zero_copy_only=False)
        entity = positions[series.entity]
        known = entity >= 0
        for part, values in zip(parts, (entity, series.at_us, np.full(len(entity), number), series.value), strict=True):
            part.append(values[known])
    entity, at_us, signal, value = (np.concatenate(part) if part else np.zeros(0, dtype=np.int64) for part in parts)
    order = np.lexsort((value, signal, at_us, entity))
    return entity[order], at_us[order], signal[order], value[order]
