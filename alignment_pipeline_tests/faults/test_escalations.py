"""Killed at random while escalations become tasks: none is made twice, none is missing, and a late reply takes its tasks back.

`ALIGNMENT_ESCALATION_KILLS=200` sets how often; the suite kills three times. Both kinds of organisation: with the unique external key on
Task, and one that allows none, where the protocol looks before it inserts.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from alignment_pipeline_tests.faults import escalating, kill

KILLS = int(os.environ.get("ALIGNMENT_ESCALATION_KILLS", "3"))


@pytest.mark.parametrize("is_keyed", [True, False], ids=["unique key", "no unique key"])
def test_each_escalation_is_one_task_however_often_the_run_is_killed(is_keyed: bool, tmp_path: Path) -> None:
    day = escalating.run(tmp_path, 11, KILLS, is_keyed=is_keyed)

    assert day.arena.problems == []
    assert day.arena.kills >= KILLS
    assert len(day.tasks()) >= 2


@pytest.mark.parametrize("point", ["intent durable:1", "sent:1", "answers taken:1"])
def test_a_plan_made_before_the_killed_run_is_recovered_waits_for_its_tasks(point: str, tmp_path: Path) -> None:
    """A task that was acknowledged and not read back has its id already: the next plan knows it by its key all the same."""
    with kill.arena(tmp_path, 3, leads=escalating.LEADS, accounts=1, faults=0.0) as arena:
        day = escalating.Day(arena)
        day.world.hand_raise(day.now, source=f"lead:{kill.lead(0)}")
        day.decide()
        plan_hash = arena.plan()
        assert plan_hash is not None and arena.apply(plan_hash, crash_at=point) == -signal.SIGKILL

        planned = arena.office.plan()

        assert planned.plan.ops == [] and planned.plan.skipped["earlier write not yet decided"] == 1
        arena.calm()
        assert len(day.tasks()) == 1 and day.broken() == []


def test_a_reply_that_arrives_late_takes_its_tasks_back(tmp_path: Path) -> None:
    with kill.arena(tmp_path, 3, leads=escalating.LEADS, accounts=1, faults=0.0) as arena:
        day = escalating.Day(arena)
        raised = day.now - 3 * escalating.TARGET
        for number in (0, 1):
            day.world.hand_raise(raised, source=f"lead:{kill.lead(number)}")
        day.decide()
        arena.calm()
        assert sorted(task["Key__c"].rpartition(":")[2] for task in day.tasks()) == ["rung2", "rung2"]

        day.world.touch(raised + escalating.TARGET / 2, source=f"lead:{kill.lead(0)}", known_at=day.now)
        day.decide()
        arena.calm()

        closed = {task["Key__c"] for task in day.tasks() if task["Status"] == "Completed"}
        assert {key.split(":")[1] for key in closed} == {kill.lead(0)} and len(closed) == 1
        assert day.broken() == []
