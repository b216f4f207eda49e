"""Marketing's side: what was promised to sales per period, what the pace asks for today, what there is.

Belongs here: `marketing_commitments` and the rungs they set off. What each measure counts stands in `sla/standing/measures.py`; the
promises in `agreement/commitments.py`. Sales' side: `sla/ledger.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pyarrow as pa

from alignment_pipeline.agreement import coverage, sla_ladders
from alignment_pipeline.agreement.commitments import RATIOS, Commitment
from alignment_pipeline.agreement.fiscal import Fiscal, PeriodKind
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.contracts.sla import MARKETING_COMMITMENTS, SLA_ESCALATIONS
from alignment_pipeline.sla.calendars import Calendars
from alignment_pipeline.sla.escalation import escalations
from alignment_pipeline.sla.standing import measures
from alignment_pipeline.sla.timelines.feeds import watermark_of_all
from alignment_pipeline.sla.timelines.owners import Owners
from alignment_pipeline.sla.timelines.sources import Sources
from alignment_pipeline.wording import forms


@dataclass(frozen=True)
class Period:
    """Local days of a calendar's zone, both ends included, and the same as moments (end excluded)."""

    first: date
    last: date
    zone: str

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.first, time(), ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time(), ZoneInfo(self.zone)).astimezone(UTC)


def period_of(kind: PeriodKind, day: date, zone: str, *, fiscal: Fiscal) -> Period:
    """The month, quarter or year of the fiscal year that holds a day."""
    period = fiscal.period_of(day, kind)
    return Period(period.first, period.last, zone)


def marketing_commitments(
    sources: Sources,
    counted: measures.Measures,
    *,
    sla: Sla,
    fiscal: Fiscal,
    as_of: datetime,
    agreement_version: str,
    watermarks: Mapping[str, datetime | None],
) -> ibis.Table:
    """`marketing_commitments`: each commitment in its present period and the one before, from what was counted."""
    calendars = Calendars.of(
        sources.business_hours, sources.crm_holidays, sla=sla, first=as_of - timedelta(days=800), last=as_of + timedelta(days=400)
    )
    watermark = watermark_of_all(watermarks)
    out = []
    for commitment in sla.commitments:
        zone = calendars.base_zone(commitment.calendar)
        now = period_of(commitment.period, as_of.astimezone(ZoneInfo(zone)).date(), zone, fiscal=fiscal)
        before = period_of(commitment.period, now.first - timedelta(days=1), zone, fiscal=fiscal)
        # coverage looks ahead: of a period that is over there is none
        for period in (now,) if commitment.measure == "coverage_ratio" else (before, now):
            row = _judged(commitment, period, counted, calendars, as_of, watermark)
            out.append({**row, "as_of": as_of, "agreement_version": agreement_version})
    return ibis.memtable(pa.Table.from_pylist(out, schema=MARKETING_COMMITMENTS.schema))


def _judged(
    commitment: Commitment, period: Period, counted: measures.Measures, calendars: Calendars, as_of: datetime, watermark: int
) -> dict[str, object]:  # fmt: skip
    elapsed, total = _business_days(commitment.calendar, period, calendars, as_of)
    time = measures.Between(period.first, period.last, period.begins_at, min(period.ends_at, as_of))
    actual = counted.value(commitment, time)
    is_booked = commitment.measure == "coverage_ratio" and counted.coverage(commitment, time).state == coverage.MET
    is_ratio, is_over = commitment.measure in RATIOS, as_of >= period.ends_at
    share = elapsed / total if total else 0.0
    expected = commitment.goal if is_ratio or is_over else commitment.goal * share
    is_read = microseconds(period.ends_at if is_over else as_of - timedelta(days=1)) <= watermark
    state = _state(commitment, actual, expected, elapsed=elapsed, is_over=is_over, is_ratio=is_ratio, is_read=is_read)
    reason = _reason(commitment, actual, expected, elapsed, total, is_ratio=is_ratio)
    if is_booked:
        state, reason = "met", forms.say("commitment.booked")
    return {
        "commitment": commitment.name,
        "title": commitment.title,
        "measure": commitment.measure,
        "period": commitment.period,
        "period_start_on": period.first,
        "period_end_on": period.last,
        "goal": commitment.goal,
        "expected": expected,
        "actual": actual,
        "elapsed_days": elapsed,
        "total_days": total,
        "projected": None if is_ratio or not share or actual is None else actual / share,
        "state": state,
        "reason": reason,
    }


def _business_days(name: str, period: Period, calendars: Calendars, as_of: datetime) -> tuple[int, int]:
    """Business days that are over by `as_of`, and those of the whole period."""
    open_time = calendars.open_time(name, period.zone)
    zone = ZoneInfo(period.zone)
    days = [period.first + timedelta(days=number) for number in range((period.last - period.first).days + 2)]
    edges = np.array([microseconds(datetime.combine(day, time(), zone).astimezone(UTC)) for day in days], dtype=np.int64)
    is_open = np.diff(open_time.consumed(edges)) > 0
    return int((is_open & (edges[1:] <= microseconds(as_of))).sum()), int(is_open.sum())


def _state(
    commitment: Commitment, actual: float | None, expected: float, *, elapsed: int, is_over: bool, is_ratio: bool, is_read: bool
) -> str:  # fmt: skip
    if actual is None:
        return "unknown"
    if actual >= commitment.goal:
        return "met"
    if is_over:
        return "breached" if is_read else "unknown"
    if elapsed < commitment.grace_business_days:
        return "pending"
    if is_ratio:
        # a ratio has to hold at any time: below the goal it is at risk, far below it is broken
        return ("breached" if is_read else "unknown") if actual < commitment.at_risk_share * commitment.goal else "at_risk"
    return "at_risk" if actual < commitment.at_risk_share * expected else "pending"


def _reason(commitment: Commitment, actual: float | None, expected: float, elapsed: int, total: int, *, is_ratio: bool) -> str:
    if actual is None:
        return forms.say("commitment.nothing")
    words = {
        "there": _said(actual, commitment.measure),
        "goal": _said(commitment.goal, commitment.measure),
        "elapsed": elapsed,
        "total": total,
    }
    if words["there"] in ("0", "0%", _said(0.0, commitment.measure)):
        return forms.fit(forms.say("commitment.nothing_at_all" if elapsed >= total else "commitment.nothing_yet", **words))
    if is_ratio:
        return forms.fit(forms.say("commitment.ratio", **words))
    if elapsed >= total:
        return forms.fit(forms.say("commitment.over", **words))
    return forms.fit(forms.say("commitment.pace", expected=_said(expected, commitment.measure), **words))


def _said(value: float, measure: str) -> str:
    """A number for people, with its unit where the title does not say it: a share in percent, a coverage as a multiple, else whole."""
    if measure == "coverage_ratio":
        said = f"{value:,.1f}"
        return (said if said == "1.0" else said.removesuffix(".0")) + " times the target"
    return f"{value:,.0f}%" if measure in RATIOS else f"{value:,.0f}"


def commitment_escalations(commitments: ibis.Table, users: ibis.Table, *, sla: Sla, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`sla_escalations` of commitments that are at risk or broken now: union them with the ledger's. One row per rung and period."""
    owners = Owners.of(Sources.empty().with_tables(users=users), sla)
    promised = {item.name: item for item in sla.commitments}
    ladders = {ladder.name: ladder for ladder in sla.escalation.ladders}
    today = datetime.combine(as_of.date(), time(), UTC)
    out = []
    for row in commitments.to_pyarrow().sort_by([("commitment", "ascending"), ("period_start_on", "ascending")]).to_pylist():
        commitment = promised.get(row["commitment"])
        if (
            commitment is None
            or commitment.ladder is None
            or row["state"] not in ("at_risk", "breached")
            or row["period_end_on"] < as_of.date()
        ):
            continue
        behind = row["expected"] / row["actual"] if row["actual"] else float("inf")
        key = f"sla:commitment:{row['commitment']}:{row['period_start_on'].isoformat()}"
        for position, rung in enumerate(ladders[commitment.ladder].rungs, start=1):
            if behind < rung.at_share:
                continue
            values = {"policy": commitment.title, "state": row["state"].replace("_", " "), "reason": row["reason"], "owner": "marketing",
                      "rung": rung.name, "record_id": row["commitment"], "target": _said(row["goal"], row["measure"])}  # fmt: skip
            user_ids = [escalations.who(role, None, owners, sla) for role in rung.notify]
            out.append(
                {
                    "escalation_id": f"{key}:{rung.name}",
                    "clock_id": key,
                    "policy": row["commitment"],
                    "ladder": commitment.ladder,
                    "rung": rung.name,
                    "position": position,
                    "due_at": today,
                    "state": "due",
                    "object": "Commitment",
                    "record_id": row["commitment"],
                    "account_id": None,
                    "task_owner_id": escalations.who(rung.task_to, None, owners, sla) if rung.task_to else None,
                    "task_priority": rung.task_priority if rung.task_to else None,
                    "notify_user_ids": json.dumps(list(dict.fromkeys(user for user in user_ids if user))),
                    "is_urgent": rung.is_urgent,
                    "title": f"{commitment.title}: {forms.named(rung.name)}",
                    "task_subject": forms.fit(sla_ladders.fill(rung.subject, values)),
                    "task_body": sla_ladders.fill(rung.body, values)[: escalations.BODY_LENGTH],
                    "reason": "Less than the agreed pace.",
                    "as_of": as_of,
                    "agreement_version": agreement_version,
                }
            )
    return ibis.memtable(pa.Table.from_pylist(out, schema=SLA_ESCALATIONS.schema))
