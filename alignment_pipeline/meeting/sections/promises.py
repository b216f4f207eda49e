"""Both teams' promises on one scale: how much of what was promised came, this period and the weeks before.

Belongs here: sales' clocks, marketing's commitments, and whether a difference is news. By rep: `reps.py`. Disputes that take a case
out of a rate: `disputes.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import ibis
from ibis import _

from alignment_pipeline.agreement.commitments import RATIOS, Commitment
from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline.meeting import limits, periods
from alignment_pipeline.meeting.draft import IN_PERIOD, Draft
from alignment_pipeline.meeting.limits import Limits
from alignment_pipeline.meeting.numbers import Value

_DECIDED = ("met", "met_late", "breached")
#: Open minutes to the first touch, as the page groups them; eight open hours are a business day.
MOST_MINUTES = ((5, "≤ 5 min"), (15, "≤ 15 min"), (60, "≤ 1 h"), (240, "≤ 4 h"), (480, "≤ 8 h"))
LATER, NEVER = "later", "never"
#: Measure of a commitment -> the number that is its week. Coverage has no history.
WEEKLY = {
    "mqls": "mqls",
    "mqas": "new_mqas",
    "new_contacts": "new_contacts",
    "acceptance_pct": "accepted",
    "sourced_pipeline_usd": "sourced_pipeline",
    "pipeline_usd": "created_pipeline",
    "won_usd": "won_amount",
    "sourced_won_pct": "sourced_won",
}


def keep_clocks(draft: Draft, *, upheld: Collection[str]) -> None:
    """`clocks`: every case of the window that fell due by now; `upheld` are clocks whose dispute was upheld."""
    policies = [policy for policy in draft.agreement.sla.policies if policy.is_enabled]
    firsts = {policy.name: policy.priority for policy in policies if is_first_touch(policy)}
    clocks = draft.tables["sla_clocks"]
    chosen = clocks.filter(_.state.isin(_DECIDED), _.due_at.notnull(), _.policy.isin([policy.name for policy in policies]))
    rows = draft.with_account(draft.with_owner(draft.until_now(chosen, "due_at")))
    rank = ibis.coalesce(rows.policy.substitute({name: str(place) for name, place in firsts.items()}, else_="none"), "none")
    is_first = ibis.ifelse(rows.policy.isin(sorted(firsts)), rank, ibis.null("string")).cast("int64")
    same = ibis.window(group_by=["subject_id", "trigger_id"], order_by=[is_first.asc(), rows.policy, rows.clock_id])
    ranked = rows.mutate(is_first=is_first.notnull(), place=ibis.row_number().over(same))
    taken = ranked.clock_id.isin(sorted(upheld)) & (ranked.state != "met") if upheld else ibis.literal(False)
    yes = {
        "is_kept": ranked.state == "met",
        "is_late": ranked.state.isin(["met_late", "breached"]) & ranked.stopped_at.notnull(),
        "is_never_touched": (ranked.state == "breached") & ranked.stopped_at.isnull(),
        "is_first_touch": ranked.is_first & (ranked.place == 0),
        "is_stopped": ranked.stopped_at.notnull(),
    }
    shown = ranked.select(
        "week", "weekday", "in_period", "policy", "party", "clock_id", "state",
        counts=ibis.ifelse(taken, "no", "yes"),
        **{name: ibis.ifelse(flag, "yes", "no") for name, flag in yes.items()},
        answer=_answer(ranked),
        owner_id=ranked.owner_id, owner=ranked.owner, team=ranked.team, account_id=ranked.account_id, account=ranked.account,
        object=ranked.object, record_id=ranked.record_id, started_at=ranked.started_at, due_at=ranked.due_at,
        stopped_at=ranked.stopped_at, elapsed_minutes=ranked.elapsed_minutes,
    )  # fmt: skip
    draft.keep("clocks", shown, order=("due_at", "clock_id"))


def _answer(clocks: ibis.Table) -> ibis.Value:
    steps = [(clocks.elapsed_minutes <= most, label) for most, label in MOST_MINUTES]
    return ibis.cases((clocks.stopped_at.isnull(), NEVER), *steps, else_=LATER)


def is_first_touch(policy: Policy) -> bool:
    """A promise that a single touch keeps, whatever else keeps it."""
    return policy.party == "sales" and any(stop.event == "touch" and stop.count == 1 for stop in policy.stops)


def sales(draft: Draft) -> list[dict[str, Any]]:
    """One row per promise of sales and of the system that had a case in the window."""
    clocks = "counts", "yes"
    now = _by(draft.count("kept_in_time", by=("policy",), **IN_PERIOD, **dict([clocks])), "policy")
    weekly = draft.count("kept_in_time", by=("policy", "week"), **dict([clocks]))
    upheld = _by(draft.count("upheld", by=("policy",), counts="no", **IN_PERIOD), "policy")
    names = periods.weeks_of(draft.period, weeks=draft.agreement.meeting.weeks)
    goal = draft.agreement.meeting.kept_pct
    out = []
    for policy in sorted(draft.agreement.sla.policies, key=lambda one: (one.priority, one.name)):
        mine = {value.scope["week"]: value for value in weekly if value.scope["policy"] == policy.name}
        if not mine:
            continue
        value = now.get(policy.name)
        n = value.denominator or 0 if value else 0
        line = [mine[name].value if name in mine else None for name in names]
        usual = limits.p_chart(
            _before(draft, [(mine[w].numerator or 0, mine[w].denominator or 0) if w in mine else (0, 0) for w in names]), n
        )
        out.append(
            _row(draft, policy.title, policy.party, value, goal=goal, reached=value.value if value else None, line=line, usual=usual)
            | {"key": policy.name, "upheld": int(upheld[policy.name].value or 0) if policy.name in upheld else 0, "unit": "%"}
        )
    return out


def keep_marketing(draft: Draft, *, upheld: Collection[str]) -> None:
    """The rows behind marketing's commitments; `upheld` are people whose rejection was disputed and the dispute upheld."""
    wanted = {commitment.measure: commitment for commitment in draft.agreement.sla.commitments}
    rows = draft.tables["marketing_commitments"]
    present = rows.group_by("commitment").agg(last=rows.period_start_on.max())
    last = rows.inner_join(present, [rows.commitment == present.commitment, rows.period_start_on == present.last])
    draft.keep("commitments", last.select(*rows.drop("as_of", "agreement_version").columns), order=("commitment",))
    stages = {stage.lower() for one in draft.agreement.sla.commitments if one.measure == "mqls" for stage in one.stages} or {"mql"}
    entered = draft.tables["person_stage_changes"].filter(_.stage.lower().isin(sorted(stages)))
    draft.keep(
        "mqls",
        draft.until_now(entered, "entered_at").select("week", "in_period", "person_id", "stage", "entered_at", "reason"),
        order=("entered_at",),
    )
    mqas = draft.until_now(draft.tables["account_mqa_changes"], "entered_at")
    named = draft.with_account(mqas).select("week", "in_period", "account_id", "account", "entered_at", "path", "reason")
    draft.keep("new_mqas", named, order=("entered_at", "account_id"))
    contacts = draft.tables["contacts"].filter(_.account_id.notnull())
    commitment = wanted.get("new_contacts")
    if commitment is not None and commitment.target_accounts_only:
        targets = draft.tables["accounts"].filter(_.is_target_flagged.fill_null(False)).select("account_id")
        contacts = contacts.semi_join(targets, "account_id")
    created = draft.until_now(contacts, "created_at").select("week", "in_period", "contact_id", "account_id", "created_at", "lead_source")
    draft.keep("contacts", created, order=("created_at", "contact_id"))
    said = draft.with_owner(draft.until_now(draft.tables["person_outcomes"], "said_at"))
    draft.keep(
        "outcomes",
        said.select(
            "week", "in_period", "person_id", "outcome", "said_at", "owner_id", "owner", "lead_source",
            code=said.code.fill_null("no code given"), is_accepted=ibis.ifelse(said.outcome == "accepted", "yes", "no"),
            is_judged=ibis.ifelse(said.outcome.isin(["accepted", "rejected"]) & ~_upheld(said, upheld), "yes", "no"),
        ),
        order=("said_at", "person_id"),
    )  # fmt: skip


def _upheld(said: ibis.Table, people: Collection[str]) -> ibis.Value:
    return said.person_id.isin(sorted(people)) & (said.outcome == "rejected") if people else ibis.literal(False)


def marketing(draft: Draft) -> list[dict[str, Any]]:
    """One row per commitment: reached to date against its pace, and the weekly number it is made of."""
    rows = {row["commitment"]: row for row in draft.listed("commitments")}
    names = periods.weeks_of(draft.period, weeks=draft.agreement.meeting.weeks)
    out = []
    for commitment in draft.agreement.sla.commitments:
        row = rows.get(commitment.name)
        if row is None:
            continue
        promised = draft.one("promised", commitment=commitment.name)
        weekly = _weekly(draft, commitment)
        value = next((one for one in weekly if one.scope.get("in_period") == "yes"), None)
        mine = {one.scope["week"]: one for one in weekly if "week" in one.scope}
        line = [(mine[name].value if name in mine else None if commitment.measure in RATIOS else 0.0) for name in names] if weekly else []
        usual = _usual(draft, commitment, value, [mine.get(name) for name in names])
        shown = _row(draft, commitment.title, "marketing", value, goal=None, reached=promised.value, line=line, usual=usual)
        shown |= {"state": _state(row["state"]), "goal": row["goal"], "expected": row["expected"], "key": commitment.name, "upheld": 0}
        share = None if promised.value is None or not row["expected"] else promised.value / row["expected"]
        out.append(shown | {"share": share, "unit": _unit(commitment), "period": row["period"], "promised": promised.key})
    return out


def _weekly(draft: Draft, commitment: Commitment) -> list[Value]:
    name = WEEKLY.get(commitment.measure)
    if name is None:
        return []
    where = {"is_judged": "yes"} if name == "accepted" else {"is_marketing": "yes"} if name == "sourced_pipeline" else {}
    where |= {"is_won": "yes"} if name in ("won_amount", "sourced_won") else {}
    return draft.count(name, by=("week",), **where) + draft.count(name, **IN_PERIOD, **where)


def _usual(draft: Draft, commitment: Commitment, value: Value | None, line: list[Value | None]) -> Limits | None:
    if value is None or draft.period.kind == "quarter":
        return None
    before = _before(draft, line)
    if commitment.measure == "acceptance_pct":
        return limits.p_chart([(one.numerator or 0, one.denominator or 0) if one else (0, 0) for one in before], value.denominator or 0)
    if commitment.measure in RATIOS:
        return limits.xmr_chart([one.value for one in before if one and one.value is not None], most=100.0)
    return limits.xmr_chart([one.value or 0.0 if one else 0.0 for one in before])


def _before(draft: Draft, line: list[Any]) -> list[Any]:
    """The weeks before the period."""
    return line[:-1] if draft.period.kind == "week" else line[:13]


def _row(
    draft: Draft, title: str, party: str, value: Value | None, *, goal: float | None, reached: float | None,
    line: list[float | None], usual: Limits | None,
) -> dict[str, Any]:  # fmt: skip
    share = None if goal is None or reached is None else reached / goal
    state = "none" if share is None else "met" if share >= 1 else "at risk" if share >= draft.agreement.meeting.at_risk_share else "broken"
    signal = usual.signal(value.value) if usual and value else ""
    is_running = draft.agreement.fiscal.day_of(draft.as_of) < draft.period.last and party == "marketing"
    return {
        "title": title,
        "party": party,
        "value": value.key if value else None,
        "goal": goal,
        "reached": reached,
        "share": share,
        "state": state,
        "line": line,
        "chart": usual.chart if usual else None,
        "centre": usual.centre if usual else None,
        "lower": usual.lower if usual else None,
        "upper": usual.upper if usual else None,
        # a week that is not over has fewer than usual of everything that is counted
        "signal": "" if signal == "below" and is_running and usual is not None and usual.chart == "XmR" else signal,
    }


def _unit(commitment: Commitment) -> str:
    if commitment.measure.endswith("_pct"):
        return "%"
    return "money" if commitment.measure.endswith("_usd") else "ratio" if commitment.measure == "coverage_ratio" else ""


def _state(state: str) -> str:
    return {"met": "met", "pending": "met", "at_risk": "at risk", "breached": "broken"}.get(state, "none")


def _by(values: list[Value], column: str) -> dict[str, Value]:
    return {value.scope[column]: value for value in values}
