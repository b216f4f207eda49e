"""Making a plan from the published tables, and applying one that a standing approval covers.

Belongs here: bringing tables, journal and CRM together. The protocol itself: `write_back/`. Nothing here asks Dagster.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
from ibis import _
from sqlalchemy import func, select

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.connectors import registry
from alignment_pipeline.connectors.crm import Crm
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ApprovalRequired
from alignment_pipeline.installation import marketo
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.journal import Journal, from_stamp, stamp
from alignment_pipeline.journal.tables import OP, PLAN
from alignment_pipeline.operations import source_health
from alignment_pipeline.wording import forms
from alignment_pipeline.write_back.fields.shape import described_shapes
from alignment_pipeline.write_back.plans import keys, prepare
from alignment_pipeline.write_back.sending import apply as applying
from alignment_pipeline.write_back.sending.marketo import with_marketo

NAMED = ("accounts", "leads", "contacts", "users")
PLAN_INPUTS = ("field_updates", "record_creates", "crm_field_values", "crm_record_states")
DESCRIBED = ("Account", "Contact", "Lead", "Task")


def open_crm(home: Home, *, may_write: bool = True) -> Crm:
    """The CRM of this installation, with Marketo's people where the field map names a field of theirs and a Marketo is configured."""
    crm = crm_alone(home, may_write=may_write)
    if not home.agreement.crm.fields_of(MARKETO_LEAD) or not marketo.is_configured(home):
        return crm
    return with_marketo(crm, marketo.session(home), may_write=may_write)


def crm_alone(home: Home, *, may_write: bool = True) -> Crm:
    """The CRM without other systems beside it, by the writer's credentials where it may write."""
    connector = registry.crm_of(home.environ)
    assert connector.open_crm is not None
    return connector.open_crm(home.environ, home.clock, home.agreement.crm, may_write=may_write)


def is_past(as_of: datetime, now: datetime) -> bool:
    """Whether a run decides as of a past moment, whose values must not reach the CRM."""
    return now - as_of > source_health.CADENCE


def make_plan(
    home: Home,
    tables: Mapping[str, ibis.Table],
    measures: ibis.Table,
    extractions: ibis.Table,
    *,
    agreement: Agreement,
    journal: Journal,
    crm: Crm,
    as_of: datetime,
    run_id: str,
    names: Mapping[str, str] | None = None,
    reactions: Callable[[Collection[str]], Sequence[str]] | None = None,
) -> prepare.Prepared:
    """Compare what should be with what is, have the guard judge it, keep it in the journal and write its preview. Sends nothing."""
    history = source_health.history(journal, measures)
    return prepare.prepare(
        journal,
        **{name: tables[name] for name in PLAN_INPUTS} | {"field_updates": without_newer(tables["field_updates"], journal, as_of=as_of)},
        agreement=agreement,
        shapes=described_shapes(crm.describe_all([*DESCRIBED, MARKETO_LEAD] if crm.has_marketo else DESCRIBED)),
        org_id=crm.organization_id,
        as_of=as_of,
        run_id=run_id,
        sources=source_health.source_health(history, extractions, now=home.clock.now(), normal=source_health.accepted(journal)),
        match_rates=history.get("match_rate", []),
        folder=home.folder("plans"),
        names=names,
        reactions=reactions,
    )


def record_names(tables: Mapping[str, ibis.Table]) -> dict[str, str]:
    """Record id -> what people call it: of accounts, leads (with their company), contacts and users."""
    person = (_.first_name.fill_null("") + " " + _.last_name.fill_null("")).strip()
    parts = [
        tables["accounts"].select(record_id=_.account_id, name=_.name),
        tables["contacts"].select(record_id=_.contact_id, name=person),
        tables["users"].select(record_id=_.user_id, name=_.name),
    ]
    leads = tables["leads"].select(record_id=_.lead_id, name=person, company=_.company.fill_null("")).to_pyarrow().to_pylist()
    names = {row["record_id"]: name for row in leads if (name := forms.once(row["name"], row["company"]))}
    for part in parts:
        rows = part.to_pyarrow()
        names.update({key: name for key, name in zip(rows["record_id"].to_pylist(), rows["name"].to_pylist(), strict=True) if name})
    return names


def apply_standing(home: Home, plan_hash: str, *, agreement: Agreement, journal: Journal, crm: Crm) -> applying.Applied | str:
    """Apply a plan that is approved already or inside a signed standing approval; otherwise say why it waits."""
    key = keys.checking_key(home.path, home.environ)
    try:
        return applying.apply(journal, crm, plan_hash, agreement=agreement, key=key)
    except ApprovalRequired as waits:
        return str(waits)


def without_newer(field_updates: ibis.Table, journal: Journal, *, as_of: datetime) -> ibis.Table:
    """The updates less those of records that the fast lane decided on after `as_of`: it knew more, and its values must not flicker."""
    query = select(OP.c.object, OP.c.record_id).join(PLAN, PLAN.c.plan_hash == OP.c.plan_hash)
    query = query.where(PLAN.c.kind == "fast", PLAN.c.as_of > stamp(as_of), OP.c.record_id.is_not(None)).distinct()
    with journal.read() as connection:
        rows = connection.execute(query).all()
    if not rows:
        return field_updates
    newer = pa.table({"object": [row.object for row in rows], "record_id": [row.record_id for row in rows]})
    return field_updates.anti_join(ibis.memtable(newer), ["object", "record_id"])


def plan_rows(journal: Journal) -> pa.Table:
    """The table `write_plans`: every plan of the journal."""
    with journal.read() as connection:
        plans = connection.execute(select(PLAN).order_by(PLAN.c.created_at, PLAN.c.plan_hash)).all()
    rows = []
    for row in plans:
        counts, judged = json.loads(row.stats), json.loads(row.guard)
        asked = [check["text"] for check in judged["checks"] if check["verdict"] == judged["verdict"] != "OK"]
        rows.append(
            {
                "plan_hash": row.plan_hash,
                "run_id": row.run_id,
                "kind": row.kind,
                "state": row.state,
                "verdict": judged["verdict"],
                "reasons": json.dumps(asked),
                "operations": int(counts.get("operations", 0)),
                "counts": row.stats,
                "approved_by": row.approved_by,
                "as_of": from_stamp(row.as_of),
                "agreement_version": row.config_hash,
                "created_at": from_stamp(row.created_at),
            }
        )
    return pa.Table.from_pylist(rows, schema=CONTRACTS["write_plans"].schema)


def sent(journal: Journal) -> list[dict[str, Any]]:
    """What came of the newest full plan that had something to send: object, outcome, operations; empty when nothing was ever sent."""
    newest = (
        select(PLAN.c.plan_hash).join(OP, OP.c.plan_hash == PLAN.c.plan_hash).where(PLAN.c.kind == "full", PLAN.c.approved_by.is_not(None))
    )
    query = select(OP.c.plan_hash, OP.c.object, OP.c.state, func.count().label("operations"), func.max(OP.c.changed_at).label("latest"))
    with journal.read() as connection:
        plan_hash = connection.execute(newest.order_by(PLAN.c.created_at.desc()).limit(1)).scalar()
        if plan_hash is None:
            return []
        grouped = query.where(OP.c.plan_hash == plan_hash).group_by(OP.c.plan_hash, OP.c.object, OP.c.state)
        rows = connection.execute(grouped.order_by(OP.c.object, OP.c.state)).all()
    return [{**row._mapping, "latest": from_stamp(row.latest)} for row in rows]


def latest_plan(write_plans: ibis.Table) -> dict[str, Any] | None:
    """The newest full plan that still has something to say, None when there is none."""
    newest = write_plans.filter(_.kind == "full").order_by(ibis.desc("created_at"), "plan_hash").limit(1).to_pyarrow().to_pylist()
    return newest[0] if newest else None
