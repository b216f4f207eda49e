"""Escalations: which rungs of a policy's ladder its clocks have reached, who is told, and in what words.

Belongs here: one row per rung that can still matter. Making tasks of them: `sla/escalation/tasks.py`; sending messages:
`connectors/notify/`. A rung's key is made of the clock and the rung alone, so however often it is derived, it is told once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement import sla_ladders
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_ladders import Rung
from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline.contracts.moments import HOUR, microseconds
from alignment_pipeline.contracts.sla import SLA_ESCALATIONS
from alignment_pipeline.sla.arrays import NEVER, fetch
from alignment_pipeline.sla.clocks import rows as sla_rows
from alignment_pipeline.sla.clocks.measured import Measured
from alignment_pipeline.sla.timelines.owners import Owners
from alignment_pipeline.sla.timelines.sources import Sources
from alignment_pipeline.wording import forms, moments

_REASONS = {
    "due": "The time for this message has come, and nobody has answered.",
    "future": "The time for this message has not come yet.",
    "waiting": "The time for this message has come, but later activities have not been read yet: an answer in time may still arrive.",
    "cancelled": "It was answered or is no longer needed: no message is due.",
    "expired": "The time for this message was too long ago to send it now.",
}
BODY_LENGTH = 2_000


def rungs(policy: Policy, measured: Measured, table: pa.Table, *, sla: Sla, as_of: datetime) -> pa.Table:
    """`sla_escalations` of one policy, still without people and words. `table` are its clocks as `sla_clocks`.

    An open clock has a row for every rung; one that has ended keeps those it reached within max_age_hours, as cancelled, so
    that what was told about them can be taken back.
    """
    ladder = next((one for one in sla.escalation.ladders if one.name == policy.ladder), None)
    if ladder is None or not len(table):
        return SLA_ESCALATIONS.empty()
    now, oldest = microseconds(as_of), microseconds(as_of) - round(sla.escalation.max_age_hours * HOUR)
    has_ended = measured.starts.end < NEVER
    parts = []
    for position, rung in enumerate(ladder.rungs, start=1):
        due = measured.reach(rung.at_share)
        is_recent = due >= oldest
        matters = np.where(has_ended, (due <= now) & is_recent, due < NEVER)
        # a rung at the start announces the clock; the others say that nobody has answered, which the feed must prove
        is_unproven = (due >= measured.watermark) & (rung.at_share > 0)
        running = np.where(due > now, "future", np.where(is_unproven, "waiting", np.where(is_recent, "due", "expired")))
        state = pa.array(np.where(has_ended, "cancelled", running).astype(object), pa.string())
        keep = pa.array(np.flatnonzero(matters))
        head = {"ladder": ladder.name, "rung": rung.name, "title": f"{policy.title}: {forms.named(rung.name)}"}
        parts.append(
            _rows(table.take(keep), rung, due=sla_rows.moments(due).take(keep), state=state.take(keep), position=position, head=head)
        )
    return pa.concat_tables(parts)


def _rows(base: pa.Table, rung: Rung, *, due: pa.Array, state: pa.Array, position: int, head: Mapping[str, str]) -> pa.Table:
    """Rows of one rung for the clocks `base`."""
    size = len(base)
    place = pc.index_in(state, value_set=pa.array(list(_REASONS)))
    columns = {
        "escalation_id": pc.binary_join_element_wise(base["clock_id"], rung.name, ":"),
        "clock_id": base["clock_id"],
        "policy": base["policy"],
        **{name: pa.repeat(pa.scalar(word), size) for name, word in head.items()},
        "position": pa.repeat(pa.scalar(position), size),
        "due_at": due,
        "state": state,
        "object": base["object"],
        "record_id": base["record_id"],
        "account_id": base["account_id"],
        "task_owner_id": pa.nulls(size, pa.string()),
        "task_priority": pa.repeat(pa.scalar(rung.task_priority if rung.task_to else None, pa.string()), size),
        "notify_user_ids": pa.repeat(pa.scalar("[]"), size),
        "is_urgent": pa.repeat(pa.scalar(rung.is_urgent), size),
        "task_subject": pa.nulls(size, pa.string()),
        "task_body": pa.nulls(size, pa.string()),
        "reason": pc.take(pa.array(list(_REASONS.values())), place),
        "as_of": base["as_of"],
        "agreement_version": base["agreement_version"],
    }
    return pa.table([columns[name] for name in SLA_ESCALATIONS.names], schema=SLA_ESCALATIONS.schema)


@dataclass(frozen=True)
class Texts:
    """What the texts of rungs name: clocks, people, accounts and opportunities."""

    clocks: pa.Table
    people: pa.Table
    accounts: pa.Table
    opportunities: pa.Table
    owners: Owners
    sla: Sla

    @classmethod
    def of(cls, sources: Sources, clocks: pa.Table, *, owners: Owners, sla: Sla) -> Texts:
        """Read the names."""
        return cls(
            clocks=clocks,
            people=fetch(sources.people, "person_id", "first_name", "last_name", "company", "phone"),
            accounts=fetch(sources.accounts, "account_id", "name"),
            opportunities=fetch(sources.opportunities, "opportunity_id", "name"),
            owners=owners,
            sla=sla,
        )

    def worded(self, table: pa.Table) -> pa.Table:
        """Add who is notified and the texts to the rungs that are due; the others need none yet."""
        is_due = pc.equal(table["state"], "due")
        due, rest = table.filter(is_due), table.filter(pc.invert(is_due))
        if not len(due):
            return table.sort_by("escalation_id")
        place = pc.index_in(due["clock_id"], value_set=self.clocks["clock_id"].combine_chunks())
        clock_rows = self.clocks.take(place).to_pylist()
        named = _Names.of(self, clock_rows)
        ladders = {(ladder.name, rung.name): rung for ladder in self.sla.escalation.ladders for rung in ladder.rungs}
        columns: dict[str, list[str | None]] = {name: [] for name in ("task_owner_id", "notify_user_ids", "task_subject", "task_body")}
        for row, clock in zip(due.to_pylist(), clock_rows, strict=True):
            rung = ladders[row["ladder"], row["rung"]]
            users = [who(role, clock["owner_id"], self.owners, self.sla) for role in rung.notify]
            texts = named.values(row, clock)
            columns["task_owner_id"].append(who(rung.task_to, clock["owner_id"], self.owners, self.sla) if rung.task_to else None)
            columns["notify_user_ids"].append(json.dumps(list(dict.fromkeys(user for user in users if user))))
            columns["task_subject"].append(forms.fit(one_line(sla_ladders.fill(rung.subject, texts))))
            columns["task_body"].append(forms.fit(sla_ladders.fill(rung.body, texts).strip(), BODY_LENGTH))
        for name, column in columns.items():
            at = due.schema.get_field_index(name)
            due = due.set_column(at, due.schema.field(name), pa.array(column, pa.string()))
        return pa.concat_tables([due, rest]).sort_by("escalation_id")


@dataclass(frozen=True)
class _Names:
    """Names by id."""

    people: Mapping[str, tuple[str, str]]
    phones: Mapping[str, str]
    policies: Mapping[str, Policy]
    accounts: Mapping[str, str | None]
    opportunities: Mapping[str, str | None]
    titles: Mapping[str, str]
    owners: Owners

    @classmethod
    def of(cls, texts: Texts, clocks: list[dict[str, Any]]) -> _Names:
        wanted = pa.array(sorted({str(clock["person_id"]) for clock in clocks}))
        people = texts.people.filter(pc.is_in(texts.people["person_id"], value_set=wanted)).to_pylist()
        return cls(
            phones={row["person_id"]: row["phone"] for row in people if row["phone"]},
            policies={policy.name: policy for policy in texts.sla.policies},
            people={
                row["person_id"]: (" ".join(part for part in (row["first_name"], row["last_name"]) if part), row["company"] or "")
                for row in people
            },
            accounts=dict(zip(texts.accounts["account_id"].to_pylist(), texts.accounts["name"].to_pylist(), strict=True)),
            opportunities=dict(
                zip(texts.opportunities["opportunity_id"].to_pylist(), texts.opportunities["name"].to_pylist(), strict=True)
            ),
            titles={policy.name: policy.title for policy in texts.sla.policies},
            owners=texts.owners,
        )

    def values(self, row: Mapping[str, object], clock: Mapping[str, Any]) -> dict[str, str]:
        """What the placeholders of a rung's texts stand for."""
        account = self.accounts.get(clock["account_id"]) or ""
        person, company = self.people.get(clock["person_id"], ("", ""))
        if clock["subject"] == "account":
            person, company = account, account
        elif clock["subject"] == "opportunity":
            person, company = self.opportunities.get(clock["subject_id"]) or clock["subject_id"], account
        owner = self.owners.users.get(str(clock["owner_id"]))
        due = clock["due_at"]
        zone = (owner.zone if owner else None) or clock["time_zone"]
        year = clock["as_of"].year
        phone = self.phones.get(clock["person_id"])
        policy = self.policies.get(str(row["policy"]))
        company = company or account
        late = max(0.0, -float(str(clock["minutes_left"])))
        return {
            "who": one_line(forms.once(person, company)) or "someone without a name",
            "phone": forms.say("task.phone", phone=one_line(phone)) if phone else "",
            "wanted": forms.wanted([(stop.event, stop.count) for stop in policy.stops if not stop.stages]) if policy else "",
            "person": one_line(person or "someone without a name"),
            "company": one_line(company or "no company"),
            "policy": self.titles[str(row["policy"])],
            "state": str(clock["state"]).replace("_", " "),
            "owner": one_line(owner.name) if owner and owner.name else "nobody",
            "due_at": moments.due(due, zone, year=year) if due else "never",
            "started_at": moments.due(clock["started_at"], zone, year=year),
            "minutes_late": f"{late:.0f}",
            "target": f"{float(str(clock['target_minutes'])):g} min",
            "reason": str(clock["reason"]),
            "rung": str(row["rung"]).replace("_", " "),
            "record_id": str(clock["record_id"]),
        }


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


def one_line(value: str) -> str:
    """CRM text as one line without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
