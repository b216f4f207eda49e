"""`opportunity_sources`: who sourced each deal and whether marketing influenced it, as a partition of all deals.

Belongs here: the rule. What touches do to the chance of winning: `touch_effects.py`; any weighting of several touches: an export.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.pipeline import Pipeline, SourceRule, Sourcing
from alignment_pipeline.contracts.pipeline import OPPORTUNITY_SOURCES
from alignment_pipeline.wording import moments

SOURCED, INFLUENCED, UNTOUCHED = "marketing_sourced", "marketing_influenced", "untouched"
MARKETING = "marketing"
Touch = tuple[datetime, str, str]
"""When, which activity type, which activity."""


def opportunity_sources(
    opportunity_states: ibis.Table,
    opportunity_contact_roles: ibis.Table,
    person_records: ibis.Table,
    scored_activities: ibis.Table,
    *,
    pipeline: Pipeline,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """`opportunity_sources` of every deal that is not deleted.

    The team is fixed when the deal is created: the agreement's rules over fields as they were then, else the first touch in the days
    before by a person with a role in it or of its account.
    """
    touches = touches_of(opportunity_states, opportunity_contact_roles, person_records, scored_activities, pipeline.sourcing)
    rows = [
        _row(deal, touches.get(deal["opportunity_id"], []), pipeline.sourcing) | {"as_of": as_of, "agreement_version": agreement_version}
        for deal in deals(opportunity_states, as_of)
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=OPPORTUNITY_SOURCES.schema))


def deals(states: ibis.Table, as_of: datetime) -> list[dict[str, Any]]:
    """One row per living deal: its fields when it was created, and what it is now."""
    first = states.group_by("opportunity_id").agg(
        created_source=_.lead_source.argmin(_.valid_from_at),
        created_type=_.opportunity_type.argmin(_.valid_from_at),
        created_campaign=_.campaign_id.argmin(_.valid_from_at),
    )
    now = states.filter(_.valid_to_at.isnull(), ~_.is_deleted, _.created_at <= ibis.literal(as_of).cast("timestamp('UTC')"))
    joined = now.inner_join(first, "opportunity_id")
    names = ("opportunity_id", "account_id", "created_at", "closed_at", "is_won", "is_closed", "amount_cents", "lead_source")
    rows = joined.select(*names, "created_source", "created_type", "created_campaign")
    return rows.order_by("opportunity_id").to_pyarrow().to_pylist()  # type: ignore[no-any-return]


def touches_of(
    states: ibis.Table, roles: ibis.Table, person_records: ibis.Table, activities: ibis.Table, sourcing: Sourcing
) -> dict[str, list[Touch]]:
    """Deal -> touches of either team in their order: of people with a role in it, and of its account."""
    wanted = [*sourcing.marketing_types, *sourcing.sales_types]
    counted = activities.filter(activities.activity_type.isin(wanted), activities.exclusion.isnull())
    present = states.filter(_.valid_to_at.isnull()).select("opportunity_id", "account_id", "created_at", "closed_at")
    contacts = person_records.filter(_.object == "Contact").select("person_id", contact_id=_.record_id)
    members = roles.inner_join(contacts, "contact_id").select("opportunity_id", "person_id").distinct()
    mine = ("opportunity_id", "occurred_at", "activity_type", "activity_id")
    of_account = present.inner_join(counted, "account_id", rname="{name}_touch")
    of_member = members.inner_join(counted, "person_id", rname="{name}_touch").inner_join(present, "opportunity_id", rname="{name}_deal")
    parts = []
    for part in (of_account, of_member):
        begin = part.created_at - ibis.interval(days=sourcing.touch_days)
        is_near = (part.occurred_at >= begin) & (part.closed_at.isnull() | (part.occurred_at <= part.closed_at))
        parts.append(part.filter(is_near).select(*mine))
    touches: dict[str, list[Touch]] = defaultdict(list)
    rows = ibis.union(*parts, distinct=True).order_by("opportunity_id", "occurred_at", "activity_id").to_pyarrow()
    for deal, at, kind, activity in zip(*[rows[name].to_pylist() for name in mine], strict=True):
        touches[deal].append((at, kind, activity))
    return touches


def _row(deal: Mapping[str, Any], touches: list[Touch], sourcing: Sourcing) -> dict[str, Any]:
    team, basis, reason, touch_at = _source(deal, touches, sourcing)
    marketing = [at for at, kind, _id in touches if kind in sourcing.marketing_types]
    kind = SOURCED if team == MARKETING else INFLUENCED if marketing else UNTOUCHED
    same = ("opportunity_id", "amount_cents", "created_at", "is_won", "is_closed", "created_source")
    return {name: deal[name] for name in same} | {
        "source_team": team,
        "source_basis": basis,
        "source_reason": reason,
        "source_class": kind,
        "first_touch_at": touch_at,
        "touches": len(marketing),
        "present_source": deal["lead_source"],
        "is_source_edited": deal["lead_source"] != deal["created_source"],
    }


def _source(deal: Mapping[str, Any], touches: Iterable[Touch], sourcing: Sourcing) -> tuple[str | None, str, str, datetime | None]:
    fields = {"lead_source": "created_source", "opportunity_type": "created_type", "campaign_id": "created_campaign"}
    for rule in sourcing.rules:
        value = deal[fields[rule.field]]
        if _fits(rule, value):
            return rule.team, "rule", f"{rule.field.replace('_', ' ')} was {value} when the opportunity was created", None
    begin = deal["created_at"] - timedelta(days=sourcing.touch_days)
    for at, kind, _id in touches:
        if begin <= at < deal["created_at"]:
            team = MARKETING if kind in sourcing.marketing_types else "sales"
            words = kind.replace("_", " ").replace("email", "e-mail")
            return (
                team,
                "touch",
                f"first touch in the {sourcing.touch_days} days before the opportunity: {words} on {moments.day(at)}",
                at,
            )
    return None, "none", "no rule fits, and there was no touch before the opportunity", None


def _fits(rule: SourceRule, value: str | None) -> bool:
    return value is not None and (not rule.values or value.lower() in {one.lower() for one in rule.values})


def touched_by(touches: list[Touch], moment: datetime, marketing_types: list[str]) -> bool:
    """Whether marketing had touched the deal before a moment."""
    times = [at for at, kind, _id in touches if kind in marketing_types]
    return bisect_left(times, moment) > 0
