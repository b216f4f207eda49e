"""The process that stands by answers from the moment the other one is gone, with what that one had learned."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from alignment_pipeline.fast_lane import lane
from alignment_pipeline.fast_lane.loop import Done, loop
from alignment_pipeline.fast_lane.writing import Tick
from alignment_pipeline_tests.fast_lane.lane_world import Place

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
_LONG = 120.0


class Standby(threading.Thread):
    """A loop in a thread of its own, which stops after the first round that answered somebody."""

    def __init__(self, place: Place) -> None:
        super().__init__(daemon=True)
        self.place, self.made, self.stop = place, list[Tick](), threading.Event()
        self.done: Done | None = None

    def run(self) -> None:
        self.done = loop(self.place.home, should_stop=self.stop.is_set, report=self._told)

    def _told(self, made: Tick) -> None:
        self.made.append(made)
        if made.answered:
            self.stop.set()


def test_the_one_who_stands_by_takes_over_what_was_learned(monday: Place) -> None:
    person, lead = monday.reachable()[0]
    with lane.opened(monday.home) as first, lane.leading(first):
        first.tick()
        other = Standby(monday)
        other.start()
        while lane.processes(monday.home) < 2:
            other.join(0.05)
            assert other.is_alive()
        monday.raise_hand(person)
        first._look(Tick(at=monday.home.clock.now()))
        assert not monday.tasks(lead) and not other.made

    other.join(_LONG)

    assert other.done is not None and other.done.answered == 1
    assert len(monday.tasks(lead)) == 1


def test_one_who_stands_by_ends_when_told(monday: Place) -> None:
    with lane.opened(monday.home) as first, lane.leading(first):
        other = Standby(monday)
        other.stop.set()
        other.start()
        other.join(_LONG)

    assert other.done == Done()


def test_a_changed_agreement_ends_the_loop_and_an_invalid_one_does_not(monday: Place, tmp_path: Path) -> None:
    file = tmp_path / "agreement.yaml"
    content = monday.home.agreement_path.read_text(encoding="utf-8")
    file.write_text(content, encoding="utf-8")
    home = replace(monday.home, environ={**monday.home.environ, "ALIGNMENT_AGREEMENT": str(file)})
    with lane.opened(home) as found:
        assert not found.is_outdated()
        _write(file, content + "\nnonsense: 1\n", 1)
        assert not found.is_outdated()
        _write(file, content + "\n# a remark\n", 2)
        assert not found.is_outdated()
        _write(file, content.replace("budget_share: 0.30", "budget_share: 0.20"), 3)
        assert found.is_outdated()


def _write(file: Path, text: str, second: int) -> None:
    file.write_text(text, encoding="utf-8")
    os.utime(file, (second, second))
