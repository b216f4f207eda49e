"""Rows of the fault matrix that are cases of the one harness."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline_tests.faults.cases_wire import CASES
from alignment_pipeline_tests.faults.harness import play
from alignment_pipeline_tests.faults.selection import chosen


@pytest.mark.parametrize("name", chosen(CASES, short=("14", "16", "18 missing", "39 trigger", "44 between")))
def test_row(name: str, tmp_path: Path) -> None:
    play(CASES[name], tmp_path)
