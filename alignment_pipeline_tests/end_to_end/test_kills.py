"""`alignment apply`, killed at random moments and started again, leaves the CRM as one that nobody killed."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from alignment_pipeline_tests.faults.kill import Arena, arena

pytestmark = pytest.mark.slow
KILLS, ROUNDS, SEED = 20, 12, 5


def live(found: Arena, dice: random.Random | None) -> int:
    """The same wishes round after round; with dice, each apply is killed until it gets through. Returns the kills."""
    for _ in range(ROUNDS):
        found.desire()
        plan_hash = found.plan()
        assert plan_hash is not None
        while dice is not None and found.kills < KILLS:
            if found.apply(plan_hash, "--resume", kill_after=dice.uniform(0.05, 0.9)) != -signal.SIGKILL:
                break
        code = found.apply(plan_hash, "--resume")
        assert 0 == code, f"exit code {code}, states {found.office.states()}"
        if dice is not None and found.kills >= KILLS:
            break
    found.calm()
    assert [] == found.broken()
    return found.kills


def test_twenty_kills_change_nothing(tmp_path: Path) -> None:
    with arena(tmp_path / "killed", SEED, leads=24, accounts=3, faults=0.0) as killed:
        assert live(killed, random.Random(99)) >= KILLS
        rounds, expected = killed.rounds, killed.shown()
    with arena(tmp_path / "left-alone", SEED, leads=24, accounts=3, faults=0.0) as alone:
        for _ in range(rounds):
            alone.desire()
            plan_hash = alone.plan()
            assert plan_hash is not None
            assert 0 == alone.apply(plan_hash)
        alone.calm()
        assert expected == alone.shown()
