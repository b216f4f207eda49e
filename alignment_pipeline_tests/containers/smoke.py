"""compose.yaml tried: run, plan, approve from outside, apply, with every process killed once in between, PostgreSQL too. `make smoke`.

Where a container engine runs, `make up` starts the same services; this script starts their commands as processes, against a PostgreSQL of
its own, and says so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.salesforce import rest_query
from alignment_pipeline.installation import salesforce
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.tables import OPEN
from alignment_pipeline_tests import postgres
from alignment_pipeline_tests.containers.processes import Processes

_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_WRITTEN = "SELECT Id FROM Lead WHERE Alignment_Stage__c != null"
_BEGUN = time.monotonic()


def say(what: str) -> None:
    """A line with the seconds since the start."""
    print(f"{time.monotonic() - _BEGUN:6.1f} s  {what}", flush=True)


def main() -> int:
    """0 when all of it holds."""
    docker = shutil.which("docker")
    engine = docker is not None and subprocess.run([docker, "info"], capture_output=True).returncode == 0
    say(
        "a container engine runs; `make up` uses it"
        if engine
        else "no container engine runs here: the image was not built, no container started"
    )
    say("the commands of compose.yaml run as processes, against a PostgreSQL of their own")
    folder = Path(tempfile.mkdtemp(prefix="alignment-smoke-"))
    with postgres.server(folder) as server:
        return drive(folder / "services", server)


def drive(folder: Path, server: postgres.Server) -> int:
    """The whole story over a running server."""
    uri = server.uri
    engine = create_engine(uri.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("dagster", "alignment"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    named = {name: uri.replace("/postgres?", f"/{name}?") for name in ("dagster", "alignment")}
    drivers = {"dagster": "postgresql+psycopg2://", "alignment": "postgresql+psycopg://"}  # as compose.yaml has them
    urls = {name: uri.replace("postgresql://", drivers[name]) for name, uri in named.items()}
    one = Processes(folder, lambda: (urls["dagster"], urls["alignment"]))
    try:
        return story(one, server, urls["alignment"])
    finally:
        one.stop()


def story(one: Processes, server: postgres.Server, journal: str) -> int:
    """Start, run, kill, approve, apply."""
    for service in ("sandbox", "code"):
        one.start(service)
    one.healthy("sandbox")
    one.healthy("code")
    for service in ("daemon", "web"):
        one.start(service)
    one.healthy("web")
    one.healthy("daemon")
    say("code server, daemon and web server are healthy")

    refused = one.graphql(
        "mutation($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename } }",
        {"p": {"selector": {"repositoryLocationName": "alignment_pipeline", "repositoryName": "__repository__", "jobName": "daily"}}},
    )
    check(
        "the web server launches nothing", "launchRun" in str(refused) and refused["data"]["launchRun"]["__typename"] == "UnauthorizedError"
    )

    run = launch(one, "daily")
    wait(one, run, {"STARTED"})
    one.kill("web")
    one.start("web")
    one.healthy("web")
    say("web server killed and started while the run went on")
    one.kill("code")
    one.start("code")
    one.healthy("code")
    ended = wait(one, run, _ENDED, seconds=600)
    say(f"code server killed in the middle of the run: the run ended with {ended}")
    check("a run that lost its process does not stay", ended == "FAILURE")
    check("nothing was written", written(one) == 0)

    run = launch(one, "daily")
    wait(one, run, {"STARTED"})
    one.kill("daemon")
    one.start("daemon")
    one.healthy("daemon")
    ended = wait(one, run, _ENDED, seconds=420)
    check("a run goes on while the daemon is killed and started", ended == "SUCCESS")
    check("the daily job wrote nothing without an approval", written(one) == 0)
    check("no process of Dagster's made a signing key", not list((one.folder / "data").rglob("approval.key")))

    plans = json.loads(one.once("person", "alignment", "plan", "show", "--json").stdout)
    plan_hash = plans["plan_hash"]
    say(f"plan {plan_hash[:12]}: {plans.get('plan_state') or plans.get('state')}")
    refused_apply = one.once("person", "alignment", "apply", "--approved-only", plan_hash)
    check("an apply of approved plans refuses it", refused_apply.returncode != 0 and written(one) == 0)
    approved = one.once("person", "alignment", "approve", plan_hash, "--by", "a person outside")
    check("a person outside signed it", approved.returncode == 0, approved.stderr)
    power = threading.Thread(target=_when_written, args=(one, server.kill))
    power.start()
    lost = one.once("person", "alignment", "apply", "--approved-only", plan_hash)
    power.join()
    half = written(one)
    say(f"PostgreSQL killed when the first leads were written (exit {lost.returncode}): {half} leads written")
    check(
        "an apply that loses its journal ends with an error of ours", lost.returncode == 1 and "Traceback" not in lost.stderr, lost.stderr
    )
    say(f"it says: {lost.stderr.strip().splitlines()[-1]}")
    server.start()
    for service in ("code", "daemon", "web"):
        one.healthy(service)
    say(f"all services are healthy again with PostgreSQL; the web server refused {_refusals(one)} questions before it had connected again")
    check("Dagster knows both runs", len(one.statuses()) == 2)
    killed = one.once("person", "alignment", "apply", "--approved-only", plan_hash, kill_after=6)
    say(f"apply killed after six seconds (exit {killed.returncode}): {written(one)} leads written")
    applied = one.once("person", "alignment", "apply", "--approved-only", plan_hash)
    check("the apply was taken up and ended", applied.returncode == 0, applied.stderr[-500:])
    say(f"{written(one)} leads written in all")
    check("something was written", written(one) > 0)
    check("nothing is lost: every operation of the plan has its result", unfinished(journal) == 0, str(unfinished(journal)))
    check("nothing is doubled: no task of ours twice", not doubled(one), str(doubled(one)[:3]))
    again = one.once("person", "alignment", "apply", "--approved-only", plan_hash)
    say(f"applied again: exit {again.returncode}, {again.stdout.strip().splitlines()[:1]}")
    print("smoke: 0 failed")
    return 0


def check(what: str, holds: bool, detail: str = "") -> None:
    """Say what holds; stop with what does not."""
    if not holds:
        raise SystemExit(f"FAILED: {what} {detail}")
    say(f"ok: {what}")


def launch(one: Processes, job: str) -> str:
    """Queue a run as a schedule does: by Dagster's command line beside the code server. The daemon starts it."""
    before = set(one.statuses())
    done = one.once("daemon", "dagster", "job", "launch", "-w", "/opt/dagster/workspace.yaml", "-j", job)
    check(f"{job} is queued", done.returncode == 0, done.stderr[-800:])
    return next(run for run in one.statuses() if run not in before)


def wait(one: Processes, run: str, wanted: set[str], *, seconds: float = 120) -> str:
    """Wait until the run has one of these statuses; any end ends the waiting."""
    end, status = time.monotonic() + seconds, ""
    while time.monotonic() < end:
        status = one.statuses().get(run, "")
        if status in wanted | _ENDED:
            return status
        time.sleep(1)
    raise SystemExit(f"FAILED: run {run} is {status} after {seconds:.0f} s\n{(one.folder / 'code.log').read_text()[-3000:]}")


def written(one: Processes) -> int:
    """Leads of the embedded Salesforce that hold a value of ours."""
    return len(_asked(one, _WRITTEN))


def _refusals(one: Processes, *, most: int = 30) -> int:
    """How many questions the web server answers with an error until it has found out that its connections are gone."""
    for number in range(most):
        try:
            one.statuses()
            return number
        except RuntimeError:
            time.sleep(1)
    raise SystemExit(f"FAILED: the web server has no connection after {most} questions")


def _when_written(one: Processes, act: Callable[[], None], *, seconds: float = 120) -> None:
    """Do something as soon as the first value of ours is in the CRM, or when it takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not written(one):
        time.sleep(0.1)
    act()


def _asked(one: Processes, soql: str) -> list[Mapping[str, Any]]:
    settings = dict(line.split("=", 1) for line in (one.folder / "data" / ".env").read_text().splitlines())
    settings = {name: value.strip("'") for name, value in settings.items()}
    home = Home(path=one.folder / "asking", environ=settings, clock=Clock.parse(settings["ALIGNMENT_CLOCK"]))
    return list(rest_query.records(salesforce.session(home), soql, "smoke"))


def doubled(one: Processes) -> list[str]:
    """Keys of tasks that the embedded Salesforce holds more than once."""
    keys = [str(row["Alignment_Key__c"]) for row in _asked(one, "SELECT Alignment_Key__c FROM Task WHERE Alignment_Key__c != null")]
    return [key for key, number in Counter(keys).items() if number > 1]


def unfinished(journal: str) -> int:
    """Operations that the journal still means to send, or whose outcome it does not know."""
    engine = create_engine(journal)
    with engine.connect() as connection:
        states = dict(connection.execute(text("SELECT state, count(*) FROM op GROUP BY state")).all())
    engine.dispose()
    return sum(number for state, number in states.items() if state in OPEN)


if __name__ == "__main__":
    sys.exit(main())
