"""Measure the roll-up of scores at scale: `make bench-score`.

One million people, a hundred thousand accounts, twenty million activities on two cores: what a full run does (two assets, each read
from the warehouse and published to it), the same two tables by hand-written DuckDB SQL, by SQL that also writes a row for every activity,
and by pandas, each in a fresh process, with time and peak memory. Then a tick and one hand-raise, in fresh processes too, reading the
published tables as the fast lane does. All results are compared before any number is printed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.fast_lane.statements import RememberingBackend
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.installation.home import DUCKDB_SHARE
from alignment_pipeline.line import run as line
from alignment_pipeline.warehouse.connection import Connection
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.benchmarks import score_data, score_pandas, score_sql

INPUTS = ("accounts", "people", "person_records", "person_accounts", "activities")
EMPTY = ("users", "record_periods", "person_account_periods")
FITS = ("account_fits", "account_tiers", "person_fits")
MADE = {
    "person_engagement_factors": score_sql.SUMS,
    "account_engagement_factors": score_sql.SUMS,
}
EACH = ("base_micro", "weighted_micro", "contribution_micro", "age_days")
# what a run may take, as ALIGNMENT_MEMORY_LIMIT would say it
MEMORY_GB = 2.5
# a tick of this many changed people, with at least this many activities behind them
TICK_PEOPLE, TICK_ACTIVITIES = 1_000, 5_000


def warehouse(folder: Path, backend: type[Connection] = Connection) -> Warehouse:
    """The warehouse of the bench's home, on two threads, with DuckDB's share of a memory limit of `MEMORY_GB`."""
    found = Warehouse(folder / "home", backend=backend, memory_limit=f"{int(MEMORY_GB * 1000 * DUCKDB_SHARE)}MB")
    found.connection.raw_sql("SET threads = 2")
    return found


def prepare(folder: Path) -> None:
    """Publish the inputs, and tiers and fit of everybody, which the roll-ups only read; the rivals read them as plain files."""
    data, home = folder / "data", warehouse(folder)
    for name in INPUTS:
        home.replace(name, home.connection.read_parquet(data / f"{name}.parquet"))
    for name in EMPTY:
        home.replace(name, CONTRACTS[name].empty())
    walk(home, *FITS)
    for name in FITS:
        home.connection.to_parquet(home.read(name), data / f"{name}.parquet")


def walk(home: Warehouse, *wanted: str) -> None:
    """The line's rows that make the wanted tables, each published before the next as the assets of a full run do."""

    def keep(name: str, rows: object) -> object:
        if name not in CONTRACTS or not line.maker(name).is_published:
            return rows
        home.replace(name, rows)
        return home.read(name)

    given = {name: home.read(name) for name in (*INPUTS, *FITS, *EMPTY) if name not in wanted and home.exists(name)}
    line.decide(wanted, given, agreement=agreement(), as_of=score_data.NOW, keep=keep)


@cache
def agreement() -> Agreement:
    """Read once by a process, as the product's are: reading the file takes longer than a hand-raise."""
    return loader.load(loader.default_path()).model_copy(update={"version": "bench"})


def by_product(folder: Path, out: Path) -> None:
    """A full run from activities to the sums of accounts."""
    home = warehouse(folder)
    walk(home, *MADE)
    for name in MADE:
        link(home, name, out / f"{name}.parquet")


def by_activity(folder: Path, out: Path) -> None:
    """Every activity with its points, as somebody who wants to see them all would ask for it."""
    home = warehouse(folder)
    step = line.maker("scored_activities")
    rows = step.call(lambda one: home.read(one.table), agreement=agreement(), as_of=score_data.NOW)["scored_activities"]
    home.replace("scored_activities", rows)
    link(home, "scored_activities", out / "scored_activities.parquet")


def link(home: Warehouse, name: str, path: Path) -> None:
    """The published file under the name that the comparison reads."""
    manifest = home.manifest(name)
    assert manifest is not None and len(manifest.files) == 1
    path.unlink(missing_ok=True)
    path.symlink_to((home.root / name / manifest.files[0].name).resolve())


def by_tick(folder: Path, out: Path, people: int) -> None:
    """The same rules over the people a tick touches, from published tables cut to them as the fast lane cuts them.

    Their accounts' sums are made anew as well, from what is published of the accounts' other people; the fast lane of today leaves these
    to the full run.
    """
    store = Store(warehouse(folder, RememberingBackend))
    ids = pq.read_table(folder / f"touched_{people}.parquet")["person_id"].to_pylist()

    def cut(name: str, column: str, values: list[str]) -> ibis.Table:
        return store.contract(name, [store.among(name, column, values)])

    t = {name: cut(name, "person_id", ids) for name in ("people", "person_records", "person_accounts")}
    accounts = column(t["person_accounts"], "account_id")
    t |= {name: cut(name, "account_id", accounts) for name in ("accounts", "account_tiers")}
    t["activities"] = cut("activities", "source_key", column(t["person_records"], "source_key"))
    t |= {name: store.contract(name, []) for name in EMPTY}

    def made(name: str) -> ibis.Table:
        return line.maker(name).call(lambda one: t[one.table], agreement=agreement(), as_of=score_data.NOW)[name]

    for name in ("title_readings", "person_fits", "scored_activities"):
        t[name] = store.hold(name, made(name))
    found = store.rows(made("person_engagement_factors"))
    published = store.among("person_engagement_factors", "account_id", accounts)
    others = published.filter(pc.invert(pc.is_in(published["person_id"], value_set=pa.array(ids))))
    t["person_engagement_factors"] = store.contract("person_engagement_factors", [others, found])
    sums = store.rows(made("account_engagement_factors"))
    for name, rows in zip(("scored_activities", *MADE), (store.rows(t["scored_activities"]), found, sums), strict=True):
        pq.write_table(rows, out / f"{name}.parquet")


def column(table: ibis.Table, name: str) -> list[str]:
    """A column's values, each once."""
    return sorted({value for value in table.select(name).to_pyarrow()[name].to_pylist() if value is not None})


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "product": by_product,
    "sql": lambda folder, out: score_sql.factors_alone(folder / "data", out),
    "sql, each activity": lambda folder, out: score_sql.by_hand(folder / "data", out),
    "pandas": lambda folder, out: score_pandas.in_pandas(folder / "data", out),
    f"tick of {TICK_PEOPLE:,}": lambda folder, out: by_tick(folder, out, TICK_PEOPLE),
    "one hand-raise": lambda folder, out: by_tick(folder, out, 1),
}
FULL, TICKS = tuple(WAYS)[:4], tuple(WAYS)[4:]


def worker(way: str, folder: Path) -> None:
    """One measured run; prints seconds and peak memory as JSON."""
    out = folder / way
    out.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    WAYS[way](folder, out)
    seconds = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {"seconds": round(seconds, 2), "cpu_seconds": round(used.ru_utime + used.ru_stime, 2), "peak_mb": round(used.ru_maxrss / 1024)}
    print(json.dumps(found))


def measured(way: str, folder: Path) -> dict[str, float]:
    """A worker in a fresh process. Its seconds begin after the imports, which a process of the product pays once."""
    command = [sys.executable, "-m", "alignment_pipeline_tests.benchmarks.bench_score", "--worker", way, str(folder)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(found.stdout.strip().splitlines()[-1])


def compare(folder: Path) -> None:
    """Stop when two ways disagree by more than rounding (one micro-point per activity), or one writes other columns."""
    con = duckdb.connect()
    counted = con.execute(f"SELECT count(*) FROM read_parquet('{folder}/data/activities.parquet')").fetchone()
    assert counted is not None
    for table, names in MADE.items():
        found = {way: _sums(con, folder / way / f"{table}.parquet", table, names) for way in FULL}
        _agree(table, found, names, counted[0])


def compare_each(folder: Path) -> None:
    """The same of every activity, where `by_activity` has written them."""
    con = duckdb.connect()
    ways = ("each", "sql, each activity", "pandas")
    found = {way: _sums(con, folder / way / "scored_activities.parquet", "scored_activities", EACH) for way in ways}
    _agree("scored_activities", found, EACH, found["each"][-1])
    query = "SELECT exclusion::VARCHAR, count(*) FROM read_parquet('{}/scored_activities.parquet') GROUP BY ALL ORDER BY ALL"
    reasons = [con.execute(query.format(folder / way)).fetchall() for way in ways]
    assert reasons[0] == reasons[1] == reasons[2], reasons


def _sums(con: duckdb.DuckDBPyConnection, path: Path, table: str, names: tuple[str, ...]) -> tuple[int, ...]:
    columns = ", ".join(f"sum({name})::HUGEINT" for name in names)
    written = con.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
    assert {row[0] for row in written} == set(CONTRACTS[table].names), (path, written)
    row = con.execute(f"SELECT {columns}, count(*) FROM read_parquet('{path}')").fetchone()
    assert row is not None
    return tuple(row)


def _agree(table: str, found: dict[str, tuple[int, ...]], names: tuple[str, ...], activities: int) -> None:
    decayed = names.index("contribution_micro")
    first = next(iter(found.values()))
    for way, sums in found.items():
        exact = [number for number in range(len(first)) if number != decayed]
        assert [first[n] for n in exact] == [sums[n] for n in exact], (table, way, first, sums)
        assert abs(first[decayed] - sums[decayed]) <= activities, (table, way, first, sums)


def compare_tick(folder: Path, way: str) -> int:
    """Every row of a tick stands in the full run's tables as it is, and no row of its people and accounts is missing. Rows compared."""
    con, compared = duckdb.connect(), 0
    con.execute("SET TimeZone = 'UTC'")
    for table, key in (
        ("person_engagement_factors", "person_id"),
        ("account_engagement_factors", "account_id"),
    ):
        names = ", ".join(CONTRACTS[table].names)
        ticked = f"SELECT {names} FROM read_parquet('{folder / way}/{table}.parquet')"
        full = f"SELECT {names} FROM read_parquet('{folder}/product/{table}.parquet') WHERE {key} IN (SELECT {key} FROM ({ticked}))"
        for one, other in ((ticked, full), (full, ticked)):
            differing = con.execute(f"SELECT * FROM ({one} EXCEPT ALL {other}) LIMIT 3").fetchall()
            assert not differing, (table, way, differing)
        count = con.execute(f"SELECT count(*) FROM ({ticked})").fetchone()
        compared += count[0] if count else 0
    return compared


def touch(folder: Path, people: int) -> None:
    """A file of people whom a tick touches."""
    chosen = (
        f"SELECT person_id FROM read_parquet('{folder}/data/people.parquet') WHERE NOT is_internal ORDER BY hash(person_id) LIMIT {people}"
    )
    duckdb.execute(f"COPY ({chosen}) TO '{folder}/touched_{people}.parquet'")


def generate(folder: Path, activities: int) -> None:
    """Inputs of a size, published, and the people of the ticks."""
    score_data.generate(folder / "data", people=activities // 20, accounts=activities // 200, activities=activities)
    prepare(folder)
    for people in (TICK_PEOPLE, 1):
        touch(folder, people)


def main() -> None:
    """Generate, measure, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activities", type=int, default=20_000_000)
    parser.add_argument("--worker", nargs=2, metavar=("WAY", "FOLDER"))
    parser.add_argument("--keep", type=Path, help="folder to generate into and keep, to be used again")
    given = parser.parse_args()
    if given.worker:
        way, folder = given.worker
        worker(way, Path(folder))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        if not (folder / "touched_1.parquet").exists():
            print(f"generating {given.activities:,} activities", file=sys.stderr)
            generate(folder, given.activities)
        results = {way: measured(way, folder) for way in FULL}
        compare(folder)
        for way in TICKS:
            results[way] = measured(way, folder)
            compare_tick(folder, way)
        behind = pq.read_metadata(folder / TICKS[0] / "scored_activities.parquet").num_rows
        assert behind >= min(TICK_ACTIVITIES, given.activities // 100), behind
    report(results)


def report(results: dict[str, dict[str, float]]) -> None:
    """Numbers beside their targets; exit code 1 when a target is missed."""
    product, sql, each, pandas, tick, one_raise = results.values()
    for name, found in results.items():
        print(f"{name:18s} {found['seconds']:8.2f} s {found['cpu_seconds']:8.2f} s of processor {found['peak_mb']:8.0f} MB")
    checks = [
        ("product / hand-written SQL", product["seconds"] / sql["seconds"], 1.3, True),
        ("product / SQL that writes each activity", product["seconds"] / each["seconds"], 0.5, True),
        ("product's memory in GB", product["peak_mb"] / 1000, MEMORY_GB, True),
        ("pandas / product", pandas["seconds"] / product["seconds"], 2.5, False),
        ("memory product / pandas", product["peak_mb"] / pandas["peak_mb"], 0.75, True),
        ("tick of 1,000 / full", tick["seconds"] / product["seconds"], 0.25, True),
        ("one hand-raise / full", one_raise["seconds"] / product["seconds"], 0.10, True),
    ]
    missed = 0
    for name, ratio, target, at_most in checks:
        is_met = ratio <= target if at_most else ratio >= target
        missed += not is_met
        print(f"{'ok  ' if is_met else 'MISS'} {name}: {ratio:.2f} ({'at most' if at_most else 'at least'} {target})")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
