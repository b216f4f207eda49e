"""`alignment demo`: the whole product once, on the embedded systems: run, approve, write, run again.

Belongs here: the order of the demo and what it tells. Every step is the same function that the other commands call.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from dotenv import dotenv_values
from rich.console import Console

from alignment_pipeline.agreement import loader
from alignment_pipeline.cli import embedded_systems
from alignment_pipeline.cli import run as run_command
from alignment_pipeline.cli.context import Context, json_option, operations, screen_width
from alignment_pipeline.cli.milestones import milestones
from alignment_pipeline.connectors.registry import crm_of
from alignment_pipeline.errors import AlignmentError, ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import init, lead_page, notify, report, summary, write_back
from alignment_pipeline.sandbox import demo_world
from alignment_pipeline.warehouse import folders
from alignment_pipeline.write_back.plans import approval, keys, ops
from alignment_pipeline.write_back.sending import apply as applying

HOME = ".alignment-demo"
SANDBOX_STATE = "sandbox-state.json"
_START_SECONDS = 180.0
#: The second run is the daily one: it makes the backtests too, and shows what was sent to the CRM. Messages are the demo's last step.
DAILY, NOTIFICATIONS = "daily", ("notifications",)
NOTICE = "Companies are real, people are invented, and everything that happens between them is fictional."


@dataclass(frozen=True)
class Size:
    """How large the embedded organisation is, and how long the demo takes on two idle cores."""

    accounts: int
    people: int
    activities: int
    takes: str


SIZES = {
    "full": Size(demo_world.ACCOUNTS, demo_world.PEOPLE, demo_world.ACTIVITIES, "about two and a half minutes"),
    "small": Size(200, 800, 6_000, "about a minute"),
}


@click.command(epilog="Example: alignment demo --size small. Example: alignment demo --accounts 500 --people 2000 --activities 20000")
@click.option("--size", type=click.Choice(list(SIZES)), default="full", show_default=True, help="full: 20,000 people. small: 800 people.")
@click.option("--accounts", type=int, help="Accounts of real companies, in place of the size's.")
@click.option("--people", type=int, help="Leads and contacts, in place of the size's; people are invented.")
@click.option("--activities", type=int, help="Marketo activities, in place of the size's; invented.")
@embedded_systems.crm("The CRM; another one than Salesforce stands alone.")
@embedded_systems.marketing("The marketing system beside Salesforce.")
@embedded_systems.currencies
@json_option
def demo(
    size: str,
    accounts: int | None,
    people: int | None,
    activities: int | None,
    crm: str,
    marketing: str,
    currencies: int,
    is_json: bool,
) -> int:
    """Run the whole product on an embedded Salesforce and Marketo, or on another CRM.

    It reads, decides, plans, approves and writes to the CRM, then runs again; the second run writes nothing."""
    demo_world.check(crm, currencies)
    begun = time.monotonic()
    chosen = SIZES[size]
    accounts, people, activities = accounts or chosen.accounts, people or chosen.people, activities or chosen.activities
    home = Path(os.environ.get("ALIGNMENT_HOME", "").strip() or HOME).resolve()
    _fresh(home)
    _say(f"The demo takes {chosen.takes} on two idle cores. Nothing leaves this machine.\n{NOTICE}")
    _step(
        1,
        begun,
        f"An embedded {demo_world.title(crm, marketing)} with {accounts:,} accounts, {people:,} people and {activities:,} activities",
    )
    options = [
        "--accounts",
        str(accounts),
        "--people",
        str(people),
        "--activities",
        str(activities),
        "--crm",
        crm,
        "--marketing",
        marketing,
        "--currencies",
        str(currencies),
    ]
    options += ["--state", str(home / SANDBOX_STATE)] if demo_world.is_kept(crm, marketing) else []
    with _sandbox(home, options) as environment:
        context = Context(home=Home.from_env({**os.environ, **environment, "ALIGNMENT_HOME": str(home)}), is_json=is_json)
        os.environ.update(environment | {"ALIGNMENT_HOME": str(home)})
        if crm_of(context.home.environ).prepare is not None:
            _say(f"      made in the CRM: {len(init.prepare(context.home, may_make=True))} properties of our own")
        _step(2, begun, "First run: read all systems, decide everything, plan the changes to the CRM")
        first = run_command.perform(context, begun=begun)
        _step(
            3, begun, f"Write the plan: {first['plan']['operations']:,} operations. The demo approves its own plan; you would read it first"
        )
        written = _write(context, first["plan"]["plan_hash"], begun)
        _step(4, begun, "Run again as of the same moment, with a look at the past of MQAs and MQLs: nothing may be left to write")
        # the sandbox's clock runs on, and with it the clocks of both teams: the same moment is decided twice
        second = run_command.perform(context, as_of=datetime.fromisoformat(first["as_of"]), job=DAILY, without=NOTIFICATIONS, begun=begun)
        again = _write(context, second["plan"]["plan_hash"], begun) if second["plan"]["operations"] else None
        _step(5, begun, "Messages about what is due, as files; one person's page")
        notified = notify.notify(context.home, context.warehouse())
        page = home / "reports" / "latest.html"
        lead = lead_page.lead_page(context.warehouse(), context.home.agreement)
    results = {
        "notice": NOTICE,
        "first_run": first,
        "written": written.to_json(),
        "second_run": second,
        "second_run_records_written": again.records_written if again else 0,
        "seconds": round(time.monotonic() - begun, 1),
        "notifications_as_files": len(notified.sent),
        "report": str(page),
        "lead": asdict(lead) if lead else None,
    }
    context.result(results, lambda console: _show(console, context.home, results, first, written, lead))
    return 0 if results["second_run_records_written"] == 0 else 1


def _fresh(home: Path) -> None:
    """An empty home for the demo. One that is not a demo's is never touched."""
    if home.exists():
        folders.check_home(home)
    if home.exists() and any(home.iterdir()):
        if not (home / report.DEMO_MARK).exists():
            raise ConfigurationError(f"{home} holds a state that is not a demo's; set ALIGNMENT_HOME to another folder, or unset it")
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / report.DEMO_MARK).touch(mode=0o600)


@contextmanager
def _sandbox(home: Path, options: list[str]) -> Iterator[dict[str, str]]:
    """The embedded systems in a process of their own; yields the environment that points at them."""
    env_file, log = home / "sandbox.env", home / "sandbox.log"
    command = [sys.executable, "-m", "alignment_pipeline.cli.main", "sandbox", "--env-file", str(env_file)]
    command += [*options, "--truth", str(home / "truth.json")]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as child:
        try:
            # Dagster and the rules are imported while the other process makes its organisation
            importlib.import_module("alignment_pipeline.defs.launch")
            importlib.import_module("alignment_pipeline.line.steps")
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


def _write(context: Context, plan_hash: str, begun: float) -> applying.Applied:
    """Approve and apply, as `alignment apply` does."""
    home = context.home
    key = keys.signing_key(home.path, home.environ)
    with context.journal() as journal, milestones("Writing", context.home.environ, begun=begun) as report:
        row = ops.load_plan(journal, plan_hash)
        assert row is not None
        approval.approve(journal, row, by="the demo", key=key, numbers=home.agreement.write_back.approvals)
        done = applying.apply(
            journal,
            write_back.open_crm(home),
            row.plan_hash,
            agreement=home.agreement,
            key=key.public_key(),
            progress=operations(report),
            waiting=context.say,
        )
        report.line(f"written and read back: {done.records_written:,} records, {done.fields_written:,} fields, {done.api_calls} API calls")
    if done.error is not None:
        raise done.error
    return done


def _say(text: str) -> None:
    """Lines on stderr, on a terminal broken at words."""
    width = screen_width() if sys.stderr.isatty() else 0
    for line in text.splitlines():
        click.echo(textwrap.fill(line, width, subsequent_indent="      " if line.startswith("[") else "") if width else line, err=True)


def _step(number: int, begun: float, text: str) -> None:
    _say(f"[{number}/5] {time.monotonic() - begun:.0f} s  {text}")


def _show(
    console: Console,
    opened: Home,
    results: dict[str, Any],
    first: dict[str, Any],
    written: applying.Applied,
    lead: lead_page.LeadPage | None,
) -> None:
    home, crm = opened.path, crm_of(opened.environ)
    console.print("")
    for line in summary.lines(first):
        console.print(line)
    console.print(
        f"written:  {written.records_written:,} records, {written.fields_written:,} fields, {written.api_calls} API calls, each read back"
    )
    console.print(f"again:    second run, as of the same moment: {results['second_run_records_written']} records written")
    if lead is not None:
        console.print(f"\nOne {lead.kind} as a rep sees it in {crm.system.title}: {lead.name}, {lead.company}")
        width = max(len(label) for label, _ in lead.rows)
        for label, value in lead.rows:
            wrapped = textwrap.wrap(value, width=max(30, 78 - width - 4), break_long_words=False) or [""]
            console.print(f"  {label:{width}}  " + f"\n{' ' * (width + 4)}".join(wrapped))
    console.print(f"\nDone in {results['seconds']:.0f} s. What to look at next:")
    named = "" if home.name == HOME else f"ALIGNMENT_HOME={home} "
    shown = f"ALIGNMENT_HOME={home.name if home.name == HOME else home} "
    console.print(f"  the report          {results['report']}")
    if agreement := opened.environ.get(loader.ENVIRONMENT_VARIABLE):
        console.print(f"  its own agreement   export {loader.ENVIRONMENT_VARIABLE}={agreement}\n{' ' * 22}(first, for the commands below)")
    console.print(f"  every step in Dagster's UI\n                      {named}make dev")
    console.print(f"  the plan            {shown}alignment plan show {first['plan']['plan_hash'][:12]}")
    if lead is not None:
        console.print(f"  why this {lead.kind:10} {shown}alignment explain {lead.email}")
    guide = crm.draft.guide if crm.draft is not None else "connect-your-crm"
    console.print(f"  your own CRM        alignment init --out agreement.yaml   (docs/guides/{guide}.md)")
    console.print("If `alignment` is not found: it is .venv/bin/alignment after `make demo`.")
