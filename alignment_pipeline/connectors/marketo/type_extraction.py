"""Reading activity types: whole each time, since they carry no stamp.

Belongs here: the rows. Which types are read as activities is a setting of the source (`runs.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors.marketo.runs import Run
from alignment_pipeline.connectors.raw_rows import RowBatches


@dataclass
class TypeRun(Run):
    """Activity types: read whole each time, since they carry no stamp."""

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """One row per type; nested members as JSON."""
        for entry in self.extraction.types():
            values = {name: _json_text(entry.get(name)) for name in self.stream.fields}
            if values.get("id") is None:
                batches.refuse(entry.get("id"), "activity type without an id", values)
                continue
            yield from batches.add(str(values["id"]), None, values)


def _json_text(value: Any) -> str | None:
    if value in (None, "", [], {}):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
