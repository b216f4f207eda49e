"""Disputes: cases that one team says should not count against it, and what the other team's owner decided.

Belongs here: joining what reps wrote in the CRM with the file of disputes, and judging who may decide. An upheld one leaves the rate
(`promises.py`) and stays counted. Reading the file: `operations/pack_files.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.meeting import Meeting
from alignment_pipeline.agreement.parties import Parties
from alignment_pipeline.meeting import periods
from alignment_pipeline.meeting.draft import NOBODY, Draft

KINDS = ("breach", "rejection", "match")
DECISIONS = ("upheld", "overruled")
OTHER = {"sales": "marketing", "marketing": "sales"}
_FIELD = "dispute_reason"


@dataclass(frozen=True)
class Dispute:
    """One disputed case. `subject` is a clock id, or the person of a rejection or match."""

    dispute_id: str
    kind: str
    subject: str
    team: str
    raised_by: str
    raised_on: date
    reason: str
    decision: str = ""
    decided_by: str = ""
    decided_on: date | None = None


def id_of(kind: str, subject: str) -> str:
    """Short id of a case: the same for the CRM's field and the file."""
    return hashlib.sha256(f"{kind}|{subject}".encode()).hexdigest()[:8]


def from_fields(draft: Draft) -> list[Dispute]:
    """What reps wrote into the CRM's dispute field: about the last breach of that person they answer for."""
    listed = []
    users = {row["owner_id"]: row["owner"] for row in draft.user_names.to_pyarrow().to_pylist()}
    missed = draft.tables["sla_clocks"].filter(_.party == "sales", _.state.isin(["met_late", "breached"]), _.due_at <= draft.now)
    since = draft.tables["record_changes"].filter(_.field == _dispute_field(draft), _.new_value.notnull())
    raised = {row["record_id"]: row["at"] for row in since.group_by("record_id").agg(at=_.changed_at.max()).to_pyarrow().to_pylist()}
    for name, key in (("leads", "lead_id"), ("contacts", "contact_id")):
        table = draft.tables[name].filter(_.dispute_reason.notnull(), _.dispute_reason.strip() != "")
        texts = {row[key]: row for row in table.select(key, "dispute_reason", "modified_at", "owner_id").to_pyarrow().to_pylist()}
        if not texts:
            continue
        last = missed.filter(_.record_id.isin(sorted(texts))).order_by("due_at", "clock_id").select("record_id", "clock_id")
        clocks = {row["record_id"]: row["clock_id"] for row in last.to_pyarrow().to_pylist()}
        for record, clock in sorted(clocks.items()):
            row = texts[record]
            day = draft.agreement.fiscal.day_of(raised.get(record) or row["modified_at"])
            by = users.get(row["owner_id"]) or NOBODY
            listed.append(Dispute(id_of("breach", clock), "breach", clock, "sales", by, day, row["dispute_reason"]))
    return listed


def joined(written: Sequence[Dispute], filed: Sequence[Dispute]) -> list[Dispute]:
    """Each case once: the file's row stands, with the field's reason and day where it gives none."""
    by_id = {one.dispute_id: one for one in written}
    return [*{**by_id, **{one.dispute_id: one for one in filed}}.values()]


def state_of(dispute: Dispute, *, parties: Parties, meeting: Meeting, today: date) -> tuple[str, str, date]:
    """State, remark, and the day by which it is to be decided. Only the other team's owner decides; nobody decides his own."""
    due = periods.business_days_after(dispute.raised_on, meeting.dispute_days)
    team = OTHER[dispute.team]
    owner = parties.sales.owner if team == "sales" else parties.marketing.owner
    may = {owner.casefold(), *(name.casefold() for name in (meeting.deciders.sales if team == "sales" else meeting.deciders.marketing))}
    by = dispute.decided_by.strip().casefold()
    if dispute.decision and by in may and by != dispute.raised_by.strip().casefold():
        return dispute.decision, "", due
    remark = f"{dispute.decided_by or 'nobody'} cannot decide this; {owner} does" if dispute.decision else ""
    return ("escalated" if today > due else "open"), remark, due


def keep(draft: Draft, listed: Sequence[Dispute]) -> Mapping[str, set[str]]:
    """`disputes`: open ones, and those decided in the period. Returns the subjects of all upheld ones, by kind."""
    agreement, today = draft.agreement, draft.agreement.fiscal.day_of(draft.as_of)
    upheld: dict[str, set[str]] = {kind: set() for kind in KINDS}
    rows: list[dict[str, Any]] = []
    cases = _cases(draft, [one.subject for one in listed])
    for dispute in sorted(listed, key=lambda one: (one.raised_on, one.dispute_id)):
        state, remark, due = state_of(dispute, parties=agreement.parties, meeting=agreement.meeting, today=today)
        if state == "upheld":
            upheld[dispute.kind].add(dispute.subject)
        decided_on = dispute.decided_on if state in DECISIONS else None
        if state in DECISIONS and (decided_on is None or not draft.period.first <= decided_on <= draft.period.last):
            continue
        party = agreement.parties.marketing if dispute.team == "sales" else agreement.parties.sales
        rows.append(
            {**asdict(dispute), "decided_on": decided_on, "state": state, "remark": remark, "due_on": due, "decider": party.owner}
            | {"what": cases.get(dispute.subject, "no such case here")}
        )
    names = ("dispute_id", "kind", "team", "state", "what", "reason", "raised_by", "raised_on", "decider", "due_on", "decision",
             "decided_by", "decided_on", "remark", "subject")  # fmt: skip
    days = {"raised_on", "due_on", "decided_on"}
    schema = pa.schema([(name, pa.date32() if name in days else pa.string()) for name in names])
    draft.keep("disputes", ibis.memtable(pa.Table.from_pylist(rows, schema=schema)), order=("raised_on", "dispute_id"))
    return upheld


def section(draft: Draft) -> dict[str, Any]:
    """Disputes by state, and the list."""
    counts = {value.scope["state"]: value.key for value in draft.count("disputes", by=("state",))}
    rows = draft.listed("disputes")
    order = {"escalated": 0, "open": 1, "upheld": 2, "overruled": 3}
    listed = [{name: row[name] for name in row if name != "subject"} for row in rows]
    return {"counts": counts, "rows": sorted(listed, key=lambda row: (order[row["state"]], row["raised_on"], row["dispute_id"]))}


def _cases(draft: Draft, subjects: Sequence[str]) -> dict[str, str]:
    """What each subject is called: the promise and the company, never the person."""
    titles = {policy.name: policy.title for policy in draft.agreement.sla.policies}
    clocks = draft.with_account(
        draft.tables["sla_clocks"].filter(_.clock_id.isin(list(subjects))).select("clock_id", "policy", "account_id")
    )
    cases = {row["clock_id"]: (titles.get(row["policy"], row["policy"]), row["account"]) for row in clocks.to_pyarrow().to_pylist()}
    people = draft.tables["people"].filter(_.person_id.isin(list(subjects))).select("person_id", "company").to_pyarrow().to_pylist()
    cases |= {row["person_id"]: ("Rejection or match", row["company"]) for row in people}
    return {subject: f"{what}, {company}" if company else what for subject, (what, company) in cases.items()}


def _dispute_field(draft: Draft) -> str:
    return next((one.field for one in draft.agreement.crm.inputs if one.meaning == _FIELD), "")
