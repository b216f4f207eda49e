"""What a finished run tells OpenTelemetry, read from Dagster's own events."""

from __future__ import annotations

import dagster as dg
import pytest
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from alignment_pipeline.defs import telemetry, traces
from alignment_pipeline.defs.placement import HERE
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import open_telemetry, run_traces

pytestmark = pytest.mark.filterwarnings("ignore")


class InMemoryExporter(MetricExporter):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[MetricsData] = []

    def export(self, metrics_data: MetricsData, timeout_millis: float = 0, **_: object) -> MetricExportResult:
        self.given.append(metrics_data)
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 0) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 0, **_: object) -> None:
        return None

    def values(self) -> dict[tuple[object, ...], float]:
        """The last value by name and attributes."""
        found: dict[tuple[object, ...], float] = {}
        for given in self.given:
            for metric in (one for of in given.resource_metrics for scope in of.scope_metrics for one in scope.metrics):
                for point in metric.data.data_points:
                    found[metric.name, *sorted((point.attributes or {}).items())] = point.value
        return found


@dg.asset
def leads() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"dagster/row_count": 7, "api_calls": 3})


@dg.asset_check(asset=leads)
def few() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False)


@dg.asset(deps=[leads])
def broken() -> None:
    raise ValueError("no such field")


@pytest.fixture(scope="module")
def trace() -> run_traces.RunTrace:
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([leads, few, broken], instance=instance, raise_on_error=False)
        record = instance.get_run_record_by_id(result.run_id)
        assert record is not None and record.start_time and record.end_time
        steps = traces.steps_of(instance, result.run_id)
    return run_traces.RunTrace("daily", result.run_id, "FAILURE", record.start_time, record.end_time, steps)


def test_without_a_setting_there_is_no_sensor_and_with_one_there_are_two() -> None:
    assert not telemetry.telemetry_at(HERE, environ={}).sensors
    assert not telemetry.telemetry_at(HERE, environ={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "ALIGNMENT_OTEL": "off"}).sensors
    assert 2 == len(telemetry.telemetry_at(HERE, environ={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}).sensors or ())
    with pytest.raises(ConfigurationError, match="ALIGNMENT_OTEL is 'yes'"):
        run_traces.exporter_of({"ALIGNMENT_OTEL": "yes"})


def test_a_trace_has_the_run_s_id_and_a_span_for_each_step(trace: run_traces.RunTrace) -> None:
    spans, metrics = InMemorySpanExporter(), InMemoryExporter()
    open_telemetry.send(trace, "console", spans=spans, metrics=metrics)

    found = {span.name: span for span in spans.get_finished_spans()}
    assert {"run daily", "leads", "leads_few", "broken"} == set(found)
    assert {trace.run_id.replace("-", "")} == {format(span.context.trace_id, "032x") for span in found.values()}
    assert {found["run daily"].context.span_id} == {found[name].parent.span_id for name in ("leads", "leads_few", "broken")}
    assert (7, 3) == tuple(found["leads"].attributes[f"alignment.{name}"] for name in ("rows", "api_calls"))
    assert "no such field" in found["broken"].status.description
    assert ["leads.few"] == [event.attributes["alignment.check"] for event in found["leads_few"].events]
    assert found["leads"].start_time < found["leads"].end_time <= found["run daily"].end_time


def test_metrics_say_rows_calls_and_failed_checks(trace: run_traces.RunTrace) -> None:
    metrics = InMemoryExporter()
    open_telemetry.send(trace, "console", spans=InMemorySpanExporter(), metrics=metrics)

    values = metrics.values()
    assert 7 == values["alignment.table.rows", ("table", "leads")]
    assert 3 == values["alignment.api.calls", ("step", "leads")]
    assert 1 == values["alignment.checks.failed", ("job", "daily")]
    assert 1 == values["alignment.runs", ("job", "daily"), ("status", "FAILURE")]
