"""`alignment approve`: sign a plan without applying it, or sign what schedules may do without a person.

Belongs here: the command. Signatures and what they cover: `write_back/plans/approval.py`.
"""

from __future__ import annotations

import getpass
from dataclasses import asdict

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import write_back
from alignment_pipeline.write_back.plans import approval, keys, ops


@click.command(epilog="Example: alignment approve --standing --most-records 500 --days 7")
@click.argument("plan_hash", required=False)
@click.option("--standing", is_flag=True, help="Sign what scheduled and fast-lane plans may do without a person.")
@click.option("--revoke", is_flag=True, help="With --standing: revoke every standing approval.")
@click.option("--lift", is_flag=True, help="Sign a plan that the guard blocked for how much it changes. Look at it first.")
@click.option("--most-records", default=500, show_default=True, help="Records that plans may change within 24 hours, ageing not counted.")
@click.option("--most-creates", default=100, show_default=True, help="Records that plans may create within 24 hours.")
@click.option("--most-cleared", default=20, show_default=True, help="Values that plans may empty within 24 hours.")
@click.option(
    "--most-share",
    default=None,
    type=click.FloatRange(0, 100),
    help="Percent of one object's records that plans may change within 24 hours, above the agreement's. "
    "With it, --most-cleared holds in place of the agreement's limit, too.",
)
@click.option("--days", default=7.0, show_default=True, help="Days for which it holds.")
@click.option("--by", default=None, help="Who approves; default: the user's name.")
@json_option
def approve(
    plan_hash: str | None,
    standing: bool,
    revoke: bool,
    lift: bool,
    most_records: int,
    most_creates: int,
    most_cleared: int,
    most_share: float | None,
    days: float,
    by: str | None,
    is_json: bool,
) -> None:
    """Sign a plan that is applied later, or with --standing what scheduled runs may write."""
    context = Context(is_json=is_json)
    home, journal = context.home, context.journal()
    if standing and revoke:
        number = approval.revoke_standing(journal, keys.signing_key(home.path, home.environ))
        context.result({"revoked": number}, lambda console: console.print(f"{number} standing approvals revoked"))
        return
    key = keys.signing_key(home.path, home.environ)
    name = by or getpass.getuser()
    if standing:
        crm = write_back.open_crm(context.home, may_write=False)
        fields: dict[str, list[str]] = {"Task": [*_TASK_FIELDS, home.agreement.crm.tasks.external_key_field]}
        for mapping in home.agreement.crm.fields:
            fields.setdefault(mapping.object, []).append(mapping.field)
        signed = approval.sign_standing(
            journal,
            agreement_version=home.agreement.version,
            org_id=crm.organization_id,
            fields=fields,
            most_records=most_records,
            most_creates=most_creates,
            most_cleared=most_cleared,
            days=days,
            by=name,
            key=key,
            numbers=home.agreement.write_back.approvals,
            most_share_pct=most_share,
        )
        share = "" if most_share is None else f" (at most {most_share:g} % of an object's)"
        limits = f"{most_records} records{share}, {most_creates} creates, {most_cleared} emptied values"
        said = f"signed until {signed.expires_at[:16].replace('T', ' ')} UTC: within 24 hours {limits}"
        context.result(asdict(signed), lambda console: console.print(said))
        return
    row = ops.load_plan(journal, plan_hash) if plan_hash else None
    if row is None and plan_hash:
        raise ConfigurationError(f"no plan (or several) begins with {plan_hash!r}; `alignment plan` lists them")
    if row is None:
        raise ConfigurationError("name a plan (`alignment plan` lists them), or use --standing")
    approval.approve(journal, row, by=name, key=key, numbers=home.agreement.write_back.approvals, lift=lift)
    hours = home.agreement.write_back.approvals.plan_hours
    said = f"plan {row.plan_hash[:12]} is approved for {hours:g} hours; `alignment apply --approved-only {row.plan_hash[:12]}` writes it"
    context.result({"plan_hash": row.plan_hash, "approved_by": name}, lambda console: console.print(said))


_TASK_FIELDS = (
    "Subject",
    "Description",
    "Status",
    "Priority",
    "OwnerId",
    "WhoId",
    "WhatId",
    "ActivityDate",
    "Type",
    "TaskSubtype",
    "IsReminderSet",
    "ReminderDateTime",
)
