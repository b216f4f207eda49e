"""The resources that assets ask for by name."""

from __future__ import annotations

import os

import dagster as dg

from alignment_pipeline.defs.line_resource import LineResource

#: `json`: a run's log lines on the console are JSON objects.
LOG_FORMAT = "ALIGNMENT_LOG_FORMAT"


@dg.definitions
def resources() -> dg.Definitions:
    """One line for all; it builds its store and clients when a step opens it. In-process execution is the default."""
    as_json = os.environ.get(LOG_FORMAT, "").strip().lower() == "json"
    return dg.Definitions(
        resources={"line": LineResource()},
        executor=dg.in_process_executor,
        loggers={"console": dg.json_console_logger} if as_json else None,
    )
