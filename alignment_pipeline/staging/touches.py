"""Touches of reps: calls, e-mails and meetings that the CRM has logged."""

from __future__ import annotations

import ibis
from ibis import _

from alignment_pipeline.agreement import patterns
from alignment_pipeline.agreement.activity_types import Exclusions
from alignment_pipeline.agreement.touches import Touches
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.moments import Moment, micros, moment
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.staging.shared_activities import RELATIONS, source_key, with_everybody
from alignment_pipeline.staging.sources import typed

_ACCOUNT, _OPPORTUNITY = "001", "006"
_TASKS, _EVENTS = RELATIONS
# no event of the CRM is longer than 14 days; a typed 1e300 must not end the run
_LONGEST_MINUTES = 366 * 1440.0


def touches(
    tasks: ibis.Table,
    events: ibis.Table,
    *,
    task_relations: ibis.Table | None = None,
    event_relations: ibis.Table | None = None,
    reading: Touches,
    exclusions: Exclusions,
    as_of: Moment,
) -> ibis.Table:
    """One row per touch and person, from the current living versions of raw_salesforce_tasks and raw_salesforce_events, and of the
    relations that name further people.

    A task touched when it was completed; a closed task without that moment counts from its creation. An event touched
    when it began and is completed once it is over. Copies for invitees and masters of recurring series are left out.
    """
    parts = [(_tasks(tasks, reading, exclusions), task_relations, _TASKS), (_events(events, as_of), event_relations, _EVENTS)]
    shared = [rows if relations is None else with_everybody(rows, relations, RELATIONS[name]) for rows, relations, name in parts]
    return stacked([rows.filter(rows.source_key.notnull()) for rows in shared], CONTRACTS["touches"])


def _subject_key(base: ibis.Table) -> ibis.Value:
    """Whom a task or event touches: the person it names, else the opportunity or account it is about."""
    return ibis.coalesce(
        source_key(base.who_id),
        ibis.ifelse(base.what_id.startswith(_OPPORTUNITY), ibis.literal("opportunity:") + base.what_id, ibis.null("string")),
        ibis.ifelse(base.what_id.startswith(_ACCOUNT), ibis.literal("account:") + base.what_id, ibis.null("string")),
        ibis.ifelse(base.account_id.startswith(_ACCOUNT), ibis.literal("account:") + base.account_id, ibis.null("string")),
    )


def is_inbound(table: ibis.Table, reading: Touches) -> ibis.Value:
    """The other side reached out: CallType says so, or the subject does."""
    return (table.call_type.lower() == "inbound").fill_null(False) | patterns.matches(table.subject, reading.inbound_subjects)


def _tasks(tasks: ibis.Table, reading: Touches, exclusions: Exclusions) -> ibis.Table:
    base = typed(tasks, _TASKS)
    kinds = {
        "call": reading.call_types,
        "email": reading.email_types,
        "meeting": reading.meeting_types,
        "linkedin": reading.linkedin_types,
    }
    # TaskSubtype is 'Task' unless a channel made it, so Type decides first where people fill it in
    branches = [
        (patterns.matches(base[column], wanted), ibis.literal(kind))
        for column in ("task_type", "subtype")
        for kind, wanted in kinds.items()
        if wanted
    ]
    closed = base.is_closed.fill_null(False)
    rows = base.mutate(
        touch_id=base.task_id,
        shared_id=base.task_id,
        source_key=_subject_key(base),
        user_id=base.owner_id,
        touch_type=ibis.cases(*branches, else_=ibis.literal("other")) if branches else ibis.literal("other"),
        direction=ibis.ifelse(is_inbound(base, reading), "inbound", "outbound"),
        is_automatic=patterns.matches(base.subject, exclusions.automatic_subjects),
        is_completed=closed,
        occurred_at=ibis.coalesce(base.completed_at, base.created_at),
    )
    return rows.filter(_.user_id.notnull(), ~_.is_recurrence.fill_null(False))


def _events(events: ibis.Table, as_of: Moment) -> ibis.Table:
    base = typed(events, _EVENTS)
    starts = ibis.coalesce(base.starts_at, base.activity_at, base.activity_on.cast("timestamp('UTC')"), base.created_at)
    length = (base.duration_minutes.fill_null(0.0).clip(0.0, _LONGEST_MINUTES) * 60_000_000).cast("int64")
    ends_micro = starts.epoch_seconds().cast("int64") * 1_000_000 + length
    rows = base.mutate(
        touch_id=base.event_id,
        shared_id=base.event_id,
        source_key=_subject_key(base),
        user_id=base.owner_id,
        touch_type=ibis.literal("meeting"),
        direction=ibis.literal("outbound"),
        is_automatic=ibis.literal(False),
        is_completed=ends_micro <= micros(moment(as_of)),
        occurred_at=starts,
    )
    return rows.filter(_.user_id.notnull(), ~_.is_child.fill_null(False), ~_.is_recurrence.fill_null(False))
