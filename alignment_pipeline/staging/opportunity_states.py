"""What each opportunity was in every span of its life, from its history, tracked fields and the versions that we read.

Belongs here: putting the three together into spans, and money in one currency. Which span holds on a day: `pipeline_metrics/deals.py`.

OpportunityHistory sets stage, amount, close date, probability and forecast category; field history sets owner, account, type, source,
campaign and currency; a version that we read sets everything, so what no history tells is known from the day it was seen. A deleted
record stays, with a last span that says so.
"""

from __future__ import annotations

import ibis
from ibis import _

from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.contracts.moments import Moment, moment
from alignment_pipeline.contracts.pipeline import OPPORTUNITY_STATES
from alignment_pipeline.contracts.shape import loosened, shaped
from alignment_pipeline.staging import money, values
from alignment_pipeline.staging.sources import typed

_STAGED = ("stage", "amount", "probability_pct", "close_on", "forecast_category")
# column -> API name in history tracking; CampaignId is tracked as its relationship
_TRACKED = {
    "owner_id": "OwnerId",
    "account_id": "AccountId",
    "opportunity_type": "Type",
    "lead_source": "LeadSource",
    "campaign_id": "CampaignId",
    "currency": "CurrencyIsoCode",
}
_TYPES = {"amount": "float64", "probability_pct": "float64", "close_on": "date"}
# Closed is won; Omitted is lost when nothing is expected of it (open deals may be left out of a forecast too)
_CATEGORIES = {"Best Case": "BestCase", "Commit": "Forecast", "Most Likely": "MostLikely"}


def opportunity_states(
    opportunities: ibis.Table,
    history: ibis.Table,
    record_changes: ibis.Table,
    stages: ibis.Table,
    crm_record_states: ibis.Table,
    *,
    crm: Crm,
    currencies: Currencies,
    fiscal: Fiscal,
    as_of: Moment,
) -> ibis.Table:
    """`opportunity_states` from all versions of raw opportunities and of their history, and from changes of fields.

    `as_of` is the moment up to which rows were known. The CRM deletes a deal's history with the deal; what it said holds until then.
    """
    history = _with_values(history, as_of)
    versions = typed(opportunities.filter(opportunities.known_at <= moment(as_of)), "raw_salesforce_opportunities")
    versions = versions.mutate(currency=values.custom(versions, crm.currency_field))
    created = _creations(versions, history)
    begins = created.mutate(at=created.created_at, kind=ibis.literal("created"), place=ibis.literal(""))
    events = ibis.union(_shape(begins, {}), *_events(opportunities, versions, history, record_changes, as_of))
    known = events.inner_join(created, "opportunity_id")
    begun = known.mutate(at=ibis.greatest(known.at, known.created_at))
    filled = _filled(begun)
    spans = _spans(filled)
    judged = _closings(_stages(spans, stages))
    survivors = crm_record_states.filter(_.object == "Account").select(account_id=_.record_id, survivor_id=_.survivor_id)
    joined = judged.left_join(survivors, "account_id", rname="{name}_kept")
    merged = joined.mutate(account_id=ibis.coalesce(joined.survivor_id, joined.account_id))
    return shaped(_in_one_currency(merged, currencies, fiscal), OPPORTUNITY_STATES)


def _with_values(history: ibis.Table, as_of: Moment) -> ibis.Table:
    """Each row of the history once, as last known, tombstones without values aside."""
    known = history.filter(history.known_at <= moment(as_of), history.StageName.notnull())
    order = ibis.window(group_by="record_id", order_by=[ibis.desc("known_at"), ibis.desc("row_hash")])
    return known.mutate(place=ibis.row_number().over(order)).filter(_.place == 0).drop("place")


def _creations(versions: ibis.Table, history: ibis.Table) -> ibis.Table:
    """When each deal was created: by its record, or by its first history row where no version of the record was known yet."""
    staged = typed(history, "raw_salesforce_opportunity_stages_over_time")
    of_record = versions.group_by("opportunity_id").agg(created_at=_.created_at.min())
    of_history = staged.group_by("opportunity_id").agg(first_at=_.changed_at.min())
    both = of_record.outer_join(of_history, "opportunity_id")
    return both.select(
        opportunity_id=ibis.coalesce(both.opportunity_id, both.opportunity_id_right),
        created_at=ibis.coalesce(both.created_at, both.first_at),
    )


def _events(raw: ibis.Table, versions: ibis.Table, history: ibis.Table, changes: ibis.Table, as_of: Moment) -> list[ibis.Table]:
    """Four kinds of rows of one shape: when, what kind, in which order, and the values set."""
    staged = typed(history, "raw_salesforce_opportunity_stages_over_time")
    rows = staged.mutate(at=staged.changed_at, kind=ibis.literal("history"), place=staged.change_id, amount=staged.amount_usd)
    seen = versions.mutate(
        at=versions.modified_at,
        kind=ibis.literal("seen"),
        place=ibis.literal("0 ") + versions.known_at.cast("string"),
        amount=versions.amount_usd,
    )
    # a record that was deleted for good comes as an id alone
    gone = raw.filter(raw.is_deleted, raw.known_at <= moment(as_of))
    deleted = gone.mutate(
        opportunity_id=values.identifier(gone.record_id),
        at=ibis.coalesce(gone.modified_at, gone.known_at),
        kind=ibis.literal("deleted"),
        place=ibis.literal("1 ") + gone.known_at.cast("string"),
    )
    wanted = list(_TRACKED.values())
    own = changes.filter(changes.object == "Opportunity", ~changes.is_observed, changes.field.isin(wanted))
    moved = own.mutate(opportunity_id=own.record_id, at=own.changed_at, kind=own.field, place=own.change_id)
    # a row at the very beginning holds what was before the first change
    order = ibis.window(group_by=["record_id", "field"], order_by=["changed_at", "change_id"])
    first = own.mutate(number=ibis.row_number().over(order)).filter(_.number == 0)
    before = first.mutate(
        opportunity_id=first.record_id,
        at=ibis.literal("1700-01-01T00:00:00Z").cast("timestamp('UTC')"),
        kind=first.field,
        place=ibis.literal(""),
        new_value=first.old_value,
    )
    tracked = [_shape(part, {column: _of_field(part, field) for column, field in _TRACKED.items()}) for part in (moved, before)]
    return [
        _shape(rows, {column: rows[column] for column in _STAGED}),
        _shape(seen, {column: seen[column] for column in (*_STAGED, *_TRACKED)}),
        _shape(deleted, {}),
        *tracked,
    ]


def _of_field(part: ibis.Table, field: str) -> ibis.Value:
    value = values.identifier(part.new_value) if field.endswith("Id") else part.new_value
    return ibis.ifelse(part.kind == field, value, ibis.null("string"))


def _shape(part: ibis.Table, given: dict[str, ibis.Value]) -> ibis.Table:
    columns = {
        name: given[name].cast(_TYPES.get(name, "string")) if name in given else ibis.null(_TYPES.get(name, "string"))
        for name in (*_STAGED, *_TRACKED)
    }
    return loosened(part.select(opportunity_id=part.opportunity_id, at=part["at"], kind=part.kind, place=part.place, **columns))


def _filled(events: ibis.Table) -> ibis.Table:
    """Every event with the values that hold after it; what was not said before is what is said first."""
    rank = ibis.cases((events.kind == "history", 1), (events.kind.isin(["seen", "deleted"]), 2), else_=0)
    ranked = events.mutate(rank=rank).view()
    order = ibis.window(group_by="opportunity_id", order_by=["at", "rank", "place"], preceding=None, following=0)
    setters = {"history": _STAGED, **{field: (column,) for column, field in _TRACKED.items()}}
    counts = {}
    for kind in setters:
        sets = (ranked.kind == kind) | (ranked.kind == "seen")
        counts[f"n_{kind}"] = sets.cast("int64").sum().over(order)
    numbered = ranked.mutate(**counts, n_seen=(ranked.kind == "seen").cast("int64").sum().over(order)).view()
    shown: dict[str, ibis.Value] = {}
    for kind, columns in setters.items():
        # before the first row that says it (0), the first one's value (1)
        group = ibis.window(group_by=["opportunity_id", ibis.greatest(numbered[f"n_{kind}"], 1)])
        sets = (numbered.kind == kind) | (numbered.kind == "seen")
        shown |= {column: ibis.ifelse(sets, numbered[column], ibis.null(numbered[column].type())).max().over(group) for column in columns}
    since_seen = ibis.window(group_by=["opportunity_id", "n_seen"], order_by=["at", "rank", "place"], preceding=None, following=0)
    deletions = (numbered.kind == "deleted").cast("int64").sum().over(since_seen)
    return numbered.mutate(**shown, is_deleted=deletions > 0, is_reconstructed=numbered["at"] < _first_recorded(numbered)).view()


def _first_recorded(events: ibis.Table) -> ibis.Value:
    """The first moment whose values somebody recorded: history, or a version that we read."""
    recorded = ibis.ifelse(events.kind.isin(["history", "seen"]), events["at"], ibis.null(events["at"].type()))
    return recorded.min().over(ibis.window(group_by="opportunity_id"))


def _spans(events: ibis.Table) -> ibis.Table:
    """Between an event and the next; of several at one moment the last holds. A deal is there from its creation on."""
    order = ibis.window(group_by="opportunity_id", order_by=["at", "rank", "place"])
    ends = events.mutate(valid_to_at=events["at"].lead().over(order)).view()
    lasting = ends.filter(ends.valid_to_at.isnull() | (ends.valid_to_at > ends["at"]))
    return lasting.mutate(valid_from_at=lasting["at"])


def _stages(spans: ibis.Table, stages: ibis.Table) -> ibis.Table:
    labels = (
        stages.select(
            label=ibis.coalesce(_.MasterLabel, _.ApiName),
            closed=_.IsClosed.lower() == "true",
            won=_.IsWon.lower() == "true",
            order=values.integer(_.SortOrder),
        )
        .group_by("label")
        .agg(label_closed=_.closed.max(), label_won=_.won.max(), stage_order=_.order.min())
    )
    joined = spans.left_join(labels, spans.stage == labels.label)
    plain = joined.forecast_category
    category = ibis.cases(*[(plain == shown, name) for shown, name in _CATEGORIES.items()], else_=plain)
    by_category = (category == "Closed") | ((category == "Omitted") & (joined.probability_pct == 0.0))
    return joined.mutate(
        forecast_category=category,
        is_closed=ibis.coalesce(joined.label_closed, by_category, ibis.literal(False)),
        is_won=ibis.coalesce(joined.label_won, category == "Closed", ibis.literal(False)),
    ).view()


def _closings(spans: ibis.Table) -> ibis.Table:
    """When the present stage was entered, and when the deal was closed after it was last open."""
    order = ibis.window(group_by="opportunity_id", order_by="valid_from_at")
    before, was_closed = spans.stage.lag().over(order), spans.is_closed.lag().over(order)
    nothing = ibis.null(spans.valid_from_at.type())
    marked = spans.mutate(
        entered=ibis.ifelse(spans.stage.identical_to(before), nothing, spans.valid_from_at),
        closing=ibis.ifelse(spans.is_closed & ~was_closed.fill_null(False), spans.valid_from_at, nothing),
    ).view()
    running = ibis.window(group_by="opportunity_id", order_by="valid_from_at", preceding=None, following=0)
    return marked.mutate(
        stage_entered_at=ibis.coalesce(marked.entered.max().over(running), marked.created_at),
        closed_at=ibis.ifelse(marked.is_closed, marked.closing.max().over(running), nothing),
    ).view()


def _in_one_currency(spans: ibis.Table, currencies: Currencies, fiscal: Fiscal) -> ibis.Table:
    """Hundredths at the constant rate of the close date's fiscal year: a change of rates never moves a deal of one period."""
    currency = money.code(spans.currency, currencies)
    units = money.units(currency, spans.close_on, currencies=currencies, fiscal=fiscal)
    cents = (spans.amount * ibis.literal(100.0) / units).round().cast("int64")
    return spans.mutate(currency=currency, amount_cents=cents)
