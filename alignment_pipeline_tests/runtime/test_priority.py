"""A full run gives way to the fast lane, and never takes more than it was given."""

from __future__ import annotations

import os
import threading

from alignment_pipeline.runtime.priority import give_way


def priority_after(times: int, before: int = 0) -> int:
    """Of a thread of its own, so that this process keeps its own."""
    found: list[int] = []

    def ask() -> None:
        os.nice(before)
        for _ in range(times):
            give_way()
        found.append(os.getpriority(os.PRIO_PROCESS, 0))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return found[0]


def test_it_gives_way_once_however_often_it_is_asked() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)

    assert priority_after(1) == priority_after(3) == max(own, 5)


def test_a_process_that_is_lower_already_stays_so() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)

    assert priority_after(1, before=9) == min(19, own + 9)
