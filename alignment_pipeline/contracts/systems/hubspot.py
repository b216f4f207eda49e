"""HubSpot: which objects and properties are read, and which of them are required."""

from __future__ import annotations

from dataclasses import replace

from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import ActivityFeed, PersonRecords, RawStream, System

#: Made by the reading, not asked of HubSpot. The contact's id in the CRM's tables, where HubSpot is the CRM.
MERGED_INTO, CRM_CONTACT = "mergedInto", "crmContactId"
#: What HubSpot fills of the CRM's tables where it is the only CRM.
_FILLED = frozenset(
    "Account Contact ContactHistory Opportunity OpportunityFieldHistory OpportunityHistory OpportunityStage OpportunityContactRole "
    "Task Event User Group".split()
)
CRM_STREAMS: tuple[RawStream, ...] = tuple(replace(stream, system="hubspot") for stream in SALESFORCE.streams if stream.object in _FILLED)


def _object(
    object_: str, required: str, optional: str, *, personal: str = "", stamp: str = "hs_lastmodifieddate", derived: tuple[str, ...] = ()
) -> RawStream:
    return RawStream(
        "hubspot",
        object_,
        f"raw_hubspot_{object_}",
        ("hs_object_id", stamp, *required.split()),
        (*optional.split(), MERGED_INTO, *derived),
        stamp=stamp,
        personal=frozenset(personal.split()),
    )


def _changes(object_: str) -> RawStream:
    return RawStream(
        "hubspot",
        f"{object_}_changes",
        f"raw_hubspot_{object_}_changes",
        ("objectId", "property", "timestamp", "sourceType"),
        ("value", "sourceId", "sourceLabel", "updatedByUserId"),
        stamp="timestamp",
        is_history=True,
        has_deleted=False,
        personal=frozenset({"value"}),
    )


def _engagement(object_: str, optional: str, *, personal: str = "") -> RawStream:
    return RawStream(
        "hubspot",
        object_,
        f"raw_hubspot_{object_}",
        ("hs_object_id", "hs_lastmodifieddate"),
        (*f"hs_createdate hs_timestamp hubspot_owner_id {optional}".split(), "contactIds", "companyIds", "dealIds"),
        stamp="hs_lastmodifieddate",
        personal=frozenset(personal.split()),
    )


STREAMS = (
    _object(
        "contacts",
        "createdate email",
        "firstname lastname company jobtitle phone mobilephone website city state country industry numemployees lifecyclestage "
        "hs_lead_status hubspot_owner_id hs_analytics_source hs_email_optout hs_email_hard_bounce_reason_enum associatedcompanyid "
        "salesforceleadid salesforcecontactid salesforceaccountid hs_merged_object_ids hs_additional_emails",
        personal="email hs_additional_emails firstname lastname phone mobilephone city",
        stamp="lastmodifieddate",
        derived=(CRM_CONTACT,),
    ),
    _changes("contacts"),
    _object(
        "companies",
        "createdate name",
        "domain website phone address city state zip country type industry numberofemployees annualrevenue hs_parent_company_id "
        "hubspot_owner_id lifecyclestage salesforceaccountid hs_merged_object_ids",
    ),
    _object(
        "deals",
        "createdate dealstage",
        "dealname pipeline amount deal_currency_code amount_in_home_currency closedate dealtype hs_deal_stage_probability hs_is_closed "
        "hs_is_closed_won hubspot_owner_id hs_analytics_source hs_salesforceopportunityid hs_merged_object_ids",
        derived=("contactIds", "companyIds"),
    ),
    _changes("deals"),
    _engagement("calls", "hs_call_title hs_call_direction hs_call_status hs_call_duration hs_call_disposition", personal="hs_call_title"),
    _engagement("emails", "hs_email_subject hs_email_direction hs_email_status", personal="hs_email_subject"),
    _engagement("meetings", "hs_meeting_title hs_meeting_start_time hs_meeting_end_time hs_meeting_outcome", personal="hs_meeting_title"),
    _engagement(
        "tasks", "hs_task_subject hs_task_status hs_task_priority hs_task_type hs_task_completion_date", personal="hs_task_subject"
    ),
    _engagement("notes", ""),
    RawStream(
        "hubspot",
        "owners",
        "raw_hubspot_owners",
        ("id", "updatedAt"),
        ("type", "email", "firstName", "lastName", "userId", "userIdIncludingInactive", "createdAt", "teams"),
        stamp="updatedAt",
    ),
    RawStream(
        "hubspot",
        "deal_stages",
        "raw_hubspot_deal_stages",
        ("stageId", "label", "pipelineId", "pipelineLabel"),
        ("displayOrder", "probability", "isClosed", "archived"),
        stamp="",
        has_deleted=False,
    ),
    RawStream(
        "hubspot",
        "form_submissions",
        "raw_hubspot_form_submissions",
        ("conversionId", "formId", "submittedAt"),
        ("formName", "email", "pageUrl", "values"),
        stamp="submittedAt",
        is_history=True,
        has_deleted=False,
        personal=frozenset({"email", "values"}),
    ),
    RawStream(
        "hubspot",
        "email_events",
        "raw_hubspot_email_events",
        ("id", "type", "created", "recipient"),
        ("filteredEvent", "url", "emailCampaignId", "emailCampaignGroupId", "subject"),
        stamp="created",
        is_history=True,
        has_deleted=False,
        personal=frozenset({"recipient"}),
    ),
    RawStream(
        "hubspot",
        "list_memberships",
        "raw_hubspot_list_memberships",
        ("listId", "recordId", "membershipTimestamp"),
        ("listName", "processingType"),
        stamp="membershipTimestamp",
        is_history=True,
        has_deleted=False,
    ),
    RawStream(
        "hubspot",
        "page_views",
        "raw_hubspot_page_views",
        ("id", "objectId", "occurredAt"),
        ("url", "title", "referrer"),
        stamp="occurredAt",
        is_history=True,
        has_deleted=False,
    ),
)

HUBSPOT = System(
    name="hubspot",
    title="HubSpot",
    role="marketing",
    streams=STREAMS,
    people=PersonRecords(
        object="HubSpot",
        table="raw_hubspot_contacts",
        email="email",
        more_emails="hs_additional_emails",
        lead_id="salesforceleadid",
        contact_id="salesforcecontactid",
        merged_into=MERGED_INTO,
        own_contact_id=CRM_CONTACT,
        named_in=(
            ("raw_hubspot_contacts_changes", "objectId"),
            *((stream.table, "contactIds") for stream in STREAMS if "contactIds" in stream.fields),
        ),
    ),
    feeds=(
        ActivityFeed(
            table="raw_hubspot_form_submissions",
            record="form_submission",
            person="email",
            moment="submittedAt",
            attributes="values",
            values=("formId", "formName", "pageUrl"),
            is_by_email=True,
        ),
        ActivityFeed(
            table="raw_hubspot_email_events",
            record="email_event",
            person="recipient",
            moment="created",
            values=("type", "url", "subject", "emailCampaignId", "filteredEvent"),
            bot_flag="filteredEvent",
            is_by_email=True,
        ),
        ActivityFeed(
            table="raw_hubspot_list_memberships",
            record="list_membership",
            person="recordId",
            moment="membershipTimestamp",
            values=("listId", "listName", "processingType"),
        ),
        ActivityFeed(
            table="raw_hubspot_page_views",
            record="page_view",
            person="objectId",
            moment="occurredAt",
            values=("url", "title", "referrer"),
        ),
    ),
    records=("form_submission", "email_event", "list_membership", "page_view"),
)
