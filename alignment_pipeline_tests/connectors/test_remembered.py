"""What changes rarely is asked once an hour, and again at once where it has turned out wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from alignment_pipeline.connectors.remembered import HOUR, Remembered
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.world import World, sandbox_clock


def test_an_answer_is_asked_for_again_when_it_is_old_or_forgotten() -> None:
    world = World(sandbox_clock(datetime(2026, 11, 20, tzinfo=UTC), base=lambda: 1.0), Faults(), SalesforceStore())
    numbers = count(1)
    known, told = Remembered(lambda: next(numbers)), []

    for seconds in (0.0, HOUR.total_seconds() - 1, 1, 0):
        world.advance(seconds)
        told.append(known.at(world.clock))
    known.forget()
    told.append(known.at(world.clock))

    assert told == [1, 1, 2, 2, 3]


def test_an_answer_that_failed_is_asked_for_again() -> None:
    world = World(sandbox_clock(datetime(2026, 11, 20, tzinfo=UTC), base=lambda: 1.0), Faults(), SalesforceStore())
    answers = iter([KeyError("not now"), "now"])

    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    known = Remembered(ask, timedelta(minutes=5))
    with pytest.raises(KeyError):
        known.at(world.clock)

    assert known.at(world.clock) == "now"
