"""From which vendor field each staged column comes, as data.

Belongs here: the list that typing (`typed`) and quarantine share, so that no column is read in one way and judged in another.
A key column marked `required` drops its row when it cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis

from alignment_pipeline.staging import values


@dataclass(frozen=True)
class Source:
    """Vendor field and kind of one staged column (kinds: `values.KINDS`)."""

    field: str
    kind: str = "text"
    required: bool = False


def _sources(text: str) -> dict[str, Source]:
    sources = {}
    for line in text.strip().splitlines():
        column, field, kind = line.split()
        sources[column] = Source(field, kind.rstrip("!"), required=kind.endswith("!"))
    return sources


def _changes(parent: str) -> dict[str, Source]:
    """History tracking; the values before and after are of any kind."""
    return _sources(f"change_id record_id text!\nrecord_id {parent} id!\nfield Field text!\nchanged_at CreatedDate timestamp!")


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_BUSINESS_HOURS = {f"{day.lower()}_{edge.lower()}s": Source(f"{day}{edge}Time", "time") for day in _DAYS for edge in ("Start", "End")}

SOURCES: Mapping[str, Mapping[str, Source]] = {
    "raw_salesforce_accounts": _sources(
        """
        account_id record_id id!
        name Name text
        website Website text
        phone Phone text
        street BillingStreet text
        city BillingCity text
        state BillingState text
        country BillingCountry text
        parent_account_id ParentId id
        account_type Type text
        industry Industry text
        employees NumberOfEmployees integer
        annual_revenue_usd AnnualRevenue number
        owner_id OwnerId id
        merged_into_id MasterRecordId id
        created_at CreatedDate timestamp!
        """
    ),
    "raw_salesforce_contacts": _sources(
        """
        contact_id record_id id!
        account_id AccountId id
        email Email email
        first_name FirstName text
        last_name LastName text
        title Title text
        phone Phone text
        city MailingCity text
        state MailingState text
        country MailingCountry text
        lead_source LeadSource text
        owner_id OwnerId id
        is_opted_out HasOptedOutOfEmail flag
        merged_into_id MasterRecordId id
        created_at CreatedDate timestamp!
        """
    ),
    "raw_salesforce_leads": _sources(
        """
        lead_id record_id id!
        email Email email
        first_name FirstName text
        last_name LastName text
        company Company text
        title Title text
        website Website text
        phone Phone text
        city City text
        state State text
        country Country text
        industry Industry text
        employees NumberOfEmployees integer
        annual_revenue_usd AnnualRevenue number
        lead_source LeadSource text
        status Status text
        owner_id OwnerId id
        is_opted_out HasOptedOutOfEmail flag
        is_converted IsConverted flag
        converted_on ConvertedDate date
        converted_account_id ConvertedAccountId id
        converted_contact_id ConvertedContactId id
        converted_opportunity_id ConvertedOpportunityId id
        merged_into_id MasterRecordId id
        created_at CreatedDate timestamp!
        """
    ),
    "raw_salesforce_opportunities": _sources(
        """
        opportunity_id record_id id!
        account_id AccountId id
        name Name text
        stage StageName text!
        amount_usd Amount number
        probability_pct Probability number
        close_on CloseDate date
        is_closed IsClosed flag
        is_won IsWon flag
        opportunity_type Type text
        lead_source LeadSource text
        campaign_id CampaignId id
        forecast_category ForecastCategoryName text
        owner_id OwnerId id
        created_at CreatedDate timestamp!
        """
    ),
    "raw_salesforce_opportunity_stages_over_time": _sources(
        """
        change_id record_id id!
        opportunity_id OpportunityId id!
        stage StageName text!
        amount_usd Amount number
        probability_pct Probability number
        close_on CloseDate date
        forecast_category ForecastCategory text
        changed_at CreatedDate timestamp!
        """
    ),
    "raw_salesforce_opportunity_contact_roles": _sources(
        """
        role_id record_id id!
        opportunity_id OpportunityId id!
        contact_id ContactId id!
        role Role text
        is_primary IsPrimary flag
        created_at CreatedDate timestamp!
        """
    ),
    "raw_salesforce_users": _sources(
        """
        user_id record_id id!
        name Name text
        email Email email
        manager_id ManagerId id
        time_zone TimeZoneSidKey text
        is_active IsActive flag
        department Department text
        """
    ),
    "raw_salesforce_tasks": _sources(
        """
        task_id record_id id!
        who_id WhoId id
        what_id WhatId id
        account_id AccountId id
        owner_id OwnerId id
        created_by_id CreatedById id
        subject Subject text
        status Status text
        is_closed IsClosed flag
        subtype TaskSubtype text
        task_type Type text
        call_type CallType text
        call_disposition CallDisposition text
        call_seconds CallDurationInSeconds number
        activity_on ActivityDate date
        completed_at CompletedDateTime timestamp
        is_recurrence IsRecurrence flag
        created_at CreatedDate timestamp!
        """
    ),
    "raw_salesforce_events": _sources(
        """
        event_id record_id id!
        who_id WhoId id
        what_id WhatId id
        account_id AccountId id
        owner_id OwnerId id
        created_by_id CreatedById id
        subject Subject text
        event_type Type text
        starts_at StartDateTime timestamp
        activity_at ActivityDateTime timestamp
        activity_on ActivityDate date
        duration_minutes DurationInMinutes number
        is_child IsChild flag
        is_recurrence IsRecurrence flag
        created_at CreatedDate timestamp!
        """
    ),
    "raw_salesforce_task_relations": _sources(
        """
        relation_id record_id id!
        activity_id TaskId id!
        related_id RelationId id!
        is_what IsWhat flag
        """
    ),
    "raw_salesforce_event_relations": _sources(
        """
        relation_id record_id id!
        activity_id EventId id!
        related_id RelationId id!
        is_what IsWhat flag
        is_parent IsParent flag
        answer Status text
        """
    ),
    "raw_salesforce_campaign_members": _sources(
        """
        member_id record_id id!
        campaign_id CampaignId id
        lead_id LeadId id
        contact_id ContactId id
        status Status text
        has_responded HasResponded flag
        responded_on FirstRespondedDate date
        created_at CreatedDate timestamp!
        """
    ),
    "raw_salesforce_lead_changes": _changes("LeadId"),
    "raw_salesforce_contact_changes": _changes("ContactId"),
    "raw_salesforce_opportunity_changes": _changes("OpportunityId"),
    "raw_salesforce_business_hours": _BUSINESS_HOURS,
    "raw_salesforce_holidays": _sources(
        """
        closed_on ActivityDate date
        opens_minute StartTimeInMinutes number
        closes_minute EndTimeInMinutes number
        recurs_from RecurrenceStartDate date
        recurs_until RecurrenceEndDateOnly date
        recurrence_interval RecurrenceInterval number
        recurrence_mask RecurrenceDayOfWeekMask number
        recurrence_day RecurrenceDayOfMonth number
        """
    ),
    "raw_salesforce_currency_types": _sources(
        """
        currency IsoCode text!
        units ConversionRate number!
        is_corporate IsCorporate flag
        """
    ),
    "raw_salesforce_dated_conversion_rates": _sources(
        """
        rate_id record_id text!
        currency IsoCode text!
        starts_on StartDate since!
        units ConversionRate number!
        """
    ),
    "raw_marketo_leads": _sources(
        """
        marketing_id record_id text!
        email email email
        first_name firstName text
        last_name lastName text
        company company text
        title title text
        phone phone text
        website website text
        city city text
        state state text
        country country text
        industry industry text
        employees numberOfEmployees integer
        lead_source leadSource text
        is_unsubscribed unsubscribed flag
        is_email_invalid emailInvalid flag
        is_anonymous isAnonymous flag
        lead_id sfdcLeadId id
        contact_id sfdcContactId id
        created_at createdAt timestamp
        """
    ),
    "raw_hubspot_contacts": _sources(
        """
        marketing_id record_id text!
        email email email
        first_name firstname text
        last_name lastname text
        company company text
        title jobtitle text
        phone phone text
        website website text
        city city text
        state state text
        country country text
        industry industry text
        employees numemployees integer
        lead_source hs_analytics_source text
        is_unsubscribed hs_email_optout flag
        is_email_invalid hs_email_hard_bounce_reason_enum given
        lead_id salesforceleadid id
        contact_id salesforcecontactid id
        crm_contact_id crmContactId id
        created_at createdate timestamp
        """
    ),
    "raw_marketo_activities": _sources(
        """
        guid record_id text!
        marketo_id leadId text!
        type_id activityTypeId text!
        occurred_at activityDate timestamp!
        """
    ),
}


def typed(current: ibis.Table, raw_name: str) -> ibis.Table:
    """The current versions of a raw table with typed, renamed columns; rows whose required values cannot be read are left out.

    Keeps `modified_at` (falling back to `known_at`), `known_at`, `is_deleted` and `custom_fields`.
    """
    sources = SOURCES[raw_name]
    columns = {name: values.KINDS[source.kind](current[source.field]) for name, source in sources.items()}
    result = current.select(
        **columns,
        modified_at=ibis.coalesce(current.modified_at, current.known_at),
        known_at=current.known_at,
        is_deleted=current.is_deleted,
        custom_fields=current.custom_fields,
    )
    return result.filter([result[name].notnull() for name, source in sources.items() if source.required])
