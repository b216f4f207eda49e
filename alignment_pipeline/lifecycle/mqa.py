"""Marketing qualified accounts over time: a fold over the moments at which a criterion or an exclusion changed.

Belongs here: entering, staying, leaving, cooling down. What an account has and misses now: `mqa_statuses.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis

from alignment_pipeline.agreement.mqa import Mqa, Path
from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.lifecycle import ACCOUNT_MQA_CHANGES
from alignment_pipeline.contracts.shape import from_columns
from alignment_pipeline.lifecycle import words
from alignment_pipeline.lifecycle.account_signals import customer_since, opportunity_intervals, stays
from alignment_pipeline.lifecycle.crossings import KEPT, MET, crossings, merged, numbered
from alignment_pipeline.lifecycle.events import DAY, counted_events, microseconds
from alignment_pipeline.lifecycle.walks import by_entity

CUSTOMER, OPEN_OPPORTUNITY, ACCOUNT_TYPE = "a customer", "an open opportunity", "its account type"
_EXCLUSIONS = (CUSTOMER, OPEN_OPPORTUNITY, ACCOUNT_TYPE)


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


def account_mqa_changes(
    scored_activities: ibis.Table,
    person_fits: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    opportunities: ibis.Table,
    *,
    mqa: Mqa,
    scoring: Scoring,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per time an account in scope was an MQA.

    Event time rules: a criterion counts activities from their moment on. Tier, size and type are those known as of `as_of`,
    since the CRM keeps no history of them.
    """
    walks = mqa_walks(scored_activities, person_fits, accounts, account_tiers, opportunities, mqa=mqa, scoring=scoring, as_of=as_of)
    unit = scoring.engagement.unit
    rows: dict[str, list[object]] = {name: [] for name in ACCOUNT_MQA_CHANGES.names[:-2]}
    for account_id, walk in walks.items():
        for sequence, term in enumerate(walk.terms, start=1):
            path = mqa.paths[term.path]
            reason = f"{path.name}: " + " and ".join(words.criterion(measure, unit) for measure in path.all)
            found = (account_id, sequence, term.entered_us, term.left_us, path.name, words.sentence(reason), term.left_reason)
            for name, value in zip(rows, found, strict=True):
                rows[name].append(value)
    return from_columns(rows, ACCOUNT_MQA_CHANGES, as_of=as_of, agreement_version=agreement_version)


def mqa_walks(
    scored_activities: ibis.Table,
    person_fits: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    opportunities: ibis.Table,
    *,
    mqa: Mqa,
    scoring: Scoring,
    as_of: datetime,
) -> dict[str, Walk]:
    """The fold's result for every account that had at least one change; accounts without any are left out."""
    events = counted_events(scored_activities, person_fits, as_of=as_of)
    decay = scoring.engagement.decay
    parts = [
        numbered(crossings(events, measure, decay, entity="account_id", keep_pct=mqa.keep_pct, as_of=as_of), number)
        for number, measure in enumerate(mqa.measures)
    ]
    first = len(mqa.measures)
    levels = _exclusions(accounts, opportunities, mqa=mqa, as_of=as_of)
    parts += [numbered(changes, first + number) for number, changes in levels.items()]
    paths = applicable_paths(accounts, account_tiers, mqa=mqa)
    machine = MqaMachine(mqa, as_of_us=microseconds(as_of))
    return {account_id: machine.walk(changes, paths[account_id]) for account_id, changes in by_entity(merged(parts)) if account_id in paths}


def _exclusions(accounts: ibis.Table, opportunities: ibis.Table, *, mqa: Mqa, as_of: datetime) -> dict[int, ibis.Table]:
    found = {}
    if mqa.exclude.customers:
        found[0] = customer_since(accounts, opportunities, as_of=as_of)
    if mqa.exclude.open_opportunities:
        found[1] = stays(opportunity_intervals(opportunities), as_of=as_of)
    if mqa.exclude.account_types:
        typed = accounts.filter(matches(accounts.account_type, mqa.exclude.account_types))
        found[2] = typed.select(entity_id="account_id", at_us=ibis.literal(0, type="int64"), value=ibis.literal(1, type="int64"))
    return found


def applicable_paths(accounts: ibis.Table, account_tiers: ibis.Table, *, mqa: Mqa) -> dict[str, tuple[int, ...]]:
    """For every account in scope, the positions of the paths that apply to it."""
    tiers = account_tiers.filter(account_tiers.is_in_scope).select("account_id", "tier")
    joined = tiers.inner_join(accounts.select("account_id", "employees"), "account_id").to_pyarrow()
    found = {}
    for account_id, tier, employees in zip(*(joined[name].to_pylist() for name in ("account_id", "tier", "employees")), strict=True):
        found[account_id] = tuple(number for number, path in enumerate(mqa.paths) if _applies(path, tier, employees))
    return found


def _applies(path: Path, tier: int | None, employees: int | None) -> bool:
    if path.tiers and tier not in path.tiers:
        return False
    if path.is_target is not None and path.is_target != (tier is not None):
        return False
    # an unknown size is not small: a path for a size takes only accounts whose size is known
    if path.employees_at_least is not None and (employees is None or employees < path.employees_at_least):
        return False
    return not (path.employees_below is not None and (employees is None or employees >= path.employees_below))


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
        values = [0] * (self._signals + len(_EXCLUSIONS))
        terms: list[Term] = []
        for at, until, found in _moments(changes, self._as_of):
            for signal, value in found:
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
                terms[-1] = Term(last.entered_us, last.path, at, "No path of the agreement holds any more")
            return None
        path = next((path for path in paths if all(values[signal] == MET for signal in self._paths[path])), None)
        if excluded is None and path is not None:
            if last is not None and last.left_us is not None and at < last.left_us + self._cooldown:
                return last.left_us + self._cooldown
            terms.append(Term(at, path))
        return None

    def _excluded_by(self, values: list[int]) -> str | None:
        return next((reason for number, reason in enumerate(_EXCLUSIONS) if values[self._signals + number]), None)


def _moments(changes: Iterable[tuple[int, int, int]], as_of_us: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Changes by moment: (at, first microsecond of the next moment or after as_of, [(signal, value), ...])."""
    at: int | None = None
    found: list[tuple[int, int]] = []
    for one, signal, value in changes:
        if at is not None and one != at:
            yield at, one, found
            found = []
        at = one
        found.append((signal, value))
    if at is not None:
        yield at, as_of_us + 1, found
