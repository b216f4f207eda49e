"""The resources that assets ask for by name."""

from __future__ import annotations

import dagster as dg

from alignment_pipeline.defs.line import LineResource


@dg.definitions
def resources() -> dg.Definitions:
    """One line for all; it builds its store and clients when a step opens it. In-process execution is the default."""
    return dg.Definitions(resources={"line": LineResource()}, executor=dg.in_process_executor)
