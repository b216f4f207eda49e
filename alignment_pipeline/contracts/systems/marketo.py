"""Marketo: which fields of leads and activities are read, and which of them are required."""

from __future__ import annotations

from alignment_pipeline.contracts.systems.system import ActivityFeed, PersonRecords, RawStream, System

#: Made by the reading, not asked of Marketo.
MERGED_INTO = "mergedInto"

STREAMS = (
    RawStream(
        "marketo",
        "leads",
        "raw_marketo_leads",
        ("id", "email", "createdAt", "updatedAt"),
        (
            *(
                "firstName lastName company title phone website city state country industry numberOfEmployees annualRevenue "
                "leadSource leadScore unsubscribed emailInvalid marketingSuspended blackListed isAnonymous personType "
                "sfdcLeadId sfdcContactId sfdcAccountId sfdcType acquisitionProgramId originalSourceType leadPartitionId"
            ).split(),
            MERGED_INTO,
        ),
        stamp="updatedAt",
    ),
    RawStream(
        "marketo",
        "activities",
        "raw_marketo_activities",
        ("marketoGUID", "leadId", "activityDate", "activityTypeId"),
        ("campaignId", "primaryAttributeValueId", "primaryAttributeValue", "attributes"),
        stamp="activityDate",
        is_history=True,
    ),
    RawStream(
        "marketo",
        "activity_types",
        "raw_marketo_activity_types",
        ("id", "name"),
        ("description", "primaryAttribute", "attributes"),
        stamp="",
        has_deleted=False,
    ),
)

MARKETO = System(
    name="marketo",
    title="Marketo",
    role="marketing",
    streams=STREAMS,
    people=PersonRecords(
        object="Marketo",
        table="raw_marketo_leads",
        email="email",
        lead_id="sfdcLeadId",
        contact_id="sfdcContactId",
        write_object="MarketoLead",
        merged_into=MERGED_INTO,
    ),
    feeds=(
        ActivityFeed(
            table="raw_marketo_activities",
            person="leadId",
            moment="activityDate",
            type_id="activityTypeId",
            catalogue="raw_marketo_activity_types",
            attributes="attributes",
            values=("primaryAttributeValue",),
        ),
    ),
)
