"""Reading the history of properties: each value that a record ever had, with who set it, when and by what means.

Belongs here: the rows. They come with the pass over the object (`object_extraction.py`). HubSpot keeps some twenty versions of a
property, so what is read is kept: it cannot be read again later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors.hubspot.object_extraction import Pass
from alignment_pipeline.connectors.hubspot.runs import Run
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import canonical, parse_stamp

#: Object -> the properties that rules replay: stages, owners, amounts.
PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "contacts": ("lifecyclestage", "hubspot_owner_id", "hs_lead_status", "associatedcompanyid"),
    "deals": ("dealstage", "amount", "closedate", "pipeline", "hubspot_owner_id"),
}


@dataclass
class HistoryRun(Run):
    """One reading of an object's history."""

    shared: Pass | None = None

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """One row per value of a property; the same value read again is the same row."""
        assert self.shared is not None
        for record in self.shared.records():
            for name, versions in (record.get("propertiesWithHistory") or {}).items():
                for version in versions:
                    yield from self._add(batches, str(record["id"]), str(name), version)

    def _add(self, batches: RowBatches, record_id: str, name: str, version: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
        try:
            stamp = canonical(version["timestamp"], "datetime")
            moment = parse_stamp(str(stamp))
        except (KeyError, ValueError, OverflowError) as error:
            batches.refuse(record_id, f"a version of {name} without a time: {error}", {"property": name})
            return
        values = {
            "objectId": record_id,
            "property": name,
            "timestamp": stamp,
            **{key: canonical(version.get(key), "string") for key in ("value", "sourceType", "sourceId", "sourceLabel", "updatedByUserId")},
        }
        yield from batches.add(f"{record_id}:{name}:{stamp}", moment, values)
