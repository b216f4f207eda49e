"""`alignment doctor`: what is connected, permitted and missing, and what to do about it. Writes nothing to any system."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.operations import doctor as operation
from alignment_pipeline.operations.next_steps import next_steps

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


@click.command(
    epilog="Example: alignment doctor --json. Exit codes: 0 nothing has to be fixed (warnings allowed), 2 something must be fixed."
)
@click.option("--repair", is_flag=True, help="Move damaged tables aside, so that the next run makes them again from their sources.")
@json_option
def doctor(repair: bool, is_json: bool) -> int:
    """Check agreement, state, connections, permissions, fields and limits, and say what to fix."""
    context = Context(is_json=is_json)
    findings = list(operation.examine(context.home, repair=repair))
    steps = next_steps(context.home, findings)
    content = {"findings": [finding.to_json() for finding in findings], "next_steps": steps}
    context.result(content, lambda console: _show(console, findings, steps))
    return 2 if any(finding.status == "fail" for finding in findings) else 0


def _show(console: Console, findings: Sequence[Finding], steps: Sequence[str]) -> None:
    for finding in findings:
        console.print(f"{MARKS[finding.status]}  {finding.subject}: {finding.text}")
        if finding.fix:
            console.print(f"      fix: {finding.fix}")
    console.print("\nWhat to do next" if steps else "\nThere is nothing to do.", style="bold")
    for number, step in enumerate(steps, 1):
        console.print(f"  {number}. {step}")
