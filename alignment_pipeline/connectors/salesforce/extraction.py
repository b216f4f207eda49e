"""Reading Salesforce objects into raw rows: everything once, then what changed.

Belongs here: all wanted streams, prepared together and read one by one. What is asked beforehand:
`preparation.py`; a stream's reading: `stream_run.py`; the columns: `contracts/raw.py`. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alignment_pipeline.connectors.salesforce.bulk_query import BulkUnsupported
from alignment_pipeline.connectors.salesforce.preparation import Preparation, Prepared
from alignment_pipeline.connectors.salesforce.selection import refused_column
from alignment_pipeline.connectors.salesforce.soql import Window
from alignment_pipeline.connectors.salesforce.source import SalesforceSource
from alignment_pipeline.connectors.salesforce.stream_run import StreamRun
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.streams import Reading
from alignment_pipeline.contracts.systems.system import RawStream


@dataclass
class SalesforceExtraction(SalesforceSource):
    """Reads streams of one organisation; its settings are those of `SalesforceSource`."""

    def readings(self, wanted: Sequence[RawStream]) -> list[Reading]:
        """Prepare all streams together (a few calls) and give one reading each, to be iterated in any order.

        Permanent when a required object or field is missing: nothing is read then.
        """
        assert self.describer is not None
        preparation = Preparation(self.session, self.describer, self.states, self.custom_fields, self.lookback, self.bulk_rows_from)
        prepared = preparation.prepare(wanted)
        for one in prepared:
            self._take_up(one)
            if one.job is None and (preparation.goes_by_bulk(one) or self._shows_large(one)):
                self._start(one)
        return [Reading(one.stream, StreamRun(self, one)) for one in prepared]

    def _take_up(self, one: Prepared) -> None:
        """Use a job that a died run has left, when it asks the same question from the same start."""
        if one.selection is None:
            return
        reader = self.reader(one.selection, lambda _: None)
        for job in one.state.jobs:
            window = Window(job.start, job.end)
            if job.start == one.window.start and job.fingerprint == reader.fingerprint(window):
                one.job, one.window, one.first = job, window, None
                one.mark = one.state.load_end or one.mark

    def _shows_large(self, one: Prepared) -> bool:
        """Whether the first page tells of so many rows that a job costs fewer calls than the further pages."""
        page = one.first
        if page is None or not page.is_success or one.selection is None or one.selection.stamp is None:
            return False
        return int(page.body.get("totalSize") or 0) >= self.bulk_rows_from

    def _start(self, one: Prepared) -> None:
        """Create the job of a large stream now, so that the server works on all of them at once."""
        assert one.selection is not None
        try:
            one.job = self.reader(one.selection, lambda job: self.note(one, job)).create_job(one.window)
            one.first = None
        except BulkUnsupported as unsupported:
            one.notes.append(f"read by REST, since Bulk does not serve it ({unsupported})"[:200])
        except SalesforceRefused as refused:
            name = refused_column(refused.detail) if refused.code == "INVALID_FIELD" else None
            if name is None:
                raise
            one.selection = one.selection.without(name)
            self._start(one)
