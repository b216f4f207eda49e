"""The same rules on DuckDB and on one and two Spark cores: `python -m alignment_pipeline_tests.benchmarks.bench_engines`.

    python -m alignment_pipeline_tests.benchmarks.bench_engines --activities 1000000

Factors (an expression), scores, and MQAs (a fold of whole accounts) over generated activities, each engine in a fresh process over the same
published tables. Prints seconds by rule, and the ratio of one core to two. Needs pyspark and Java; the start of Spark is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from alignment_pipeline.installation import memory
from alignment_pipeline_tests.benchmarks import bench_memory

STEPS = ("person_engagement_factors", "account_engagement_factors", "person_scores", "account_mqa_changes")
ENGINES = ("duckdb", "local[1]", "local[2]")


def measured(engine: str, folder: Path, limit: str) -> dict[str, float]:
    """Seconds by rule, in a fresh process."""
    command = [sys.executable, "-m", "alignment_pipeline_tests.benchmarks.bench_engines", "--limit", limit, "--worker", engine, str(folder)]
    settings = os.environ | {"PYSPARK_SUBMIT_ARGS": f"--driver-memory {memory.limit({memory.SETTING: limit}) // 10**6}m pyspark-shell"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=settings)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {one["step"]: one["seconds"] for one in lines if one["step"] in STEPS}


def main() -> None:
    """Generate once, measure each engine, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activities", type=int, default=1_000_000)
    parser.add_argument("--engines", nargs="+", default=ENGINES, metavar="ENGINE", help="duckdb, or the address of a Spark cluster")
    parser.add_argument("--limit", default="4GB")
    parser.add_argument("--worker", nargs=2, metavar=("ENGINE", "FOLDER"))
    given = parser.parse_args()
    if given.worker:
        engine, folder = given.worker
        limit = memory.limit({memory.SETTING: given.limit})
        bench_memory.walk(Path(folder), STEPS, limit, spark=None if engine == "duckdb" else engine)
        return
    seconds = {}
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        home.mkdir(mode=0o700)
        bench_memory.prepare_activities(home, given.activities)
        for engine in given.engines:
            seconds[engine] = measured(engine, home, given.limit)
            print(f"{engine:12s} {sum(seconds[engine].values()):8.1f} s  {seconds[engine]}", flush=True)
    if {"local[1]", "local[2]"} <= seconds.keys():
        for step in seconds["local[1]"]:
            print(f"{step:28s} 1 core / 2 cores: {seconds['local[1]'][step] / seconds['local[2]'][step]:.2f}")


if __name__ == "__main__":
    main()
