"""The digest of a pack: a few lines of text for Slack, Teams or e-mail, with the numbers of the page.

Belongs here: which lines. How they are sent: `operations/pack.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment_pipeline.meeting.page import Writer, period_title

_NEWS = 5


def text(content: Mapping[str, Any]) -> str:
    """The subject, an empty line, and the digest."""
    writer, sections = Writer(content), content["sections"]
    lines = [f"{period_title(content)}: what marketing and sales do this week", ""]
    lines += [f"{number}. {line['who']}: {line['what']}" for number, line in enumerate(content["agenda"], start=1)] or [
        "Nothing to decide."
    ]
    rows = sections["promises"]["sales"] + sections["promises"]["marketing"]
    news = [row for row in rows if row["signal"]]
    if news:
        lines += ["", "Outside its usual range:"]
        lines += [f"- {row['title']}: {writer.said(row['value'])}, {row['signal']} usual" for row in news[:_NEWS]]
    total, pipeline = sections["reps"]["total"], sections["pipeline"]
    lines += [
        "",
        f"First touches in time: {writer.said(total['kept'])}; never touched: {writer.said(total['never'])}",
        f"MQAs now: {writer.said(sections['mqas']['now'])}; new: {writer.said(sections['mqas']['new'])}; "
        f"waiting for sales: {writer.said(sections['mqas']['waiting'])}",
        f"Open pipeline of {pipeline['quarter']}: {writer.said(pipeline['end'])} {content['currency']}",
    ]
    if sections["restated"]["number"]:
        lines.append(f"Restated since the last page: {sections['restated']['number']} numbers")
    lines += ["", f"Pack {content['id']}: packs/{content['period']['name']}/{content['id']}/pack.html"]
    if content["notice"]:
        lines.append(content["notice"])
    return "\n".join(lines) + "\n"
