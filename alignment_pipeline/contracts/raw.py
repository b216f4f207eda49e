"""Raw tables: what each system sent and when we learned it, append-only, vendor values as text.

Belongs here: which objects and fields are read, and which of them are required. How they are read: `connectors/`. What
they mean, typed and current: `contracts/staging.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from alignment_pipeline.contracts.contract import Column, Contract, columns

_META = columns(
    """
    record_id        string!     the vendor's id of the record (Salesforce: 18 characters)
    known_at         timestamp!  when this version became known to us; reconstructed rows carry the vendor's own time
    is_reconstructed boolean!    true when known_at was taken from the vendor because this is the first load
    modified_at      timestamp   the vendor's stamp of this version (SystemModstamp, CreatedDate, activityDate, updatedAt)
    is_deleted       boolean!    true when the vendor says the record is deleted
    row_hash         string!     hash of the vendor's values of this version
    custom_fields    json@       API name to value, of the fields that only the agreement names
    """
)


@dataclass(frozen=True)
class RawStream:
    """One object of one system that is read into one raw table.

    `required` fields must be visible to the integration user, `optional` ones are reported when they are not.
    `stamp` is the field a watermark moves on; `is_history` rows never change once written.
    """

    system: str
    object: str
    table: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    stamp: str = "SystemModstamp"
    is_history: bool = False
    has_deleted: bool = True

    @property
    def fields(self) -> tuple[str, ...]:
        """All vendor fields in column order."""
        return self.required + self.optional


def _sf(object_: str, table: str, required: str, optional: str = "", **options: object) -> RawStream:
    return RawStream("salesforce", object_, table, tuple(required.split()), tuple(optional.split()), **options)  # type: ignore[arg-type]


SALESFORCE = (
    _sf(
        "Account",
        "raw_salesforce_accounts",
        "Id Name OwnerId CreatedDate LastModifiedDate SystemModstamp IsDeleted",
        "MasterRecordId ParentId Type Website Phone Industry NumberOfEmployees AnnualRevenue BillingStreet BillingCity BillingState "
        "BillingPostalCode BillingCountry Site AccountSource LastModifiedById",
    ),
    _sf(
        "Contact",
        "raw_salesforce_contacts",
        "Id LastName OwnerId CreatedDate LastModifiedDate SystemModstamp IsDeleted",
        "AccountId MasterRecordId FirstName Email Title Department Phone MobilePhone MailingCity MailingState MailingPostalCode "
        "MailingCountry ReportsToId LeadSource HasOptedOutOfEmail LastActivityDate LastModifiedById",
    ),
    _sf(
        "ContactHistory",
        "raw_salesforce_contact_changes",
        "Id ContactId Field OldValue NewValue CreatedDate",
        "CreatedById IsDeleted",
        stamp="CreatedDate",
        is_history=True,
        has_deleted=False,
    ),
    _sf(
        "Lead",
        "raw_salesforce_leads",
        "Id LastName Company Status OwnerId IsConverted CreatedDate LastModifiedDate SystemModstamp IsDeleted",
        "MasterRecordId FirstName Email Title Phone MobilePhone Website Street City State PostalCode Country LeadSource Industry Rating "
        "AnnualRevenue NumberOfEmployees ConvertedDate ConvertedAccountId ConvertedContactId ConvertedOpportunityId "
        "HasOptedOutOfEmail LastActivityDate LastModifiedById",
    ),
    _sf(
        "LeadHistory",
        "raw_salesforce_lead_changes",
        "Id LeadId Field OldValue NewValue CreatedDate",
        "CreatedById IsDeleted",
        stamp="CreatedDate",
        is_history=True,
        has_deleted=False,
    ),
    _sf(
        "Opportunity",
        "raw_salesforce_opportunities",
        "Id Name StageName CloseDate IsClosed IsWon OwnerId CreatedDate LastModifiedDate SystemModstamp IsDeleted",
        "AccountId Amount Probability Type LeadSource CampaignId LastStageChangeDate ContactId ForecastCategoryName LastModifiedById",
    ),
    _sf(
        "OpportunityFieldHistory",
        "raw_salesforce_opportunity_changes",
        "Id OpportunityId Field OldValue NewValue CreatedDate",
        "CreatedById IsDeleted",
        stamp="CreatedDate",
        is_history=True,
        has_deleted=False,
    ),
    _sf(
        "OpportunityHistory",
        "raw_salesforce_opportunity_stages_over_time",
        "Id OpportunityId StageName CreatedDate",
        "Amount CloseDate Probability ForecastCategory CreatedById SystemModstamp IsDeleted",
        stamp="CreatedDate",
        is_history=True,
        has_deleted=False,
    ),
    _sf(
        "OpportunityStage",
        "raw_salesforce_opportunity_stages",
        "Id MasterLabel IsClosed IsWon",
        "ApiName DefaultProbability IsActive SortOrder ForecastCategoryName CreatedDate SystemModstamp",
        has_deleted=False,
    ),
    _sf(
        "OpportunityContactRole",
        "raw_salesforce_opportunity_contact_roles",
        "Id OpportunityId ContactId CreatedDate SystemModstamp IsDeleted",
        "Role IsPrimary LastModifiedDate",
    ),
    _sf(
        "Task",
        "raw_salesforce_tasks",
        "Id Status IsClosed OwnerId CreatedDate LastModifiedDate SystemModstamp IsDeleted",
        "WhoId WhatId AccountId Subject ActivityDate TaskSubtype CallType CallDisposition CallDurationInSeconds Type Priority "
        "CompletedDateTime IsArchived IsRecurrence CreatedById LastModifiedById",
    ),
    _sf(
        "Event",
        "raw_salesforce_events",
        "Id OwnerId CreatedDate LastModifiedDate SystemModstamp IsDeleted",
        "WhoId WhatId AccountId Subject StartDateTime EndDateTime ActivityDateTime ActivityDate IsAllDayEvent DurationInMinutes "
        "IsChild EventSubtype Type ShowAs IsArchived IsRecurrence CreatedById",
    ),
    _sf(
        "Campaign",
        "raw_salesforce_campaigns",
        "Id Name CreatedDate LastModifiedDate SystemModstamp IsDeleted",
        "Type Status IsActive StartDate EndDate ParentId OwnerId",
    ),
    _sf(
        "CampaignMember",
        "raw_salesforce_campaign_members",
        "Id CampaignId Status CreatedDate LastModifiedDate SystemModstamp IsDeleted",
        "LeadId ContactId HasResponded FirstRespondedDate",
    ),
    _sf(
        "User",
        "raw_salesforce_users",
        "Id Name IsActive CreatedDate LastModifiedDate SystemModstamp",
        "Email Username ManagerId TimeZoneSidKey UserRoleId UserType Department Title",
        has_deleted=False,
    ),
    _sf(
        "Group",
        "raw_salesforce_groups",
        "Id Name Type CreatedDate LastModifiedDate SystemModstamp",
        "DeveloperName Email",
        has_deleted=False,
    ),
    _sf(
        "GroupMember",
        "raw_salesforce_group_members",
        "Id GroupId UserOrGroupId SystemModstamp",
        has_deleted=False,
    ),
    _sf(
        "Organization",
        "raw_salesforce_organizations",
        "Id Name",
        "InstanceName IsSandbox OrganizationType TimeZoneSidKey LanguageLocaleKey CreatedDate LastModifiedDate SystemModstamp",
        has_deleted=False,
    ),
    _sf(
        "BusinessHours",
        "raw_salesforce_business_hours",
        "Id Name IsActive IsDefault TimeZoneSidKey SystemModstamp",
        " ".join(
            f"{day}{edge}Time"
            for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
            for edge in ("Start", "End")
        )
        + " CreatedDate LastModifiedDate",
        has_deleted=False,
    ),
    _sf(
        "Holiday",
        "raw_salesforce_holidays",
        "Id Name SystemModstamp",
        "ActivityDate IsAllDay StartTimeInMinutes EndTimeInMinutes IsRecurrence RecurrenceType RecurrenceStartDate "
        "RecurrenceEndDateOnly RecurrenceInterval RecurrenceDayOfWeekMask RecurrenceDayOfMonth RecurrenceInstance RecurrenceMonthOfYear "
        "CreatedDate LastModifiedDate",
        has_deleted=False,
    ),
)

MARKETO = (
    RawStream(
        "marketo",
        "leads",
        "raw_marketo_leads",
        ("id", "email", "createdAt", "updatedAt"),
        tuple(
            (
                "firstName lastName company title phone website city state country industry numberOfEmployees annualRevenue "
                "leadSource leadScore unsubscribed emailInvalid marketingSuspended blackListed isAnonymous personType "
                "sfdcLeadId sfdcContactId sfdcAccountId sfdcType acquisitionProgramId originalSourceType leadPartitionId"
            ).split()
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

STREAMS: tuple[RawStream, ...] = SALESFORCE + MARKETO

_PERSONAL = set(
    (
        "FirstName LastName Email Phone MobilePhone Street City PostalCode MailingCity MailingPostalCode OldValue "
        "NewValue Subject email firstName lastName phone city primaryAttributeValue attributes"
    ).split()
)


def _contract(stream: RawStream) -> Contract:
    vendor = tuple(
        Column(name, "string", f"{stream.object}.{name} as the vendor sent it, as text", personal=name in _PERSONAL)
        for name in stream.fields
    )
    return Contract(
        name=stream.table,
        group="raw",
        description=f"One row per version of a {stream.system.title()} {stream.object} record, as it arrived.",
        key=("record_id", "known_at", "row_hash"),
        columns=_META + vendor,
        owner="team:data-engineering",
    )


EXTRACTIONS = Contract(
    name="extractions",
    group="raw",
    description="One row per stream and extraction run: what was read, by which way, at what cost.",
    key=("run_id", "system", "object"),
    columns=columns(
        """
        run_id          string!     the extraction run
        system          string!     salesforce or marketo
        object          string!     object or stream read
        started_at      timestamp!  when reading began
        watermark_at    timestamp   everything stamped before this moment has been read
        method          string!     bulk, rest, or unchanged (nothing new, proven by a count)
        rows            int64!      rows received
        new_rows        int64!      rows that were new versions
        api_calls       int64!      calls this stream used
        missing_fields  json!       optional fields that the integration user cannot see
        note            string      what a person should know (history tracking is off, census differs, ...)
        """
    ),
    owner="team:data-engineering",
)

REFUSED_ROWS = Contract(
    name="refused_rows",
    group="raw",
    description="One row per row of a vendor that could not become a raw row (no id, no readable stamp), with the reason; only its hash is kept.",
    key=("table_name", "record_id", "row_hash", "known_at"),
    columns=columns(
        """
        table_name string!    raw table it was meant for
        record_id  string!    the vendor's id, empty when there was none
        reason     string!    what was wrong
        row_hash   string!    hash of its values
        known_at   timestamp! when it arrived
        """
    ),
    owner="team:data-engineering",
)

CONTRACTS: tuple[Contract, ...] = (*(_contract(stream) for stream in STREAMS), EXTRACTIONS, REFUSED_ROWS)
