"""What the reading steps of all systems share: storing the streams and telling Dagster of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from alignment_pipeline.connectors.streams import Reading
from alignment_pipeline.contracts.systems.registry import SYSTEMS
from alignment_pipeline.defs import progress
from alignment_pipeline.defs.line import Line
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.operations import erase, extract


def read_into_raw(
    run: Line, system: str, journal: Journal, readings: Sequence[Reading], calls: Callable[[], int], *, shown_as: str | None = None
) -> Iterator[dg.MaterializeResult]:
    """Read all streams to their end, store them, record the cost, and yield a materialization each. `system` names the states; the table
    of extractions has them under `shown_as`, where that is another name."""
    stored = extract.store(
        readings, system=system, warehouse=run.warehouse, journal=journal, sieve=erase.Sieve(run.home, journal), report=progress.report
    )
    rows = list(extract.extraction_rows(stored, run_id=run.run_id, system=shown_as or system, total_calls=calls()))
    run.warehouse.append("extractions", extract.extractions_table(rows))
    own = {stream.table for stream in SYSTEMS[shown_as or system].streams}
    for one in stored:
        report = one.report
        if report.stream.table not in own:
            continue  # a table of the CRM, which the CRM's own step shows
        yield run.materialized(
            one.published,
            api_calls=report.calls,
            api_calls_of_the_step=calls(),
            method=report.method,
            received=report.rows,
            missing_fields=list(report.missing_fields),
            note=report.note or "",
        )
