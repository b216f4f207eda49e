"""Sorted changes beside the entities they belong to, streamed so that a fold holds one entity at a time.

Belongs here: the merge of changes and population. What is done with each entity: `mqa.py`, `person_stages.py`, `account_stages.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.lifecycle.crossings import CHANGES

Change = tuple[int, int, int]


@dataclass(frozen=True)
class Changes:
    """Changes sorted by entity, moment, signal."""

    rows: pa.Table

    def __iter__(self) -> Iterator[tuple[str, list[Change]]]:
        entity: str | None = None
        found: list[Change] = []
        for batch in self.rows.to_batches():
            columns = [batch.column(name).to_pylist() for name in CHANGES.names]
            for one, at, signal, value in zip(*columns, strict=True):
                if one != entity:
                    if entity is not None:
                        yield entity, found
                    entity, found = one, []
                found.append((at, signal, value))
        if entity is not None:
            yield entity, found

    def beside(self, population: ibis.Table) -> Iterator[tuple[dict[str, Any], list[Change]]]:
        """Every row of `population`, whose first column is the entity, with its changes; changes of others are passed over."""
        of_entity = dict(self)
        key = population.columns[0]
        for batch in population.to_pyarrow_batches():
            for row in batch.to_pylist():
                yield row, of_entity.get(row[key], [])


def by_entity(changes: pa.Table) -> Changes:
    """Changes of `crossings.merged` to walk over."""
    return Changes(changes)
