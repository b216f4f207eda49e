"""What every mapped CRM field should say.

Belongs here: turning decisions into desired values, one row per record and field. Comparing them with what the CRM has, and
sending the difference, is `write_back/`. The values `*.synced_at` are set by the plan itself, beside the fields that change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis
from ibis import _

from alignment_pipeline.agreement.engagement import Engagement
from alignment_pipeline.agreement.field_map import Crm, FieldMapping
from alignment_pipeline.agreement.lifecycle import Lifecycle
from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.moments import Moment
from alignment_pipeline.contracts.shape import json_of_number, json_of_text, loosened
from alignment_pipeline.field_updates.ageing_points import ageing_points

REASON_LENGTH = 255
_NAMES = CONTRACTS["field_updates"].names


@dataclass(frozen=True)
class Offer:
    """Where a value of the field map comes from: a column, the column that says why, and how soon it is written."""

    column: str
    reason: str
    priority: int


# 0 is written first: clocks and MQA cannot wait for a fit score when the API budget is short
PERSON_OFFERS: Mapping[str, Offer] = {
    "person.sla_status": Offer("sla_status", "sla_reason", 0),
    "person.sla_policy": Offer("sla_policy", "sla_reason", 0),
    "person.sla_due_at": Offer("sla_due_at", "sla_reason", 0),
    "person.sla_reason": Offer("sla_reason", "sla_reason", 0),
    "person.stage": Offer("stage", "stage_reason", 1),
    "person.stage_reason": Offer("stage_reason", "stage_reason", 1),
    "person.stage_entered_at": Offer("stage_entered_at", "stage_reason", 1),
    "person.matched_account_id": Offer("matched_account_id", "match_reason", 1),
    "person.match_confidence_pct": Offer("match_confidence_pct", "match_reason", 1),
    "person.match_reason": Offer("match_reason", "match_reason", 1),
    "person.engagement_score": Offer("engagement_score", "score_reason", 2),
    "person.engagement_points": Offer("points", "score_reason", 2),
    "person.engagement_points_at": Offer("points_at", "score_reason", 2),
    "person.engagement_half_life_days": Offer("half_life_days", "score_reason", 2),
    "person.score_reason": Offer("score_reason", "score_reason", 2),
    "person.fit_score": Offer("fit_score", "fit_reason", 3),
    "person.persona": Offer("persona", "fit_reason", 3),
}
ACCOUNT_OFFERS: Mapping[str, Offer] = {
    "account.mqa_status": Offer("mqa_status", "mqa_reason", 0),
    "account.mqa_reason": Offer("mqa_reason", "mqa_reason", 0),
    "account.mqa_first_at": Offer("mqa_first_at", "mqa_reason", 0),
    "account.mqa_latest_at": Offer("mqa_latest_at", "mqa_reason", 0),
    "account.mqa_count": Offer("mqa_count", "mqa_reason", 0),
    "account.stage": Offer("stage", "stage_reason", 1),
    "account.stage_reason": Offer("stage_reason", "stage_reason", 1),
    "account.engagement_score": Offer("engagement_score", "score_reason", 2),
    "account.engagement_points": Offer("points", "score_reason", 2),
    "account.engagement_points_at": Offer("points_at", "score_reason", 2),
    "account.engagement_half_life_days": Offer("half_life_days", "score_reason", 2),
    "account.engagement_minutes": Offer("engagement_points", "score_reason", 2),
    "account.people_engaged": Offer("people_engaged", "score_reason", 2),
    "account.committee_coverage_pct": Offer("committee_coverage_pct", "score_reason", 2),
    "account.engagement_trend_pct": Offer("engagement_trend_pct", "score_reason", 2),
    "account.score_reason": Offer("score_reason", "score_reason", 2),
    "account.fit_score": Offer("fit_score", "fit_reason", 3),
    "account.tier": Offer("tier", "tier_reason", 3),
    "account.tier_reason": Offer("tier_reason", "tier_reason", 3),
}


def person_values(
    people: ibis.Table,
    person_records: ibis.Table,
    person_scores: ibis.Table,
    person_fits: ibis.Table,
    person_stages: ibis.Table,
    lead_account_matches: ibis.Table,
    person_slas: ibis.Table,
    *,
    engagement: Engagement,
    as_of: Moment,
) -> ibis.Table:
    """One row per living lead or contact of a person in scope: the values that the field map may name, and whose record it is.

    A match in review writes no account (a guess in a CRM field would be read as a fact); the reason says so.
    """
    records = person_records.filter(_.is_alive, _.object.isin(["Lead", "Contact"])).select("person_id", "object", "record_id")
    who = people.filter(~_.is_internal).select(
        "person_id", "owner_id", parent_id=ibis.coalesce(_.contact_account_id, _.converted_account_id)
    )
    aged = ageing_points(person_scores, engagement.decay, full_points=engagement.full_score_points, as_of=as_of)
    scores = person_scores.select("person_id", "engagement_score", "fit_score", "persona", "score_reason", **aged)
    fits = person_fits.select("person_id", "fit_reason")
    stages = person_stages.select("person_id", "stage", "stage_reason", stage_entered_at=_.entered_at)
    is_matched = lead_account_matches.decision == "matched"
    matches = lead_account_matches.select(
        "person_id",
        matched_account_id=ibis.ifelse(is_matched, _.account_id, ibis.null("string")),
        match_confidence_pct=ibis.ifelse(is_matched, _.confidence * 100.0, ibis.null("float64")),
        match_reason=_.reason,
    )
    slas = person_slas.select("person_id", "sla_status", "sla_policy", "sla_due_at", "sla_reason")
    joined = records.inner_join(who, "person_id").inner_join(scores, "person_id")
    for part in (fits, stages, matches, slas):
        joined = joined.left_join(part, "person_id", rname="{name}_again").drop("person_id_again")
    return joined.mutate(parent_id=ibis.coalesce(_.parent_id, _.matched_account_id))


def account_values(
    accounts: ibis.Table,
    account_scores: ibis.Table,
    account_fits: ibis.Table,
    account_tiers: ibis.Table,
    account_stages: ibis.Table,
    account_mqa_statuses: ibis.Table,
    person_accounts: ibis.Table,
    person_account_periods: ibis.Table,
    *,
    crm: Crm,
    lifecycle: Lifecycle,
    engagement: Engagement,
    as_of: Moment,
) -> ibis.Table:
    """One row per living account in scope: the values that the field map may name.

    An untargeted account of which nobody is known (the first stage, no tier, no people, never an MQA) has no values, unless the agreement
    wants it filled (`crm.fill_untargeted`): writing zeros to tens of thousands of accounts tells nobody anything.
    """
    records = accounts.select(
        object=ibis.literal("Account"), record_id=_.account_id, account_id=_.account_id, owner_id=_.owner_id, parent_id=_.account_id
    )
    scores = account_scores.select(
        "account_id",
        "engagement_score",
        "engagement_points",
        "people_engaged",
        "committee_coverage_pct",
        "engagement_trend_pct",
        "fit_score",
        "score_reason",
        **ageing_points(account_scores, engagement.decay, full_points=engagement.full_account_points, as_of=as_of),
    )
    fits = account_fits.select("account_id", "fit_reason")
    tiers = account_tiers.select("account_id", "tier_reason", tier=_.tier.cast("string"))
    stages = account_stages.select("account_id", "stage", "stage_reason")
    mqas = account_mqa_statuses.select(
        "account_id",
        "mqa_status",
        "mqa_reason",
        mqa_first_at=_.first_at,
        mqa_latest_at=_.latest_at,
        mqa_count=_.times.cast("float64"),
    )
    joined = records.inner_join(scores, "account_id")
    for part in (fits, tiers, stages, mqas):
        joined = joined.left_join(part, "account_id", rname="{name}_again").drop("account_id_again")
    if crm.fill_untargeted:
        return joined
    known = ibis.union(*(loosened(rows.select("account_id")) for rows in (person_accounts, person_account_periods)))
    return _without_untargeted(joined, known, lifecycle)


def _without_untargeted(joined: ibis.Table, known: ibis.Table, lifecycle: Lifecycle) -> ibis.Table:
    """The same, with no values of untargeted accounts of which nobody is or was known; what stood in their fields is cleared."""
    known = known.select(known_account_id="account_id").distinct()
    rows = joined.left_join(known, joined.account_id == known.known_account_id)
    is_first = (rows.stage == lifecycle.accounts.start) | rows.stage.isnull()
    is_left = is_first & rows.tier.isnull() & rows.known_account_id.isnull() & (rows.mqa_count.fill_null(0.0) == 0)
    reasons = {offer.reason for offer in ACCOUNT_OFFERS.values()}
    values = {offer.column for offer in ACCOUNT_OFFERS.values()} - reasons
    empty = {name: ibis.ifelse(is_left, ibis.null(rows[name].type()), rows[name]) for name in sorted(values | reasons)}
    return rows.mutate(**empty).drop("known_account_id")


def field_updates(
    person_values: ibis.Table,
    account_values: ibis.Table,
    users: ibis.Table,
    *,
    crm: Crm,
    scope: Scope,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per record and mapped field: the value it should have, and why (contract `field_updates`).

    Numbers are rounded to the scale of their field, so that the CRM's own rounding is no difference; moments are whole
    seconds in UTC. `scope.owner_emails` limits whose records are written.
    """
    values = {
        "Lead": (person_values.filter(_.object == "Lead"), PERSON_OFFERS),
        "Contact": (person_values.filter(_.object == "Contact"), PERSON_OFFERS),
        "Account": (account_values, ACCOUNT_OFFERS),
    }
    parts = []
    for mapping in crm.fields:
        if mapping.object not in values:
            continue  # Marketo's people are `sla/escalation/nurture.py`
        table, offers = values[mapping.object]
        offer = offers.get(mapping.value)
        if offer is not None:
            parts.append(_one_field(_in_scope(table, users, scope.owner_emails), mapping, offer))
    if not parts:
        return ibis.memtable(CONTRACTS["field_updates"].empty())
    rows = ibis.union(*[loosened(part) for part in parts])
    moment = ibis.literal(as_of).cast("timestamp('UTC')")
    return rows.mutate(as_of=moment, agreement_version=ibis.literal(agreement_version)).select(*_NAMES)


def _in_scope(table: ibis.Table, users: ibis.Table, emails: Sequence[str]) -> ibis.Table:
    if not emails:
        return table
    owners = users.filter(_.email.isin([email.lower() for email in emails])).select("user_id")
    return table.semi_join(owners, table.owner_id == owners.user_id)


def _one_field(table: ibis.Table, mapping: FieldMapping, offer: Offer) -> ibis.Table:
    return table.select(
        object=ibis.literal(mapping.object),
        record_id=table.record_id,
        field=ibis.literal(mapping.field),
        value=_json(table[offer.column], mapping).fill_null("null"),
        reason=table[offer.reason].fill_null("no decision yet").substr(0, REASON_LENGTH),
        priority=ibis.literal(offer.priority, "int64"),
        parent_id=table.parent_id,
    )


def _json(value: ibis.Value, mapping: FieldMapping) -> ibis.Value:
    if mapping.type in ("number", "percent"):
        return json_of_number(value.cast("float64").round(mapping.scale).cast("float64"))
    if mapping.type == "datetime":
        return json_of_text(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if mapping.type == "date":
        return json_of_text(value.cast("date").cast("string"))
    if mapping.type == "checkbox":
        return ibis.ifelse(value.cast("boolean").fill_null(False), "true", "false")
    return json_of_text(value.cast("string").substr(0, mapping.length))
