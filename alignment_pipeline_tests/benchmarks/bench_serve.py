"""`make bench-serve`: the pages over a million people, twenty readers a second for a minute, and a full run beside them.

Belongs here: making the company, the readers, and what is printed. The line is decided anew from a demo's raw tables (HOME_OF_DEMO), once
alone and once beside the readers.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import requests

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import replay
from alignment_pipeline.warehouse.views import TYPES
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.faults.web_ui import CHROMIUM

RATE = 20
SECONDS = 60
_ZERO = {"string": "''", "json": "'[]'", "int64": "0", "float64": "0.0", "boolean": "false", "timestamp": "now()", "date": "today()"}
_FIRST = "list_value('Jane','John','Aiko','Marta','Owen','Nadia','Li','Zoë','Pedro','Ines')"
_LAST = "list_value('Doe','Birch','Tanaka','Kowalska','Ferncroft','Haddad','Wei','Müller','Silva','Ortiz','Novak')"
_PERSON, _ACCOUNT = "'lead:00Q' || lpad(n::VARCHAR, 12, '0') || 'EAA'", "'001' || lpad((n % {accounts})::VARCHAR, 12, '0') || 'EAA'"


def company(warehouse: Warehouse, people: int) -> None:
    """A million people at sixty thousand accounts, three activities, two factors and a fifth of a clock each."""
    accounts = max(1, people // 16)
    mine = _ACCOUNT.format(accounts=accounts)
    name = f"({_FIRST})[n % 10 + 1]", f"({_LAST})[n * 7 % 11 + 1] || n % 977"
    day = "now() - to_days((n % 300)::INT)"
    stage = {"stage": "'Engaged'", "entered_at": day, "owner_id": "'005000000000001'", "reason": "'30 minutes in 90 days'"}
    email = "'p' || n || '@mail' || n % 5000 || '.example'"
    decision = "CASE WHEN n % 50 = 0 THEN 'review' ELSE 'matched' END"
    named = {"first_name": name[0], "last_name": name[1], "email": email, "company": "'Company ' || n % 50000", "title": "'Manager'"}
    half, third = _PERSON.replace("n::", "(n // 2)::"), _PERSON.replace("n::", "(n // 3)::")
    visit = {"activity_id": "n::VARCHAR", "activity_type": "'web_visit'", "detail": "'/pricing'", "occurred_at": day}
    clock = {"subject_id": _PERSON, "policy": "'first_touch'", "state": "'met'", "started_at": day}
    match = {"account_id": mine, "decision": decision, "confidence": "0.5", "reason": "'same domain'"}
    of_people = {
        "people": (people, named),
        "person_records": (people, {"source_key": _PERSON, "object": "'Lead'", "record_id": f"substr({_PERSON}, 6)"}),
        "person_accounts": (people, {"account_id": mine, "basis": "'matched'"}),
        "lead_account_matches": (people, match),
        "person_scores": (people, {"engagement_points": "n % 97", "score_reason": "'pages'"}),
        "person_fits": (people, {"fit_reason": "'seniority'"}),
        "person_engagement_factors": (2 * people, {"person_id": half, "factor": "'Page ' || n % 2"}),
        "person_stages": (people, {key: value for key, value in stage.items() if key != "reason"}),
        "person_stage_changes": (people, {key: value for key, value in stage.items() if key != "owner_id"}),
        "sla_clocks": (people // 5, clock),
        "activities": (3 * people, {"source_key": third} | visit),
    }
    of_accounts = {
        "accounts": (accounts, {"name": "'Company ' || n", "country": "'France'", "website": "'company' || n || '.example'"}),
        "account_scores": (accounts, {"score_reason": "'pages'"}),
        "account_stages": (accounts, {key: value for key, value in stage.items() if key != "reason"}),
    }
    add = {table: (rows, {"person_id": _PERSON} | columns) for table, (rows, columns) in of_people.items()}
    add |= {table: (rows, {"account_id": mine} | columns) for table, (rows, columns) in of_accounts.items()}
    add["users"] = (1, {"user_id": "'005000000000001'", "name": "'Sam Rep'"})
    for table, (rows, columns) in add.items():
        listed = ", ".join(
            f'CAST({columns.get(one.name, "NULL" if one.nullable else _ZERO[one.type])} AS {TYPES[one.type]}) AS "{one.name}"'
            for one in CONTRACTS[table].columns
        )
        warehouse.replace(table, warehouse.connection.sql(f"SELECT {listed} FROM range({rows}) r(n)"))


@contextmanager
def served(home: Path) -> Iterator[tuple[str, float, int]]:
    """The pages in a process of their own; gives their address, how long the first start took, and the process."""
    environment = {**os.environ, "ALIGNMENT_HOME": str(home)}
    begun = time.monotonic()
    command = [sys.executable, "-m", "alignment_pipeline.cli.main", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        try:
            assert child.stdout is not None
            yield child.stdout.readline().strip(), time.monotonic() - begun, child.pid
        finally:
            child.terminate()


def processor_seconds(pid: int) -> float:
    """What a process has used so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Readers:
    """Opens a page every twentieth of a second, whether the ones before have come or not."""

    def __init__(self, url: str, people: int) -> None:
        self._url, self._people = url, people
        self._random = random.Random(1)
        self.seconds: list[float] = []
        self.errors: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._open_all)

    def __enter__(self) -> Readers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _open_all(self) -> None:
        begun, number, threads = time.monotonic(), 0, []
        while not self._stop.wait(max(0.0, begun + number / RATE - time.monotonic())):
            threads.append(threading.Thread(target=self._open, args=(self._page(),)))
            threads[-1].start()
            number += 1
        for thread in threads:
            thread.join()

    def _page(self) -> str:
        """Half of them explanations, a third searches, the rest lists."""
        number, kind = self._random.randrange(self._people), self._random.random()
        person = f"lead:00Q{number:012d}EAA"
        if kind < 0.4:
            return f"/people/{quote(person, safe='')}"
        if kind < 0.5:
            return f"/accounts/001{number % max(1, self._people // 16):012d}EAA"
        if kind < 0.85:
            return f"/search?q={self._random.choice([f'p{number}@mail', f'jane birch{number % 977}', f'company {number % 5000}', 'nadia'])}"
        return self._random.choice(["/", "/review"])

    def _open(self, page: str) -> None:
        begun = time.monotonic()
        try:
            answer = requests.get(self._url + page, timeout=30)
            if answer.status_code != 200:
                self.errors.append(f"{answer.status_code} {page}")
        except requests.RequestException as error:
            self.errors.append(f"{type(error).__name__} {page}")
        self.seconds.append(time.monotonic() - begun)

    def said(self) -> str:
        ordered = sorted(self.seconds)
        p50, p95 = (1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
        slowest = 1000 * ordered[-1]
        return f"{len(ordered)} pages, {len(self.errors)} errors, P50 {p50:.0f} ms, P95 {p95:.0f} ms (500 asked), slowest {slowest:.0f} ms"


def first_paints(url: str) -> Mapping[str, list[float]]:
    """Milliseconds from the address to the first text on the screen, per kind of search."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {}
    paint = "performance.getEntriesByName('first-contentful-paint').map(one => one.startTime)[0]"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(url)
        for kind, text in (("a common name", "jane"), ("two words", "nadia ortiz"), ("an address", "p777777@mail"), ("nothing", "zzzzqqq")):
            for number in range(5):
                page.goto(f"{url}/search?q={text}{number if kind != 'a common name' else ''}")
                page.wait_for_timeout(50)
                found.setdefault(kind, []).append(page.evaluate(paint))
        browser.close()
    return found


def line_seconds(home: Path) -> float:
    """The whole line from the raw tables of a home, in a process of its own."""
    command = [sys.executable, "-m", "alignment_pipeline_tests.benchmarks.bench_serve", "--line", str(home)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.strip().splitlines()[-1])


def line(home_path: Path) -> None:
    """Decide everything anew; prints the seconds."""
    home = Home.from_env({**os.environ, "ALIGNMENT_HOME": str(home_path)})
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        warehouse = home.warehouse()
        replay.everything(warehouse, warehouse.beside(Path(folder)), agreement=home.agreement, as_of=home.clock.now())
    print(time.monotonic() - begun)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path, default=Path(".alignment-demo"), help="home of a demo, whose line is run beside the readers")
    parser.add_argument("--line", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.line:
        line(given.line)
        return
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as folder:
        home = Path(folder) / "home"
        company(Warehouse(home), given.people)
        with served(home) as (url, seconds, pid):
            (index,) = (home / "served").glob("*.duckdb")
            print(f"{given.people:,} people: first start {seconds:.1f} s, its file {index.stat().st_size / 1e6:,.0f} MB", flush=True)
            if CHROMIUM:
                for kind, paints in first_paints(url).items():
                    median, slowest = statistics.median(paints), max(paints)
                    print(f"search for {kind}: first paint {median:.0f} ms, slowest {slowest:.0f} ms (300 asked)", flush=True)
            used = processor_seconds(pid)
            with Readers(url, given.people) as readers:
                time.sleep(SECONDS)
            used = 1000 * (processor_seconds(pid) - used) / len(readers.seconds)
            print(f"{RATE} readers a second for {SECONDS} s: {readers.said()}", *readers.errors[:5], sep="\n", flush=True)
            print(f"processor per page: {used:.0f} ms; load of the machine {os.getloadavg()[0]:.1f}", flush=True)
            if given.home.exists():
                alone, beside = [], []
                for _ in range(2):
                    alone.append(line_seconds(given.home))
                    with Readers(url, given.people) as readers:
                        beside.append(line_seconds(given.home))
                ratio = min(beside) / min(alone)
                print(
                    f"the line of {given.home}: alone {min(alone):.1f} s, beside the readers {min(beside):.1f} s: {ratio:.2f} (1.25 asked)"
                )
                print(f"the readers beside it: {readers.said()}")
            else:
                print(f"no home at {given.home}: the run beside the readers was not measured (make demo makes one)")


if __name__ == "__main__":
    main()
