"""Measure the roll-up of scores at scale: `make bench-score`.

One million people, a hundred thousand accounts, twenty million activities on two cores: the product's rules, the same roll-up in
hand-written DuckDB SQL and in pandas, each in a fresh process, with time and peak memory; then a tick of 1,000 changed people and 5,000
activities, and one hand-raise. Results of all three are compared before any number is printed.
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
from pathlib import Path

import duckdb
import ibis

from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.scoring import account_fits, account_tiers, engagement, person_fits
from alignment_pipeline_tests.benchmarks import score_data, score_sql

STAMP = {"as_of": score_data.NOW, "agreement_version": "bench"}
INPUTS = ("accounts", "people", "person_records", "person_accounts", "activities")


def connect(folder: Path) -> tuple[ibis.BaseBackend, dict[str, ibis.Table]]:
    """DuckDB in memory on two threads, and the tables of a folder."""
    con = ibis.duckdb.connect()
    con.raw_sql("SET TimeZone='UTC'; SET threads=2; SET preserve_insertion_order=false")
    return con, {path.stem: con.read_parquet(path) for path in folder.glob("*.parquet")}


def prepare(folder: Path) -> None:
    """Tiers and fit of everybody, which the roll-ups only read."""
    scoring = loader.load(loader.default_path()).scoring
    con, t = connect(folder)
    con.to_parquet(account_fits.account_fits(t["accounts"], scoring=scoring, **STAMP), folder / "account_fits.parquet")
    t = connect(folder)[1]
    tiers = account_tiers.account_tiers(t["accounts"], t["account_fits"], scoring=scoring, **STAMP)
    tiers.get_backend().to_parquet(tiers, folder / "account_tiers.parquet")
    con, t = connect(folder)
    fits = person_fits.person_fits(t["people"], t["person_accounts"], t["account_tiers"], scoring=scoring, **STAMP)
    fits.get_backend().to_parquet(fits, folder / "person_fits.parquet")


def by_product(folder: Path, out: Path, only: str | None = None) -> None:
    """Person and account factors by the product's rules; `only` names a file of person ids that a tick touches."""
    scoring = loader.load(loader.default_path()).scoring
    con, t = connect(folder)
    if only is not None:
        touched = con.read_parquet(only)
        t["people"] = t["people"].semi_join(touched, "person_id")
        t["person_records"] = t["person_records"].semi_join(touched, "person_id")
        t["activities"] = t["activities"].semi_join(t["person_records"], "source_key")
    sources = [
        t[name] for name in ("activities", "people", "person_records", "person_accounts", "accounts", "account_tiers", "person_fits")
    ]
    factors = engagement.person_factors_at_once(*sources, scoring=scoring, **STAMP)
    con.to_parquet(factors, out / "person_engagement_factors.parquet")
    published = con.read_parquet(out / "person_engagement_factors.parquet")
    accounts = engagement.account_engagement_factors(published, scoring=scoring, **STAMP)
    con.to_parquet(accounts, out / "account_engagement_factors.parquet")


WAYS: dict[str, Callable[[Path, Path], None]] = {"product": by_product, "sql": score_sql.by_hand, "pandas": score_sql.in_pandas}


def worker(way: str, folder: Path, out: Path, only: str | None) -> None:
    """One measured run; prints seconds and peak memory as JSON."""
    out.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    if only:
        by_product(folder, out, only)
    else:
        WAYS[way](folder, out)
    seconds = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {"seconds": round(seconds, 2), "cpu_seconds": round(used.ru_utime + used.ru_stime, 2), "peak_mb": round(used.ru_maxrss / 1024)}
    print(json.dumps(found))


def measured(way: str, folder: Path, out: Path, only: Path | None = None) -> dict[str, float]:
    """A worker in a fresh process."""
    command = [sys.executable, "-m", "alignment_pipeline_tests.benchmarks.bench_score", "--worker", way, str(folder), str(out)]
    if only is not None:
        command += ["--only", str(only)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(found.stdout.strip().splitlines()[-1])


def compare(folder: Path, ways: list[str]) -> None:
    """Stop when two ways disagree by more than rounding (one micro-point per activity), or one writes other columns."""
    con = duckdb.connect()
    for table in ("person_engagement_factors", "account_engagement_factors"):
        sums = {}
        for way in ways:
            columns = ", ".join(f"sum({name})::HUGEINT" for name in score_sql.SUMS)
            sums[way] = con.execute(f"SELECT count(*), {columns} FROM read_parquet('{folder / way / table}.parquet')").fetchone()
            written = con.execute(f"DESCRIBE SELECT * FROM read_parquet('{folder / way / table}.parquet')").fetchall()
            assert {row[0] for row in written} == set(CONTRACTS[table].names), (table, way, written)
        first = sums[ways[0]]
        for way in ways[1:]:
            exact = [number for number in range(len(first)) if number != 2]
            assert [first[n] for n in exact] == [sums[way][n] for n in exact], (table, ways[0], first, way, sums[way])
            assert abs(first[2] - sums[way][2]) <= first[1], (table, ways[0], first, way, sums[way])


def touched(folder: Path, people: int) -> Path:
    """A file of people whom a tick touches, with everybody of their accounts left to the roll-up."""
    path = folder / f"touched_{people}.parquet"
    duckdb.execute(
        f"COPY (SELECT person_id FROM read_parquet('{folder}/people.parquet') ORDER BY hash(person_id) LIMIT {people}) TO '{path}'"
    )
    return path


def main() -> None:
    """Generate, measure, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activities", type=int, default=20_000_000)
    parser.add_argument("--worker", nargs=3, metavar=("WAY", "FOLDER", "OUT"))
    parser.add_argument("--only")
    parser.add_argument("--keep", type=Path, help="folder to generate into and keep, to be used again")
    given = parser.parse_args()
    if given.worker:
        way, folder, out = given.worker
        worker(way, Path(folder), Path(out), given.only)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        data = folder / "data"
        if not (data / "person_fits.parquet").exists():
            print(f"generating {given.activities:,} activities", file=sys.stderr)
            score_data.generate(data, people=given.activities // 20, accounts=given.activities // 200, activities=given.activities)
            prepare(data)
        results = {way: measured(way, data, folder / way) for way in WAYS}
        compare(folder, list(WAYS))
        # a tick: 1,000 changed people (about 20 activities each stand behind them, 5,000 of them new); one hand-raise
        results["tick of 1,000"] = measured("product", data, folder / "tick", touched(data, 1000))
        results["one hand-raise"] = measured("product", data, folder / "one", touched(data, 1))
    report(results)


def report(results: dict[str, dict[str, float]]) -> None:
    """Numbers beside their targets; exit code 1 when a target is missed."""
    product, sql, pandas = results["product"], results["sql"], results["pandas"]
    for name, one in results.items():
        print(f"{name:16s} {one['seconds']:8.2f} s {one['cpu_seconds']:8.2f} s of processor {one['peak_mb']:8.0f} MB")
    checks = [
        ("product / hand-written SQL", product["seconds"] / sql["seconds"], 1.6, True),
        ("pandas / product", pandas["seconds"] / product["seconds"], 2.5, False),
        ("memory product / pandas", product["peak_mb"] / pandas["peak_mb"], 0.75, True),
        ("tick of 1,000 / full", results["tick of 1,000"]["seconds"] / product["seconds"], 0.25, True),
        ("one hand-raise / full", results["one hand-raise"]["seconds"] / product["seconds"], 0.10, True),
    ]
    missed = 0
    for name, found, target, at_most in checks:
        is_met = found <= target if at_most else found >= target
        missed += not is_met
        print(f"{'ok  ' if is_met else 'MISS'} {name}: {found:.2f} ({'at most' if at_most else 'at least'} {target})")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
