"""`alignment init`: an agreement and field map from what the CRM says of itself, ready to edit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import init as operation

LONGEST, MOST_A_WEEK = 120, 1000
T = TypeVar("T", str, int)


@click.command(epilog="Example: alignment init --out agreement.yaml")
@click.option("--out", type=click.Path(path_type=Path), default=Path("agreement.yaml"), show_default=True, help="Where the agreement goes.")
@click.option("--offline", is_flag=True, help="Do not ask the CRM: write the default agreement as it is.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--name", help="The agreement's name.")
@click.option("--marketing-owner", help="Who signs for marketing.")
@click.option("--sales-owner", help="Who signs for sales.")
@click.option("--capacity", type=click.IntRange(1, MOST_A_WEEK), help="New MQAs that a rep can take in a week.")
@click.option("--no-input", is_flag=True, help="Ask nothing, not even on a terminal.")
@click.option("--prepare", is_flag=True, help="Show the fields that the agreement names and the CRM lacks, where its API can make them.")
@click.option("--yes", is_flag=True, help="With --prepare: make them.")
@json_option
def init(
    out: Path,
    offline: bool,
    force: bool,
    name: str | None,
    marketing_owner: str | None,
    sales_owner: str | None,
    capacity: int | None,
    no_input: bool,
    prepare: bool,
    yes: bool,
    is_json: bool,
) -> None:
    """Draft an agreement from your CRM's metadata and the data of the last 90 days: the default one, with your fields and users.

    On a terminal it asks what the flags do not say. At the head of the file stands what your data proposes: what each lead status does,
    activities with their counts, calendars and time zones of owners, and how many MQAs a week each level of points would make. After a
    first `alignment run` there is more to propose: run it again with --force. Beside the file is its JSON schema, for editors that
    complete and check as you type. No system is changed, except by --prepare --yes.
    """
    context = Context(is_json=is_json)
    if prepare:
        missing = operation.prepare(context.home, may_make=yes)
        said = "made" if yes else "would be made; --yes makes them"
        listed = "".join(f"\n  - {one}" for one in missing)
        context.result({"missing": missing, "made": yes}, lambda console: console.print(f"{len(missing)} {said}{listed}"))
        return
    if out.exists() and not force:
        raise ConfigurationError(f"{out} exists already; name another with --out, or replace it with --force")
    answers = operation.Answers(name, marketing_owner, sales_owner, capacity)
    if sys.stdin.isatty() and sys.stderr.isatty() and not (no_input or is_json):
        answers = _asked(answers)
    draft = operation.draft(context.home, is_offline=offline, answers=answers)
    schema = operation.write(draft, out)
    content: dict[str, object] = {"agreement": str(out), "schema": str(schema), "remarks": draft.remarks}
    content["proposals"] = [asdict(one) for one in draft.proposals]
    remarks = "".join(f"\n  - {remark}" for remark in draft.remarks)
    proposed = "".join(f"\n\n{one.title} ({one.keys}):" + "".join(f"\n  {line}" for line in one.lines) for one in draft.proposals)
    next_step = f"next: edit it, set ALIGNMENT_AGREEMENT={out}, alignment doctor"
    context.result(content, lambda console: console.print(f"wrote {out} and {schema}{remarks}{proposed}\n\n{next_step}"))


def _asked(answers: operation.Answers) -> operation.Answers:
    """The answers, with what the flags did not say asked on the terminal; return keeps what stands in brackets."""
    return operation.Answers(
        answers.name or _prompt("Name of the agreement", "Revenue alignment agreement", text),
        answers.marketing_owner or _prompt("Who signs for marketing", "VP Marketing", text),
        answers.sales_owner or _prompt("Who signs for sales", "VP Sales", text),
        answers.mqas_per_rep_and_week or _prompt("New MQAs that a rep can take in a week", 5, capacity_of),
    )


def _prompt(question: str, default: T, read: Callable[[str], T]) -> T:
    """Ask until the answer can be read."""
    answer: T = click.prompt(question, default=default, value_proc=lambda given: read(str(given)), err=True)
    return answer


def text(answer: str) -> str:
    """A name or a role on one line. UsageError says what is wrong with it."""
    said = " ".join(answer.split())
    if not said:
        raise click.UsageError("write a name, or press return to keep the one in brackets")
    if len(said) > LONGEST:
        raise click.UsageError(f"that is {len(said)} characters; the report has room for {LONGEST}")
    return said


def capacity_of(answer: str) -> int:
    """Accounts per rep and week. UsageError says what is wrong with it."""
    said = answer.strip()
    if not said.isdecimal() or not 1 <= int(said) <= MOST_A_WEEK:
        given = f"{said[:20]!r} is not" if said else "a blank is not"
        raise click.UsageError(f"write a whole number of accounts from 1 to {MOST_A_WEEK:,}, as 5; {given}")
    return int(said)
