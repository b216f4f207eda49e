"""Whose a marketing record was at a moment, for records that were several people's one after the other (`identity/record_periods.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.sla.arrays import NOTHING, Ints, codes, fetch, micros, text
from alignment_pipeline.sla.timelines.groups import Groups
from alignment_pipeline.sla.timelines.sources import Sources


@dataclass(frozen=True)
class Periods:
    """Periods sorted by record and begin: `keys` are the records, `people` the person of each period."""

    keys: pa.Array
    people: pa.ChunkedArray
    groups: Groups

    @classmethod
    def of(cls, sources: Sources) -> Periods:
        rows = fetch(sources.record_periods, "source_key", "from_at", "person_id")
        rows = rows.take(pc.sort_indices(rows, [("source_key", "ascending"), ("from_at", "ascending")]))
        keys = pc.unique(text(rows["source_key"]))
        return cls(keys, text(rows["person_id"]), Groups.of(codes(rows["source_key"], keys), micros(rows["from_at"]), len(keys)))

    def places(self, keys: pa.ChunkedArray, at: Ints, otherwise: Ints, known: pa.Array) -> Ints:
        """Each event's person as a place among `known`: by the period of its record at the moment, else as given in `otherwise`."""
        if not len(self.keys):
            return otherwise
        record = codes(keys, self.keys)
        rows = np.flatnonzero(record != NOTHING)
        out = otherwise.copy()
        first = self.groups.starts[record[rows]]
        period = np.maximum(self.groups.place(record[rows], at[rows], after=True) - 1, first)
        out[rows] = codes(self.people, known)[period]
        return out
