"""`alignment run`: from extraction to a plan, through Dagster in this process. Writes nothing to the CRM."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, as_of_moment, as_of_option, json_option
from alignment_pipeline.cli.milestones import milestones, reading
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.installation import target_list
from alignment_pipeline.operations import summary

JOB = "alignment_run"


@click.command(
    epilog="Example: alignment run --json. Exit codes: 0 done, 1 failed, 2 configuration, 3 the plan waits for approval or is blocked, "
    "75 another run is active."
)
@as_of_option
@json_option
def run(as_of: str | None, is_json: bool) -> int:
    """Read the sources, decide everything, and plan the changes to the CRM.

    Prints the plan's hash and the guard's verdict. Nothing is written to the CRM."""
    context = Context(is_json=is_json)
    result = perform(context, as_of=as_of_moment(as_of))
    context.result(result, lambda console: show(console, result))
    return 3 if result["plan"]["plan_state"] in ("NEEDS_APPROVAL", "BLOCKED", "DRAFT") else 0


def perform(
    context: Context, *, as_of: datetime | None = None, job: str = JOB, without: Sequence[str] = (), begun: float | None = None
) -> dict[str, Any]:
    """Run the job, without some of its tables, and gather what came of it. `begun`: when the command began, on the monotonic clock.

    Raises RunFailed that names the failed step and why, AnotherWriter while another full run of this home goes on.
    """
    # imported here so that commands that do not need Dagster do not wait for it
    from alignment_pipeline.defs.launch import launch

    _ = context.home.agreement  # a wrong agreement is said before anything starts
    with milestones("Running", context.home.environ, begun=begun, first=reading(context.home.environ)) as report:
        outcome = launch(job, home=context.home, as_of=as_of, without=without, report=report)
    if not outcome.is_success:
        raise RunFailed(outcome.failures, outcome.run_id, outcome.exit_code)
    with context.journal() as journal:
        result = summary.of_run(context.warehouse(), journal, run_id=outcome.run_id)
    listed = target_list.target_list(context.home.agreement, agreement_path=context.home.agreement_path)
    result["notes"] = summary.unknown_targets(context.warehouse(), listed)
    for note in result["notes"]:
        context.say(note)
    result["failed_checks"] = [{"asset": asset, "check": check, "description": text} for asset, check, text in outcome.failed_checks]
    return result


class RunFailed(AlignmentError):
    """A step failed. The message has a line per failed step: what failed and why."""

    def __init__(self, failures: tuple[tuple[str, str], ...], run_id: str, exit_code: int = 1) -> None:
        lines = [f"{step}: {message}" for step, message in failures] or ["the run ended without success"]
        super().__init__("\n".join([*lines, f"(Dagster run {run_id}; `make dev` shows its log)"]))
        self.exit_code = exit_code or 1


def show(console: Console, report: dict[str, Any]) -> None:
    """The run in a terminal."""
    for line in summary.lines(report):
        console.print(line)
    for check in report["failed_checks"]:
        console.print(f"check failed: {check['asset']}.{check['check']}: {check['description']}")
    plan = report["plan"]
    if plan["plan_state"] == "NONE":
        console.print("no plan: decided as of the past, and the CRM gets no values of the past")
        return
    console.print(f"plan {plan['plan_hash'][:12]}: {plan['plan_state']}, the guard says {plan['verdict']}")
    for reason in plan["reasons"]:
        console.print(f"  - {reason}")
    if plan["plan_state"] in ("NEEDS_APPROVAL", "DRAFT"):
        console.print(f"look:  alignment plan show {plan['plan_hash'][:12]}\nwrite: alignment apply {plan['plan_hash'][:12]}")
