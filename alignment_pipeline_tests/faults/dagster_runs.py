"""The write-back step as a Dagster run in a process of its own, which can be killed at any moment and run again.

Belongs here: that process. It is forked from a warm server that has loaded the definitions once, so a run costs a second.
"""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import dagster as dg

from alignment_pipeline import definitions
from alignment_pipeline.defs import jobs, launch
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import write_back
from alignment_pipeline_tests.faults import kill

FAILED = 1
kill.preload("alignment_pipeline_tests.faults.dagster_warm")


@cache
def job() -> dg.JobDefinition:
    """The job that writes, loaded once in a process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return definitions.defs().resolve_job_def(jobs.DAILY)


def child(environ: Mapping[str, str]) -> None:
    """Run the asset `crm_writes` on the home's own instance; exits with 1 when the run fails."""
    os.environ.update(environ)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    if not environ.get("KILL_LOUD"):
        os.dup2(quiet, 2)
    warnings.simplefilter("ignore")
    with dg.DagsterInstance.from_config(str(launch.instance_folder(Home.from_env()))) as instance:
        done = job().execute_in_process(instance=instance, asset_selection=[dg.AssetKey("crm_writes")], raise_on_error=False)
    raise SystemExit(0 if done.success else FAILED)


def write(found: kill.Arena, plan_hash: str, *, kill_after: float | None = None, crash_at: str | None = None, loud: bool = False) -> int:
    """One Dagster run of the write-back step over the arena's newest plan; returns its exit code (-9 when it was killed)."""
    home = Home.from_env(found.environ)
    home.warehouse().replace("write_plans", write_back.plan_rows(found.office.journal))
    assert write_back.latest_plan(home.warehouse().read("write_plans"))["plan_hash"] == plan_hash  # type: ignore[index]
    more = ({"CRASH_AT": crash_at} if crash_at else {}) | ({"KILL_LOUD": "1"} if loud else {})
    process = kill.CONTEXT.Process(target=child, args=({**found.environ, **more},))
    process.start()
    process.join(kill_after if kill_after is not None else 300)
    if process.is_alive():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    code = process.exitcode if process.exitcode is not None else -signal.SIGKILL
    found.kills += code == -signal.SIGKILL
    found.codes[code] += 1
    return code


def runs(found: kill.Arena) -> list[dg.DagsterRun]:
    """What Dagster remembers."""
    folder = Path(found.environ["ALIGNMENT_HOME"]) / "dagster"
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        return list(instance.get_runs())
