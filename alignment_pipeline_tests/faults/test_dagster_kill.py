"""Row 24 through Dagster: its write-back step is killed and run again, and the CRM ends as one that nobody killed.

`make test` kills three times; `make faults` twenty, half of them at random moments.
"""

from __future__ import annotations

import random
import signal
from pathlib import Path

import dagster as dg
import pytest

from alignment_pipeline_tests.faults import dagster_runs, kill
from alignment_pipeline_tests.faults.selection import wants_all

# importing the orchestrator warns of its own and of pydantic's old names
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
KILLS = 20 if wants_all() else 3
SEED, MOST_KILLS_OF_A_PLAN = 11, 4
#: From the fork to the last commit a run takes about three seconds on an idle machine.
LONGEST_SECONDS = 3.5


def _kill(found: kill.Arena, plan_hash: str, dice: random.Random) -> int:
    if wants_all() and dice.random() < 0.5:
        return dagster_runs.write(found, plan_hash, kill_after=dice.uniform(0.2, LONGEST_SECONDS))
    return dagster_runs.write(found, plan_hash, crash_at=f"{dice.choice(kill.POINTS)}:{dice.randint(1, 2 if wants_all() else 1)}")


def test_a_killed_dagster_run_is_run_again_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    with kill.arena(tmp_path / "killed", SEED, leads=24, accounts=3, faults=0.0) as killed:
        while killed.kills < KILLS:
            killed.desire()
            plan_hash = killed.plan()
            assert plan_hash is not None
            for _ in range(MOST_KILLS_OF_A_PLAN):
                if killed.kills >= KILLS or _kill(killed, plan_hash, dice) != -signal.SIGKILL:
                    break
            assert dagster_runs.write(killed, plan_hash) == 0
        killed.calm()

        assert killed.broken() == []
        ended = [run.status for run in dagster_runs.runs(killed)]
        assert dg.DagsterRunStatus.FAILURE not in ended and ended.count(dg.DagsterRunStatus.SUCCESS) >= killed.rounds
        rounds, expected = killed.rounds, killed.shown()

    with kill.arena(tmp_path / "alone", SEED, leads=24, accounts=3, faults=0.0) as alone:
        for _ in range(rounds):
            alone.desire()
            plan_hash = alone.plan()
            assert plan_hash is not None and alone.apply(plan_hash) == 0
        alone.calm()

        assert alone.shown() == expected
