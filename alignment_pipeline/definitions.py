"""The Dagster entry point: everything below `defs/`, found by its folder."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from alignment_pipeline.installation import garbage_collection, instance_storage


@dg.definitions
def defs() -> dg.Definitions:
    """All assets, checks, jobs, schedules, sensors and resources."""
    # a run's own processes load this too
    instance_storage.wait_longer()
    garbage_collection.collect_less_often()
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
