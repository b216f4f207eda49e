"""`alignment demo`: the whole product once, on the embedded systems: run, approve, write, run again.

Belongs here: the order of the demo and what it tells. Every step is the same function that the other commands call.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from dotenv import dotenv_values
from rich.console import Console

from alignment_pipeline.cli import run as run_command
from alignment_pipeline.cli.context import Context, json_option, progress
from alignment_pipeline.errors import AlignmentError, ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import notify, report, summary, write_back
from alignment_pipeline.sandbox import demo_world
from alignment_pipeline.write_back.plans import approval, keys, ops
from alignment_pipeline.write_back.sending import apply as applying

HOME = ".alignment-demo"
SANDBOX_STATE = "sandbox-state.json"
_START_SECONDS = 180.0
NOTICE = "Companies are real, people are invented, and everything that happens between them is fictional."


@click.command(epilog="Example: alignment demo --accounts 500 --people 2000 --activities 20000")
@click.option("--accounts", default=demo_world.ACCOUNTS, show_default=True, help="Accounts of real companies.")
@click.option("--people", default=demo_world.PEOPLE, show_default=True, help="Leads and contacts; people are invented.")
@click.option("--activities", default=demo_world.ACTIVITIES, show_default=True, help="Marketo activities; invented.")
@json_option
def demo(accounts: int, people: int, activities: int, is_json: bool) -> int:
    """Run the whole product on an embedded Salesforce and Marketo.

    It reads, decides, plans, approves and writes to the CRM, then runs again; the second run writes nothing."""
    begun = time.monotonic()
    home = Path(os.environ.get("ALIGNMENT_HOME", "").strip() or HOME).resolve()
    _fresh(home)
    _say(f"Making {accounts:,} accounts, {people:,} people and {activities:,} activities. {NOTICE}")
    with _sandbox(home, accounts, people, activities) as environment:
        context = Context(home=Home.from_env({**os.environ, **environment, "ALIGNMENT_HOME": str(home)}), is_json=is_json)
        os.environ.update(environment | {"ALIGNMENT_HOME": str(home)})
        first = run_command.perform(context)
        _say(f"First run done after {time.monotonic() - begun:.0f} s; the demo approves its own plan and writes it.")
        written = _write(context, first["plan"]["plan_hash"])
        _say(f"Written after {time.monotonic() - begun:.0f} s; running again.")
        # the sandbox's clock runs on, and with it the clocks of both teams: the same moment is decided twice
        second = run_command.perform(context, as_of=datetime.fromisoformat(first["as_of"]))
        again = _write(context, second["plan"]["plan_hash"]) if second["plan"]["operations"] else None
        told = notify.notify(context.home, context.warehouse())
        page = report.write_report(context.home)
    found = {
        "notice": NOTICE,
        "first_run": first,
        "written": written.to_json(),
        "second_run": second,
        "second_run_records_written": again.records_written if again else 0,
        "seconds": round(time.monotonic() - begun, 1),
        "notifications_as_files": len(told.sent),
        "report": str(page),
    }
    context.result(found, lambda console: _show(console, found, first, written))
    return 0 if found["second_run_records_written"] == 0 else 1


def _fresh(home: Path) -> None:
    """An empty home for the demo. One that is not a demo's is never touched."""
    if home.exists() and any(home.iterdir()):
        if not (home / report.DEMO_MARK).exists():
            raise ConfigurationError(f"{home} holds a state that is not a demo's; set ALIGNMENT_HOME to another folder, or unset it")
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / report.DEMO_MARK).touch(mode=0o600)


@contextmanager
def _sandbox(home: Path, accounts: int, people: int, activities: int) -> Iterator[dict[str, str]]:
    """The embedded systems in a process of their own; yields the environment that points at them."""
    env_file, log = home / "sandbox.env", home / "sandbox.log"
    command = [sys.executable, "-m", "alignment_pipeline.cli.main", "sandbox", "--env-file", str(env_file)]
    command += ["--accounts", str(accounts), "--people", str(people), "--activities", str(activities)]
    command += ["--truth", str(home / "truth.json"), "--state", str(home / SANDBOX_STATE)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as child:
        try:
            yield _started(child, env_file, log)
        finally:
            child.terminate()
            child.wait(timeout=30)


def _started(child: subprocess.Popen[bytes], env_file: Path, log: Path) -> dict[str, str]:
    deadline = time.monotonic() + _START_SECONDS
    while not env_file.exists() or not env_file.stat().st_size:
        if child.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(encoding="utf-8", errors="replace")[-600:]
            raise AlignmentError(f"the sandbox did not start within {_START_SECONDS:.0f} s; its log ends with:\n{tail}")
        time.sleep(0.1)
    time.sleep(0.2)
    return {name: value for name, value in dotenv_values(env_file).items() if value is not None}


def _write(context: Context, plan_hash: str) -> applying.Applied:
    """Approve and apply, as `alignment apply` does."""
    home = context.home
    key = keys.signing_key(home.path, home.environ)
    with context.journal() as journal, progress("Writing") as told:
        row = ops.load_plan(journal, plan_hash)
        assert row is not None
        approval.approve(journal, row, by="the demo", key=key, numbers=home.agreement.write_back.approvals)
        done = applying.apply(
            journal,
            write_back.open_crm(home),
            row.plan_hash,
            agreement=home.agreement,
            key=key.public_key(),
            progress=lambda done, total: told(f"{done:,} of {total:,} operations", done),
        )
    if done.error is not None:
        raise done.error
    return done


def _say(text: str) -> None:
    click.echo(text, err=True)


def _show(console: Console, found: dict[str, Any], first: dict[str, Any], written: applying.Applied) -> None:
    console.print(f"\n{NOTICE}\n")
    for line in summary.lines(first):
        console.print(line)
    console.print(
        f"written:  {written.records_written:,} records, {written.fields_written:,} fields, {written.api_calls} API calls, each read back"
    )
    console.print(f"second run, as of the same moment: {found['second_run_records_written']} records written")
    console.print(
        f"\nDone in {found['seconds']:.0f} s. Open the report:\n  {found['report']}\nand see every step in the Dagster UI:\n  make dev"
    )
