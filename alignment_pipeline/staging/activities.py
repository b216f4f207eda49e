"""Activities of one kind: Marketo activities, campaign responses, inbound tasks and events in one table.

Belongs here: applying the agreement's list of activity types. What an activity is worth: `scoring/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ibis
from ibis import _

from alignment_pipeline.agreement import patterns
from alignment_pipeline.agreement.activity_types import ActivitySource, Exclusions
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.staging import values
from alignment_pipeline.staging.sources import typed
from alignment_pipeline.staging.touches import source_key

_CONTRACT = CONTRACTS["activities"]
_PRIMARY = "primaryAttributeValue"
_Value = Callable[[str], ibis.Value]


def activities(raw: Mapping[str, ibis.Table], *, activity_types: Sequence[ActivitySource], exclusions: Exclusions) -> ibis.Table:
    """One row per activity, from the current living versions of the raw tables in `raw` (by raw table name).

    A record becomes the type of the first line of the agreement that it meets; a record that meets none is no activity.
    """
    marketo = [source for source in activity_types if source.salesforce is None]
    by_object = {
        object_: [source for source in activity_types if source.salesforce == object_] for object_ in ("CampaignMember", "Task", "Event")
    }
    parts = [
        _marketo(raw["raw_marketo_activities"], raw["raw_marketo_activity_types"], marketo, exclusions),
        _campaign_members(raw["raw_salesforce_campaign_members"], raw["raw_salesforce_campaigns"], by_object["CampaignMember"], exclusions),
        _tasks(raw["raw_salesforce_tasks"], by_object["Task"], exclusions),
        _events(raw["raw_salesforce_events"], by_object["Event"], exclusions),
    ]
    found = [part for part in parts if part is not None]
    return stacked(found, _CONTRACT)


def _marketo(rows: ibis.Table, types: ibis.Table, sources: Sequence[ActivitySource], exclusions: Exclusions) -> ibis.Table | None:
    if not sources:
        return None
    named = types.select(named_type_id=_.record_id, type_name=_.name.lower()).distinct(on="named_type_id", keep="first")
    wanted = sorted({name for source in sources for name in _value_names(source)} | set(exclusions.bot_when) - {_PRIMARY})
    # `where` runs before the JSON is opened, so only rows of types that somebody asked for pay for it
    joined = rows.join(named, rows.activityTypeId == named.named_type_id, how="left")
    joined = joined.filter(_any_of([_is_type(joined.activityTypeId, joined.type_name, source) for source in sources]))
    joined = joined.filter(values.text(joined.leadId).notnull(), values.text(joined.record_id).notnull())
    attributes = {_column(name): values.member(joined.attributes, name) for name in wanted if name != _PRIMARY}
    table = joined.select(
        activity_id=ibis.literal("marketo:") + joined.record_id,
        source_key=ibis.literal("marketo:") + joined.leadId,
        type_id=joined.activityTypeId,
        type_name=joined.type_name,
        event_at=values.timestamp(joined.activityDate),
        known_at=joined.known_at,
        **{_column(_PRIMARY): values.text(joined.primaryAttributeValue)},
        **attributes,
    ).filter(_.event_at.notnull())

    def value(name: str) -> ibis.Value:
        return table[_column(name)]

    return _classified(
        table,
        "marketo",
        sources,
        value,
        condition=lambda source: _is_type(table.type_id, table.type_name, source),
        exclusions=exclusions,
    )


def _is_type(type_id: ibis.Value, type_name: ibis.Value, source: ActivitySource) -> ibis.Value:
    if source.marketo_id is not None:
        return type_id == str(source.marketo_id)
    return (type_name == (source.marketo or "").lower()).fill_null(False)


def _campaign_members(
    members: ibis.Table, campaigns: ibis.Table, sources: Sequence[ActivitySource], exclusions: Exclusions
) -> ibis.Table | None:
    if not sources:
        return None
    base = typed(members, "raw_salesforce_campaign_members")
    named = campaigns.select(named_campaign_id=_.record_id, campaign_name=values.text(_.Name), campaign_type=values.text(_.Type))
    joined = base.left_join(named, base.campaign_id == named.named_campaign_id)
    person = ibis.cases(
        (joined.contact_id.notnull(), ibis.literal("contact:") + joined.contact_id),
        (joined.lead_id.notnull(), ibis.literal("lead:") + joined.lead_id),
        else_=ibis.null("string"),
    )
    table = joined.mutate(
        activity_id=ibis.literal("campaign_member:") + joined.member_id,
        source_key=person,
        event_at=ibis.coalesce(joined.responded_on.cast("timestamp('UTC')"), joined.created_at),
    ).filter(_.has_responded.fill_null(False), _.source_key.notnull())
    fields = {
        "Campaign.Name": table.campaign_name,
        "Campaign.Type": table.campaign_type,
        "Status": table.status,
        "HasResponded": table.has_responded.cast("string"),
        "FirstRespondedDate": table.responded_on.cast("string"),
        "CreatedDate": table.created_at.cast("string"),
    }
    return _classified(table, "salesforce", sources, _lookup(fields), exclusions=exclusions)


def _tasks(tasks: ibis.Table, sources: Sequence[ActivitySource], exclusions: Exclusions) -> ibis.Table | None:
    if not sources:
        return None
    base = typed(tasks, "raw_salesforce_tasks")
    table = base.mutate(
        activity_id=ibis.literal("task:") + base.task_id,
        source_key=source_key(base.who_id),
        event_at=ibis.coalesce(base.completed_at, base.created_at),
    ).filter(_.source_key.notnull(), _.is_closed.fill_null(False), ~_.is_recurrence.fill_null(False))
    fields = {
        "Subject": table.subject,
        "Status": table.status,
        "Type": table.task_type,
        "TaskSubtype": table.subtype,
        "IsClosed": table.is_closed.cast("string"),
        "CallType": table.call_type,
        "CallDisposition": table.call_disposition,
        "CallDurationInSeconds": table.call_seconds.cast("string"),
        "CompletedDateTime": table.completed_at.cast("string"),
        "CreatedDate": table.created_at.cast("string"),
        "ActivityDate": table.activity_on.cast("string"),
    }
    return _classified(table, "salesforce", sources, _lookup(fields), exclusions=exclusions)


def _events(events: ibis.Table, sources: Sequence[ActivitySource], exclusions: Exclusions) -> ibis.Table | None:
    if not sources:
        return None
    base = typed(events, "raw_salesforce_events")
    table = base.mutate(
        activity_id=ibis.literal("event:") + base.event_id,
        source_key=source_key(base.who_id),
        event_at=ibis.coalesce(base.starts_at, base.activity_at, base.activity_on.cast("timestamp('UTC')"), base.created_at),
    ).filter(_.source_key.notnull(), ~_.is_child.fill_null(False), ~_.is_recurrence.fill_null(False))
    fields = {
        "Subject": table.subject,
        "Type": table.event_type,
        "DurationInMinutes": table.duration_minutes.cast("string"),
        "StartDateTime": table.starts_at.cast("string"),
        "ActivityDate": table.activity_on.cast("string"),
        "CreatedDate": table.created_at.cast("string"),
    }
    return _classified(table, "salesforce", sources, _lookup(fields), exclusions=exclusions)


def _lookup(fields: Mapping[str, ibis.Value]) -> _Value:
    def value(name: str) -> ibis.Value:
        # a name that the object has not gives null: an agreement may be shared by organisations with other fields
        return fields.get(name, ibis.null("string"))

    return value


def _classified(
    table: ibis.Table,
    system: str,
    sources: Sequence[ActivitySource],
    value: _Value,
    *,
    exclusions: Exclusions,
    condition: Callable[[ActivitySource], ibis.Value] | None = None,
) -> ibis.Table:
    """The rows that meet a line of the agreement, with its type, category, detail, program and length."""
    tests = []
    for source in sources:
        parts = [condition(source)] if condition else []
        parts += [patterns.matches(value(name), wanted) for name, wanted in source.where.items()]
        parts += [~patterns.matches(value(name), unwanted) for name, unwanted in source.where_not.items()]
        tests.append(ibis.and_(*parts) if parts else ibis.literal(True))
    line = ibis.cases(*[(test, position) for position, test in enumerate(tests)], else_=-1)

    def by_line(give: Callable[[ActivitySource], ibis.Value]) -> ibis.Value:
        given = [give(source) for source in sources]
        if all(one.equals(given[0]) for one in given):
            return given[0]
        return ibis.cases(*[(_.line == position, one) for position, one in enumerate(given)], else_=given[-1])

    def first_of(names: Sequence[str]) -> ibis.Value:
        return ibis.coalesce(*[value(name) for name in names]) if names else ibis.null("string")

    subject = value("Subject") if system == "salesforce" else first_of(["Subject"] if "Subject" in _known(table) else [])
    bot = [patterns.matches(value(name), wanted) for name, wanted in exclusions.bot_when.items()] if system == "marketo" else []
    given_at = by_line(lambda source: values.timestamp(first_of(source.occurred_from)))
    lined = table.mutate(line=line).filter(_.line >= 0)
    rows = lined.mutate(
        system=ibis.literal(system),
        activity_type=by_line(lambda source: ibis.literal(source.type)),
        category=by_line(lambda source: ibis.literal(source.category) if source.category else first_of(source.category_from)),
        detail=by_line(lambda source: first_of(source.detail_from)),
        program=by_line(lambda source: first_of(source.program_from)),
        is_bot=ibis.or_(*bot) if bot else ibis.literal(False),
        is_automatic=patterns.matches(subject, exclusions.automatic_subjects),
        minutes=by_line(lambda source: _minutes(source, value)),
        occurred_at=ibis.coalesce(given_at, _.event_at),
    )
    return rows.select(*_CONTRACT.names)


def _minutes(source: ActivitySource, value: _Value) -> ibis.Value:
    if source.minutes_from:
        return values.number(value(source.minutes_from))
    if source.seconds_from:
        return values.number(value(source.seconds_from)) / 60.0
    return ibis.null("float64")


def _value_names(source: ActivitySource) -> set[str]:
    names = {*source.where, *source.where_not, *source.category_from, *source.detail_from, *source.program_from, *source.occurred_from}
    return names | {name for name in (source.minutes_from, source.seconds_from) if name}


def _known(table: ibis.Table) -> set[str]:
    return {name.removeprefix("value ") for name in table.columns if name.startswith("value ")}


def _column(name: str) -> str:
    return f"value {name}"


def _any_of(tests: Sequence[ibis.Value]) -> ibis.Value:
    return ibis.or_(*tests) if len(tests) > 1 else tests[0]
