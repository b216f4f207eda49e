"""One embedded Marketo subscription: its records and its export jobs.

Belongs here: putting the two together. The records are in `records.py`, the jobs in `exports.py`.
"""

from __future__ import annotations

from alignment_pipeline.sandbox.marketo.exports import Exports
from alignment_pipeline.sandbox.marketo.records import MarketoRecords


class MarketoStore(MarketoRecords):
    """Everything one subscription holds, jobs included."""

    def reset(self) -> None:
        """Go back to the records as they were loaded; tokens, jobs and counts begin again."""
        with self.lock:
            super().reset()
            self.exports = Exports(self)
