"""Actions: what a meeting agreed to do, by whom and by when. Open ones return until they are done.

Belongs here: their states. Reading the file: `operations/pack_files.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.meeting.draft import Draft


@dataclass(frozen=True)
class Action:
    """One thing to do."""

    action: str
    owner: str
    due_on: date
    raised_on: date | None = None
    done_on: date | None = None
    note: str = ""


def keep(draft: Draft, listed: Sequence[Action]) -> None:
    """`actions`: open ones, and those done in the period."""
    today = draft.agreement.fiscal.day_of(draft.as_of)
    rows: list[dict[str, Any]] = []
    for action in sorted(listed, key=lambda one: (one.due_on, one.action, one.owner)):
        if action.done_on is not None and not draft.period.first <= action.done_on <= draft.period.last:
            continue
        state = "done" if action.done_on is not None else "overdue" if action.due_on < today else "open"
        weeks = 0 if action.raised_on is None else max(0, (today - action.raised_on).days // 7)
        rows.append({**asdict(action), "state": state, "weeks_open": weeks})
    dates = {"due_on", "raised_on", "done_on"}
    names = ("action", "owner", "due_on", "state", "raised_on", "done_on", "weeks_open", "note")
    kinds = {**dict.fromkeys(dates, pa.date32()), "weeks_open": pa.int64()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    draft.keep("actions", ibis.memtable(pa.Table.from_pylist(rows, schema=schema)), order=("due_on", "action", "owner"))


def section(draft: Draft) -> dict[str, Any]:
    """Actions by state, and the list: overdue, open, done."""
    order = {"overdue": 0, "open": 1, "done": 2}
    rows = sorted(draft.listed("actions"), key=lambda row: (order[row["state"]], row["due_on"], row["action"]))
    return {"counts": {value.scope["state"]: value.key for value in draft.count("actions", by=("state",))}, "rows": rows}
