"""The changes of a plan as lines of text: record by record, each field with what it was and becomes, a reason where it changes.

Belongs here: the layout of `alignment plan show`. What a plan changes: `write_back/plans/`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

Change = Mapping[str, Any]


def counts(name: str, numbers: Mapping[str, int]) -> str:
    """`Lead: 434 records, 4,507 fields`; `Task: 26 created`."""
    parts = [
        f"{numbers['records']:,} records, {numbers['fields']:,} fields" if numbers["records"] else "",
        f"{numbers['created']:,} created" if numbers["created"] else "",
    ]
    return f"{name}: {', '.join(part for part in parts if part) or 'nothing'}"


def lines(changes: Sequence[Change], *, width: int) -> list[str]:
    """All changes. Several fields of a record that change for the same reason say it once, below them."""
    shown: list[str] = []
    for _, of_record in groupby(changes, lambda one: (one["object"], one["record_id"], one["external_key"])):
        fields = list(of_record)
        first = fields[0]
        state = f"  {first['state']}" if first["state"] else ""
        shown += ["", f"{first['object']} {first['name'] or first['record_id'] or first['external_key']}{state}"]
        for reason, alike in groupby(fields, lambda one: one["reason"]):
            of_reason = list(alike)
            for one in of_reason:
                text = f"{one['label']}: {_said(one['before'], one['before_name'])} -> {_said(one['after'], one['after_name'])}"
                shown += _wrapped(text, "  ", width)
            if reason and all(reason != one["after"] for one in of_reason):
                shown += _wrapped(f"why: {reason}", "      ", width)
    return shown


def operation(one: Mapping[str, Any], labels: Mapping[str, str], *, width: int) -> list[str]:
    """One operation of the journal: when and how it ended, and the fields that it set. `labels` by the fields' API names."""
    tries = len(one["attempts"])
    ended = f"{one['changed_at'][:16].replace('T', ' ')}  {one['state']}, plan {one['plan']}"
    shown = ["", f"{ended}, sent {tries} times" if tries > 1 else ended]
    for name, (before, after) in one["changes"].items():
        shown += _wrapped(f"{labels.get(name, name)}: {_said(before, None)} -> {_said(after, None)}", "  ", width)
    written = [after for _, after in one["changes"].values()]
    return [*shown, *(_wrapped(f"result: {one['result']}", "      ", width) if one["result"] and one["result"] not in written else ())]


def _wrapped(text: str, margin: str, width: int) -> Iterable[str]:
    wrapper = textwrap.TextWrapper(width, initial_indent=margin, subsequent_indent=f"{margin}  ", break_long_words=False)
    return wrapper.wrap(" ".join(text.split()))


def _said(value: Any, name: str | None) -> str:
    if value is None or value == "":
        return "empty"
    return f"{name} ({value})" if name else str(value)
