"""The report: what the last run decided, with the same numbers for both teams.

Belongs here: choosing and ordering what is shown, and rendering it. Every number is a table's; nothing is computed twice. How promises
were kept in a week, by whom, and which accounts are nearly MQAs stand on the page of the meeting alone (`meeting/`).
The page is self-contained and printable, runs no script, and escapes everything that comes from the systems.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis
import jinja2
import markupsafe
from ibis import _

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.wording import report as words

INPUTS = (
    "accounts",
    "people",
    "users",
    "lead_account_matches",
    "account_mqa_statuses",
    "account_scores",
    "account_stages",
    "person_stages",
    "sla_clocks",
    "sla_escalations",
    "marketing_commitments",
    "activity_exclusions",
    "quarantined_rows",
    "extractions",
    "write_plans",
    "write_results",
    "raw_salesforce_organizations",
)
LISTED = 25
_COMMAND, _DAY = re.compile(r"`([^`]+)`"), re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?$")
_ABOUT_PEOPLE = (words.PARTS["review"].title,)
_SLA_ORDER = ("breached", "at_risk", "pending", "paused", "unknown", "met", "met_late", "cancelled")


@dataclass(frozen=True)
class Section:
    """One table of the page: a title, a sentence that says what a row is, columns and rows of text or numbers."""

    title: str
    about: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    total: int
    empty: str
    numbers: tuple[int, ...] = field(default=())

    @property
    def left_out(self) -> int:
        """Rows that are not listed."""
        return max(0, self.total - len(self.rows))


def render(tables: Mapping[str, ibis.Table], *, agreement: Agreement, as_of: datetime, is_demo: bool = False) -> str:
    """The page as HTML. `tables` are the published ones named in `INPUTS`."""
    return _rendered("report.html.j2", _content(tables, agreement=agreement, as_of=as_of, is_demo=is_demo))


def render_both(tables: Mapping[str, ibis.Table], *, agreement: Agreement, as_of: datetime, is_demo: bool = False) -> tuple[str, str]:
    """The page as HTML, and as Markdown for Dagster's page of the report, without the rows about single people: an erasure does not
    reach what Dagster keeps of a run."""
    content = _content(tables, agreement=agreement, as_of=as_of, is_demo=is_demo)
    kept = [section for section in content["sections"] if section.title not in _ABOUT_PEOPLE]
    return _rendered("report.html.j2", content), _rendered("report.md.j2", {**content, "sections": kept})


def _rendered(template: str, content: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("alignment_pipeline", "reporting"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "cell": markdown_cell, "plain": _plain, "code": _code, "is_day": _is_day}
    return environment.get_template(template).render(content)


def _content(tables: Mapping[str, ibis.Table], *, agreement: Agreement, as_of: datetime, is_demo: bool) -> dict[str, Any]:
    organisation = tables["raw_salesforce_organizations"].order_by(ibis.desc("known_at")).limit(1).to_pyarrow().to_pylist()
    return {
        "agreement": agreement,
        "as_of": as_of,
        "notice": words.NOTICE if is_demo else "" if _has_rows(tables["extractions"]) else words.NOTHING_READ,
        "organisation": organisation[0]["Name"] if organisation else "",
        "headline": headline(tables),
        "elsewhere": words.ELSEWHERE,
        "sections": [
            mqas(tables),
            clocks(tables, agreement),
            commitments(tables),
            review_queue(tables),
            stages(tables, "person_stages"),
            stages(tables, "account_stages"),
            exclusions(tables),
            results(tables),
            freshness(tables),
        ],
        "plan": last_plan(tables),
    }


def markdown_cell(text: str) -> str:
    """A cell of a Markdown table: it cannot end its row, and carries no markup or link."""
    return "".join(f"\\{letter}" if letter in "\\|`*_[]<>" else " " if letter in "\r\n" else letter for letter in text)


def headline(tables: Mapping[str, ibis.Table]) -> list[tuple[str, str, str]]:
    """Label, number and remark of the counts on top."""
    decisions = _tally(tables["lead_account_matches"], "decision")
    leads = sum(decisions.values())
    mqas_now = tables["account_mqa_statuses"].filter(_.is_mqa).count().to_pyarrow().as_py()
    scored = tables["account_scores"].count().to_pyarrow().as_py()
    quarantined = tables["quarantined_rows"].count().to_pyarrow().as_py()
    number = {
        "matched": (_number(decisions.get("matched", 0)), {"share": _share(decisions.get("matched", 0), leads), "leads": _number(leads)}),
        "review": (_number(decisions.get("review", 0)), {}),
        "none": (_number(decisions.get("none", 0)), {}),
        "scored": (_number(scored), {}),
        "mqas": (_number(mqas_now), {"share": _share(mqas_now, scored)}),
        "quarantined": (_number(quarantined), {}),
    }
    return [(label, number[name][0], remark.format(**number[name][1])) for name, (label, remark) in words.HEADLINE.items()]


def mqas(tables: Mapping[str, ibis.Table]) -> Section:
    """Accounts that are MQAs, the latest first."""
    joined = _with_account(tables, tables["account_mqa_statuses"].filter(_.is_mqa))
    rows = joined.order_by(ibis.desc("latest_at"), "account_id")
    columns = ("name", "owner_name", "tier", "people_engaged", "engagement_points", "latest_at", "mqa_reason")
    return _section(
        "mqas",
        rows.select(*columns),
        numbers=(2, 3, 4),
    )


def clocks(tables: Mapping[str, ibis.Table], agreement: Agreement) -> Section:
    """Clocks per policy and state, by the policy's title."""
    titles = {policy.name: policy.title for policy in agreement.sla.policies}
    rows = tables["sla_clocks"].group_by("policy", "party").agg(**{state: _.count(where=_.state == state) for state in _SLA_ORDER})
    rows = rows.mutate(policy=rows.policy.substitute(titles))
    return _section(
        "clocks",
        rows.order_by("party", "policy"),
        numbers=tuple(range(2, 2 + len(_SLA_ORDER))),
        more=tuple(state.replace("_", " ").capitalize() for state in _SLA_ORDER),
        listed=100,
    )


def commitments(tables: Mapping[str, ibis.Table]) -> Section:
    """Marketing's side."""
    rows = tables["marketing_commitments"].order_by(ibis.desc("period_start_on"), "title")
    return _section(
        "commitments",
        rows.select("title", "period_start_on", "period_end_on", "goal", "expected", "actual", "state", "reason"),
        numbers=(3, 4, 5),
    )


def review_queue(tables: Mapping[str, ibis.Table]) -> Section:
    """Matches that a person decides, the most confident first."""
    accounts = tables["accounts"].select("account_id", account_name=_.name)
    people = tables["people"].select("person_id", "company", "email_domain", "country")
    review = tables["lead_account_matches"].filter(_.decision == "review")
    rows = review.inner_join(people, "person_id").left_join(accounts, "account_id", rname="{name}_account")
    return _section(
        "review",
        rows.order_by(ibis.desc("confidence"), "person_id").select(
            "company", "email_domain", "country", "account_name", "confidence", "reason"
        ),
        numbers=(4,),
    )


def stages(tables: Mapping[str, ibis.Table], name: str) -> Section:
    """How many stand in each stage."""
    rows = tables[name].group_by("stage").agg(count=_.count(), latest=_.entered_at.max()).order_by(ibis.desc("count"), "stage")
    return _section(name, rows, numbers=(1,), listed=100)


def exclusions(tables: Mapping[str, ibis.Table]) -> Section:
    """Activities that do not count, by reason."""
    rows = tables["activity_exclusions"].group_by("exclusion").agg(activities=_.activities.sum(), latest=_.last_at.max())
    return _section(
        "exclusions",
        rows.order_by(ibis.desc("activities"), "exclusion"),
        numbers=(1,),
        listed=100,
    )


def results(tables: Mapping[str, ibis.Table]) -> Section:
    """What came of the writes."""
    rows = tables["write_results"].group_by("object", "state", "reason").agg(records=_.count(), latest=_.changed_at.max())
    return _section(
        "results",
        rows.order_by("object", ibis.desc("records"), "state", "reason").select("object", "state", "reason", "records", "latest"),
        numbers=(3,),
    )


def freshness(tables: Mapping[str, ibis.Table]) -> Section:
    """The last reading of each stream."""
    latest = ibis.row_number().over(ibis.window(group_by=["system", "object"], order_by=[ibis.desc("started_at"), ibis.desc("run_id")]))
    rows = tables["extractions"].filter(_.object != "(shared)").mutate(rank=latest).filter(_.rank == 0)
    return _section(
        "freshness",
        rows.order_by("system", "object").select("system", "object", "started_at", "watermark_at", "method", "new_rows", "note"),
        numbers=(5,),
        listed=100,
    )


def last_plan(tables: Mapping[str, ibis.Table]) -> dict[str, Any] | None:
    """The newest plan with the guard's words."""
    rows = tables["write_plans"].order_by(ibis.desc("created_at"), "plan_hash").limit(1).to_pyarrow().to_pylist()
    if not rows:
        return None
    counts = json.loads(rows[0]["counts"])
    return {**rows[0], "reasons": json.loads(rows[0]["reasons"]), "objects": counts.get("objects", {}), "holds": counts.get("holds", {})}


def _with_account(tables: Mapping[str, ibis.Table], statuses: ibis.Table) -> ibis.Table:
    accounts = tables["accounts"].select("account_id", "name", "owner_id")
    users = tables["users"].select(owner_user_id=_.user_id, owner_name=_.name)
    scores = tables["account_scores"].select("account_id", "tier", "people_engaged", "engagement_points")
    joined = statuses.inner_join(accounts, "account_id").inner_join(scores, "account_id")
    return joined.left_join(users, joined.owner_id == users.owner_user_id)


def _section(name: str, rows: ibis.Table, *, numbers: tuple[int, ...] = (), listed: int = LISTED, more: tuple[str, ...] = ()) -> Section:
    part = words.PARTS[name]
    total = rows.count().to_pyarrow().as_py()
    shown = rows.limit(listed).to_pyarrow().to_pylist()
    cells = [tuple(_cell(value) for value in row.values()) for row in shown]
    return Section(part.title, part.about, (*part.columns, *more), cells, total, part.empty, numbers)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return _number(value)
    return str(value)


def _plain(key: str) -> str:
    """A state for people: `NEEDS_APPROVAL` as `needs approval`."""
    return key.replace("_", " ").lower()


def _code(text: str) -> markupsafe.Markup:
    """A text of ours with its commands set as code; everything in it is escaped first."""
    return markupsafe.Markup(_COMMAND.sub(r"<code>\1</code>", str(markupsafe.escape(text))))  # noqa: S704  escaped before


def _is_day(cell: str) -> bool:
    return _DAY.match(cell) is not None


def _has_rows(table: ibis.Table) -> bool:
    return table.limit(1).to_pyarrow().num_rows > 0


def _number(value: int) -> str:
    return f"{value:,}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "–"


def _tally(table: ibis.Table, column: str) -> dict[str, int]:
    return {row[column]: row["rows"] for row in table.group_by(column).agg(rows=_.count()).to_pyarrow().to_pylist()}
