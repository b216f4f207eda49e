"""Reading HubSpot into raw rows: objects with their history, owners, deal stages, the logs, and the CRM's tables where it is the CRM.

Belongs here: which run reads which stream. The columns are in `contracts/systems/hubspot.py`. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alignment_pipeline.connectors.hubspot.crm_extraction import CRM_RUNS, OF_HISTORY, SOURCES
from alignment_pipeline.connectors.hubspot.history_extraction import PROPERTIES, HistoryRun
from alignment_pipeline.connectors.hubspot.list_extraction import MembershipRun
from alignment_pipeline.connectors.hubspot.log_extraction import EmailEventRun, SubmissionRun
from alignment_pipeline.connectors.hubspot.metadata_extraction import OwnerRun, StageRun
from alignment_pipeline.connectors.hubspot.object_extraction import ObjectRun, Pass
from alignment_pipeline.connectors.hubspot.page_view_extraction import PageViewRun
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
    "list_memberships": MembershipRun,
    "page_views": PageViewRun,
}
_STREAMS = {stream.object: stream for stream in HUBSPOT.streams}
_CHANGES = "_changes"


@dataclass
class HubSpotExtraction(HubSpotSource):
    """Reads streams of one portal; its settings are those of `HubSpotSource`."""

    def readings(self, wanted: Sequence[RawStream]) -> list[Reading]:
        """One reading per stream, to be iterated in any order. An object and its history share one pass."""
        known = {*_STREAMS, *CRM_RUNS}
        unknown = [stream.object for stream in wanted if stream.object not in known]
        if unknown:
            raise ConfigurationError(f"HubSpot has no stream {', '.join(unknown)}; there are {', '.join(_STREAMS)}")
        passes = self._passes([stream.object for stream in wanted])
        return [Reading(stream, self._run(stream, passes)) for stream in wanted]

    def _passes(self, wanted: Sequence[str]) -> dict[str, Pass]:
        """Object -> the pass over it; an object and everything that is made of it share one."""
        readers: dict[str, list[str]] = {}
        for name in wanted:
            for kind in SOURCES.get(name, (name.removesuffix(_CHANGES),)):
                if kind not in _OTHERS:
                    readers.setdefault(kind, []).append(name)
        passes = {}
        for kind, names in readers.items():
            has_history = any(name.endswith(_CHANGES) or name in OF_HISTORY for name in names)
            history = dict.fromkeys((*PROPERTIES.get(kind, ()), *self.history.get(kind, ()))) if has_history else ()
            others = [name for name in names if name != kind]
            passes[kind] = Pass(self, _STREAMS[kind], tuple(history), others)
        return passes

    def _run(self, stream: RawStream, passes: Mapping[str, Pass]) -> Run:
        if stream.object in _OTHERS:
            return _OTHERS[stream.object](self, stream)
        if stream.object in CRM_RUNS:
            return CRM_RUNS[stream.object](self, stream, passes)
        shared = passes[stream.object.removesuffix(_CHANGES)]
        return HistoryRun(self, stream, shared) if stream.object.endswith(_CHANGES) else ObjectRun(self, stream, shared)
