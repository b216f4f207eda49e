"""Imported by the server that the killed processes are forked from, and nowhere else: from then on the definitions are loaded."""

from __future__ import annotations

import ibis.backends.duckdb  # noqa: F401 (what a run would import first)

from alignment_pipeline_tests.faults import dagster_runs

dagster_runs.job()
