"""When accounts were MQAs: every term, with the path that made it and why it ended.

Belongs here: `account_mqa_changes`, and the one run behind it and `mqa_statuses.py`. One account's walk: `mqa.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.mqa import Mqa, Path
from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.lifecycle import ACCOUNT_MQA_CHANGES
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.contracts.shape import from_columns
from alignment_pipeline.lifecycle import words
from alignment_pipeline.lifecycle.mqa.mqa import MqaMachine, Walk
from alignment_pipeline.lifecycle.signals.account_signals import customer_since, opportunity_intervals, stays
from alignment_pipeline.lifecycle.signals.changes import beside, series_of
from alignment_pipeline.lifecycle.signals.crossings import Series, crossings, now
from alignment_pipeline.lifecycle.signals.events import counted_events


@dataclass(frozen=True)
class Judged:
    """One account in scope: its terms, the positions of the paths that apply, and what it has of every criterion now."""

    account_id: str
    walk: Walk
    paths: tuple[int, ...]
    amounts: tuple[int, ...]


def changes_table(judged: list[Judged], *, mqa: Mqa, scoring: Scoring, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`account_mqa_changes` of a run."""
    unit = scoring.engagement.unit
    reasons = [words.sentence(f"{path.name}: {words.together([words.criterion(one, unit) for one in path.all])}") for path in mqa.paths]
    rows: dict[str, list[object]] = {name: [] for name in ACCOUNT_MQA_CHANGES.names[:-2]}
    for one in judged:
        for sequence, term in enumerate(one.walk.terms, start=1):
            name = mqa.paths[term.path].name
            row = (one.account_id, sequence, term.entered_us, term.left_us, name, reasons[term.path], term.left_reason)
            for column, value in zip(rows.values(), row, strict=True):
                column.append(value)
    return from_columns(rows, ACCOUNT_MQA_CHANGES, as_of=as_of, agreement_version=agreement_version)


def judged_accounts(
    scored_activities: ibis.Table,
    person_fits: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    opportunities: ibis.Table,
    *,
    mqa: Mqa,
    scoring: Scoring,
    as_of: datetime,
) -> list[Judged]:
    """Every account in scope, walked through everything that happened to it, in the order of their ids."""
    events = counted_events(scored_activities, person_fits, mqa.measures, as_of=as_of)
    decay = scoring.engagement.decay
    signals = [
        (number, crossings(events, measure, decay, entity="account", keep_pct=mqa.keep_pct)) for number, measure in enumerate(mqa.measures)
    ]
    exclusions = _exclusions(accounts, opportunities, mqa=mqa, as_of=as_of)
    signals += [(len(mqa.measures) + number, series) for number, series in exclusions]
    amounts = [now(events, measure, decay, entity="account") for measure in mqa.measures]
    machine = MqaMachine(mqa, as_of_us=microseconds(as_of))
    judged = []
    for account, changes in beside(_population(accounts, account_tiers), signals):
        account_id = account["account_id"]
        paths = tuple(number for number, path in enumerate(mqa.paths) if _applies(path, account["tier"], account["employees"]))
        judged.append(Judged(account_id, machine.walk(changes, paths), paths, tuple(one.get(account_id, 0) for one in amounts)))
    return judged


def _population(accounts: ibis.Table, account_tiers: ibis.Table) -> pa.Table:
    tiers = account_tiers.filter(account_tiers.is_in_scope).select("account_id", "tier")
    return tiers.inner_join(accounts.select("account_id", "employees"), "account_id").order_by("account_id").to_pyarrow()


def _exclusions(accounts: ibis.Table, opportunities: ibis.Table, *, mqa: Mqa, as_of: datetime) -> list[tuple[int, Series]]:
    signals, until = [], microseconds(as_of)
    if mqa.exclude.customers:
        signals.append((0, series_of(customer_since(accounts, opportunities, as_of=as_of), until_us=until)))
    if mqa.exclude.open_opportunities:
        signals.append((1, series_of(stays(opportunity_intervals(opportunities), as_of=as_of), until_us=until)))
    if mqa.exclude.account_types:
        typed = accounts.filter(matches(accounts.account_type, mqa.exclude.account_types))
        always = typed.select(entity_id="account_id", at_us=ibis.literal(0, type="int64"), value=ibis.literal(1, type="int64"))
        signals.append((2, series_of(always, until_us=until)))
    return signals


def _applies(path: Path, tier: int | None, employees: int | None) -> bool:
    if path.tiers and tier not in path.tiers:
        return False
    if path.is_target is not None and path.is_target != (tier is not None):
        return False
    # an unknown size is not small: a path for a size takes only accounts whose size is known
    if path.employees_at_least is not None and (employees is None or employees < path.employees_at_least):
        return False
    return not (path.employees_below is not None and (employees is None or employees >= path.employees_below))
