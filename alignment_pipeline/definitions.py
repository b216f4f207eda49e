"""The Dagster entry point: everything below `defs/`, found by its folder."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from alignment_pipeline.installation import instance_storage


@dg.definitions
def defs() -> dg.Definitions:
    """All assets, checks, jobs, schedules, sensors and resources."""
    instance_storage.wait_longer()  # a run's own process loads this too
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
