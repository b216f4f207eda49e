"""The state machine of stages: one walk over an entity's changes in the order of time.

Belongs here: states, moves and the walk, for people and accounts alike. It knows numbers of signals only; what they mean is
compiled in `conditions.py`. Only moves that the agreement lists can be made, because nothing else assigns a state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from alignment_pipeline.contracts.moments import DAY
from alignment_pipeline.lifecycle.signals.crossings import MET


class Kind(Enum):
    """How a test looks at a signal."""

    IS = "has this value now"
    PULSE = "happens at this moment"
    DAYS = "days in the present state"


@dataclass(frozen=True)
class Test:
    """One thing that must hold: signal number and value, or days."""

    kind: Kind
    signal: int
    value: int = 1


@dataclass(frozen=True)
class Alternative:
    """Tests that must all hold at the same moment, and the words for having moved by them."""

    tests: tuple[Test, ...]
    reason: str


@dataclass(frozen=True)
class CompiledMove:
    """A move: any alternative makes it."""

    to: int
    sources: frozenset[int]
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class Stay:
    """A stay in a state; `left_us` is None while it lasts."""

    state: int
    entered_us: int
    reason: str
    left_us: int | None = None


@dataclass(frozen=True)
class Walked:
    """An entity's stays and the values of all signals at the end."""

    stays: tuple[Stay, ...]
    values: tuple[int, ...]


class Machine:
    """Walks entities. Pure: the same changes give the same stays, whatever order the entities come in."""

    def __init__(
        self, *, states: int, start: int, moves: Sequence[CompiledMove], signals: int, pulses: frozenset[int], as_of_us: int
    ) -> None:
        self._start = start
        self._signals = signals
        self._pulses = pulses
        self._as_of = as_of_us
        self._moves = [[move for move in moves if state in move.sources] for state in range(states)]
        self._days = [
            sorted({test.value for move in of_state for one in move.alternatives for test in one.tests if test.kind is Kind.DAYS})
            for of_state in self._moves
        ]

    def walk(self, created_us: int, changes: Sequence[tuple[int, int, int]]) -> Walked:
        """Stays of one entity. `changes` are (at_us, signal, value) in order; those at 0 hold from the beginning.

        It starts when it was created, or at its first change when that is earlier (a visitor is tracked before the record exists).
        """
        values = [0] * self._signals
        position = 0
        while position < len(changes) and changes[position][0] <= 0:
            values[changes[position][1]] = changes[position][2]
            position += 1
        began = min(created_us, changes[position][0]) if position < len(changes) else created_us
        stays = [Stay(self._start, began, "New")]
        moment = began
        while True:
            happening: set[int] = set()
            while position < len(changes) and changes[position][0] <= moment:
                _, signal, value = changes[position]
                position += 1
                if signal not in self._pulses:
                    values[signal] = value
                    if value != MET:
                        continue
                # a criterion that is reached happens, too
                happening.add(signal)
            self._move(moment, values, happening, stays)
            following = changes[position][0] if position < len(changes) else self._as_of + 1
            timer = self._timer(stays[-1], moment)
            moment = min(following, timer)
            if moment > self._as_of:
                return Walked(tuple(stays), tuple(values))

    def _timer(self, stay: Stay, after: int) -> int:
        """Next moment at which a test on days in the state can begin to hold."""
        return next((due for days in self._days[stay.state] if (due := stay.entered_us + days * DAY) > after), self._as_of + 1)

    def _move(self, at: int, values: Sequence[int], happening: set[int], stays: list[Stay]) -> None:
        """Make every move that holds at `at`, each state at most once, so that a moment cannot run in circles."""
        seen = {stays[-1].state}
        while True:
            chosen = self._next(at, values, happening, stays[-1], seen)
            if chosen is None:
                return
            state, reason = chosen
            seen.add(state)
            last = stays[-1]
            stays[-1] = Stay(last.state, last.entered_us, last.reason, at)
            stays.append(Stay(state, at, reason))

    def _next(self, at: int, values: Sequence[int], happening: set[int], stay: Stay, seen: set[int]) -> tuple[int, str] | None:
        for move in self._moves[stay.state]:
            if move.to in seen:
                continue
            for alternative in move.alternatives:
                if all(holds(test, at, values, happening, stay) for test in alternative.tests):
                    return move.to, alternative.reason
        return None


def holds(test: Test, at: int, values: Sequence[int], happening: set[int], stay: Stay) -> bool:
    """Whether one test holds at a moment."""
    if test.kind is Kind.IS:
        return values[test.signal] == test.value
    if test.kind is Kind.PULSE:
        return test.signal in happening
    return at >= stay.entered_us + test.value * DAY
