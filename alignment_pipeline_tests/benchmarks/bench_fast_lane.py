"""From hand-raise to Task: how long it takes while Dagster's daemon keeps the lane running, with full runs beside it and kills in between.

    python -m alignment_pipeline_tests.benchmarks.bench_fast_lane [--raises 200] [--seconds 330] [--kills 10] [--no-full-run]

The sandbox is a process of its own at the machine's pace (its clock runs at factor 1 while it is measured). The lane's processes are runs
that the sensor `fast_lane_runs` asked for; a kill is SIGKILL to the one that leads. In the second half full runs follow one another.
Latency is from the moment the form is sent until the Task is committed in Salesforce by the sandbox's own audit log; at the end every Task
is read by SOQL and counted. Not collected by `make test`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from sqlalchemy import select

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.marketo.listening import CALLS_A_DAY as MARKETO_CALLS_A_DAY
from alignment_pipeline.connectors.salesforce import rest_query, soql
from alignment_pipeline.defs.launch import instance_folder
from alignment_pipeline.fast_lane import lane
from alignment_pipeline.fast_lane.memory import Memory
from alignment_pipeline.installation import salesforce
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.lease import is_held
from alignment_pipeline.journal.tables import LEASE

CADENCES = (("every 5 minutes", 300.0), ("every 15 minutes", 900.0))
_TO_MONDAY = (2 * 24 + 6) * 3600.0
# nine to five with a margin: outside, a clock of business time has not begun and there is no Task to wait for
AT_WORK = range(9, 16)
_LAST_CHANCE_SECONDS = 180.0
_HOSTS = {"salesforce": "SALESFORCE_DOMAIN", "marketo": "MARKETO_DOMAIN", "hubspot": "HUBSPOT_API_HOST"}


@dataclass
class Bench:
    """One measurement."""

    folder: Path
    raises: int
    seconds: float
    kills: int
    is_with_full_run: bool
    random: random.Random
    environ: dict[str, str] = field(default_factory=dict)
    sent: dict[str, datetime] = field(default_factory=dict)
    full_runs: list[tuple[datetime, datetime]] = field(default_factory=list)
    killed: int = 0

    @property
    def home(self) -> Home:
        """The home as a command opens it."""
        return Home.from_env(self.environ)

    @property
    def clock(self) -> Clock:
        """The sandbox's clock."""
        return Clock.parse(self.environ["ALIGNMENT_CLOCK"])

    def alignment(self, *arguments: str) -> str:
        """Run a command to its end."""
        done = subprocess.run(
            self._python("alignment_pipeline.cli.main", *arguments), env=self.environ, capture_output=True, text=True, check=False
        )
        if done.returncode not in (0, 3):
            raise SystemExit(f"alignment {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def control(self, system: str, path: str, body: object = None) -> Any:
        """The sandbox's own switches."""
        host = self.environ[_HOSTS[system]]
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(urllib.request.Request(f"http://{host}/__sandbox__/{path}", data=data)) as answer:
            return json.load(answer)

    @contextlib.contextmanager
    def sandbox(self, *arguments: str, is_kept: bool = True) -> Iterator[None]:
        """The embedded systems, whose state is kept when they stop where that can be."""
        env_file, state = self.folder / "sandbox.env", self.folder / "sandbox-state.json"
        env_file.unlink(missing_ok=True)
        command = self._python("alignment_pipeline.cli.main", "sandbox", "--env-file", str(env_file), *arguments)
        command += ["--state", str(state)] if is_kept else []
        with (self.folder / "sandbox.log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as child:
            try:
                while not env_file.exists() or not env_file.read_text().endswith("\n"):
                    if child.poll() is not None:
                        raise SystemExit((self.folder / "sandbox.log").read_text()[-2000:])
                    time.sleep(0.1)
                found = {name: value for name, value in dotenv_values(env_file).items() if value is not None}
                self.environ = {**_without_ours(), **found, "ALIGNMENT_HOME": str(self.folder / "home")}
                yield
            finally:
                child.terminate()
                child.wait(timeout=60)

    def prepare(self, people: int) -> None:
        """A company on a Monday morning whose full run is written, with a standing approval."""
        with self.sandbox("--accounts", "100", "--people", str(people), "--activities", str(5 * people)):
            self.first_run()

    def first_run(self) -> None:
        """Monday comes, and a full run is written."""
        system = next(name for name, variable in _HOSTS.items() if variable in self.environ)
        self.environ["ALIGNMENT_CLOCK"] = self.control(system, "clock", {"advance_seconds": _TO_MONDAY})["environment"]
        plan_hash = json.loads(self.alignment("run", "--json"))["plan"]["plan_hash"]
        self.alignment("approve", plan_hash)
        self.alignment("apply", "--approved-only", plan_hash)

    def raise_hand(self, person: str) -> None:
        """Somebody asks for a demo, now."""
        form = {"leadId": int(person), "activityTypeId": 2, "primaryAttributeValue": "Request a demo"}
        self.control("marketo", "marketo/activities", {"activities": [form]})

    def allowances(self) -> dict[str, int]:
        """Calls a day, by system."""
        return {"marketo": MARKETO_CALLS_A_DAY, "salesforce": salesforce.session(self.home).limits()["DailyApiRequests"]["Max"]}

    def people(self) -> list[tuple[str, str]]:
        """(Marketo id, lead id) of people nobody clocks yet, whose rep is at work now."""
        store = self.home.warehouse()
        tables = {name: store.read(name) for name in ("marketing_persons", "leads", "users", "sla_clocks")}
        leads, users = tables["leads"], tables["users"]
        zones = {row["time_zone"] for row in users.select("time_zone").distinct().to_pyarrow().to_pylist() if row["time_zone"]}
        now = self.clock.now()
        awake = sorted(zone for zone in zones if now.astimezone(ZoneInfo(zone)).hour in AT_WORK)
        at_work = users.filter(users.is_active & users.time_zone.isin(awake)).select("user_id")
        mine = leads.filter(~leads.is_converted).semi_join(at_work, leads.owner_id == at_work.user_id)
        clocked = tables["sla_clocks"].filter(lambda t: t.policy.isin(["first_touch_hand_raiser", "first_touch_existing_account"]))
        mine = mine.anti_join(clocked, mine.lead_id == clocked.record_id)
        found = tables["marketing_persons"].select("marketing_id", "lead_id").semi_join(mine, "lead_id").to_pyarrow().to_pylist()
        rows = sorted((str(row["marketing_id"]), str(row["lead_id"])) for row in found)
        self.random.shuffle(rows)
        return rows

    def measure(self) -> None:
        """Raise hands at random moments, kill the lane, run the full run in the last half, until everybody is answered or time is up."""
        self.alignment("approve", "--standing", "--most-records", "500", "--most-creates", "200")
        chosen = self.people()[: self.raises]
        if len(chosen) < self.raises:
            raise SystemExit(f"only {len(chosen)} people can be asked for; take more --people")
        moments = sorted(self.random.uniform(0, self.seconds) for _ in chosen)
        kills = sorted(self.random.uniform(0, self.seconds) for _ in range(self.kills))
        with self.daemon():
            self.wait_ready()
            begun = time.monotonic()
            with self.full_runs_from(begun + self.seconds / 2):
                while moments or (time.monotonic() - begun < self.seconds + _LAST_CHANCE_SECONDS and not self.is_calm()):
                    now = time.monotonic() - begun
                    while moments and moments[0] <= now:
                        moments.pop(0)
                        person, lead = chosen.pop()
                        self.sent[lead] = self.clock.now()
                        self.raise_hand(person)
                    while kills and kills[0] <= now:
                        kills.pop(0)
                        self.killed += self.kill_leader()
                    time.sleep(0.1 if moments else 1.0)

    @contextlib.contextmanager
    def daemon(self) -> Iterator[None]:
        """Dagster's daemon with the lane's sensor turned on."""
        folder = instance_folder(self.home)
        environ = {**self.environ, "DAGSTER_HOME": str(folder), "DAGSTER_DISABLE_TELEMETRY": "yes", "PYTHONWARNINGS": "ignore"}
        where = ["-m", "alignment_pipeline.definitions"]
        subprocess.run(
            self._python("dagster", "sensor", "start", "fast_lane_runs", *where), env=environ, check=True, stdout=subprocess.DEVNULL
        )
        command = self._python("dagster._daemon", "run", *where)
        with (self.folder / "daemon.log").open("ab") as log:
            child = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)
        try:
            yield
        finally:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=60)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)

    @contextlib.contextmanager
    def full_runs_from(self, moment: float) -> Iterator[None]:
        """From this moment of the monotonic clock on, full runs one after another in a thread, until the block ends."""
        ended = threading.Event()

        def run() -> None:
            if not self.is_with_full_run or ended.wait(max(0.0, moment - time.monotonic())):
                return
            while not ended.is_set():
                begun = self.clock.now()
                self.alignment("run")
                self.full_runs.append((begun, self.clock.now()))

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(timeout=1800)

    def leader(self) -> int:
        """Process id of the one that leads; 0 when none does."""
        with self.home.journal() as journal, journal.read() as connection:
            if not is_held(journal, lane.LEASE):
                return 0
            holder = connection.execute(select(LEASE.c.holder).where(LEASE.c.name == lane.LEASE)).scalar()
        return int(str(holder).rpartition(":")[2])

    def kill_leader(self) -> int:
        """SIGKILL to the one that leads; 1 when there was one."""
        found = self.leader()
        if found:
            os.kill(found, signal.SIGKILL)
        return int(found > 0)

    def wait_ready(self) -> None:
        """Until one leads, another stands by, and the first has polled: their start is no part of a latency (what follows a kill is)."""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            with self.home.journal() as journal:
                if Memory.load(journal).trails and lane.processes(self.home) == 2:
                    return
            time.sleep(0.5)
        raise SystemExit(f"the lane did not start:\n{(self.folder / 'daemon.log').read_text()[-2000:]}")

    def is_calm(self) -> bool:
        """Whether the lane has seen and settled everything that was sent."""
        with self.home.journal() as journal:
            memory = Memory.load(journal)
        return len(memory.seen) >= len(self.sent) and not memory.open

    def wanted(self) -> set[str]:
        """Leads for whom a full run, now, still wants a Task that Salesforce does not have: the ones that were lost."""
        self.alignment("run")
        there = {key for _, key in self.read_tasks()}
        creates = self.home.warehouse().read("record_creates").select("external_key", "values").to_pyarrow().to_pylist()
        missing = {json.loads(row["values"]).get("WhoId") for row in creates if row["external_key"] not in there}
        return missing & set(self.sent)

    def created(self) -> dict[str, datetime]:
        """Lead id -> when its first Task of ours was committed, of the people who raised their hands."""
        writes = self.control("salesforce", "audit?object=Task&limit=100000")["writes"]
        found: dict[str, datetime] = {}
        for write in writes:
            who = (write["changes"].get("WhoId") or [None, None])[1]
            if who in self.sent:
                found.setdefault(who, datetime.fromisoformat(write["at"]))
        return found

    def read_tasks(self) -> Counter[tuple[str, str]]:
        """(WhoId, key) -> how many Tasks Salesforce itself answers with."""
        key = self.home.agreement.crm.tasks.external_key_field
        query = soql.select("Task", ("Id", "WhoId", key), where=[f"{key} != null"])
        rows = rest_query.records(salesforce.session(self.home), query, "count")
        return Counter((str(row["WhoId"]), str(row[key])) for row in rows if row.get("WhoId") in self.sent)

    def _python(self, module: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", module, *arguments]


def report(bench: Bench, elapsed: float) -> int:
    """Print the numbers; 0 when none is lost and none is twice."""
    created, tasks = bench.created(), bench.read_tasks()
    late = {lead: (at - bench.sent[lead]).total_seconds() for lead, at in created.items()}
    beside = {lead for lead in late if any(begin <= bench.sent[lead] <= end for begin, end in bench.full_runs)}
    inside = [seconds for lead, seconds in late.items() if lead in beside]
    outside = [seconds for lead, seconds in late.items() if lead not in beside]
    lost = bench.wanted()
    twice = [key for key, number in tasks.items() if number > 1]
    print(f"hand-raises {len(bench.sent)} in {elapsed:.0f} s, lane killed {bench.killed} times, {len(bench.full_runs)} full runs")
    print(f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name, values in (("all", list(late.values())), ("without full runs", outside), ("beside full runs", inside)):
        if values:
            print(f"  {name}: {len(values)}, P50 {_part(values, 50):.1f} s, P95 {_part(values, 95):.1f} s, longest {max(values):.1f} s")
    print(f"  lost {len(lost)}, twice {len(twice)}; read from the CRM: {sum(tasks.values())} tasks")
    print(f"  {len(bench.sent) - len(late) - len(lost)} needed no Task now (answered already, or their rep's hours begin later)")
    for name, period in CADENCES:
        print(f"  the incumbents' cadence {name}: P50 {period / 2:.0f} s, P95 {period * 0.95:.0f} s at best, its own work not counted")
    with bench.home.journal() as journal:
        calls = Memory.load(journal).calls
    share = bench.home.agreement.sla.fast_lane.budget_share
    for system, a_day in bench.allowances().items():
        hourly = calls.get(system, 0) / max(elapsed, 1.0) * 3600
        print(f"  {system}: {calls.get(system, 0)} calls, {hourly:.0f} an hour; the agreement's share is {share * a_day:.0f} a day")
    return 1 if lost or twice else 0


def _part(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def _without_ours() -> dict[str, str]:
    ours = ("SALESFORCE_", "MARKETO_", "HUBSPOT_", "ALIGNMENT_", "DAGSTER_HOME")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raises", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=330.0)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-full-run", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-fast-lane-") as folder:
        bench = Bench(Path(folder), given.raises, given.seconds, given.kills, not given.no_full_run, random.Random(given.seed))
        bench.prepare(given.people or max(500, 12 * given.raises))
        with bench.sandbox("--factor", "1"):
            begun = time.monotonic()
            bench.measure()
            return report(bench, time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
