"""Reading six times as many activities takes no more memory; `memory.py` measures larger sizes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def peak(rows: int) -> int:
    """Peak kilobytes of a process that reads so many."""
    command = [sys.executable, "-m", "alignment_pipeline_tests.connectors.memory", str(rows)]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120).stdout)
    assert found["rows"] == rows
    return int(found["peak_kb"])


def test_peak_memory_does_not_grow_with_the_rows() -> None:
    small, large = peak(10_000), peak(60_000)

    assert large <= small * 1.2, f"{small} kB for 10,000 rows, {large} kB for 60,000"
