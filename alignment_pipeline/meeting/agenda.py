"""What to do this week: a few lines on top of the page, each made of a number below and linked to it.

Belongs here: which facts ask for somebody's decision or work, the most urgent first. The facts: `sections/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment_pipeline.meeting.draft import NOBODY
from alignment_pipeline.wording import forms

MOST = 7
_ONE_NAME = 3


def lines(content: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """`who`, `what`, and the `section` that says more; at most seven."""
    agenda = [
        *_disputes(content["disputes"]),
        *_overdue(content["actions"]),
        *_unanswered(content["reps"], values),
        *_mqas(content["mqas"]),
        *_promises(content),
        *_gap(content["pipeline"], values),
        *_near(content["near"]),
        *_reasons(content["reasons"], values),
    ]
    return agenda[:MOST]


def _line(who: str, what: str, section: str) -> dict[str, str]:
    return {"who": who, "what": what, "section": section}


def _disputes(section: Mapping[str, Any]) -> list[dict[str, str]]:
    waiting = [row for row in section["rows"] if row["state"] in ("open", "escalated")]
    listed = []
    for decider in sorted({row["decider"] for row in waiting}):
        mine = [row for row in waiting if row["decider"] == decider]
        late = sum(row["state"] == "escalated" for row in mine)
        text = f"Decide {forms.plural(len(mine), 'dispute', 'disputes')}" + (f", {late} past the day agreed" if late else "")
        listed.append(_line(decider, text, "disputes"))
    return listed


def _overdue(section: Mapping[str, Any]) -> list[dict[str, str]]:
    late = [row for row in section["rows"] if row["state"] == "overdue"]
    if not late:
        return []
    return [
        _line(_names([row["owner"] for row in late]), f"Finish or drop {forms.plural(len(late), 'action', 'actions')} past due", "actions")
    ]


def _unanswered(section: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    never = _value(values, section["total"]["never"])
    if not never:
        return []
    by_rep = sorted(((row["owner"], _value(values, row.get("never"))) for row in section["rows"]), key=lambda one: (-one[1], one[0]))
    owners = [f"{owner} ({number:.0f})" for owner, number in by_rep if number and owner != NOBODY][:_ONE_NAME]
    orphans = sum(number for owner, number in by_rep if owner == NOBODY)
    text = f"Make, or hand over, {forms.plural(int(never), 'first touch that nobody has made', 'first touches that nobody has made')}"
    text += f"; {orphans:.0f} of them have no owner" if orphans else ""
    return [_line(f"{_names(owners, all_of=False)} first" if owners else "Sales", text, "reps")]


def _mqas(section: Mapping[str, Any]) -> list[dict[str, str]]:
    fresh = [row for row in section["rows"] if row["owner"]][: section["fresh"]]
    if not section["fresh"]:
        return []
    text = f"Take up {forms.plural(section['fresh'], 'new MQA that waits', 'new MQAs that wait')} for a first touch"
    return [_line(_names([row["owner"] for row in fresh]), text, "mqas")]


def _promises(content: Mapping[str, Any]) -> list[dict[str, str]]:
    listed = []
    for party, who in (("sales", content["owners"]["sales"]), ("marketing", content["owners"]["marketing"])):
        news = [row for row in content["promises"][party] if row["signal"] == "below" and row["party"] == party]
        if news:
            titles = forms.listed([row["title"] for row in news[:2]], "and")
            more = f" and {len(news) - 2} more" if len(news) > 2 else ""
            listed.append(_line(who, f"Say why this fell below its usual range: {titles}{more}", "promises"))
    return listed


def _gap(section: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    metric = next((one for one in section["metrics"] if one["metric"] == "coverage_gap"), None)
    gap = _value(values, metric["key"]) if metric else 0.0
    if gap <= 0:
        return []
    return [_line("Both teams", f"Find {gap / 1e6:,.1f} million of pipeline: the plan for {section['quarter']} lacks it", "pipeline")]


def _near(section: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = section["rows"]
    if not rows:
        return []
    names = _names([row["account"] for row in rows[:_ONE_NAME]], all_of=False)
    return [_line("Marketing", f"Bring nearly qualified accounts over the line, first {names}", "near")]


def _reasons(section: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    missing = sum(
        _value(values, row["now"]) for kind in ("won", "lost") for row in section[kind]["rows"] if row["reason"] == "no reason recorded"
    )
    closed = sum(_value(values, section[kind]["total"]) for kind in ("won", "lost"))
    if not missing or 2 * missing < closed:
        return []
    return [_line("Sales", f"Record why {forms.plural(int(missing), 'deal was', 'deals were')} won or lost", "reasons")]


def _value(values: Mapping[str, Mapping[str, Any]], key: str | None) -> float:
    return float(values[key]["value"] or 0.0) if key else 0.0


def _names(names: list[str], *, all_of: bool = True) -> str:
    """`Ann Lee, Bob Ray and 2 more`."""
    once = list(dict.fromkeys(names))
    if not all_of or len(once) <= _ONE_NAME:
        return forms.listed(once[:_ONE_NAME], "and")
    return f"{', '.join(once[:_ONE_NAME])} and {len(once) - _ONE_NAME} more"
