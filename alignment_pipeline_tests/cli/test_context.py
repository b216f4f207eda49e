"""Progress on stderr where nobody sits in front of a terminal: pipes, schedules, logs."""

from __future__ import annotations

from itertools import count

import pytest

from alignment_pipeline.cli.context import operations, progress


def test_a_pipe_gets_a_line_now_and_then_and_stdout_stays_clean(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter(count(0, 4))
    with progress("Running", every=10, now=lambda: float(next(seconds))) as told:
        for number in range(6):
            told(f"table {number}", 1000 * number)
    said = capsys.readouterr()

    assert said.out == ""
    assert said.err.splitlines() == [
        "Running ...",
        "Running: table 2 (2,000 rows) after 12 s",
        "Running: table 5 (5,000 rows) after 24 s",
        "Running: done after 28 s",
    ]


def test_what_fails_is_not_said_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no"), progress("Running"):
        raise ValueError("no")

    assert capsys.readouterr().err == "Running ...\n"


def test_writing_counts_operations(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Writing", every=0) as told:
        operations(told)(25, 1200)

    assert "Writing: 25 of 1,200 operations after 0 s\n" in capsys.readouterr().err
