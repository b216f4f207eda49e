"""`make faults`: run the proofs of all 56 rows, the kill test and the broken variants, and print the table.

Belongs here: the command. `--quick` takes the short selection of `make test`. Exit code 1 when any row is not proven.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from alignment_pipeline_tests.faults.rows import ROWS, Row

_ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short selection of `make test`")
    parser.add_argument("--workers", default="2", help="test processes")
    parser.add_argument("--rows", default="", help="only these rows, as 14,16")
    chosen = parser.parse_args()
    numbers = {int(part) for part in chosen.rows.split(",") if part}
    rows = [row for row in ROWS if not numbers or row.number in numbers]
    files = sorted({proof.partition("::")[0] for row in rows for proof in row.proofs})
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        environ = dict(os.environ) | ({} if chosen.quick else {"ALIGNMENT_FAULTS": "all"})
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junitxml={report}",
            "--tb=short",
            "-n",
            chosen.workers,
            "--dist",
            "load",
            *files,
        ]
        subprocess.run(command, cwd=_ROOT, env=environ, check=False)
        results = _results(report)
    proven = 0
    print(f"\n{'no.':>3}  {'group':12}  {'fault':50}  {'result':12}  expected")
    for row in rows:
        result = _judge(row, results)
        proven += result.startswith("pass")
        print(f"{row.number:>3}  {row.group:12}  {row.fault[:50]:50}  {result:12}  {row.expected}")
    print(f"\n{proven} of {len(rows)} rows proven in {time.monotonic() - begun:.0f} s")
    return 0 if proven == len(rows) or (chosen.quick and not any(_judge(row, results) == "FAIL" for row in rows)) else 1


def _results(report: Path) -> dict[str, bool]:
    """Node id -> passed."""
    found: dict[str, bool] = {}
    if not report.exists():
        return found
    for case in ET.parse(report).iter("testcase"):
        path = case.attrib["classname"].replace(".", "/")
        bad = any(case.find(name) is not None for name in ("failure", "error", "skipped"))
        found[f"{path}.py::{case.attrib['name']}"] = not bad
    return found


def _judge(row: Row, results: dict[str, bool]) -> str:
    outcomes = [[passed for node, passed in results.items() if node.startswith(proof.rstrip("]"))] for proof in row.proofs]
    if any(not all(found) for found in outcomes):
        return "FAIL"
    if any(not found for found in outcomes):
        return "not run"
    return f"pass ({sum(len(found) for found in outcomes)})"


if __name__ == "__main__":
    sys.exit(main())
