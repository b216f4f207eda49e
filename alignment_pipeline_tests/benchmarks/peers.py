"""The peers beside us in one run: RapidFuzz, TF-IDF, Splink and ING's emm, each where it is installed.

Belongs here: starting `peers_worker.py` in the right interpreter and choosing each peer's threshold. `PEERS_PYTHON` names an interpreter
of a
throwaway environment (`pip install splink emm scikit-learn rapidfuzz pandas`); without it this one is tried. What cannot run is said
loudly.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

NAMES = ("RapidFuzz", "TF-IDF", "Splink", "emm")
THRESHOLDS = tuple(step / 50 for step in range(10, 50))
LONGEST = 900


def run(folder: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each peer's predictions at the threshold that gives it the best F1 on this very set (which flatters it)."""
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    worker = Path(__file__).with_name("peers_worker.py")
    for name in NAMES:
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "pred.csv"
            started = time.monotonic()
            done = subprocess.run(
                [python, str(worker), name, str(folder), str(out)], capture_output=True, text=True, check=False, timeout=LONGEST
            )
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                print(f"SKIPPED {name}: {last}  (set PEERS_PYTHON to an interpreter that has it)")
                continue
            found = pd.read_csv(out, dtype={"lead_id": str, "account_id": str}, keep_default_na=False)
            print(f"{name}: {time.monotonic() - started:.1f} s in its own process")
        found["confidence"] = found["confidence"].clip(0, 1)
        yield name, best_threshold(found, folder)


def best_threshold(found: pd.DataFrame, folder: Path) -> pd.DataFrame:
    truth = pd.read_csv(folder / "truth.csv", dtype=str, keep_default_na=False).set_index("lead_id")
    accepted = {lead: {row["account_id"], *row["acceptable_ids"].split("|")} - {""} for lead, row in truth.iterrows()}
    right = pd.Series([account in accepted.get(lead, ()) for lead, account in zip(found["lead_id"], found["account_id"], strict=True)])
    with_account = sum(bool(ids) for ids in accepted.values())

    def f1(threshold: float) -> float:
        given = (found["confidence"] >= threshold) & (found["account_id"] != "")
        return 2 * int((given & right).sum()) / max(1, int(given.sum()) + with_account)

    chosen = max(THRESHOLDS, key=f1)
    return found.assign(account_id=found["account_id"].where(found["confidence"] >= chosen, ""))
