"""Runs without news on a copy of the demo's home: `python -m alignment_pipeline_tests.benchmarks.quiet_run --home .alignment-demo`.

Printed for each run: processor, seconds, and the tables that were published. `same` is decided as of the moment of the run before, `now`
some minutes later (clocks have run out meanwhile), `nextday` a day later. The first run decides everything when the home was made by
another version of the program.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from dotenv import dotenv_values

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs.launch import launch
from alignment_pipeline.installation.home import Home

MOST_SECONDS = 30.0
_LATER = {"same": timedelta(), "nextday": timedelta(days=1)}


@contextmanager
def served(home: Path) -> Iterator[None]:
    """The embedded systems with the home's state, in a process of their own, and this process's environment set to them."""
    settings = home / "quiet.env"
    command = [sys.executable, "-m", "alignment_pipeline.cli.main", "sandbox", "--env-file", str(settings)]
    settings.unlink(missing_ok=True)
    with (home / "quiet.log").open("wb") as log:
        child = subprocess.Popen([*command, "--state", str(home / "sandbox-state.json")], stdout=log, stderr=log)
        try:
            while not settings.exists() or not settings.read_text().endswith("\n"):
                assert child.poll() is None, (home / "quiet.log").read_text()
                time.sleep(0.2)
            os.environ.update({name: value or "" for name, value in dotenv_values(settings).items()}, ALIGNMENT_HOME=str(home))
            yield
        finally:
            child.terminate()
            child.wait()


def run(kind: str) -> tuple[float, float, list[str]]:
    """One run: processor, seconds, published tables."""
    home = Home.from_env()
    warehouse = home.warehouse()
    decided = warehouse.decided_as_of()
    assert decided is not None
    before = versions(home)
    processor, begun = time.process_time(), time.monotonic()
    outcome = launch("alignment_run", home=home, as_of=None if kind == "now" else decided + _LATER[kind])
    assert outcome.is_success, outcome.failures
    spent = time.process_time() - processor, time.monotonic() - begun
    after = versions(home)
    return *spent, [name for name in after if after[name] != before.get(name)]


def versions(home: Home) -> dict[str, str]:
    """Table -> its published version."""
    warehouse = home.warehouse()
    return {name: one.identity for name in CONTRACTS if (one := warehouse.manifest(name)) is not None}


def main() -> int:
    """Run as asked; exit code 1 when the last run of the same moment took more than 30 s of processor or published more than its log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".alignment-demo"))
    parser.add_argument("kinds", nargs="*", default=["now", "now", "same", "same"], help="same, now, nextday")
    asked = parser.parse_args()
    is_quiet = True
    with tempfile.TemporaryDirectory(prefix="quiet-run-") as folder:
        home = Path(shutil.copytree(asked.home, Path(folder) / "home", symlinks=True))
        home.chmod(0o700)
        with served(home):
            for kind in asked.kinds:
                processor, seconds, changed = run(kind)
                print(
                    f"{kind:8} {processor:6.1f} s of processor, {seconds:6.1f} s; published {len(changed)}: {' '.join(changed)}", flush=True
                )
                is_quiet = kind != "same" or (processor <= MOST_SECONDS and changed == ["extractions"])
    return int(not is_quiet)


if __name__ == "__main__":
    sys.exit(main())
