"""Runs a job in this process, for the command line: the same assets, events and history as in the Dagster UI.

Belongs here: the instance's folder and its settings, launching, and what came of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.execution.api import execute_run_iterator

from alignment_pipeline import errors
from alignment_pipeline.defs import progress, run_log
from alignment_pipeline.defs.line_resource import AS_OF_TAG
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import instance_storage
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import lease

INSTANCE_SETTINGS = """\
# written by alignment_pipeline; your own settings go into a DAGSTER_HOME of your own
telemetry:
  enabled: false
nux:
  enabled: false
# a killed run is found and its pool slots are freed
run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  max_runtime_seconds: 14400
  poll_interval_seconds: 60
  free_slots_after_run_end_seconds: 60
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    dequeue_interval_seconds: 1
concurrency:
  pools:
    granularity: run
    default_limit: 1
  # two of the fast lane, killed ones until they are found, and one of everything else (its pools see to that)
  runs:
    max_concurrent_runs: 6
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days: {skipped: 7, failure: 30, success: 30}
"""


@dataclass(frozen=True)
class Outcome:
    """What a launched run did. `failures` are step and message, `failed_checks` are asset, check and description.

    `exit_code` is that of the first failure's error: 2 when a person must change a setting, 1 otherwise, 0 without failures.
    """

    run_id: str
    is_success: bool
    failures: tuple[tuple[str, str], ...]
    failed_checks: tuple[tuple[str, str, str], ...]
    exit_code: int = 0


def instance_folder(home: Home) -> Path:
    """The DAGSTER_HOME that was given, or the one below the home folder, with its settings written once."""
    given = _given_folder(home)
    if given:
        own = Path(given).expanduser()
        if not own.is_dir():
            raise ConfigurationError(f"DAGSTER_HOME is {given}, not a folder; create it, or unset it to use {home.path / 'dagster'}")
        return own
    folder = home.folder("dagster")
    settings = folder / "dagster.yaml"
    if not settings.exists() or settings.read_text(encoding="utf-8") != INSTANCE_SETTINGS:
        settings.write_text(INSTANCE_SETTINGS, encoding="utf-8")
    return folder


def _given_folder(home: Home) -> str:
    return home.environ.get("DAGSTER_HOME", "").strip()


def launch(
    job: str,
    *,
    home: Home,
    as_of: datetime | None = None,
    partition: str | None = None,
    without: Sequence[str] = (),
    report: Callable[[str, int], None] = lambda *_: None,
) -> Outcome:
    """Run `job` in this process on the home's own instance and wait for its end; `partition` is the day of a job of days, `without` are
    tables of the job that are not made.

    Raises AnotherWriter, before anything starts, while another run of this home goes on: a person does not wait for it.
    Raises ConfigurationError when there is no such day.
    """
    with home.journal() as journal, lease.acquire(journal, lease.RUN):
        return _launched(job, home=home, as_of=as_of, partition=partition, without=without, report=report)


def _launched(
    job: str, *, home: Home, as_of: datetime | None, partition: str | None, without: Sequence[str], report: Callable[[str, int], None]
) -> Outcome:
    folder = instance_folder(home)
    tags = {AS_OF_TAG: as_of.isoformat()} if as_of else {}
    job_def = _definitions().resolve_job_def(job)
    if partition is not None:
        tags |= _day_tags(job_def, partition)
    instance_storage.wait_longer()
    with (
        instance_storage.explained(folder),
        run_log.instance(folder, is_ours=not _given_folder(home)) as instance,
        progress.listening(report),
    ):
        run = instance.create_run_for_job(
            job_def=job_def,
            tags={**job_def.run_tags, **tags},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            asset_selection=_selected(job_def, without),
            remote_job_origin=run_log.origin(job),
        )
        events = list(execute_run_iterator(InMemoryJob(job_def), run, instance))
        ended = instance.get_run_by_id(run.run_id)
    is_success = ended is not None and ended.is_success
    failures = _failures(events)
    failed_steps = tuple((step, message) for step, message, _ in failures)
    code = _exit_code(failures[0][2]) if failures else int(not is_success)
    return Outcome(run.run_id, is_success, failed_steps, _failed_checks(events), code)


@cache
def _definitions() -> dg.Definitions:
    """The definitions, loaded once in a process: a command may run several jobs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        from alignment_pipeline.definitions import defs

        return defs()


def _selected(job: dg.JobDefinition, without: Sequence[str]) -> set[dg.AssetKey] | None:
    """The keys of the job's assets less some; None for all of them."""
    left_out = {dg.AssetKey(name) for name in without}
    return {*job.asset_layer.executable_asset_keys} - left_out if left_out else None


def _day_tags(job: dg.JobDefinition, partition: str) -> dict[str, str]:
    """The tags of a day's run. Raises ConfigurationError when there is no such day."""
    try:
        with partition_loading_context() as context:
            job.validate_partition_key(partition, selected_asset_keys=None, context=context)
    except dg.DagsterUnknownPartitionError as error:
        raise ConfigurationError(
            f"{partition} is not a day that can be taken: it has not ended yet, or is before ALIGNMENT_HISTORY_FROM"
        ) from error
    return dict(job.get_tags_for_partition_key(partition, selected_asset_keys=None))


def _failures(events: Sequence[dg.DagsterEvent]) -> list[tuple[str, str, str]]:
    """Step, message and kind of error of each failure."""
    failures = []
    for event in events:
        if event.is_step_failure and event.step_key:
            error = event.step_failure_data.error
            user = event.step_failure_data.user_failure_data
            cause = _first_cause(error)
            message = (user.description if user else None) or str(getattr(cause, "message", cause or "")).strip() or "failed"
            entry = user.metadata.get("kind") if user else None
            kind = str(entry.value) if entry is not None else str(getattr(cause, "cls_name", ""))
            failures.append((event.step_key, message, kind))
    return failures


def _first_cause(error: object) -> object:
    """The error at the beginning of the chain: what a person can act on."""
    while getattr(error, "cause", None) is not None:
        error = error.cause  # type: ignore[attr-defined]
    return error


def _exit_code(kind: str) -> int:
    named = getattr(errors, kind, errors.AlignmentError)
    return int(getattr(named, "exit_code", 1))


def _failed_checks(events: Sequence[dg.DagsterEvent]) -> tuple[tuple[str, str, str], ...]:
    evaluations = (event.asset_check_evaluation_data for event in events if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    return tuple((one.asset_key.to_user_string(), one.check_name, one.description or "") for one in evaluations if not one.passed)
