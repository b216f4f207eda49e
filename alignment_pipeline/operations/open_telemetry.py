"""The spans and metrics of one run, in OpenTelemetry's own classes. Imported only where it is configured (the extra `otel`).

Belongs here: names and attributes. The board in `examples/grafana` and the alerts in docs/guides/on-a-server.md use them.
"""

from __future__ import annotations

from uuid import UUID

from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import Status, StatusCode

from alignment_pipeline.operations.run_traces import Exporter, RunTrace

_NANO = 1_000_000_000
_RESOURCE = Resource.create({SERVICE_NAME: "alignment_pipeline"})


class _RunIds(IdGenerator):
    """Trace ids that are run ids."""

    def __init__(self, run_id: str) -> None:
        self._trace, self._random = UUID(run_id).int, RandomIdGenerator()

    def generate_trace_id(self) -> int:
        """The run's id."""
        return self._trace

    def generate_span_id(self) -> int:
        """Any."""
        return self._random.generate_span_id()


def send(run: RunTrace, exporter: Exporter, *, spans: SpanExporter | None = None, metrics: MetricExporter | None = None) -> None:
    """Send a run; `spans` and `metrics` take the place of the exporters that the environment configures."""
    made_spans, made_metrics = _exporters(exporter) if spans is None or metrics is None else (spans, metrics)
    tracers = TracerProvider(resource=_RESOURCE, id_generator=_RunIds(run.run_id), shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(made_spans))
    _trace(run, tracers.get_tracer("alignment_pipeline"))
    tracers.shutdown()
    # one export, at the end: the reader's interval is longer than any run is told
    reader = PeriodicExportingMetricReader(made_metrics, export_interval_millis=3_600_000)
    meters = MeterProvider([reader], resource=_RESOURCE, shutdown_on_exit=False)
    _measure(run, meters)
    meters.shutdown()


def _exporters(exporter: Exporter) -> tuple[SpanExporter, MetricExporter]:
    if exporter == "console":
        return ConsoleSpanExporter(), ConsoleMetricExporter()
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(), OTLPMetricExporter()


def _trace(run: RunTrace, tracer: trace.Tracer) -> None:
    root = tracer.start_span(
        f"run {run.job}",
        start_time=nanoseconds(run.begun),
        attributes={"alignment.job": run.job, "alignment.run_id": run.run_id, "alignment.status": run.status},
    )
    within = trace.set_span_in_context(root)
    for step in run.steps:
        span = tracer.start_span(
            step.name,
            context=within,
            start_time=nanoseconds(step.begun),
            attributes={"alignment.step": step.name, "alignment.rows": sum(step.tables.values()), "alignment.api_calls": step.calls},
        )
        for check in step.failed_checks:
            span.add_event("check failed", {"alignment.check": check}, timestamp=nanoseconds(step.ended or step.begun))
        if step.error is not None:
            span.set_status(Status(StatusCode.ERROR, step.error))
        span.end(nanoseconds(step.ended or run.ended))
    if run.status != "SUCCESS":
        root.set_status(Status(StatusCode.ERROR, run.status))
    root.end(nanoseconds(run.ended))


def _measure(run: RunTrace, meters: MeterProvider) -> None:
    meter = meters.get_meter("alignment_pipeline")
    job = {"job": run.job}
    meter.create_counter("alignment.runs", description="Runs that ended, by job and status").add(1, {**job, "status": run.status})
    meter.create_gauge("alignment.run.duration", unit="s", description="Seconds that the last run took").set(run.ended - run.begun, job)
    meter.create_gauge("alignment.run.ended", unit="s", description="When the last run ended, in Unix seconds").set(
        run.ended, {**job, "status": run.status}
    )
    rows = meter.create_gauge("alignment.table.rows", description="Rows of a table after the last run")
    seconds = meter.create_gauge("alignment.step.duration", unit="s", description="Seconds that a step of the last run took")
    calls = meter.create_counter("alignment.api.calls", description="API calls, by the step that made them")
    failed = meter.create_gauge("alignment.checks.failed", description="Checks of the last run that did not pass")
    for step in run.steps:
        seconds.set((step.ended or run.ended) - step.begun, {**job, "step": step.name})
        for table, count in step.tables.items():
            rows.set(count, {"table": table})
        if step.calls:
            calls.add(step.calls, {"step": step.name})
    failed.set(sum(len(step.failed_checks) for step in run.steps), job)


def nanoseconds(moment: float) -> int:
    """Unix seconds as OpenTelemetry counts them."""
    return int(moment * _NANO)
