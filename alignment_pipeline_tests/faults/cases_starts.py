"""Cases of rows 42 and 43: the command is started six times at once, or its process freezes, loses its place and wakes up."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alignment_pipeline_tests.faults import kill


def six_starts(tmp_path: Path) -> None:
    with kill.arena(tmp_path, 5, leads=60, accounts=2, faults=0.0) as found:
        plan_hash, holder = _frozen_at(found, "sent:1:stop", "--approved-only")
        others = [found.start(plan_hash, "--approved-only") for _ in range(5)]
        for process in others:
            process.join(300)
        assert [process.exitcode for process in others] == [75] * 5
        os.kill(holder.pid, signal.SIGCONT)
        holder.join(300)
        assert holder.exitcode == 0
        found.calm()
        assert found.broken() == []


def frozen(tmp_path: Path) -> None:
    """A frozen holder whose place was taken finds a higher fence when it wakes, and stops."""
    with kill.arena(tmp_path, 5, leads=60, accounts=2, faults=0.0) as found:
        plan_hash, holder = _frozen_at(found, "batch done:2:stop")
        assert found.apply(plan_hash, "--take-over") == 0
        before = len(found.office.writes())
        os.kill(holder.pid, signal.SIGCONT)
        holder.join(300)
        assert holder.exitcode in (0, 75) and len(found.office.writes()) == before
        found.calm()
        assert found.broken() == []


def frozen_and_interrupted(tmp_path: Path) -> None:
    """The same when the one that took over has died meanwhile: what is left waits for the next run, not for the one that wakes."""
    with kill.arena(tmp_path, 5, leads=60, accounts=2, faults=0.0) as found:
        plan_hash, holder = _frozen_at(found, "batch done:1:stop")
        assert found.apply(plan_hash, "--take-over", crash_at="batch done:1") == -signal.SIGKILL
        before = len(found.office.writes())
        os.kill(holder.pid, signal.SIGCONT)
        holder.join(300)
        assert holder.exitcode == 75 and len(found.office.writes()) == before
        assert found.apply(plan_hash) == 0
        found.calm()
        assert found.broken() == []


def _frozen_at(found: kill.Arena, point: str, *arguments: str) -> tuple[str, Any]:
    """A new plan, and the process that applies it, frozen at this point."""
    found.desire(1.0)
    plan_hash = found.plan()
    assert plan_hash is not None
    holder = found.start(plan_hash, *arguments, CRASH_AT=point)
    _until(lambda: _stopped(holder.pid))
    return plan_hash, holder


def _stopped(pid: int | None) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not true():
        assert time.monotonic() < deadline
        os.sched_yield()
