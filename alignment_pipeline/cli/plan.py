"""`alignment plan`: look at plans, and adopt what the CRM holds when the journal was lost.

Belongs here: showing. Plans are made by `alignment run`; what they mean: `write_back/plans/`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
from rich.console import Console
from sqlalchemy import select

from alignment_pipeline.cli import plan_screen
from alignment_pipeline.cli.context import Context, json_option, screen_width, table
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.journal.tables import PLAN
from alignment_pipeline.operations import write_back
from alignment_pipeline.write_back.fields.shape import described_shapes
from alignment_pipeline.write_back.plans import ops, preview
from alignment_pipeline.write_back.plans import plan as plans
from alignment_pipeline.write_back.records import adopt as adoption

SHOWN_GROUPS = 15


@click.group(invoke_without_command=True, epilog="Example: alignment plan show 3f2a9c")
@click.option("--adopt", is_flag=True, help="The journal was lost: take what the CRM holds as the new starting point. Sends nothing.")
@json_option
@click.pass_context
def plan(ctx: click.Context, adopt: bool, is_json: bool) -> None:
    """List plans, newest first. `alignment plan show` prints one with its checks and changes."""
    if ctx.invoked_subcommand is not None:
        return
    context = Context(is_json=is_json)
    if adopt:
        _adopt(context)
        return
    rows = _listing(context)

    def human(console: Console) -> None:
        grid = table("Plans", "plan", "state", "made", "kind", "operations", "approved by")
        for row in rows:
            grid.add_row(
                row["plan"], row["state"], row["made"][:16].replace("T", " "), row["kind"], str(row["operations"]), row["approved_by"] or ""
            )
        console.print(grid)

    context.result({"plans": rows}, human)


@plan.command("show", short_help="Print the changes, checks and approval of one plan", epilog="Example: alignment plan show 3f2a9c")
@click.argument("plan_hash", required=False)
@click.option("--changes", default=20, show_default=True, help="How many changed fields to print.")
@click.option("--find", default="", help="Only changes of records whose name or id, or whose values or reasons, contain this text.")
@json_option
def show(plan_hash: str | None, changes: int, find: str, is_json: bool) -> None:
    """Print what one plan would change, its checks, and its approval.

    Without PLAN_HASH, the latest plan.
    """
    context = Context(is_json=is_json)
    journal = context.journal()
    wanted = plan_hash or next((row["hash"] for row in _listing(context)), None)
    row = ops.load_plan(journal, wanted) if wanted else None
    if row is None:
        raise ConfigurationError("there is no such plan; `alignment run` makes one, `alignment plan` lists them")
    guard, stats = json.loads(row.guard), json.loads(row.stats)
    kept = ops.ops_of(journal, row.plan_hash)
    states = {op.subject: op.state for op in kept}
    folder = context.home.path / "plans"
    groups = preview.read_groups(folder, row.plan_hash)
    shown, in_all = _matching(preview.read_changes(folder, row.plan_hash) if groups else _kept(kept), find, changes)
    page = context.home.path / "plans" / row.plan_hash[:12] / "plan.html"
    content: dict[str, Any] = {
        "plan_hash": row.plan_hash,
        "state": row.state,
        "verdict": guard["verdict"],
        "checks": guard["checks"],
        "counts": stats,
        "approved_by": row.approved_by,
        "expires_at": row.expires_at,
        "preview": str(page) if page.exists() else None,
        "groups": groups,
        "reactions": preview.read_groups(folder, row.plan_hash, "reactions"),
        "found": in_all,
        "changes": [one | {"state": states.get(one["record_id"] or one["external_key"])} for one in shown],
    }

    def human(console: Console) -> None:
        console.print(f"plan {row.plan_hash[:12]}  {row.state}  guard: {guard['verdict']}")
        for name, numbers in stats["objects"].items():
            console.print(f"  {plan_screen.counts(name, numbers)}")
        for check in guard["checks"]:
            if check["verdict"] != "OK":
                console.print(f"  {check['verdict']}: {check['text']}")
        for title in groups[:SHOWN_GROUPS]:
            console.print(f"  {title}")
        for sentence in content["reactions"]:
            console.print(f"  in the CRM: {sentence}")
        for line in plan_screen.lines(content["changes"], width=screen_width()):
            console.print(line)
        if content["changes"]:
            console.print("")
        if in_all > len(content["changes"]):
            about = f" that contain {find!r}" if find else ""
            console.print(f"{len(content['changes'])} of {in_all:,} changed fields{about}; --changes prints more, --find searches")
        console.print(f"preview: {content['preview'] or '-'}")

    context.result(content, human)


def _kept(kept: Iterable[ops.Op]) -> Iterator[Mapping[str, Any]]:
    """Changed fields as the journal has them, where a plan's files are gone: without names, with one reason per record."""
    for op in kept:
        for name, after in op.after.items():
            yield {
                "object": op.object,
                "record_id": op.record_id,
                "external_key": op.ext_key,
                "name": None,
                "field": name,
                "label": name,
                "before": op.before.get(name),
                "after": after,
                "before_name": None,
                "after_name": None,
                "reason": op.reason,
            }


def _matching(changes: Iterable[Mapping[str, Any]], find: str, most: int) -> tuple[list[dict[str, Any]], int]:
    """The first changed fields that contain the text, and how many there are."""
    wanted, parts = find.casefold(), ("name", "record_id", "label", "before", "after", "reason", "after_name")
    shown: list[dict[str, Any]] = []
    in_all = 0
    for one in changes:
        if wanted and not any(wanted in str(one[part]).casefold() for part in parts):
            continue
        in_all += 1
        if in_all <= most:
            shown.append(dict(one))
    return shown, in_all


def _listing(context: Context) -> list[dict[str, Any]]:
    with context.journal().read() as connection:
        rows = connection.execute(select(PLAN).order_by(PLAN.c.created_at.desc()).limit(50)).all()
    return [
        {
            "plan": row.plan_hash[:12],
            "hash": row.plan_hash,
            "state": row.state,
            "made": row.created_at,
            "kind": row.kind,
            "operations": json.loads(row.stats)["operations"],
            "approved_by": row.approved_by,
        }
        for row in rows
    ]


def _adopt(context: Context) -> None:
    journal, agreement, warehouse = context.journal(), context.home.agreement, context.warehouse()
    crm = write_back.open_crm(context.home, may_write=False)
    objects = sorted({mapping.object for mapping in agreement.crm.fields} | {"Task"})
    shapes = described_shapes(crm.describe_all(objects))

    def build() -> Any:
        return plans.build(
            journal,
            field_updates=warehouse.read("field_updates"),
            record_creates=warehouse.read("record_creates"),
            crm_field_values=warehouse.read("crm_field_values"),
            crm_record_states=warehouse.read("crm_record_states"),
            agreement=agreement,
            shapes=shapes,
            org_id=crm.organization_id,
            as_of=context.home.clock.now(),
            run_id=uuid.uuid4().hex,
        )

    done = adoption.adopt(journal, build, crm=crm, agreement=agreement)
    content = {"fields": done.fields, "holds": dict(done.holds), "to_fill": done.to_fill}
    said = f"adopted {done.fields} fields; held: {dict(done.holds) or 'none'}; {done.to_fill} records to fill with the next plan"
    context.result(content, lambda console: console.print(said))
