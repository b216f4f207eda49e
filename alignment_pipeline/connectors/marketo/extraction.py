"""Reading Marketo into raw rows: activity types, activities, leads and the deletion of leads.

Belongs here: which run reads which stream, by bulk extract when much is new and by paging tokens when little is. The columns are
in `contracts/raw.py`. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alignment_pipeline.connectors.marketo.activity_extraction import ActivityRun
from alignment_pipeline.connectors.marketo.lead_extraction import LeadRun
from alignment_pipeline.connectors.marketo.runs import MarketoSource, Run
from alignment_pipeline.connectors.marketo.type_extraction import TypeRun
from alignment_pipeline.connectors.streams import Reading
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import ConfigurationError

_RUNS: Mapping[str, type[Run]] = {"leads": LeadRun, "activities": ActivityRun, "activity_types": TypeRun}


@dataclass
class MarketoExtraction(MarketoSource):
    """Reads streams of one subscription; its settings are those of `MarketoSource`."""

    def readings(self, wanted: Sequence[RawStream]) -> list[Reading]:
        """One reading per stream, to be iterated in any order."""
        unknown = [stream.object for stream in wanted if stream.object not in _RUNS]
        if unknown:
            raise ConfigurationError(f"Marketo has no stream {', '.join(unknown)}; there are {', '.join(_RUNS)}")
        return [Reading(stream, _RUNS[stream.object](self, stream)) for stream in wanted]
