"""Traces and metrics of runs by OpenTelemetry, where it is configured; nothing otherwise.

Belongs here: which runs are reported, and when. What a run's events become: `traces.py`. OTEL_EXPORTER_OTLP_ENDPOINT turns this on (or
ALIGNMENT_OTEL=console, for trying it); the packages are those of the extra `otel`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import dagster as dg

from alignment_pipeline.defs import traces
from alignment_pipeline.defs.jobs import Job
from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import run_traces

_SENSORS = {
    "succeeded_runs_to_opentelemetry": dg.DagsterRunStatus.SUCCESS,
    "failed_runs_to_opentelemetry": dg.DagsterRunStatus.FAILURE,
}


@dg.definitions
def telemetry() -> dg.Definitions:
    """The sensors of this package's own code location."""
    return telemetry_at(HERE)


def telemetry_at(place: Placement, *, jobs: Sequence[Job] | None = None, environ: Mapping[str, str] = os.environ) -> dg.Definitions:
    """A sensor for runs that succeeded and one for runs that failed; none where OpenTelemetry is not configured."""
    if run_traces.exporter_of(environ) is None:
        return dg.Definitions()
    return dg.Definitions(sensors=[_sensor(place, name, status, jobs) for name, status in _SENSORS.items()])


def _sensor(place: Placement, name: str, status: dg.DagsterRunStatus, jobs: Sequence[Job] | None) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name=place.name(name),
        run_status=status,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        monitored_jobs=list(jobs) if jobs is not None else None,
        description="Sends a run's trace and metrics to the OpenTelemetry collector.",
    )
    def ended(context: dg.RunStatusSensorContext) -> None:
        tell(context.instance, context.dagster_run, os.environ)

    return ended


def tell(instance: dg.DagsterInstance, run: dg.DagsterRun, environ: Mapping[str, str]) -> None:
    """Send a finished run to where `environ` says. Raises ConfigurationError when the extra is not installed."""
    exporter, trace = run_traces.exporter_of(environ), traces.trace_of(instance, run)
    if exporter is None or trace is None:
        return
    try:
        from alignment_pipeline.operations import open_telemetry
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"OpenTelemetry is configured, but {error.name} is not installed: alignment-pipeline[otel]") from error
    open_telemetry.send(trace, exporter)
