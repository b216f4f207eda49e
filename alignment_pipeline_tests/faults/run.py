"""`make faults`: run the proofs of all 86 rows and of what is to be shown beside them, and print both tables.

Belongs here: the command. `--quick` takes the short selection of `make test`. Exit code 1 when anything is not proven.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from alignment_pipeline_tests import postgres
from alignment_pipeline_tests.faults import journals
from alignment_pipeline_tests.faults.beside import BESIDE
from alignment_pipeline_tests.faults.rows import ROWS, Row

_ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short selection of `make test`")
    parser.add_argument("--postgres", action="store_true", help="journals on a PostgreSQL server of its own instead of SQLite files")
    parser.add_argument("--workers", default="2", help="test processes")
    parser.add_argument("--rows", default="", help="only these rows, as 14,16")
    chosen = parser.parse_args()
    numbers = {int(part) for part in chosen.rows.split(",") if part}
    rows = [row for row in ROWS if not numbers or row.number in numbers]
    beside = () if numbers else BESIDE
    # the longest first, so that no process is left with one of them at the end
    files = list(dict.fromkeys(proof.partition("::")[0] for row in (*beside, *rows) for proof in row.proofs))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder), chosen.postgres) as server:
        report = Path(folder) / "report.xml"
        environ = dict(os.environ) | ({} if chosen.quick else {"ALIGNMENT_FAULTS": "all"}) | server
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
            "worksteal",
            *files,
        ]
        subprocess.run(command, cwd=_ROOT, env=environ, check=False)
        results = _results(report)
    results_of = {row: _judge(row, results) for row in (*rows, *beside)}
    print(f"\n{'no.':>3}  {'group':12}  {'fault':50}  {'result':12}  expected")
    for row in rows:
        _print(row, results_of[row])
    if beside:
        print(f"\n{'no.':>3}  {'beside':12}  {'what':50}  {'result':12}  expected")
    for row in beside:
        _print(row, results_of[row])
    proven = sum(results_of[row].startswith("pass") for row in rows)
    shown = sum(results_of[row].startswith("pass") for row in beside)
    print(f"\n{proven} of {len(rows)} rows proven, {shown} of {len(beside)} beside, in {time.monotonic() - begun:.0f} s")
    if chosen.quick:
        return int("FAIL" in results_of.values())
    return int(proven + shown < len(results_of))


@contextmanager
def _server(folder: Path, is_wanted: bool) -> Iterator[Mapping[str, str]]:
    """The setting that lets the tests keep their journals on a server, while it runs. Cases about the journal's own file stay on files."""
    if not is_wanted:
        yield {}
        return
    with postgres.served(folder / "server") as uri:
        print("journals on PostgreSQL, but for cases about the journal's own file and tests of other parts", flush=True)
        yield {journals.SERVER: uri}
        print(f"{journals.count(uri)} journals were on PostgreSQL")


def _print(row: Row, result: str) -> None:
    print(f"{row.number:>3}  {row.group:12}  {row.fault[:50]:50}  {result:12}  {row.expected}")


def _results(report: Path) -> dict[str, bool]:
    """Node id -> passed."""
    found: dict[str, bool] = {}
    if not report.exists():
        return found
    for case in ET.parse(report).iter("testcase"):
        bad = any(case.find(name) is not None for name in ("failure", "error", "skipped"))
        found[_node(case.attrib["classname"].split("."), case.attrib["name"])] = not bad
    return found


def _node(parts: list[str], name: str) -> str:
    """The node id of a test that the report names by module, class (when it has one) and name."""
    files = ((length, "/".join(parts[:length]) + ".py") for length in range(len(parts), 0, -1))
    length, file = next((length, file) for length, file in files if (_ROOT / file).is_file())
    return "::".join((file, *parts[length:], name))


def _judge(row: Row, results: dict[str, bool]) -> str:
    outcomes = [[passed for node, passed in results.items() if _is_of(node, proof)] for proof in row.proofs]
    if any(not all(found) for found in outcomes):
        return "FAIL"
    if any(not found for found in outcomes):
        return "not run"
    return f"pass ({sum(len(found) for found in outcomes)})"


def _is_of(node: str, proof: str) -> bool:
    """A proof with a parameter is that test alone; any other stands for all tests whose id begins with it."""
    return node == proof if proof.endswith("]") else node.startswith(proof)


if __name__ == "__main__":
    sys.exit(main())
