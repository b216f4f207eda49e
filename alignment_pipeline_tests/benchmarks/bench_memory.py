"""The large rules of a full run inside a memory limit: `python -m alignment_pipeline_tests.benchmarks.bench_memory`.

    python -m alignment_pipeline_tests.benchmarks.bench_memory --activities 50000000 --clocks 5000000 --limit 4GB

Scores, MQAs and stages over generated activities, and the SLA ledger over generated clocks, each in a fresh process with the engine that a
run would have under ALIGNMENT_MEMORY_LIMIT. Prints seconds, rows and the peak of the process, and fails when it is above the limit.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.engines.embedded import DuckDb
from alignment_pipeline.engines.spark.session import SETTING, session
from alignment_pipeline.engines.spark.spark import Spark
from alignment_pipeline.installation import memory
from alignment_pipeline.installation.home import DUCKDB_SHARE
from alignment_pipeline.line import run as line
from alignment_pipeline.line.step import Read
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.benchmarks import bench_score, bench_sla, score_data

BY_ACTIVITY = (
    "person_engagement_factors", "account_engagement_factors", "person_scores", "account_mqa_changes", "person_stage_changes",
    "account_stage_changes",
)  # fmt: skip
BY_CLOCK = ("sla_clocks",)


def opened(folder: Path, limit: int) -> Warehouse:
    """The warehouse as `Home.warehouse` opens it, on two threads."""
    found = Warehouse(folder, memory_limit=f"{int(limit * DUCKDB_SHARE) // 10**6}MB")
    found.connection.raw_sql("SET threads = 2")
    return found


def prepare_activities(folder: Path, activities: int) -> None:
    """People, accounts and activities of the bench of scores, published."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as data:
        score_data.generate(Path(data), people=activities // 20, accounts=activities // 200, activities=activities)
        home = Warehouse(folder)
        for name in bench_score.INPUTS:
            home.replace(name, home.connection.read_parquet(Path(data) / f"{name}.parquet"))


def prepare_clocks(folder: Path, clocks: int) -> None:
    """People with hand-raises, touches and owners of the bench of SLAs, published in shares, so that this fits as well."""
    home, share = Warehouse(folder), 500_000
    people = clocks // 2
    for number in range(-(-people // share)):
        given = bench_sla.sources(min(share, people - number * share), seed=number + 1, first=number * share)
        for name in ("people", "person_records", "leads", "activities", "touches", "record_changes"):
            home.append(name, home.connection.to_pyarrow(getattr(given, name)))
        home.replace("users", home.connection.to_pyarrow(given.users))


def walk(folder: Path, steps: tuple[str, ...], limit: int, *, spark: str | None = None) -> None:
    """Each rule after the other, published, as a full run does; prints what each took. `spark` is the address of a cluster."""
    warehouse = opened(folder, limit)
    embedded = DuckDb(warehouse, fold_bytes=int(limit * (1 - DUCKDB_SHARE)))
    engine = embedded if spark is None else Spark(embedded, session({SETTING: spark}))
    agreement, as_of = _terms(steps)

    def source(one: Read) -> Any:
        if one.table == "feed_watermarks":
            return {"salesforce": as_of, "marketo": as_of}
        return None if one.table == line.TARGET_LIST else warehouse.read(one.table)

    given = [name for name in CONTRACTS if name not in steps and (warehouse.exists(name) or name not in line.MAKERS)]
    wanted = line.needed(steps, given=[*given, *_LEFT, "feed_watermarks"])
    found: dict[str, Any] = {}

    def keep(name: str, made: Any) -> Any:
        if not line.maker(name).is_published:
            return made
        published = engine.publish(name, made)
        found["rows"] = found.get("rows", {}) | {name: published.rows}
        return warehouse.read(name)

    walked = line.Walk(agreement, as_of, source, keep, engine=engine)
    for step in wanted:
        begun = time.perf_counter()
        walked.evaluate(step)
        engine.release()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows = {name: found["rows"][name] for name in step.makes if name in found.get("rows", {})}
        print(
            json.dumps({"step": step.name, "seconds": round(time.perf_counter() - begun, 1), "peak_mb": round(peak), "rows": rows}),
            flush=True,
        )


#: Read as empty tables: they have no part in what is measured.
_LEFT = (
    "opportunities", "opportunity_contact_roles", "opportunity_stage_changes", "leads", "contacts", "record_changes", "crm_record_states",
    "users", "touches", "queue_members", "business_hours", "crm_holidays", "marketing_commitments", "marketing_persons",
)  # fmt: skip


def _terms(steps: tuple[str, ...]) -> tuple[Agreement, datetime]:
    if steps == BY_CLOCK:
        shipped = bench_score.agreement()
        crm = shipped.crm.model_copy(update={"fields": [], "inputs": []})
        return shipped.model_copy(update={"sla": bench_sla.agreement(), "crm": crm}), bench_sla.AS_OF
    return bench_score.agreement(), score_data.NOW


def main() -> None:
    """Generate, measure each in a fresh process, compare with the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activities", type=int, default=50_000_000)
    parser.add_argument("--clocks", type=int, default=5_000_000)
    parser.add_argument("--limit", default="4GB")
    parser.add_argument("--worker", nargs=2, metavar=("WHAT", "FOLDER"))
    given = parser.parse_args()
    limit = memory.limit({memory.SETTING: given.limit})
    if given.worker:
        walk(Path(given.worker[1]), BY_ACTIVITY if given.worker[0] == "activities" else BY_CLOCK, limit)
        return
    is_above = False
    for what, size, prepare in (("activities", given.activities, prepare_activities), ("clocks", given.clocks, prepare_clocks)):
        if not size:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "home"
            folder.mkdir(mode=0o700)
            prepare(folder, size)
            command = [sys.executable, "-m", "alignment_pipeline_tests.benchmarks.bench_memory", "--limit", given.limit]
            done = subprocess.run([*command, "--worker", what, str(folder)], check=True, capture_output=True, text=True)
        lines = [json.loads(text) for text in done.stdout.splitlines()]
        peak = max(one["peak_mb"] for one in lines) / 1000
        for one in lines:
            print(f"  {one['step']:28s} {one['seconds']:8.1f} s  peak so far {one['peak_mb']:6,d} MB  {one['rows']}")
        print(f"{size:,} {what}: {sum(one['seconds'] for one in lines):.0f} s, peak {peak:.2f} GB of {limit / 10**9:.2f}")
        is_above |= peak > limit / 10**9
    sys.exit(1 if is_above else 0)


if __name__ == "__main__":
    main()
