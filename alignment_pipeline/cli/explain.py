"""`alignment explain ID_OR_EMAIL`: why a person or an account stands where it stands, readable by a rep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option, table
from alignment_pipeline.matching.evidence.columns import evidence_words
from alignment_pipeline.operations import explain as operation

MICRO = 1_000_000


@click.command(epilog="Example: alignment explain jane.doe@example.com")
@click.argument("id_or_email")
@json_option
def explain(id_or_email: str, is_json: bool) -> None:
    """Why: match, scores, stage, MQA and SLA of a lead, contact or account, from the last run."""
    context = Context(is_json=is_json)
    found = operation.explain(context.warehouse(), id_or_email)
    context.result(found, lambda console: _account(console, found) if found["kind"] == "account" else _person(console, found))


def _person(console: Console, found: dict[str, Any]) -> None:
    person, names = found["person"], found["account_names"]
    name = " ".join(part for part in (person["first_name"], person["last_name"]) if part) or "(no name)"
    console.print(f"{name}, {person['title'] or 'no title'}, {person['company'] or 'no company'} <{person['email'] or 'no e-mail'}>")
    console.print("  known as " + ", ".join(f"{row['source_key']} ({row['reason']})" for row in found["records"]))
    _heading(console, "Account")
    account, match = found["account"], found["match"]
    if account:
        console.print(f"  {names.get(account['account_id'], account['account_id'])} by {account['basis']}")
    if match:
        console.print(f"  {match['decision']}, confidence {match['confidence']:.2f}: {match['reason']}")
        for one in match["evidence"] or []:
            console.print(f"    {_evidence(one)}")
        if match["runner_up_id"]:
            console.print(f"  next best: {names.get(match['runner_up_id'], match['runner_up_id'])}, {match['margin'] or 0:.2f} behind")
    elif not account:
        console.print("  none")
    _score(console, found)
    _stage(console, found)
    _clocks(console, found)


def _account(console: Console, found: dict[str, Any]) -> None:
    account, tier, mqa = found["account"], found["tier"], found["mqa"]
    console.print(f"{account['name']} ({account['account_id']}), {account['country'] or 'no country'}")
    if tier:
        console.print(f"  tier {tier['tier'] or 'none'}: {tier['tier_reason']}")
    _heading(console, "MQA")
    if mqa:
        console.print(f"  {mqa['mqa_status']}: {mqa['mqa_reason']}")
        if mqa["times"]:
            console.print(f"  {mqa['times']} times, first {_moment(mqa['first_at'])}, latest {_moment(mqa['latest_at'])}")
    else:
        console.print("  not judged: outside the pilot's scope")
    _score(console, found)
    _heading(console, "People behind it")
    for row in found["people"][:10]:
        who = " ".join(part for part in (row["first_name"], row["last_name"]) if part) or row["person_id"]
        console.print(f"  {row['engagement_points']:>9.2f}  {who}, {row['persona'] or row['title'] or 'title unknown'}")
    _stage(console, found)
    _clocks(console, found)


def _score(console: Console, found: dict[str, Any]) -> None:
    score, fit = found["score"], found["fit"]
    _heading(console, "Engagement")
    if score is None:
        console.print("  not scored: outside the pilot's scope, or one of our own people")
    else:
        console.print(f"  {score['engagement_points']:.6f} points: {score['score_reason']}")
        for row in found["factors"]:
            about = f"{row['activities']} activities, last {_moment(row['last_at'])}"
            console.print(f"  {row['contribution_micro'] / MICRO:>14.6f}  {row['factor']} ({about})")
        total = sum(row["contribution_micro"] for row in found["factors"])
        if found["factors"]:
            console.print(f"  {total / MICRO:>14.6f}  in all")
    if fit:
        _heading(console, "Fit")
        console.print(f"  {'not scored' if fit['fit_score'] is None else round(fit['fit_score'], 2)}: {fit['fit_reason']}")


def _stage(console: Console, found: dict[str, Any]) -> None:
    stage = found["stage"]
    _heading(console, "Stage")
    if stage is None:
        console.print("  none: outside the pilot's scope")
        return
    console.print(f"  {stage['stage']} since {_moment(stage['entered_at'])}: {stage['stage_reason']}")
    for row in found["stage_history"]:
        console.print(f"    {_moment(row['entered_at'])}  {row['stage']}: {row['reason']}")


def _clocks(console: Console, found: dict[str, Any]) -> None:
    if not found["clocks"]:
        return
    clocks = table("\nPromises", "policy", "state", "started", "due", "why")
    for row in found["clocks"][:15]:
        clocks.add_row(
            row["policy"], row["state"].replace("_", " "), _moment(row["started_at"]), _moment(row["due_at"]), row.get("reason") or ""
        )
    console.print(clocks)


def _evidence(one: dict[str, Any]) -> str:
    return f"{one.get('points_micro', 0) / MICRO:>+9.3f}  {evidence_words(str(one['evidence']))}"


def _heading(console: Console, text: str) -> None:
    console.print(f"\n{text}", style="bold")


def _moment(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if value else "-"
