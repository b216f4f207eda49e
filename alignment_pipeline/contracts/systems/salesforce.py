"""Salesforce: which objects and fields are read, and which of them are required."""

from __future__ import annotations

from alignment_pipeline.contracts.systems.system import RawStream, System


def _sf(object_: str, table: str, required: str, optional: str = "", **options: object) -> RawStream:
    return RawStream("salesforce", object_, table, tuple(required.split()), tuple(optional.split()), **options)  # type: ignore[arg-type]


STREAMS = (
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
        "TaskRelation",
        "raw_salesforce_task_relations",
        "Id TaskId RelationId SystemModstamp",
        "IsWhat IsDeleted CreatedDate",
    ),
    _sf(
        "EventRelation",
        "raw_salesforce_event_relations",
        "Id EventId RelationId SystemModstamp",
        "IsWhat IsParent IsInvitee Status IsDeleted CreatedDate",
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
        personal=frozenset(("Name", "Username")),
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
    _sf(
        "CurrencyType",
        "raw_salesforce_currency_types",
        "Id IsoCode ConversionRate SystemModstamp",
        "IsCorporate IsActive DecimalPlaces CreatedDate LastModifiedDate",
        has_deleted=False,
        only_with="currency_field",
        if_absent="the organisation has one currency, or the object is hidden from the integration user",
    ),
    _sf(
        "DatedConversionRate",
        "raw_salesforce_dated_conversion_rates",
        "Id IsoCode StartDate ConversionRate SystemModstamp",
        "NextStartDate CreatedDate LastModifiedDate",
        only_with="currency_field",
        if_absent="advanced currency management is off, or the object is hidden from the integration user: the CRM's current rates stand in",
    ),
)

SALESFORCE = System(name="salesforce", title="Salesforce", role="crm", streams=STREAMS, records=("CampaignMember", "Task", "Event"))
