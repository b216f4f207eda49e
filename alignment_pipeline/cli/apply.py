"""`alignment apply HASH`: approve a plan and write it. Imports no orchestrator.

Belongs here: the command. What it does step by step: `write_back/sending/apply.py`.
"""

from __future__ import annotations

import getpass

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option, operations, progress
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import write_back
from alignment_pipeline.write_back.plans import approval, keys, ops
from alignment_pipeline.write_back.sending import apply as applying


@click.command(
    epilog="Example: alignment apply 3f2a9c. Exit codes: 0 done, 3 blocked or waiting for approval, 75 another writer is running."
)
@click.argument("plan_hash")
@click.option("--by", default=None, help="Who approves; default: the user's name.")
@click.option("--approved-only", is_flag=True, help="Do not sign: apply only what was approved before, or what a standing approval covers.")
@click.option("--resume", is_flag=True, help="The last run stopped itself and the cause is fixed: continue, beginning with 25 records.")
@click.option("--take-over", is_flag=True, help="The process that holds the lease is frozen: replace it.")
@click.option(
    "--patience", default=applying.PATIENCE_SECONDS, show_default=True, help="Seconds to wait for lost answers and locked records."
)
@json_option
def apply(plan_hash: str, by: str | None, approved_only: bool, resume: bool, take_over: bool, patience: float, is_json: bool) -> int:
    """Approve a plan and write it: 25 records, then 200, then the rest, each read back.

    PLAN_HASH is the plan's hash, or its first characters."""
    context = Context(is_json=is_json)
    home, journal = context.home, context.journal()
    row = ops.load_plan(journal, plan_hash)
    if row is None:
        raise ConfigurationError(f"no plan (or several) begins with {plan_hash!r}; `alignment plan` lists them")
    if row.state == "DONE" and not approved_only:
        context.result({"plan_hash": row.plan_hash, "plan_state": "DONE"}, lambda console: console.print("nothing to do: the plan is done"))
        return 0
    if not approved_only:
        key = keys.signing_key(home.path, home.environ)
        approval.approve(journal, row, by=by or getpass.getuser(), key=key, numbers=home.agreement.write_back.approvals)
    with progress("Writing") as report:
        done = applying.apply(
            journal,
            write_back.open_crm(home),
            row.plan_hash,
            agreement=home.agreement,
            key=keys.checking_key(home.path, home.environ),
            resume=resume,
            take_over=take_over,
            patience_seconds=patience,
            progress=operations(report),
            waiting=context.say,
        )
    context.result(done.to_json(), lambda console: _print(console, done))
    if done.error is not None:
        raise done.error
    return 0 if done.stopped is None else 1


def _print(console: Console, done: applying.Applied) -> None:
    console.print(f"plan {done.plan_hash[:12]}: {done.plan_state}, allowed by {done.allowed_by}")
    console.print(f"{done.records_written:,} records and {done.fields_written:,} fields written and verified, {done.api_calls} API calls")
    for state, number in done.states.items():
        console.print(f"  {state}: {number:,}")
    if done.stopped:
        console.print(f"stopped early: {done.stopped}")
