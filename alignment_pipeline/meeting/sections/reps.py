"""First touches by rep: due, in time, late, never; by weekday; and how long they took.

Belongs here: numbers with their denominator per owner. The cases: `promises.keep_clocks`.
"""

from __future__ import annotations

from typing import Any

from alignment_pipeline.meeting.draft import IN_PERIOD, Draft
from alignment_pipeline.meeting.periods import WEEKDAYS
from alignment_pipeline.meeting.sections import promises

FIRST = {"counts": "yes", "is_first_touch": "yes", "party": "sales"}
#: Reps on the page; all of them are in the file of rows.
LISTED = 10
ANSWERS = (*(label for _, label in promises.MOST_MINUTES), promises.LATER, promises.NEVER)


def section(draft: Draft) -> dict[str, Any]:
    """Reps, the most missed first, and the whole."""
    scope = {**IN_PERIOD, **FIRST}
    measures = {
        "due": draft.count("touches_due", by=("owner_id",), **scope),
        "kept": draft.count("touched_in_time", by=("owner_id",), **scope),
        "late": draft.count("touched_late", by=("owner_id",), is_late="yes", **scope),
        "never": draft.count("never_touched", by=("owner_id",), is_never_touched="yes", **scope),
        "upheld": draft.count("upheld", by=("owner_id",), **IN_PERIOD, counts="no", party="sales"),
        "other": draft.count(
            "other_breaches", by=("owner_id",), **IN_PERIOD, counts="yes", is_first_touch="no", party="sales", state="breached"
        ),
    }
    by_owner: dict[str, dict[str, str]] = {}
    sizes: dict[str, dict[str, float]] = {}
    for name, values in measures.items():
        for value in values:
            owner = value.scope["owner_id"]
            by_owner.setdefault(owner, {})[name] = value.key
            sizes.setdefault(owner, {})[name] = value.value or 0.0
    heat: dict[str, dict[str, str]] = {}
    for value in draft.count("touched_in_time", by=("owner_id", "weekday"), **scope):
        heat.setdefault(value.scope["owner_id"], {})[value.scope["weekday"]] = value.key
    names = {str(row["owner_id"]): row["owner"] for row in draft.listed("clocks")}
    # the people whom most waited for in vain; a rep without a first touch due is not on this list
    order = sorted(
        (owner for owner in by_owner if "due" in by_owner[owner]),
        key=lambda one: (-sizes[one].get("never", 0) - sizes[one].get("late", 0), -sizes[one].get("never", 0), names[one], one),
    )
    weekdays = [day for day in WEEKDAYS if any(day in one for one in heat.values())]
    whole = {value.scope["weekday"]: value.key for value in draft.count("touched_in_time", by=("weekday",), **scope)}
    return {
        "weekdays": weekdays,
        "rows": [
            {"owner": names[owner], "heat": {day: heat.get(owner, {}).get(day) for day in weekdays}}
            | {name: by_owner[owner].get(name) for name in measures}
            for owner in order[:LISTED]
        ],
        "left_out": max(0, len(order) - LISTED),
        "total": {
            "due": draft.one("touches_due", **scope).key,
            "kept": draft.one("touched_in_time", **scope).key,
            "late": draft.one("touched_late", is_late="yes", **scope).key,
            "never": draft.one("never_touched", is_never_touched="yes", **scope).key,
            "upheld": draft.one("upheld", **IN_PERIOD, counts="no", party="sales").key,
            "other": draft.one("other_breaches", **IN_PERIOD, counts="yes", is_first_touch="no", party="sales", state="breached").key,
        },
        "heat": {day: whole.get(day) for day in weekdays},
        "answers": answers(draft),
    }


def answers(draft: Draft) -> dict[str, Any]:
    """How long first touches took: this period, and what is usual."""
    now = {value.scope["answer"]: value for value in draft.count("answered", by=("answer",), **IN_PERIOD, **FIRST)}
    before = {value.scope["answer"]: value for value in draft.count("answered", by=("answer",), in_period="no", **FIRST)}
    whole = sum(value.value or 0 for value in before.values())
    median = draft.one("response_minutes", **IN_PERIOD, **FIRST, is_stopped="yes")
    usual = draft.one("response_minutes", in_period="no", **FIRST, is_stopped="yes")
    return {
        "bins": [
            {
                "answer": name,
                "now": now[name].key if name in now else None,
                "usual_pct": 100 * (before[name].value or 0) / whole if name in before and whole else 0.0,
            }
            for name in ANSWERS
        ],
        "median": median.key,
        "usual_median": usual.key,
    }
