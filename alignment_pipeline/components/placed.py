"""The definitions of this package below a prefix, for a project that has assets of its own.

Belongs here: moving what `defs/` defines. No asset is defined twice: keys, groups and upstream assets change, code does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import dagster as dg

from alignment_pipeline import definitions
from alignment_pipeline.defs import alerts, backup, fast_lane, history, jobs, lost_runs, meeting, sensors, telemetry, tidy
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.placement import Placement


def definitions_at(place: Placement) -> dg.Definitions:
    """Assets and checks with their resource, jobs, schedules and sensors at that place. Only our own runs are watched and deleted."""
    here = [one for one in definitions.defs().assets or () if isinstance(one, dg.AssetsDefinition)]
    checks = list(definitions.defs().asset_checks or ())
    names = tuple(key.to_user_string() for one in here for key in one.keys)
    there = replace(place, assets=names)
    line = {"line": LineResource(settings=dict(place.settings), key_prefix=list(place.key_prefix))}
    moved = [_moved(one, there) for one in here]
    moved_checks = [_moved(one, there) for one in checks]
    return dg.Definitions.merge(
        dg.Definitions(
            assets=dg.with_resources(moved, line),
            asset_checks=dg.with_resources(moved_checks, line),
        ),
        _automation(there),
    )


def _automation(place: Placement) -> dg.Definitions:
    runs = [jobs.jobs_at(place), history.history_at(place), backup.backup_at(place), meeting.meeting_at(place)]
    lane = dg.Definitions(
        jobs=[fast_lane.hand_raises_job(place)],
        sensors=[sensors.new_hand_raisers(place), sensors.fast_lane_runs(place), lost_runs.lost_runs(place)],
    )
    ours = [*(job for one in (*runs, lane) for job in one.jobs or ())]
    tidied = tidy.tidy_at(place, jobs=[job.name for job in ours])
    watched = [*ours, *(tidied.jobs or ())]
    return dg.Definitions.merge(*runs, lane, tidied, alerts.alerts_at(place, jobs=watched), telemetry.telemetry_at(place, jobs=watched))


def _moved(one: dg.AssetsDefinition, place: Placement) -> dg.AssetsDefinition:
    """The same assets with other keys, in one group where the project wants one, and with the assets they are read from."""
    placed = one.with_attributes(asset_key_replacements={dg.AssetKey(name): place.key(name) for name in place.assets})

    def changed(spec: dg.AssetSpec) -> dg.AssetSpec:
        # the project's own sensor of automation conditions may be on already
        placed = spec if place.is_automated else spec.replace_attributes(automation_condition=None)
        placed = placed.replace_attributes(group_name=place.group) if place.group else placed
        upstream: Sequence[dg.AssetKey] = place.upstream.get(spec.key.path[-1], ())
        return placed.merge_attributes(deps=list(upstream)) if upstream else placed

    return placed.map_asset_specs(changed) if placed.keys else placed
