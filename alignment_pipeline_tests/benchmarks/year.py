"""A year of a small organisation: `make year`, `make year EVERY=12`. Is a month as large, and a run as slow, as those before?

Every `--every` days: the activity of the days since, appends as runs of every ten minutes make them, the daily run with its plan (a
standing approval that is signed each month; a person where it does not cover the plan), and `tidy`. 365 daily runs take hours; with
`--every 12` the same year has 30 of them. Times of files and of Dagster's runs are set to the simulated day, since `tidy` goes by
them.

Printed by month: disk by part of the home, the journal, the largest memory of the process, processor and calls of a run; at the end
how long a table takes to read beside its compacted copy, and the journal's month at 20,000 people, calculated from the rate seen.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa

from alignment_pipeline.defs.launch import instance_folder
from alignment_pipeline.defs.tidy import delete_runs
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import tidy
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.benchmarks.ordinary_days import WRITTEN, Days, days
from alignment_pipeline_tests.end_to_end.company import environment

RAW, LOG = "raw_marketo_activities", "extractions"
MONTH_DAYS = 30
#: Asked: the journal's month at 20,000 people (the demo organisation), and reading after all appends beside a compacted copy.
JOURNAL_MB, READING = 100.0, 1.5
#: Leads, contacts and accounts of the demo organisation, and the part of them that is written on an ordinary day (`make ten-days`).
RECORDS, SHARE = 25_000, 0.05
#: A month may be so much larger or slower than the fifth, when the undo window (90 days) is full.
FLAT, FULL_AFTER = 1.25, 4


@dataclass
class Month:
    """What was measured in one month."""

    sizes: dict[str, int] = field(default_factory=dict)
    processor: list[float] = field(default_factory=list)
    memory: int = 0
    written: int = 0
    by_a_person: int = 0
    appends: int = 0
    journal_before: int = 0

    @property
    def others(self) -> int:
        """Bytes of everything but the tables, which hold the year's data."""
        return sum(size for name, size in self.sizes.items() if name not in ("versions", "warehouse"))


class Year:
    """A company and what is measured of it."""

    def __init__(self, lived: Days, appends: int, total_days: int, every: int) -> None:
        self.lived, self.total_days, self.every = lived, total_days, every
        self.months: list[Month] = []
        self._appends_each = round(appends * every / total_days)
        self._set_back()

    @property
    def home(self) -> Home:
        """The home at the simulated moment: one that was opened earlier has not seen the clock move on."""
        return self.lived.company.home

    def run(self, say: Callable[[str], None]) -> None:
        """Live it."""
        for day in range(self.every, self.total_days + 1, self.every):
            number = (day - 1) // MONTH_DAYS
            if len(self.months) <= number:
                self.months += [Month(journal_before=self._journal()) for _ in range(number + 1 - len(self.months))]
                self._sign()
            month = self.months[number]
            _forget_peak()
            seen = len(self.lived.company.world.audit)
            one = self.lived.live(days=self.every)
            if one.is_refused:
                month.by_a_person += 1
                self._approve()
            writes = self.lived.company.world.audit.writes(after=seen, system="salesforce")
            month.written += len({write.record_id for write in writes if write.object in WRITTEN})
            month.processor.append(one.processor)
            month.memory = max(month.memory, _peak())
            self._append(month)
            self._set_back()
            self._tidy()
            month.sizes = tidy.sizes(self.home)
            is_last = day + self.every > self.total_days or (day + self.every - 1) // MONTH_DAYS > number
            if is_last:
                say(line(number + 1, month))

    def _journal(self) -> int:
        return tidy.sizes(self.home).get("journal", 0)

    def _sign(self) -> None:
        limits = ("--most-records", "300", "--most-creates", "200", "--most-cleared", "200", "--days", "30", "--by", "the founder")
        signed = self.lived.company.alignment("approve", "--standing", *limits)
        assert signed.code == 0, signed.err

    def _approve(self) -> None:
        """A person looks at the plan that waits, lifts what may be lifted, and applies it."""
        shown = self.lived.company.alignment("plan", "show", "--json")
        plan_hash = json.loads(shown.out)["plan_hash"]
        approved = self.lived.company.alignment("approve", plan_hash, "--lift", "--by", "the founder")
        assert approved.code == 0, approved.err
        applied = self.lived.company.alignment("apply", plan_hash, "--approved-only", "--json")
        assert applied.code == 0, applied.err

    def _append(self, month: Month) -> None:
        """What runs of every ten minutes append: some raw rows, and how they read."""
        warehouse = self.home.warehouse()
        now = self.home.clock.now()
        raw = warehouse.read(RAW).limit(1).to_pyarrow()
        log = warehouse.read(LOG)
        newest = log.filter(log.started_at == log.started_at.max()).limit(1).to_pyarrow()
        for number in range(self._appends_each):
            warehouse.append(RAW, _with(raw, "known_at", now))
            warehouse.append(LOG, _with(newest, "run_id", f"{now:%Y%m%d}-{number}"))
        month.appends += self._appends_each

    def _tidy(self) -> None:
        with environment(self.lived.company.environ), self.home.journal() as journal:
            tidy.tidy(self.home, journal)
            with dg.DagsterInstance.from_config(str(instance_folder(self.home))) as instance:
                delete_runs(instance, self.home)

    def _set_back(self) -> None:
        """Give files and Dagster's runs that have just come to be the simulated time."""
        now, real = self.home.clock.now(), time.time()
        for path in self.home.path.rglob("*"):
            if not path.is_symlink() and abs(path.stat().st_mtime - real) < 86_400:
                os.utime(path, (now.timestamp(), now.timestamp()))
        runs = instance_folder(self.home) / "history" / "runs.db"
        if runs.exists():
            with closing(sqlite3.connect(runs, timeout=60)) as connection:
                stamp, today = (f"{one:%Y-%m-%d %H:%M:%S.%f}" for one in (now, datetime.now(UTC) - timedelta(days=1)))
                until = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d %H:%M:%S.%f}"
                connection.execute("UPDATE runs SET create_timestamp = ? WHERE create_timestamp BETWEEN ? AND ?", (stamp, today, until))
                connection.commit()


def _with(table: pa.Table, name: str, value: object) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(name), pa.array([value] * len(table), table.schema.field(name).type))


def line(number: int, month: Month) -> str:
    """A month in one line."""
    tables = month.sizes.get("versions", 0) + month.sizes.get("warehouse", 0)
    dagster, journal = month.sizes.get("dagster", 0), month.sizes.get("journal", 0)
    rest = month.others - dagster - journal
    sizes = "  ".join(f"{size / 1e6:7.1f}" for size in (tables, journal, dagster, rest))
    return (
        f"{number:5}  {sizes}  {month.memory / 1e6:8.0f}  {statistics.median(month.processor):9.1f}  {month.written:7,}"
        f"  {month.by_a_person:9}  {month.appends:7,}"
    )


def reading(warehouse: Warehouse, folder: Path, name: str) -> tuple[int, float]:
    """Files of a table, and how long reading it takes beside its compacted copy (medians of eleven)."""
    compacted = warehouse.beside(folder)
    compacted.replace(name, warehouse.read(name).to_pyarrow())
    manifest = warehouse.manifest(name)
    assert manifest is not None
    took: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(11):
        for is_compacted, where in ((False, warehouse), (True, compacted)):
            begun = time.perf_counter()
            where.read(name).to_pyarrow()
            took[is_compacted].append(time.perf_counter() - begun)
    return len(manifest.files), statistics.median(took[False]) / statistics.median(took[True])


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(one.split()[1]) * 1024 for one in lines if one.startswith("VmHWM"))


def judged(months: list[Month]) -> list[str]:
    """What is not as asked."""
    wrong = []
    # nothing is summarised in the first three months
    early = [one for one in months[:3] if one.processor]
    months = [one for one in months if one.processor]
    full = months[min(FULL_AFTER, len(months) // 2) :] if len(months) > 2 else []
    for what, of in (
        ("journal", lambda one: one.sizes.get("journal", 0)),
        ("Dagster's history", lambda one: one.sizes.get("dagster", 0)),
        ("all but the tables", lambda one: one.others),
        ("processor of a run", lambda one: statistics.median(one.processor)),
        ("memory", lambda one: one.memory),
    ):
        if full and of(full[-1]) > FLAT * of(full[0]):
            wrong.append(f"{what} is not flat: {of(full[0]):,.0f} when the undo window was full, {of(full[-1]):,.0f} in the last month")
    each = (early[-1].sizes["journal"] - early[0].journal_before) / max(1, sum(one.written for one in early))
    month = each * RECORDS * SHARE * MONTH_DAYS / 1e6
    print(f"The journal grew by {each:,.0f} bytes for each record written.")
    print(f"With {RECORDS:,} records, of which {SHARE:.0%} are written a day (make ten-days), that is {month:.0f} MB a month (calculated).")
    if month > JOURNAL_MB:
        wrong.append(f"the journal grows by {month:.0f} MB in a month, {JOURNAL_MB:.0f} asked")
    return wrong


def main() -> int:
    """Live a year and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=360)
    parser.add_argument("--every", type=int, default=1, help="days between two runs")
    parser.add_argument("--appends", type=int, default=5_000)
    parser.add_argument("--people", type=int, default=500)
    asked = parser.parse_args()
    sizes = {"accounts": asked.people // 5, "people": asked.people, "activities": asked.people * 12}
    with tempfile.TemporaryDirectory(prefix="year-") as folder, days(Path(folder), **sizes) as lived:
        lived.begin(most_records=300)
        year = Year(lived, asked.appends, asked.days, asked.every)
        print("       MB of                                 MB of     processor  records  approved   appends")
        print("month   tables  journal  Dagster     rest    memory  of a run, s  written  by person", flush=True)
        year.run(lambda text: print(text, flush=True))
        wrong = judged(year.months)
        for name in (RAW, LOG):
            files, ratio = reading(year.home.warehouse(), Path(folder) / f"compacted-{name}", name)
            print(f"{name}: {files} files, reading takes {ratio:.2f} times as long as the compacted table")
            wrong += [f"{name}: {ratio:.2f} times, {READING} asked"] if ratio > READING or files > 64 else []
    for text in wrong:
        print(text)
    print("held" if not wrong else f"{len(wrong)} not held")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
