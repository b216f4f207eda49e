"""Feeds: which extractions must have been synced past a due time before a clock may be called breached.

Belongs here: events and the vendors' objects they are read from. What a state makes of it: `sla/clocks/states.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
from ibis import _

from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.sla.arrays import NEVER

_CRM = SALESFORCE
_CRM_OBJECTS = frozenset(stream.object for stream in _CRM.streams)
_PERSON = ("salesforce:Lead?", "salesforce:Contact")
_SAID = ("salesforce:LeadHistory?", "salesforce:ContactHistory?")
_DEALS = ("salesforce:Opportunity", "salesforce:OpportunityContactRole?")
_LOGS = tuple(
    f"{system.name}:{stream.object}??"
    for system in MARKETING
    for stream in system.streams
    if stream.table in {feed.table for feed in system.feeds}
)
_ENGAGED = (*_LOGS, "salesforce:CampaignMember?", "salesforce:Task", "salesforce:Event?")
# a feed that ends in ? is one that a CRM may not have; when it is not read at all, it holds nothing up. One that ends in ?? is of a
# marketing system, which need not be connected
FEEDS: dict[str, tuple[str, ...]] = {
    "touch": ("salesforce:Task", "salesforce:Event?"),
    "activity": _ENGAGED,
    "stage_entered": (*_ENGAGED, *_SAID, *_DEALS),
    "mqa_entered": (*_ENGAGED, *_DEALS),
    "assignment": _SAID,
    "disposition": _SAID,
    "accepted": _SAID,
    "rejected": _SAID,
    "pushed_back": _SAID,
    "deferred": _SAID,
    "status_changed": _SAID,
    "status_left": _SAID,
    "created": (),
    "converted": _SAID,
    "opportunity_created": _DEALS,
    "opportunity_closed": (*_DEALS, "salesforce:OpportunityHistory?"),
    "stage_moved": (*_DEALS, "salesforce:OpportunityHistory?"),
    "reason_recorded": (*_DEALS, "salesforce:OpportunityFieldHistory?"),
}
_SUBJECT = {"person": _PERSON, "lead": _PERSON, "account": ("salesforce:Account", *_PERSON), "opportunity": ("salesforce:Opportunity",)}


def watermark_of_policy(policy: Policy, watermarks: Mapping[str, datetime | None]) -> int:
    """How far everything that can stop the policy's clocks is read, in microseconds; -NEVER while that is not known."""
    needed = {feed for event in (*policy.stops, *policy.cancels) for feed in FEEDS[event.event]} | set(_SUBJECT[policy.subject])
    return _least(needed, watermarks)


def watermark_of_all(watermarks: Mapping[str, datetime | None]) -> int:
    """How far both systems are read altogether."""
    return _least(
        {feed for feeds in FEEDS.values() for feed in feeds} | {feed for feeds in _SUBJECT.values() for feed in feeds}, watermarks
    )


def _least(needed: set[str], watermarks: Mapping[str, datetime | None]) -> int:
    """`watermarks` names feeds as `system:object`; a system of which no object is named is taken by its own name."""
    least = NEVER
    for feed in needed:
        name, is_optional = feed.rstrip("?"), feed.endswith("?")
        system = name.partition(":")[0]
        is_detailed = any(other.startswith(f"{system}:") for other in watermarks)
        key = name if is_detailed else system
        if key not in watermarks:
            if is_optional and (is_detailed or feed.endswith("??")):
                continue
            return -NEVER
        moment = watermarks[key]
        if moment is None:
            return -NEVER
        least = min(least, microseconds(moment))
    return least


def watermarks(extractions: ibis.Table) -> dict[str, datetime | None]:
    """How far each feed has been read: 'system:object' to moment, and per system the one that is furthest behind.

    The CRM's objects go by the usual CRM's name, whichever system fills them.
    """
    latest = extractions.filter(_.watermark_at.notnull()).group_by("system", "object").agg(read_to=_.watermark_at.max())
    rows = [row | ({"system": _CRM.name} if row["object"] in _CRM_OBJECTS else {}) for row in latest.to_pyarrow().to_pylist()]
    read_to: dict[str, datetime | None] = {f"{row['system']}:{row['object']}": row["read_to"] for row in rows}
    for system in {row["system"] for row in rows}:
        read_to[system] = min(row["read_to"] for row in rows if row["system"] == system)
    return read_to
