"""What a monitoring system gets from a finished run: its moments, its steps, their tables and failures.

Belongs here: the values, and whether anything is sent at all. Where they come from: `defs/traces.py`; how they are sent:
`open_telemetry.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from alignment_pipeline.errors import ConfigurationError

Exporter = Literal["otlp", "console"]
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")


@dataclass
class Step:
    """One step of a run. Moments are Unix seconds; `tables` are rows by table, `calls` its API calls."""

    name: str
    begun: float
    ended: float | None = None
    error: str | None = None
    tables: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    failed_checks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RunTrace:
    """A finished run. Moments are Unix seconds."""

    job: str
    run_id: str
    status: str
    begun: float
    ended: float
    steps: Sequence[Step]


def exporter_of(environ: Mapping[str, str]) -> Exporter | None:
    """Where traces and metrics go; None where nothing is configured. Raises ConfigurationError for a value that means nothing."""
    own = environ.get("ALIGNMENT_OTEL", "").strip().lower()
    if own not in ("", "otlp", "console", "off"):
        raise ConfigurationError(f"ALIGNMENT_OTEL is {own!r}; use otlp, console or off")
    if own == "off":
        return None
    if own == "console":
        return "console"
    return "otlp" if own == "otlp" or any(environ.get(name, "").strip() for name in _ENDPOINTS) else None
