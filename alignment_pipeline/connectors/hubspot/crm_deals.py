"""HubSpot's deals as opportunities, with the contacts in them and their stages over time.

Belongs here: one deal, as values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alignment_pipeline.connectors.hubspot.crm_ids import crm_id, made_id
from alignment_pipeline.connectors.hubspot.crm_values import Portal, Row, Values, common, in_order, label, linked, moment_text, percent
from alignment_pipeline.connectors.values import canonical


def opportunity(record: Mapping[str, Any], portal: Portal) -> Row:
    """A deal, on its first company."""
    given = record["properties"]
    identity, values = common("deals", given, portal, "hs_lastmodifieddate")
    stage = portal.stages.get(str(given.get("dealstage")), {})
    companies = (record.get("links") or {}).get("companies") or ()
    closed = canonical(given.get("hs_is_closed"), "boolean") or stage.get("IsClosed") or "false"
    won = canonical(given.get("hs_is_closed_won"), "boolean") or stage.get("IsWon") or "false"
    return identity, values | {
        "Name": given.get("dealname") or f"Deal {given['hs_object_id']}",
        "StageName": label(given.get("dealstage"), portal),
        "CloseDate": portal.day(given.get("closedate")),
        "IsClosed": closed,
        "IsWon": won,
        "AccountId": linked("companies", min(companies, key=int) if companies else None),
        "Amount": canonical(given.get("amount"), "double"),
        "Probability": percent(canonical(given.get("hs_deal_stage_probability"), "double")) or stage.get("DefaultProbability"),
        "Type": given.get("dealtype"),
        "LeadSource": given.get("hs_analytics_source"),
        "ForecastCategoryName": stage.get("ForecastCategoryName"),
    }


def contact_roles(record: Mapping[str, Any]) -> Iterator[Row]:
    """The contacts of a deal. HubSpot tells no time of an association: they are there from the deal's creation on."""
    given = record["properties"]
    deal = crm_id("deals", str(given["hs_object_id"]))
    for number in sorted((record.get("links") or {}).get("contacts") or (), key=int):
        contact_id = crm_id("contacts", number)
        identity = made_id("00K", deal, contact_id)
        yield (
            identity,
            {
                "Id": identity,
                "OpportunityId": deal,
                "ContactId": contact_id,
                "CreatedDate": moment_text(given.get("createdate")),
                "SystemModstamp": moment_text(given.get("hs_lastmodifieddate")),
                "IsDeleted": "false",
                "IsPrimary": "false",
            },
        )


def stages_over_time(record: Mapping[str, Any], portal: Portal) -> Iterator[Row]:
    """Stage, amount and close date of a deal after each of their changes."""
    identity = crm_id("deals", str(record["id"]))
    history = record.get("propertiesWithHistory") or {}
    events = sorted((at, name, value) for name in ("dealstage", "amount", "closedate") for at, value in in_order(history.get(name) or ()))
    now: dict[str, str | None] = {}
    rows: dict[str, Values] = {}
    for at, name, value in events:
        now[name] = value
        if now.get("dealstage") is None:
            continue
        stage = portal.stages.get(str(now["dealstage"]), {})
        rows[at] = {
            "Id": made_id("008", identity, at),
            "OpportunityId": identity,
            "StageName": label(now["dealstage"], portal),
            "Amount": canonical(now.get("amount"), "double"),
            "CloseDate": portal.day(now.get("closedate")),
            "Probability": stage.get("DefaultProbability"),
            "ForecastCategory": stage.get("ForecastCategoryName"),
            "CreatedDate": at,
            "SystemModstamp": at,
            "IsDeleted": "false",
        }
    for values in rows.values():
        yield str(values["Id"]), values
