"""A pack as Markdown, for the places that show no HTML: the Dagster UI.

Belongs here: the page's tables in short. The page itself: `page.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignment_pipeline.meeting.page import Writer, period_title

# letters that would make Markdown or HTML of a company's name
_ESCAPED = str.maketrans({letter: f"&#{ord(letter)};" for letter in "<>&|*_`[]()!#~\\"})


def text(content: Mapping[str, Any]) -> str:
    """Headings, lists and tables of a pack."""
    write, sections = Writer(content), content["sections"]
    lines = [f"## {period_title(content)}", "", "### What we do this week", ""]
    lines += [f"{number}. **{_plain(line['who'])}:** {_plain(line['what'])}" for number, line in enumerate(content["agenda"], start=1)]
    for party in ("sales", "marketing"):
        rows = [
            (
                row["title"],
                write.said(row["value"]),
                "" if row["share"] is None else f"{100 * row['share']:.0f} %",
                row["state"],
                row["signal"],
            )
            for row in sections["promises"][party]
        ]
        lines += ["", f"### What {party} promised", "", *_table(("Promise", "This period", "Of what was promised", "State", "News"), rows)]
    reps = [
        (row["owner"], *(write.said(row[name]) if row[name] else "0" for name in ("due", "kept", "late", "never")))
        for row in sections["reps"]["rows"]
    ]
    lines += ["", "### First touches by rep", "", *_table(("Owner", "Due", "In time", "Late", "Never"), reps)]
    disputes = [
        (row["what"], row["team"], row["reason"], row["decider"], row["due_on"], row["state"]) for row in sections["disputes"]["rows"]
    ]
    lines += ["", "### Disputes", "", *_table(("Case", "Raised by", "Why", "Decides", "By", "State"), disputes)]
    near = [(row["account"], row["owner"], f"{row['near_pct']:.0f} %", row["missing"]) for row in sections["near"]["rows"]]
    lines += ["", "### Nearly MQAs", "", *_table(("Account", "Owner", "Near", "Missing"), near)]
    metrics = [(one["metric"].replace("_", " "), write.metric_text(one)) for one in sections["pipeline"]["metrics"]]
    lines += ["", f"### Pipeline of {_plain(sections['pipeline']['quarter'])}", "", *_table(("Metric", "Now"), metrics)]
    if "review" in sections:
        review = sections["review"]
        names = ("planned", "came", "planned_rate", "measured_rate")
        plan = [(row["line"].replace("_", " "), *(write.said(row[name]) for name in names)) for row in review["plan"]]
        lines += ["", f"### The plan of {_plain(review['plan_period'])} and what came", ""]
        lines += _table(("Line", "Planned", "Came", "Rate of the plan", "Measured since"), plan)
        goals = [(row["title"], write.said(row["goal"]), write.said(row["proposed"]), row["state"]) for row in review["proposals"]]
        lines += ["", f"### Goals the plan of {_plain(review['proposed_period'])} asks for", ""]
        lines += _table(("Commitment", "Goal now", "Asked for", "State"), goals)
    actions = [(row["action"], row["owner"], row["due_on"], row["state"]) for row in sections["actions"]["rows"]]
    lines += ["", "### Actions", "", *_table(("What", "Who", "By", "State"), actions)]
    return "\n".join(lines) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return ["None."]
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows),
    ]


def _plain(text: object) -> str:
    return " ".join(str(text).split()).translate(_ESCAPED)
