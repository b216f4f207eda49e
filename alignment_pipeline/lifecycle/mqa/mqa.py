"""The MQA machine: entering, staying, leaving, cooling down, over the moments at which something changed.

Belongs here: one account's walk. What changes and when: `mqa_history.py`. What an account has and misses now: `mqa_statuses.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from alignment_pipeline.agreement.mqa import Mqa
from alignment_pipeline.contracts.moments import DAY
from alignment_pipeline.lifecycle.signals.crossings import KEPT, MET

CUSTOMER, OPEN_OPPORTUNITY, ACCOUNT_TYPE = "a customer", "an open opportunity", "its account type"
EXCLUSIONS = (CUSTOMER, OPEN_OPPORTUNITY, ACCOUNT_TYPE)


@dataclass(frozen=True)
class Term:
    """One time that an account was an MQA, in microseconds; `left_us` is None while it lasts."""

    entered_us: int
    path: int
    left_us: int | None = None
    left_reason: str | None = None


@dataclass(frozen=True)
class Walk:
    """An account's terms, and where the fold ended: the reason it is excluded, and until when it cools down."""

    terms: tuple[Term, ...]
    excluded_by: str | None
    cooling_until_us: int | None


class MqaMachine:
    """Walks one account's changes. Pure: the same changes give the same terms."""

    def __init__(self, mqa: Mqa, *, as_of_us: int) -> None:
        self._paths: list[Sequence[int]] = []
        start = 0
        for path in mqa.paths:
            self._paths.append(range(start, start + len(path.all)))
            start += len(path.all)
        self._signals = start
        self._dwell = mqa.dwell_days * DAY
        self._cooldown = mqa.cooldown_days * DAY
        self._as_of = as_of_us

    def walk(self, changes: Iterable[tuple[int, int, int]], paths: Sequence[int]) -> Walk:
        """Terms of one account for which the `paths` apply; `changes` are (at_us, signal, value) in order."""
        values = [0] * (self._signals + len(EXCLUSIONS))
        terms: list[Term] = []
        for at, until, updates in _moments(changes, self._as_of):
            for signal, value in updates:
                values[signal] = value
            moment: int | None = at
            while moment is not None and moment < until:
                moment = self._judge(moment, values, paths, terms)
        excluded = self._excluded_by(values)
        last = terms[-1] if terms else None
        cooling = last.left_us + self._cooldown if last and last.left_us is not None and self._cooldown else None
        return Walk(tuple(terms), excluded, cooling if cooling is not None and cooling > self._as_of else None)

    def _judge(self, at: int, values: list[int], paths: Sequence[int], terms: list[Term]) -> int | None:
        """Enter or leave at `at` if it must be; the moment at which to look again with the same values, None if there is none."""
        last = terms[-1] if terms else None
        excluded = self._excluded_by(values)
        if last is not None and last.left_us is None:
            if excluded is not None:
                terms[-1] = Term(last.entered_us, last.path, at, f"Excluded by {excluded}")
            elif not any(all(values[signal] >= KEPT for signal in self._paths[path]) for path in paths):
                if at < last.entered_us + self._dwell:
                    return last.entered_us + self._dwell
                terms[-1] = Term(last.entered_us, last.path, at, "It no longer meets any of the agreed conditions")
            return None
        path = next((path for path in paths if all(values[signal] == MET for signal in self._paths[path])), None)
        if excluded is None and path is not None:
            if last is not None and last.left_us is not None and at < last.left_us + self._cooldown:
                return last.left_us + self._cooldown
            terms.append(Term(at, path))
        return None

    def _excluded_by(self, values: list[int]) -> str | None:
        return next((reason for number, reason in enumerate(EXCLUSIONS) if values[self._signals + number]), None)


def _moments(changes: Iterable[tuple[int, int, int]], as_of_us: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Changes by moment: (at, first microsecond of the next moment or after as_of, [(signal, value), ...])."""
    at: int | None = None
    updates: list[tuple[int, int]] = []
    for one, signal, value in changes:
        if at is not None and one != at:
            yield at, one, updates
            updates = []
        at = one
        updates.append((signal, value))
    if at is not None:
        yield at, as_of_us + 1, updates
