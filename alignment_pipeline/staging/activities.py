"""Activities of one kind: activities of the marketing systems, campaign responses, inbound tasks and events in one table.

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
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import ActivityFeed, System
from alignment_pipeline.staging import values
from alignment_pipeline.staging.shared_activities import RELATIONS, source_key, with_everybody
from alignment_pipeline.staging.sources import typed

_CONTRACT = CONTRACTS["activities"]
_CRM = SALESFORCE.name
TABLES = (
    *(name for system in MARKETING for name in system.activity_tables),
    *("raw_salesforce_campaign_members", "raw_salesforce_campaigns", *RELATIONS, *RELATIONS.values()),
)
_TASKS, _EVENTS = RELATIONS.items()
_Value = Callable[[str], ibis.Value]


def activities(raw: Mapping[str, ibis.Table], *, activity_types: Sequence[ActivitySource], exclusions: Exclusions) -> ibis.Table:
    """One row per activity, from the current living versions of the raw tables in `raw` (`TABLES`, by raw table name).

    A record becomes the type of the first line of the agreement that it meets; a record that meets none is no activity.
    """
    lines = {
        object_: [source for source in activity_types if (source.system, source.record) == (_CRM, object_)]
        for object_ in SALESFORCE.records
    }
    parts = [
        *(
            _of_feed(system, feed, raw, [source for source in activity_types if source.system == system.name], exclusions)
            for system in MARKETING
            for feed in system.feeds
        ),
        _campaign_members(raw["raw_salesforce_campaign_members"], raw["raw_salesforce_campaigns"], lines["CampaignMember"], exclusions),
        _tasks(raw[_TASKS[0]], raw[_TASKS[1]], lines["Task"], exclusions),
        _events(raw[_EVENTS[0]], raw[_EVENTS[1]], lines["Event"], exclusions),
    ]
    present = [part for part in parts if part is not None]
    return stacked(present, _CONTRACT)


def _of_feed(
    system: System, feed: ActivityFeed, raw: Mapping[str, ibis.Table], lines: Sequence[ActivitySource], exclusions: Exclusions
) -> ibis.Table | None:
    """Rows of one log of a marketing system."""
    sources = [source for source in lines if feed.record in (None, source.record)]
    if not sources:
        return None
    rows = raw[feed.table]
    # `where` runs before the JSON is opened, so only rows of types that somebody asked for pay for it
    if feed.catalogue is not None:
        types = raw[feed.catalogue]
        named = types.select(named_type_id=_.record_id, type_name=_.name.lower()).distinct(on="named_type_id", keep="first")
        rows = rows.join(named, rows[feed.type_id] == named.named_type_id, how="left").mutate(type_id=_[feed.type_id])
        rows = rows.filter(_any_of([_is_type(rows.type_id, rows.type_name, source) for source in sources]))
    rows = _with_person(system, feed, rows, raw)
    rows = rows.filter(rows.person.notnull(), values.text(rows.record_id).notnull())
    names = {name for source in sources for name in _value_names(source)} | set(exclusions.bot_when)
    wanted = sorted(names | ({feed.bot_flag} if feed.bot_flag else set()))
    given = {_column(name): values.text(rows[name]) for name in wanted if name in feed.values}
    if feed.attributes is not None:
        given |= {_column(name): values.member(rows[feed.attributes], name) for name in wanted if name not in feed.values}
    table = rows.select(
        activity_id=ibis.literal(f"{system.name}:") + rows.record_id,
        source_key=ibis.literal(f"{system.name}:") + rows.person,
        event_at=values.timestamp(rows[feed.moment]),
        known_at=rows.known_at,
        **({"type_id": rows.type_id, "type_name": rows.type_name} if feed.catalogue is not None else {}),
        **given,
    ).filter(_.event_at.notnull())

    def value(name: str) -> ibis.Value:
        # a log has not every value that the agreement names for another one
        return table[_column(name)] if _column(name) in table.columns else ibis.null("string")

    condition = None if feed.catalogue is None else lambda source: _is_type(table.type_id, table.type_name, source)
    return _classified(table, system.name, sources, value, condition=condition, exclusions=exclusions, bot_flag=feed.bot_flag)


def _with_person(system: System, feed: ActivityFeed, rows: ibis.Table, raw: Mapping[str, ibis.Table]) -> ibis.Table:
    """The rows with the id of their person; where they hold only an address, of the smallest id that has it."""
    if not feed.is_by_email:
        return rows.mutate(person=values.text(rows[feed.person]))
    assert system.people is not None
    people = raw[system.people.table]
    addresses = people.select(address=people[system.people.email], person=people.record_id)
    if system.people.more_emails is not None:
        more = people[system.people.more_emails].fill_null("").split(";").unnest()
        addresses = ibis.union(addresses, people.select(address=more, person=people.record_id))
    by_email = addresses.select(owner_email=values.email(addresses.address), person=addresses.person).filter(_.owner_email.notnull())
    by_email = by_email.group_by("owner_email").agg(person=_.person.min())
    return rows.join(by_email, values.email(rows[feed.person]) == by_email.owner_email, how="left")


def _is_type(type_id: ibis.Value, type_name: ibis.Value, source: ActivitySource) -> ibis.Value:
    if source.record_id is not None:
        return type_id == str(source.record_id)
    return (type_name == (source.record or "").lower()).fill_null(False)


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
    return _classified(table, _CRM, sources, _lookup(fields), exclusions=exclusions)


def _tasks(tasks: ibis.Table, relations: ibis.Table, sources: Sequence[ActivitySource], exclusions: Exclusions) -> ibis.Table | None:
    if not sources:
        return None
    base = typed(tasks, "raw_salesforce_tasks")
    rows = _of_everybody(base, "task_id", "task:", relations, _TASKS[1])
    table = rows.mutate(event_at=ibis.coalesce(rows.completed_at, rows.created_at)).filter(
        _.source_key.notnull(), _.is_closed.fill_null(False), ~_.is_recurrence.fill_null(False)
    )
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
    return _classified(table, _CRM, sources, _lookup(fields), exclusions=exclusions)


def _events(events: ibis.Table, relations: ibis.Table, sources: Sequence[ActivitySource], exclusions: Exclusions) -> ibis.Table | None:
    if not sources:
        return None
    base = typed(events, "raw_salesforce_events")
    rows = _of_everybody(base, "event_id", "event:", relations, _EVENTS[1])
    starts = ibis.coalesce(rows.starts_at, rows.activity_at, rows.activity_on.cast("timestamp('UTC')"), rows.created_at)
    table = rows.mutate(event_at=starts).filter(_.source_key.notnull(), ~_.is_child.fill_null(False), ~_.is_recurrence.fill_null(False))
    fields = {
        "Subject": table.subject,
        "Type": table.event_type,
        "DurationInMinutes": table.duration_minutes.cast("string"),
        "StartDateTime": table.starts_at.cast("string"),
        "ActivityDate": table.activity_on.cast("string"),
        "CreatedDate": table.created_at.cast("string"),
    }
    return _classified(table, _CRM, sources, _lookup(fields), exclusions=exclusions)


def _of_everybody(base: ibis.Table, id_column: str, kind: str, relations: ibis.Table, name: str) -> ibis.Table:
    """The rows, once for the person that they name and once for each further one, under an id of their own."""
    rows = with_everybody(base.mutate(shared_id=base[id_column], source_key=source_key(base.who_id)), relations, name)
    own_id = ibis.literal(kind) + rows.shared_id
    return rows.mutate(activity_id=ibis.ifelse(rows.is_further, own_id + ":" + rows.source_key, own_id))


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
    bot_flag: str | None = None,
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

    subject = value("Subject") if system == _CRM else first_of(["Subject"] if "Subject" in _known(table) else [])
    bot = [patterns.matches(value(name), wanted) for name, wanted in exclusions.bot_when.items()] if system != _CRM else []
    bot += [values.flag(value(bot_flag)).fill_null(False)] if bot_flag else []
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
