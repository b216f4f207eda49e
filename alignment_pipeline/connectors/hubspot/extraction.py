"""Reading HubSpot into raw rows: objects with their history, owners, deal stages, and the logs.

Belongs here: which run reads which stream. The columns are in `contracts/systems/hubspot.py`. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alignment_pipeline.connectors.hubspot.history_extraction import PROPERTIES, HistoryRun
from alignment_pipeline.connectors.hubspot.log_extraction import EmailEventRun, SubmissionRun
from alignment_pipeline.connectors.hubspot.metadata_extraction import OwnerRun, StageRun
from alignment_pipeline.connectors.hubspot.object_extraction import ObjectRun, Pass
from alignment_pipeline.connectors.hubspot.runs import HubSpotSource, Run
from alignment_pipeline.connectors.streams import Reading
from alignment_pipeline.contracts.systems.hubspot import HUBSPOT
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import ConfigurationError

_OTHERS: Mapping[str, type[Run]] = {
    "owners": OwnerRun,
    "deal_stages": StageRun,
    "form_submissions": SubmissionRun,
    "email_events": EmailEventRun,
}
_STREAMS = {stream.object: stream for stream in HUBSPOT.streams}
_CHANGES = "_changes"


@dataclass
class HubSpotExtraction(HubSpotSource):
    """Reads streams of one portal; its settings are those of `HubSpotSource`."""

    def readings(self, wanted: Sequence[RawStream]) -> list[Reading]:
        """One reading per stream, to be iterated in any order. An object and its history share one pass."""
        unknown = [stream.object for stream in wanted if stream.object not in _STREAMS]
        if unknown:
            raise ConfigurationError(f"HubSpot has no stream {', '.join(unknown)}; there are {', '.join(_STREAMS)}")
        with_history = {stream.object.removesuffix(_CHANGES) for stream in wanted if stream.object.endswith(_CHANGES)}
        passes = {
            name: Pass(self, _STREAMS[name], PROPERTIES[name] if name in with_history else ())
            for name in dict.fromkeys(stream.object.removesuffix(_CHANGES) for stream in wanted)
            if name not in _OTHERS
        }
        return [Reading(stream, self._run(stream, passes)) for stream in wanted]

    def _run(self, stream: RawStream, passes: Mapping[str, Pass]) -> Run:
        if stream.object in _OTHERS:
            return _OTHERS[stream.object](self, stream)
        shared = passes[stream.object.removesuffix(_CHANGES)]
        return HistoryRun(self, stream, shared) if stream.object.endswith(_CHANGES) else ObjectRun(self, stream, shared)
