"""The lane as a process that stays: it keeps its state warm, polls at the agreement's pace and ends after some minutes.

Belongs here: rounds in a row, and what a failed one means. Who starts it again: the sensor in `defs/sensors.py`, or a service manager.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from alignment_pipeline.connectors import redaction
from alignment_pipeline.errors import QuotaExhausted, Retryable
from alignment_pipeline.runtime.fast_lane import lane as lanes
from alignment_pipeline.runtime.fast_lane.lane import Lane
from alignment_pipeline.runtime.fast_lane.pace import Pace
from alignment_pipeline.runtime.fast_lane.writing import Tick
from alignment_pipeline.runtime.home import Home

MINUTES = 30.0
# while somebody waits the next look comes soon, whatever the pace of polling
_SOON_SECONDS = 2.5
_FIRST_REST, _LONGEST_REST = 1.0, 60.0
_LIMITS_EVERY = timedelta(hours=1)


@dataclass
class Done:
    """What a loop did until its end."""

    rounds: int = 0
    answered: int = 0
    tasks_created: int = 0
    records_written: int = 0
    failures: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)

    def add(self, made: Tick) -> None:
        """Count one round."""
        self.rounds += 1
        self.answered += len(made.answered)
        self.tasks_created += made.tasks_created
        self.records_written += made.records_written
        for system, number in made.calls.items():
            self.calls[system] = self.calls.get(system, 0) + number
        for guid in (*made.answered, *made.given_up):
            self.waiting.pop(guid, None)
        self.waiting |= made.waiting

    def to_json(self) -> dict[str, Any]:
        """Numbers and reasons."""
        return {
            "rounds": self.rounds,
            "answered": self.answered,
            "tasks_created": self.tasks_created,
            "records_written": self.records_written,
            "failed_rounds": len(self.failures),
            "last_failure": self.failures[-1] if self.failures else None,
            "calls": dict(self.calls),
            "waiting": sorted(set(self.waiting.values())),
        }


def loop(
    home: Home,
    *,
    minutes: float = MINUTES,
    should_stop: Callable[[], bool] = lambda: False,
    told: Callable[[Tick], None] = lambda _: None,
) -> Done:
    """Rounds until `minutes` have passed on the home's clock or `should_stop` says so.

    A round that fails for a passing reason is tried again after a growing rest; nothing it learned is lost. Raises AnotherWriter when
    another process runs the lane, and every error that a person must mend.
    """
    done = Done()
    end = home.clock.now() + timedelta(minutes=minutes)
    with lanes.opened(home) as lane:
        pace = Pace(lane.agreement.sla, lane.store)
        lane.warm()
        limits_at = None
        while home.clock.now() < end and not should_stop():
            if limits_at is None or home.clock.now() - limits_at > _LIMITS_EVERY:
                limits_at = home.clock.now()
                pace.salesforce_calls_a_day = lane.writer.limits().allowed
            made = _round(lane, pace, done)
            if made is not None:
                done.add(made)
                told(made)
            home.clock.sleep(_rest(lane, pace, done, made))
    return done


def _round(lane: Lane, pace: Pace, done: Done) -> Tick | None:
    """One round, or None when the outside failed in a way that passes."""
    try:
        made = lane.tick(may_answer=not pace.is_salesforce_spent(lane.memory, lane.home.clock.now()))
    except (Retryable, QuotaExhausted) as error:
        done.failures.append(redaction.PROCESS(str(error))[:300])
        return None
    if made.is_idle:
        lane.rehearse()
    return made


def _rest(lane: Lane, pace: Pace, done: Done, made: Tick | None) -> float:
    now = lane.home.clock.now()
    wait = pace.wait_seconds(lane.memory, now)
    if made is None:
        return max(min(_FIRST_REST * 2 ** min(len(done.failures), 6), _LONGEST_REST), _FIRST_REST)
    times = [one.not_before for one in lane.memory.open.values() if one.not_before is not None]
    if len(times) < len(lane.memory.open):
        return min(wait, _SOON_SECONDS)
    if times:
        return min(wait, max((min(times) - now).total_seconds(), _SOON_SECONDS))
    return wait
