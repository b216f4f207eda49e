"""Reading owners and deal stages: whole each time.

Belongs here: the rows. Archived owners are read too, since old deals still name them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from alignment_pipeline.connectors.hubspot.runs import Run
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import canonical, parse_stamp


@dataclass
class OwnerRun(Run):
    """People and queues that own records."""

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """Living ones, then archived ones as deleted."""
        for is_archived in (False, True):
            for row in self.source.of_owners(is_archived=is_archived):
                texts = {name: canonical(row.get(name), "string") for name in self.stream.fields if name != "teams"}
                texts["teams"] = json.dumps(row["teams"], sort_keys=True) if row.get("teams") else None
                stamp = canonical(row.get("updatedAt"), "datetime")
                moment = parse_stamp(stamp) if stamp else None
                yield from batches.add(str(row["id"]), moment, texts | {"updatedAt": stamp}, is_deleted=is_archived)


@dataclass
class StageRun(Run):
    """Stages of the deal pipelines; they carry no stamp of use."""

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """One row per stage."""
        for pipeline in self.source.pipelines:
            for stage in pipeline.get("stages") or ():
                details = stage.get("metadata") or {}
                values = {
                    "stageId": str(stage["id"]),
                    "label": canonical(stage.get("label"), "string"),
                    "pipelineId": str(pipeline["id"]),
                    "pipelineLabel": canonical(pipeline.get("label"), "string"),
                    "displayOrder": canonical(stage.get("displayOrder"), "int"),
                    "probability": canonical(details.get("probability"), "double"),
                    "isClosed": canonical(details.get("isClosed"), "boolean"),
                    "archived": canonical(stage.get("archived"), "boolean"),
                }
                yield from batches.add(f"{pipeline['id']}:{stage['id']}", None, values)
