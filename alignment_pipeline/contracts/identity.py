"""Identity tables: one person across marketing systems, leads and contacts.

Belongs here: who is who. Which account a person belongs to is decided by `contracts/matching.py`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

PEOPLE = Contract(
    name="people",
    group="identity",
    owner="team:data-engineering",
    description="One row per person, whatever number of lead, contact and marketing records the systems hold for them.",
    key=("person_id",),
    columns=columns(
        """
        person_id    string!    key of the person's oldest record, as contact:003..., lead:00Q..., marketo:ID; stable while that record lives
        email        string@    best known e-mail, lower case
        email_domain string     host part of the e-mail, lower case
        first_name   string@    first name
        last_name    string@    last name
        company      string     company as typed
        title        string     job title as typed
        website      string     website as typed
        phone        string@    phone
        city         string     city
        state        string     state
        country      string     country as typed
        industry     string     industry as typed on the person
        employees    int64      company size as typed on the person
        annual_revenue_usd float64 revenue as typed on the person
        lead_source  string     lead source of the oldest record
        lead_id      string     the open lead that stands for the person (latest created), null when none
        contact_id   string     the contact that stands for the person, null when none
        marketing_key string    the marketing system's record that stands for the person, as marketo:ID; null when none
        contact_account_id string account of the contact, null when there is no contact or it has none
        owner_id     string     owner of the contact, else of the open lead
        is_owned_by_queue boolean! the owner is a queue
        status       string     status of the open lead
        disposition  string     what the rep said
        reject_code  string     why sales sent the person back
        is_on_hold   boolean!   clock held
        is_incorrect_account boolean! a rep said the account is wrong
        is_opted_out boolean!   opted out or unsubscribed anywhere
        is_email_invalid boolean! e-mail bounced for good
        is_internal  boolean!   one of our own people, by the agreement's internal domains
        is_do_not_sync boolean! people asked us not to write one of their records
        is_converted boolean!   a lead of theirs was converted
        converted_account_id string account that the latest converted lead went into
        created_at   timestamp! oldest record's creation
        known_at     timestamp! when we knew the latest of their records
        """
    ),
)

PERSON_RECORDS = Contract(
    name="person_records",
    group="identity",
    owner="team:data-engineering",
    description="One row per lead, contact or marketing record, with the person it belongs to and why.",
    key=("source_key",),
    columns=columns(
        """
        source_key string!    marketo:ID, lead:00Q..., contact:003...; records that were merged away or deleted stay, so their history follows the person
        person_id  string!    person
        object     string!    Lead, Contact, or the marketing system, as Marketo
        record_id  string!    the vendor's id
        reason     string!    what joined it: own record, same e-mail, sync id of the marketing system, conversion, merge; or that others with this e-mail name another company or person
        is_alive   boolean!   neither deleted, merged away nor converted
        """
    ),
)

RECORD_PERIODS = Contract(
    name="record_periods",
    group="identity",
    owner="team:data-engineering",
    description="One row per period of a marketing record whose address stood on records of several people, one after the other.",
    key=("source_key", "from_at"),
    columns=columns(
        """
        source_key string!    the marketing system and its id, as marketo:ID
        from_at    timestamp! since when; the first period begins in 1970
        until_at   timestamp  the next period begins, null for the last one
        person_id  string!    whose activities these were then
        decided_by string!    record of the CRM that was the current one with this address
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (PEOPLE, PERSON_RECORDS, RECORD_PERIODS)
