"""`alignment doctor`: what is connected, permitted and missing, and what to do about it. Writes nothing to any system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.connectors.registry import CONNECTORS
from alignment_pipeline.errors import AlignmentError, Retryable
from alignment_pipeline.operations import doctor as operation


@click.command(epilog="Example: alignment doctor --json. Exit codes: 0 all well (warnings allowed), 2 something must be fixed.")
@click.option("--repair", is_flag=True, help="Move damaged tables aside, so that the next run rebuilds them from their sources.")
@json_option
def doctor(repair: bool, is_json: bool) -> int:
    """Check agreement, state, connections, permissions, fields and limits, and say what to fix."""
    context = Context(is_json=is_json)
    findings = list(_examine(context, repair=repair))
    context.result({"findings": [finding.to_json() for finding in findings]}, lambda console: _show(console, findings))
    return 2 if any(finding.status == "fail" for finding in findings) else 0


def _examine(context: Context, *, repair: bool) -> Iterator[Finding]:
    steps: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("agreement", lambda: operation.agreement(context.home)),
        ("state", lambda: operation.state(context.home, repair=repair)),
        *((name, partial(operation.system, context.home, connector)) for name, connector in CONNECTORS.items()),
    ]
    for name, step in steps:
        try:
            yield from step()
        except AlignmentError as error:
            fix = "check the host name, the network and the proxy, then try again" if isinstance(error, Retryable) else ""
            yield Finding(name, "fail", str(error), fix)


def _show(console: Console, findings: list[Finding]) -> None:
    marks = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
    for finding in findings:
        console.print(f"{marks[finding.status]}  {finding.subject}: {finding.text}")
        if finding.fix:
            console.print(f"      fix: {finding.fix}")
