"""HubSpot's companies, contacts and owners in the words of the CRM's tables.

Belongs here: one record, as values. Deals: `crm_deals.py`; work: `crm_work.py`; histories: `crm_histories.py`. Which run reads what:
`crm_extraction.py`; ids: `crm_ids.py`. Nothing is decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment_pipeline.connectors.hubspot.crm_ids import crm_id
from alignment_pipeline.connectors.hubspot.crm_values import Portal, Row, common, linked, stamps
from alignment_pipeline.connectors.values import canonical

_CUSTOMER = ("customer", "evangelist")


def account(record: Mapping[str, Any], portal: Portal) -> Row:
    """A company. One at lifecycle stage customer is of type Customer; else its own type stands."""
    given = record["properties"]
    identity, values = common("companies", given, portal, "hs_lastmodifieddate")
    is_customer = str(given.get("lifecyclestage") or "").lower() in _CUSTOMER
    return identity, values | {
        "Name": given.get("name") or given.get("domain"),
        "Type": "Customer" if is_customer else given.get("type"),
        "Website": given.get("website") or given.get("domain"),
        "ParentId": linked("companies", given.get("hs_parent_company_id")),
        "Phone": given.get("phone"),
        "Industry": given.get("industry"),
        "NumberOfEmployees": canonical(given.get("numberofemployees"), "double"),
        "AnnualRevenue": canonical(given.get("annualrevenue"), "double"),
        "BillingStreet": given.get("address"),
        "BillingCity": given.get("city"),
        "BillingState": given.get("state"),
        "BillingPostalCode": given.get("zip"),
        "BillingCountry": given.get("country"),
    }


def contact(record: Mapping[str, Any], portal: Portal) -> Row:
    """A contact, on its primary company."""
    given = record["properties"]
    identity, values = common("contacts", given, portal, "lastmodifieddate")
    return identity, values | {
        "AccountId": linked("companies", given.get("associatedcompanyid")),
        "FirstName": given.get("firstname"),
        "LastName": given.get("lastname") or given.get("email") or "(no name)",
        "Email": given.get("email"),
        "Title": given.get("jobtitle"),
        "Phone": given.get("phone"),
        "MobilePhone": given.get("mobilephone"),
        "MailingCity": given.get("city"),
        "MailingState": given.get("state"),
        "MailingCountry": given.get("country"),
        "LeadSource": given.get("hs_analytics_source"),
        "HasOptedOutOfEmail": "true" if str(given.get("hs_email_optout")).lower() == "true" else "false",
    }


def user(row: Mapping[str, Any], portal: Portal, *, is_active: bool) -> Row:
    """A person who owns records; their zone, where the app may read it, else the account's."""
    number = str(row["id"])
    identity = crm_id("owners", number)
    named = " ".join(str(row[name]).strip() for name in ("firstName", "lastName") if row.get(name))
    teams = row.get("teams") or ()
    return identity, {
        "Id": identity,
        "Name": named or canonical(row.get("email"), "string") or f"Owner {number}",
        "Email": canonical(row.get("email"), "string"),
        "IsActive": "true" if is_active else "false",
        "TimeZoneSidKey": portal.zones.get(number) or portal.time_zone,
        "Department": next((str(one.get("name")) for one in teams if one.get("primary")), None),
        "UserType": "Standard",
        **stamps(row),
    }


def queue(row: Mapping[str, Any]) -> Row:
    """A queue."""
    identity = crm_id("queues", str(row["id"]))
    named = " ".join(str(row[name]).strip() for name in ("firstName", "lastName") if row.get(name))
    name = named or canonical(row.get("email"), "string") or f"Queue {row['id']}"
    return identity, {"Id": identity, "Name": name, "Type": "Queue", "DeveloperName": None, **stamps(row)}


def tombstone(kind: str, number: str, survivor: str | None = None) -> Row:
    """A record that is gone, merged into `survivor` or not."""
    identity = crm_id(kind, number)
    merged = {"MasterRecordId": crm_id(kind, survivor)} if survivor is not None and kind in ("contacts", "companies") else {}
    return identity, {"Id": identity, "IsDeleted": "true", **merged}
