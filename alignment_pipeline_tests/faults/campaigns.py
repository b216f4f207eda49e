"""Series of kills on one organisation: at random moments under faults, and at every crash point in turn.

Belongs here: how often, when, and what came of it. The organisation and its killed process: `kill.py`; the tests: `test_kill.py`.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from alignment_pipeline_tests.faults import kill

#: An apply of a sweep passes 57 points, a few more when something is sent again; one that passes so many never ends.
MOST_POINTS = 200


def run_random(
    tmp_path: Path,
    seed: int,
    kills: int,
    *,
    variant: str | None = None,
    faults: float = 0.12,
    limit_seconds: float = 1_800,
    opened: Callable[..., AbstractContextManager[kill.Arena]] = kill.arena,
) -> kill.Arena:
    """Kill at random moments until `kills` were reached, people typing meanwhile; then calm down. Returns the arena for judging."""
    with opened(tmp_path, seed, variant=variant, faults=faults) as found:
        begun = time.monotonic()
        while found.kills < kills and time.monotonic() - begun < limit_seconds:
            found.desire()
            plan_hash = found.plan()
            if plan_hash is None:
                continue
            for _ in range(12):
                found.humans(2)
                if found.random.random() < 0.5:
                    code = found.apply(plan_hash, kill_after=found.random.uniform(0.05, 1.2))
                else:
                    code = found.apply(plan_hash, crash_at=f"{found.random.choice(kill.POINTS)}:{found.random.randint(1, 8)}")
                if code != -signal.SIGKILL or found.kills >= kills:
                    break
        found.calm()
        found.problems = found.broken()
        return found


@dataclass(frozen=True)
class Sweep:
    """What a sweep found: what broke, the points it killed at, and whether it came to the end (an apply that passed fewer points)."""

    problems: list[str]
    killed_at: list[int]
    is_whole: bool


def run_sweep(tmp_path: Path, seed: int, first: int, step: int) -> Sweep:
    """Kill at crash points first, first + step, ... of an apply, each on a plan of its own, until one has no such point."""
    killed: list[int] = []
    with kill.arena(tmp_path, seed, leads=24, accounts=2, faults=0.0) as found:
        for point in range(first, MOST_POINTS, step):
            found.desire(1.0)
            plan_hash = found.plan()
            assert plan_hash is not None
            found.humans(1)
            code = found.apply(plan_hash, crash_at=point)
            if code != -signal.SIGKILL:
                break
            killed.append(point)
            # whoever resumes comes later than a lost write could: the wait itself is tested where outcomes are unknown
            found.office.advance(minutes=12)
            found.apply(plan_hash, "--resume")
        else:
            code = -signal.SIGKILL
        found.calm()
        return Sweep(found.broken(), killed, code == 0)
