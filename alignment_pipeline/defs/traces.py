"""A finished run, read from Dagster's event log: its steps with their moments, tables, calls and failures.

Belongs here: reading events. What is made of them: `operations/run_traces.py`; when: `telemetry.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from alignment_pipeline.connectors import redaction
from alignment_pipeline.operations.run_traces import RunTrace, Step

_BEGIN, _ENDS = dg.DagsterEventType.STEP_START, {dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE}


def trace_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunTrace | None:
    """The run; None when no step of it began."""
    record = instance.get_run_record_by_id(run.run_id)
    steps = steps_of(instance, run.run_id)
    if record is None or not steps:
        return None
    begun = record.start_time or steps[0].begun
    ended = record.end_time or max(step.ended or step.begun for step in steps)
    return RunTrace(job=run.job_name, run_id=run.run_id, status=run.status.value, begun=begun, ended=ended, steps=steps)


def steps_of(instance: dg.DagsterInstance, run_id: str) -> list[Step]:
    """The steps of a run, in the order in which they began."""
    by_key: dict[str, Step] = {}
    for entry in _events(instance, run_id):
        event, key = entry.dagster_event, entry.step_key
        if event is None or key is None:
            continue
        if event.event_type == _BEGIN:
            by_key[key] = Step(key, entry.timestamp)
        elif key in by_key:
            _add(by_key[key], event, entry.timestamp)
    return list(by_key.values())


def _events(instance: dg.DagsterInstance, run_id: str) -> Iterator[Any]:
    cursor = None
    while True:
        page = instance.get_records_for_run(run_id, cursor=cursor, limit=1000)
        yield from (record.event_log_entry for record in page.records)
        if not page.has_more:
            return
        cursor = page.cursor


def _add(step: Step, event: dg.DagsterEvent, moment: float) -> None:
    if event.event_type in _ENDS:
        step.ended = moment
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            step.error = redaction.PROCESS(error.message if error else "failed")[:500]
    elif event.is_step_materialization:
        metadata = event.step_materialization_data.materialization.metadata
        rows = metadata.get("dagster/row_count")
        key = event.asset_key
        if rows is not None and key is not None:
            step.tables[key.path[-1]] = int(rows.value)  # type: ignore[arg-type]
        step.calls += int(metadata["api_calls"].value) if "api_calls" in metadata else 0  # type: ignore[arg-type]
    elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        if not check.passed:
            step.failed_checks.append(f"{check.asset_key.path[-1]}.{check.check_name}")
