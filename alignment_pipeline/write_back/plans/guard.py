"""Judges a plan before anything is sent: within limits, needs a person's approval, or blocked.

Belongs here: the checks that look at the plan's own numbers. Their form: `judgement.py`; checks of the map against describe:
`schema_checks.py`; the limits: `agreement/write_back.py`; a person's answer: `approval.py`. Every check is recorded, passed or not.
"""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from alignment_pipeline.agreement.write_back import Guard, Limit
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import PLAN, SYNCED
from alignment_pipeline.write_back.fields import bases
from alignment_pipeline.write_back.fields.field_rules import CREATABLE, FieldRules
from alignment_pipeline.write_back.plans import unattended
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.plans.judgement import AMOUNTS, Check, Judgement, Verdict
from alignment_pipeline.write_back.plans.planned import Plan, PlannedOp
from alignment_pipeline.write_back.plans.schema_checks import schema_checks
from alignment_pipeline.write_back.plans.source_health import SourceHealth, source_checks

_CLOCKS_DIFFER = timedelta(minutes=5)


def judge(
    journal: Journal, plan: Plan, *, rules: FieldRules, sources: Sequence[SourceHealth] = (), match_rates: Sequence[float] = ()
) -> Judgement:
    """Judge a plan. `match_rates` are the shares of matched leads (0 to 1) of earlier runs, then this run's.

    What was written within 24 hours without a person's signature counts as if it were part of the plan. A first fill (fields
    without any base) always needs a person and is never blocked for how much it changes.
    """
    numbers = rules.agreement.write_back.guard
    with journal.read() as connection:
        filled = bases.filled_fields(connection)
        past = unattended.recent(connection, journal.clock.now(), except_plan=plan.plan_hash) if plan.kind != "rollback" else []
        checks = [
            *_changed(plan, past, numbers, rules, filled),
            *_cleared(plan, past, numbers),
            *_owners(plan, past, numbers),
            *_creates(plan, past, numbers),
            *_shifts(connection, plan, past, numbers, filled),
            *_desired(connection, plan, numbers),
            *_versions(connection, plan),
            *_quarantined(plan),
        ]
    checks += schema_checks(plan.ops, rules, plan.managed)
    checks += source_checks(sources, match_rates, numbers.sources)
    checks += _moment(plan, journal.clock.now())
    checks.append(Check("deletes", "all", Verdict.OK, "The tool never deletes records.", 0, None, 0))
    return Judgement(tuple(_of_rollback(checks) if plan.kind == "rollback" else checks))


def _moment(plan: Plan, now: datetime) -> Iterable[Check]:
    """A plan decided as of a moment that has not come would write what is not so yet."""
    if plan.as_of > now + _CLOCKS_DIFFER:
        yield Check(
            "as_of", "all", Verdict.BLOCKED, f"The plan was decided as of {plan.as_of:%Y-%m-%d %H:%M} UTC, which is later than now."
        )


def _of_rollback(checks: list[Check]) -> list[Check]:
    """A rollback may change as much as the run it undoes: a person always decides, and only the schema can block it."""
    asked = [
        replace(check, verdict=Verdict.NEEDS_APPROVAL) if check.verdict is Verdict.BLOCKED and check.name in AMOUNTS else check
        for check in checks
    ]
    return [*asked, Check("rollback", "all", Verdict.NEEDS_APPROVAL, "A rollback is always approved by a person.")]


def _updates(plan: Plan) -> list[PlannedOp]:
    return [op for op in plan.ops if op.action != "create"]


def _changed(plan: Plan, past: Sequence[Op], numbers: Guard, rules: FieldRules, filled: Mapping[str, Mapping[str, int]]) -> Iterable[Check]:
    """A value that replaces one of ours is a change; one where we never wrote is a fill, which is never blocked for its number."""
    changed: dict[str, set[str]] = {}
    fills: Counter[str] = Counter()
    first: dict[str, set[str]] = {}
    for op in _updates(plan):
        known = filled.get(op.object, {})
        first.setdefault(op.object, set()).update(name for name in op.after if name not in known)
        material = (
            not rules.is_routine(op.object, name, op.before.get(name), value) for name, value in op.after.items() if name in op.base
        )
        if any(material):
            changed.setdefault(op.object, set()).add(op.subject)
        fills[op.object] += any(name not in op.base for name in op.after)
    for one in past:
        if one.object in first and one.action != "create" and one.base and unattended.is_material(one, rules):
            changed.setdefault(one.object, set()).add(one.subject)
    for object_ in sorted(first):
        number = len(changed.get(object_, ()))
        managed = max(plan.managed.get(object_, 0), number)
        if first[object_]:
            names = ", ".join(sorted(rules.label(object_, name) for name in first[object_]))
            text = f"First fill of {object_}: {names}. A person approves it. It is sent in steps: 25 records, then 200, then the rest."
            yield Check("first_fill", object_, Verdict.NEEDS_APPROVAL, text, len(first[object_]))
        what = "records would change within 24 hours (ageing scores not counted)"
        limit = numbers.changed
        if object_ in CREATABLE:
            # tasks close as promises are kept: that is counted like their creation, not as a share of all that ever were
            limit = Limit(approve_count=numbers.creates.approve_per_run, block_count=numbers.creates.block_per_run)
        yield _limited("records_changed", object_, number, managed, limit, what)
        unblocked = Limit(approve_count=numbers.changed.approve_count, approve_pct=numbers.changed.approve_pct)
        yield _limited("records_filled", object_, fills[object_], managed, unblocked, "records would be filled for the first time")


def _cleared(plan: Plan, past: Sequence[Op], numbers: Guard) -> Iterable[Check]:
    number: Counter[str] = Counter()
    everything: list[PlannedOp | Op] = [*_updates(plan), *past]
    for op in everything:
        number[op.object] += len(unattended.cleared(op)) if op.action != "create" else 0
    for object_, one in sorted(number.items()):
        yield _limited("values_cleared", object_, one, plan.managed.get(object_, 0), numbers.cleared, "values would be emptied")


def _owners(plan: Plan, past: Sequence[Op], numbers: Guard) -> Iterable[Check]:
    moved: Counter[str] = Counter()
    everything: list[PlannedOp | Op] = [*_updates(plan), *past]
    for op in everything:
        moved[op.object] += op.action != "create" and "OwnerId" in op.after
    for object_, number in sorted(moved.items()):
        yield _limited("owners_changed", object_, number, plan.managed.get(object_, 0), numbers.owners, "owners would change")


def _creates(plan: Plan, past: Sequence[Op], numbers: Guard) -> Iterable[Check]:
    creates: list[PlannedOp | Op] = [op for op in plan.ops if op.action == "create"]
    if not creates:
        return
    creates += [op for op in past if op.action == "create"]
    limits = numbers.creates
    total = len(creates)
    verdict = Verdict.BLOCKED if total > limits.block_per_run else Verdict.NEEDS_APPROVAL if total > limits.approve_per_run else Verdict.OK
    first = not any(op.object != "Task" for op in creates) and verdict is Verdict.BLOCKED and _is_first_fill(plan)
    said = f"a person approves above {limits.approve_per_run}, blocked above {limits.block_per_run}"
    text = f"{total:,} records would be created within 24 hours ({said})."
    yield Check(
        "creates",
        "all",
        Verdict.NEEDS_APPROVAL if first else verdict,
        text,
        total,
        limits.approve_per_run,
        limits.block_per_run,
    )
    owner, most = Counter(str(op.after.get("OwnerId")) for op in creates).most_common(1)[0]
    verdict = Verdict.NEEDS_APPROVAL if most > limits.approve_per_owner else Verdict.OK
    text = f"{most} records would be created for one owner ({owner}); a person approves above {limits.approve_per_owner}."
    yield Check("creates_per_owner", owner, verdict, text, most, limits.approve_per_owner)


def _is_first_fill(plan: Plan) -> bool:
    updates = list(_updates(plan))
    return bool(updates) and all(not op.base for op in updates)


def _shifts(
    connection: Connection, plan: Plan, past: Sequence[Op], numbers: Guard, filled: Mapping[str, Mapping[str, int]]
) -> Iterable[Check]:
    moves, earlier = _moves(_updates(plan)), _moves(op for op in past if op.action != "create")
    for (object_, name), delta in sorted(moves.items()):
        if filled.get(object_, {}).get(name, 0) < numbers.shift.smallest_population:
            continue
        query = select(SYNCED.c.value, func.count()).where(SYNCED.c.object == object_, SYNCED.c.field == name).group_by(SYNCED.c.value)
        present: Counter[str] = Counter({value or "null": number for value, number in connection.execute(query)})
        older = earlier.get((object_, name), Counter())
        before = Counter({value: present[value] - older[value] for value in {*present, *older}})
        after = Counter({value: present[value] + delta[value] for value in {*present, *delta, *older}})
        if sum(abs(after[value] - before[value]) for value in after) < 2 * numbers.shift.smallest_change:
            continue
        if len(after) <= numbers.shift.most_values:
            yield _shift(object_, name, before, after, numbers)


def _moves(ops: Iterable[PlannedOp | Op]) -> dict[tuple[str, str], Counter[str]]:
    """(object, field) -> value -> how many more records have it."""
    moves: dict[tuple[str, str], Counter[str]] = {}
    for op in ops:
        for name, value in op.after.items():
            if name in op.base and op.object not in CREATABLE:
                change = moves.setdefault((op.object, name), Counter())
                change[json.dumps(op.base[name])] -= 1
                change[json.dumps(value)] += 1
    return moves


def _desired(connection: Connection, plan: Plan, numbers: Guard) -> Iterable[Check]:
    """Records that lose every desired value vanish from the plan without a word otherwise."""
    if plan.kind != "full":
        return
    done = select(PLAN.c.stats).where(PLAN.c.state == "DONE", PLAN.c.kind == "full", PLAN.c.config_hash == plan.config_hash)
    earlier = [json.loads(row.stats).get("desired", {}) for row in connection.execute(done.order_by(PLAN.c.created_at.desc()).limit(7))]
    for object_ in sorted({name for one in earlier for name in one}):
        usual = statistics.median(one.get(object_, 0) for one in earlier)
        number = plan.desired.get(object_, 0)
        drop = 100 * (usual - number) / usual if usual else 0.0
        is_fall = drop >= numbers.desired_drop_pct and usual - number >= numbers.sources.smallest_drop
        verdict = Verdict.NEEDS_APPROVAL if is_fall else Verdict.OK
        text = f"Values are worked out for {number:,} {object_} records; in the plans applied lately it was {usual:,.0f} (median)."
        yield Check("desired_records", object_, verdict, text, number)


def _shift(object_: str, name: str, before: Counter[str], after: Counter[str], numbers: Guard) -> Check:
    total_before, total_after = max(1, before.total()), max(1, after.total())
    shares = {value: (before[value] / total_before, after[value] / total_after) for value in sorted(after)}
    value, (was, is_) = max(shares.items(), key=lambda item: (abs(item[1][1] - item[1][0]), item[0]))
    points = abs(is_ - was) * 100
    floor = 1e-4
    psi = sum((max(now, floor) - max(then, floor)) * math.log(max(now, floor) / max(then, floor)) for then, now in shares.values())
    limits = numbers.shift
    blocked = points > limits.block_points or psi > limits.block_psi
    asked = points > limits.approve_points or psi > limits.approve_psi
    verdict = Verdict.BLOCKED if blocked else Verdict.NEEDS_APPROVAL if asked else Verdict.OK
    text = (
        f"{object_}.{name}: the share of {value} would go from {was:.1%} to {is_:.1%}, stability index {psi:.2f} "
        f"(a person approves above {limits.approve_points:g} points or {limits.approve_psi:g}, "
        f"blocked above {limits.block_points:g} or {limits.block_psi:g})."
    )
    return Check("value_mix", f"{object_}.{name}", verdict, text, round(points, 3), limits.approve_points, limits.block_points)


def _quarantined(plan: Plan) -> Iterable[Check]:
    by_object = Counter(row.object for row in plan.quarantined)
    for object_, number in sorted(by_object.items()):
        limit = Limit(approve_count=20, approve_pct=5)
        yield _limited(
            "values_quarantined", object_, number, plan.managed.get(object_, 0), limit, "values do not fit their field and are left out"
        )


def _versions(connection: Connection, plan: Plan) -> Iterable[Check]:
    done = select(PLAN.c.config_hash, PLAN.c.code_version).where(
        PLAN.c.state == "DONE", PLAN.c.kind != "rollback", PLAN.c.org_id == plan.org_id
    )
    last = connection.execute(done.order_by(PLAN.c.created_at.desc()).limit(1)).first()
    if last is None or not plan.ops:
        return
    for name, was, is_ in (("agreement", last.config_hash, plan.config_hash), ("program", last.code_version, plan.code_version)):
        changed = was != is_
        text = (
            f"The {name} changed since the last applied plan ({was} -> {is_}): a person approves."
            if changed
            else f"The {name} is unchanged."
        )
        yield Check(f"{name}_changed", "all", Verdict.NEEDS_APPROVAL if changed else Verdict.OK, text)


def _limited(name: str, object_: str, number: int, managed: int, limit: Limit, what: str) -> Check:
    share = 100 * number / managed if managed else 0.0

    def exceeded(count: int | None, pct: float | None) -> bool:
        if count is None and pct is None:
            return False
        return (count is None or number > count) and (pct is None or share > pct)

    verdict = Verdict.OK
    if exceeded(limit.approve_count, limit.approve_pct):
        verdict = Verdict.NEEDS_APPROVAL
    if exceeded(limit.block_count, limit.block_pct):
        verdict = Verdict.BLOCKED
    limits = [
        f"{what_happens} above {said}"
        for what_happens, said in (
            ("a person approves", _said(limit.approve_count, limit.approve_pct)),
            ("blocked", _said(limit.block_count, limit.block_pct)),
        )
        if said
    ]
    share_text = [f"{share:.1f}%"] if managed else []
    text = f"{object_}: {number:,} of {managed:,} {what} ({'; '.join([*share_text, ', '.join(limits)])})."
    return Check(name, object_, verdict, text, number, limit.approve_count, limit.block_count, None if limit.approve_pct is None else share)


def _said(count: int | None, pct: float | None) -> str:
    parts = [f"{count}" if count is not None else "", f"{pct:g}%" if pct is not None else ""]
    return " and ".join(part for part in parts if part)
