"""Escalations: which rungs of a policy's ladder its clocks have reached, who is told, and in what words.

Belongs here: one row per rung that can still matter. Making tasks of them: `sla/tasks.py`; sending messages: `connectors/notify/`.
A rung's key is made of the clock and the rung alone, so however often it is derived, it is told once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement import sla_ladders
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_ladders import Rung
from alignment_pipeline.contracts.moments import HOUR, microseconds
from alignment_pipeline.contracts.sla import SLA_ESCALATIONS
from alignment_pipeline.sla.calendars import NEVER
from alignment_pipeline.sla.clocks import rows
from alignment_pipeline.sla.timelines.owners import Owners

Ints = np.ndarray
_REASONS = {
    "due": "The clock reached this rung and nothing has stopped it.",
    "future": "The clock has not reached this rung yet.",
    "waiting": "The clock reached this rung, but the feed is not read past that moment: an answer in time may still arrive.",
    "cancelled": "The clock has ended: nothing to tell any more.",
    "expired": "Reached longer ago than the agreement's max_age_hours: not told any more.",
}
SUBJECT_LENGTH = 255
BODY_LENGTH = 2_000


def rungs(made: rows.Rows, table: pa.Table, *, sla: Sla) -> pa.Table:
    """`sla_escalations` of one policy, still without people and words.

    An open clock has a row for every rung; one that has ended keeps those it reached within max_age_hours, as cancelled, so
    that what was told about them can be taken back.
    """
    ladder = next((one for one in sla.escalation.ladders if one.name == made.policy.ladder), None)
    if ladder is None or not len(table):
        return SLA_ESCALATIONS.empty()
    now, oldest = microseconds(made.as_of), microseconds(made.as_of) - round(sla.escalation.max_age_hours * HOUR)
    has_ended = made.found.end < NEVER
    parts = []
    for position, rung in enumerate(ladder.rungs, start=1):
        due = made.segments.reach(np.full(len(table), round(made.target * rung.at_share)))
        is_recent = due >= oldest
        matters = np.where(has_ended, (due <= now) & is_recent, due < NEVER)
        # a rung at the start announces the clock; the others say that nobody has answered, which the feed must prove
        is_unproven = (due >= made.watermark) & (rung.at_share > 0)
        running = np.where(due > now, "future", np.where(is_unproven, "waiting", np.where(is_recent, "due", "expired")))
        state = np.where(has_ended, "cancelled", running)
        parts.append(_rows(made, table, ladder.name, rung, position, due, state.astype(object), np.flatnonzero(matters)))
    return pa.concat_tables(parts)


def _rows(
    made: rows.Rows, table: pa.Table, ladder: str, rung: Rung, position: int, due: Ints, state: Ints, keep: Ints
) -> pa.Table:  # fmt: skip
    base = table.take(pa.array(keep))
    size = len(base)
    chosen = pa.array(state[keep], pa.string())
    place = pc.index_in(chosen, value_set=pa.array(list(_REASONS)))
    columns = {
        "escalation_id": pc.binary_join_element_wise(base["clock_id"], rung.name, ":"),
        "clock_id": base["clock_id"],
        "policy": base["policy"],
        "ladder": pa.repeat(pa.scalar(ladder), size),
        "rung": pa.repeat(pa.scalar(rung.name), size),
        "position": pa.repeat(pa.scalar(position), size),
        "due_at": rows.moments(due[keep]),
        "state": chosen,
        "object": base["object"],
        "record_id": base["record_id"],
        "account_id": base["account_id"],
        "task_owner_id": pa.nulls(size, pa.string()),
        "task_priority": pa.repeat(pa.scalar(rung.task_priority if rung.task_to else None, pa.string()), size),
        "notify_user_ids": pa.repeat(pa.scalar("[]"), size),
        "is_urgent": pa.repeat(pa.scalar(rung.is_urgent), size),
        "title": pa.repeat(pa.scalar(f"{made.policy.title}: {rung.name.replace('_', ' ')}"), size),
        "task_subject": pa.nulls(size, pa.string()),
        "task_body": pa.nulls(size, pa.string()),
        "reason": pc.take(pa.array(list(_REASONS.values())), place),
        "as_of": base["as_of"],
        "agreement_version": base["agreement_version"],
    }
    return pa.table([columns[name] for name in SLA_ESCALATIONS.names], schema=SLA_ESCALATIONS.schema)


def worded(
    table: pa.Table, clocks: pa.Table, people: pa.Table, accounts: pa.Table, opportunities: pa.Table, *, owners: Owners, sla: Sla
) -> pa.Table:
    """Add who is told and the texts to the rungs that are due; the others need none yet."""
    is_due = pc.equal(table["state"], "due")
    due, rest = table.filter(is_due), table.filter(pc.invert(is_due))
    if not len(due):
        return table.sort_by("escalation_id")
    place = pc.index_in(due["clock_id"], value_set=clocks["clock_id"].combine_chunks())
    clock_rows = clocks.take(place).to_pylist()
    wanted = pa.array(sorted({str(row["person_id"]) for row in clock_rows}))
    names = {
        row["person_id"]: (" ".join(part for part in (row["first_name"], row["last_name"]) if part), row["company"] or "")
        for row in people.filter(pc.is_in(people["person_id"], value_set=wanted)).to_pylist()
    }
    account_names = dict(zip(accounts["account_id"].to_pylist(), accounts["name"].to_pylist(), strict=True))
    deal_names = dict(zip(opportunities["opportunity_id"].to_pylist(), opportunities["name"].to_pylist(), strict=True))
    ladders = {(ladder.name, rung.name): rung for ladder in sla.escalation.ladders for rung in ladder.rungs}
    titles = {policy.name: policy.title for policy in sla.policies}
    owner_ids, notified, heads, bodies = [], [], [], []
    for row, clock in zip(due.to_pylist(), clock_rows, strict=True):
        rung = ladders[row["ladder"], row["rung"]]
        account = account_names.get(clock["account_id"]) or ""
        person, company = names.get(clock["person_id"], ("", ""))
        if clock["subject"] == "account":
            person, company = account, account
        elif clock["subject"] == "opportunity":
            person, company = deal_names.get(clock["subject_id"]) or clock["subject_id"], account
        values = _values(row, clock, person or "someone without a name", company or account or "no company", titles[row["policy"]], owners)
        owner_ids.append(who(rung.task_to, clock["owner_id"], owners, sla) if rung.task_to else None)
        told = [who(role, clock["owner_id"], owners, sla) for role in rung.notify]
        notified.append(json.dumps(list(dict.fromkeys(user for user in told if user))))
        heads.append(one_line(sla_ladders.fill(rung.subject, values))[:SUBJECT_LENGTH])
        bodies.append(sla_ladders.fill(rung.body, values)[:BODY_LENGTH])
    for name, column in (("task_owner_id", owner_ids), ("notify_user_ids", notified), ("task_subject", heads), ("task_body", bodies)):
        at = due.schema.get_field_index(name)
        due = due.set_column(at, due.schema.field(name), pa.array(column, pa.string()))
    return pa.concat_tables([due, rest]).sort_by("escalation_id")


def who(role: str, owner_id: str | None, owners: Owners, sla: Sla) -> str | None:
    """The user who stands for a role: the owner, the next active manager, the executive; None when nobody can be found.

    What cannot reach a rep (nobody owns the record, or the owner has left) goes one step up, so that no lead is forgotten.
    """
    if role == "marketer":
        return owners.by_email(sla.escalation.marketer_email)
    if role == "cmo":
        return owners.by_email(sla.escalation.cmo_email)
    executive = owners.executive(owner_id)
    if role == "executive":
        return executive
    manager = owners.manager(owner_id) or executive
    if role == "manager":
        return manager
    return owner_id if owners.is_active(owner_id) else manager


def _values(
    row: Mapping[str, object], clock: Mapping[str, object], person: str, company: str, title: str, owners: Owners
) -> dict[str, str]:  # fmt: skip
    owner = owners.users.get(str(clock["owner_id"]))
    due = clock["due_at"]
    late = max(0.0, -float(str(clock["minutes_left"])))
    return {
        "person": one_line(person),
        "company": one_line(company),
        "policy": title,
        "state": str(clock["state"]).replace("_", " "),
        "owner": one_line(owner.name) if owner and owner.name else "nobody",
        "due_at": f"{due:%Y-%m-%d %H:%M} UTC" if due else "never",
        "started_at": f"{clock['started_at']:%Y-%m-%d %H:%M} UTC",
        "minutes_late": f"{late:.0f}",
        "target": f"{float(str(clock['target_minutes'])):g} min",
        "reason": str(clock["reason"]),
        "rung": str(row["rung"]).replace("_", " "),
        "record_id": str(clock["record_id"]),
    }


def one_line(value: str) -> str:
    """CRM text as one line without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
