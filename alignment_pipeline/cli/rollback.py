"""`alignment rollback RUN`: undo a run, through plan, guard, approval and verification like any other write.

Belongs here: the command. How the plan is made and what cannot be undone: `write_back/plans/rollback.py`.
"""

from __future__ import annotations

import getpass
import uuid

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.operations import write_back
from alignment_pipeline.write_back.plans import approval, keys, ops, prepare
from alignment_pipeline.write_back.plans import rollback as undoing
from alignment_pipeline.write_back.sending import apply as applying


@click.command(epilog="Example: alignment rollback 3f2a9c --yes")
@click.argument("run_id")
@click.option("--yes", is_flag=True, help="Approve and apply at once; without it the plan is only made and shown.")
@click.option("--by", default=None, help="Who approves; default: the user's name.")
@json_option
def rollback(run_id: str, yes: bool, by: str | None, is_json: bool) -> int:
    """Restore the values that a run wrote, except where somebody has changed them since.

    RUN_ID is a run, or the first characters of a plan's hash."""
    context = Context(is_json=is_json)
    home, journal = context.home, context.journal()
    crm = write_back.open_crm(home, may_write=yes)
    run = applying.open_run(journal, crm, home.agreement, uuid.uuid4().hex)
    plan = undoing.build_rollback(journal, run_id, agreement=home.agreement, org_id=crm.organization_id, new_run_id=run.run_id)
    kept_plan = prepare.keep(journal, plan, run.rules, folder=home.folder("plans") if plan.ops else None)
    content = kept_plan.to_json() | {"limits": list(undoing.LIMITS)}
    if yes:
        key = keys.signing_key(home.path, home.environ)
        row = ops.load_plan(journal, plan.plan_hash)
        if row is not None:
            approval.approve(journal, row, by=by or getpass.getuser(), key=key, numbers=home.agreement.write_back.approvals)
        done = applying.apply(journal, crm, plan.plan_hash, agreement=home.agreement, key=key.public_key(), waiting=context.say)
        content |= {"applied": done.to_json(), "kept": undoing.kept(journal, plan.plan_hash)}
        if done.error is not None:
            raise done.error

    def human(console: Console) -> None:
        console.print(f"rollback plan {plan.plan_hash[:12]}: {len(plan.ops)} operations, preview {kept_plan.page or '-'}")
        for line in undoing.LIMITS:
            console.print(f"  note: {line}")
        if yes:
            console.print(f"restored: {content['applied']['records_written']}, kept because changed since: {len(content['kept'])}")
        else:
            console.print(f"to do it: alignment apply {plan.plan_hash[:12]}")

    context.result(content, human)
    return 0
