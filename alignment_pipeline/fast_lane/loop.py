"""The lane as a process that stays: it gets warm, stands by until it may lead, polls at the agreement's pace, ends after some minutes.

Belongs here: who leads, rounds in a row, and what a failed one means. Two processes are meant to run: one leads, the other is warm and
takes over in the moment the first ends or dies. Who starts them again: the sensor in `defs/sensors.py`, or a service manager.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.connectors import redaction
from alignment_pipeline.errors import AnotherWriter, QuotaExhausted, Retryable
from alignment_pipeline.fast_lane import lane as lanes
from alignment_pipeline.fast_lane.lane import Lane
from alignment_pipeline.fast_lane.pace import Pace, rest_seconds
from alignment_pipeline.fast_lane.writing import Tick
from alignment_pipeline.installation.home import Home

MINUTES = 30.0
# while somebody waits the next look comes soon, whatever the pace of polling
_SOON_SECONDS = 2.5
_STANDBY_SECONDS = 0.25
# what the one who stands by gets ready again waits until the one who leads has done the same
_LEADER_FIRST = timedelta(seconds=30)
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
    unread: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    def add(self, tick: Tick) -> None:
        """Count one round."""
        self.rounds += 1
        self.answered += len(tick.answered)
        self.tasks_created += tick.tasks_created
        self.records_written += tick.records_written
        for system, number in tick.calls.items():
            self.calls[system] = self.calls.get(system, 0) + number
        for guid in (*tick.answered, *tick.given_up):
            self.waiting.pop(guid, None)
        self.waiting |= tick.waiting
        self.unread |= {name: redaction.PROCESS(why)[:300] for name, why in tick.unread.items()}
        self.remarks |= {name: redaction.PROCESS(text)[:300] for name, text in tick.remarks.items()}

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
            "unread": dict(self.unread),
            "remarks": dict(self.remarks),
        }


def loop(
    home: Home,
    *,
    minutes: float = MINUTES,
    should_stop: Callable[[], bool] = lambda: False,
    report: Callable[[Tick], None] = lambda _: None,
) -> Done:
    """Rounds until `minutes` of leading have passed on the home's clock, the agreement has changed or `should_stop` says so.

    While another process leads this one stands by. A round that fails for a passing reason is tried again after a growing rest; nothing
    it learned is lost. Raises AnotherWriter when one leads and another one stands by already, and every error that a person must fix.
    """
    done = Done()
    with lanes.opened(home) as lane, contextlib.ExitStack() as lead:
        if not _stood_by(lane, lead, should_stop):
            return done
        pace = Pace(lane.agreement.sla, lane.store, lane.reader.logs, lane.reader.crm_name)
        end = home.clock.now() + timedelta(minutes=minutes)
        limits_at = None
        while (begun := home.clock.now()) < end and not should_stop() and not lane.is_outdated():
            if limits_at is None or begun - limits_at > _LIMITS_EVERY:
                limits_at = begun
                pace.crm_calls_a_day = lane.writer.limits().allowed
            tick = _round(lane, pace, done)
            if tick is not None:
                done.add(tick)
                report(tick)
            home.clock.sleep(_rest(lane, pace, done, tick, begun))
    return done


def _stood_by(lane: Lane, lead: contextlib.ExitStack, should_stop: Callable[[], bool]) -> bool:
    """Get warm and return True once this process leads (until `lead` is closed); False when it is to end before."""
    if _leads(lane, lead):
        lane.warm()
        return True
    with lanes.standing_by(lane):
        lane.warm()
        stale_since: datetime | None = None
        while not _leads(lane, lead):
            if should_stop() or lane.is_outdated():
                return False
            now = lane.home.clock.now()
            if lane.is_ready():
                stale_since = None
            elif stale_since is None:
                stale_since = now
            elif now - stale_since > _LEADER_FIRST:
                lane.rehearse()
            lane.home.clock.sleep(_STANDBY_SECONDS)
    return True


def _leads(lane: Lane, lead: contextlib.ExitStack) -> bool:
    try:
        lead.enter_context(lanes.leading(lane))
    except AnotherWriter:
        return False
    return True


def _round(lane: Lane, pace: Pace, done: Done) -> Tick | None:
    """One round, or None when the outside failed in a way that passes."""
    now = lane.home.clock.now()
    due = pace.due(lane.memory, now)
    try:
        tick = lane.tick(may_answer=not pace.is_crm_spent(lane.memory, now), logs=due)
    except (Retryable, QuotaExhausted) as error:
        done.failures.append(redaction.PROCESS(str(error))[:300])
        return None
    pace.polled(due, tick.unread, begun=now, ended=lane.home.clock.now())
    if tick.is_idle:
        lane.rehearse()
    return tick


def _rest(lane: Lane, pace: Pace, done: Done, tick: Tick | None, begun: datetime) -> float:
    """Seconds until the next round; the time between polls counts from the begin of a round, after a failure from its end."""
    now = lane.home.clock.now()
    if tick is None:
        return rest_seconds(len(done.failures))
    wait = pace.wait_seconds(lane.memory, begun)
    times = [one.not_before for one in lane.memory.open.values() if one.not_before is not None]
    if len(times) < len(lane.memory.open):
        wait = min(wait, _SOON_SECONDS)
    elif times:
        wait = min(wait, max((min(times) - now).total_seconds(), _SOON_SECONDS))
    return wait - (now - begun).total_seconds()
