"""Staging tables of records: what the systems say now (as known on the day asked for), typed and named in the field's words.

Belongs here: the nouns of the two systems. What happened to them, calendars and what the CRM holds now: `contracts/staging_facts.py`;
one person across systems: `contracts/identity.py`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

_OWNER = "team:data-engineering"

ACCOUNTS = Contract(
    name="accounts",
    group="staging",
    owner=_OWNER,
    description="One row per CRM account that is neither deleted nor merged away.",
    key=("account_id",),
    columns=columns(
        """
        account_id          string!    Salesforce id, 18 characters
        name                string     name as typed
        website             string     website as typed
        phone               string     phone as typed
        street              string     billing street
        city                string     billing city
        state               string     billing state
        country             string     billing country as typed
        parent_account_id   string     parent account, null at the top
        ultimate_account_id string!    top of the hierarchy, itself when it has no parent; cycles are cut at the smallest id
        account_type        string     CRM type as typed (Customer, Prospect, ...)
        industry            string     industry
        employees           int64      number of employees
        annual_revenue_usd  float64    annual revenue in the agreement's currency
        owner_id            string     owning user
        is_customer         boolean!   type is one of the agreement's customer types, or a won opportunity exists
        has_open_opportunity boolean!  at least one open opportunity
        open_pipeline_usd   float64!   amount of open opportunities
        contact_count       int64!     contacts of the account
        is_target_flagged   boolean    the CRM's own target flag, null when the org has none
        is_do_not_sync      boolean!   people asked us not to write this record
        created_at          timestamp! created in the CRM
        modified_at         timestamp! the CRM's stamp of this version
        known_at            timestamp! when we knew this version
        """
    ),
)

CONTACTS = Contract(
    name="contacts",
    group="staging",
    owner=_OWNER,
    description="One row per CRM contact that is neither deleted nor merged away.",
    key=("contact_id",),
    columns=columns(
        """
        contact_id     string!    Salesforce id
        account_id     string     its account
        email          string@    e-mail, trimmed, lower case; null when it is no address
        first_name     string@    first name
        last_name      string@    last name
        title          string     job title as typed
        phone          string@    phone
        city           string     city
        state          string     state
        country        string     country as typed
        lead_source    string     lead source
        owner_id       string     owning user
        is_opted_out   boolean!   opted out of e-mail
        disposition    string     what the rep said of the person (input field)
        reject_code    string     why sales sent the person back (input field)
        is_on_hold     boolean!   clock held by a person (input field)
        hold_reason    string     why (input field)
        dispute_reason string     why a rep disputes the SLA (input field)
        is_do_not_sync boolean!   people asked us not to write this record
        created_at     timestamp! created in the CRM
        modified_at    timestamp! the CRM's stamp of this version
        known_at       timestamp! when we knew this version
        """
    ),
)

LEADS = Contract(
    name="leads",
    group="staging",
    owner=_OWNER,
    description="One row per CRM lead that is neither deleted nor merged away; converted leads stay, marked.",
    key=("lead_id",),
    columns=columns(
        """
        lead_id                  string!    Salesforce id
        email                    string@    e-mail, trimmed, lower case; null when it is no address
        first_name               string@    first name
        last_name                string@    last name
        company                  string     company as typed
        title                    string     job title as typed
        website                  string     website as typed
        phone                    string@    phone
        city                     string     city
        state                    string     state
        country                  string     country as typed
        industry                 string     industry
        employees                int64      number of employees as typed
        annual_revenue_usd       float64    annual revenue as typed
        lead_source              string     lead source
        status                   string     CRM status as typed
        owner_id                 string     owning user (005...) or queue (00G...)
        is_owned_by_queue        boolean!   owner is a queue
        is_opted_out             boolean!   opted out of e-mail
        is_converted             boolean!   converted
        converted_at             timestamp  when it was converted: the history row's moment, else the start of the converted date
        converted_account_id     string     account it went into
        converted_contact_id     string     contact it became
        converted_opportunity_id string     opportunity made from it, null when none
        disposition              string     what the rep said of the person (input field)
        reject_code              string     why sales sent the person back (input field)
        is_on_hold               boolean!   clock held by a person (input field)
        hold_reason              string     why (input field)
        dispute_reason           string     why a rep disputes the SLA (input field)
        is_incorrect_account     boolean!   a rep ticked 'incorrect account' (input field)
        is_do_not_sync           boolean!   people asked us not to write this record
        created_at               timestamp! created in the CRM
        modified_at              timestamp! the CRM's stamp of this version
        known_at                 timestamp! when we knew this version
        """
    ),
)

OPPORTUNITIES = Contract(
    name="opportunities",
    group="staging",
    owner=_OWNER,
    description="One row per opportunity that is not deleted.",
    key=("opportunity_id",),
    columns=columns(
        """
        opportunity_id   string!    Salesforce id
        account_id       string     its account
        name             string     name
        stage            string!    stage
        amount_usd       float64    amount in the company's currency (agreement: currencies), at the constant rate of the close date's fiscal year
        probability_pct  float64    probability
        close_on         date       close date
        is_closed        boolean!   closed
        is_won           boolean!   won
        closed_at        timestamp  when the stage became closed: from the stage history, else the start of the close date
        opportunity_type string     type
        lead_source      string     lead source
        owner_id         string     owning user
        loss_reason      string     win or loss reason (input field), null when none was recorded
        created_at       timestamp! created
        modified_at      timestamp! the CRM's stamp of this version
        known_at         timestamp! when we knew this version
        """
    ),
)

OPPORTUNITY_STAGE_CHANGES = Contract(
    name="opportunity_stage_changes",
    group="staging",
    owner=_OWNER,
    description="One row per change of an opportunity's stage, amount or close date, with the values after it.",
    key=("change_id",),
    columns=columns(
        """
        change_id       string!    id of the history row
        opportunity_id  string!    opportunity
        stage           string!    stage after the change
        amount_usd      float64    amount after the change, in the opportunity's own currency
        probability_pct float64    probability after the change
        close_on        date       close date after the change
        is_closed       boolean!   the stage is a closed one
        is_won          boolean!   the stage is a won one
        changed_at      timestamp! when
        known_at        timestamp! when we knew
        """
    ),
)

OPPORTUNITY_CONTACT_ROLES = Contract(
    name="opportunity_contact_roles",
    group="staging",
    owner=_OWNER,
    description="One row per contact's role in an opportunity.",
    key=("role_id",),
    columns=columns(
        """
        role_id        string!    Salesforce id
        opportunity_id string!    opportunity
        contact_id     string!    contact
        role           string     role as typed
        is_primary     boolean!   primary contact
        created_at     timestamp! created
        known_at       timestamp! when we knew
        """
    ),
)

USERS = Contract(
    name="users",
    group="staging",
    owner=_OWNER,
    description="One row per CRM user.",
    key=("user_id",),
    columns=columns(
        """
        user_id         string!    Salesforce id
        name            string@    full name
        email           string@    e-mail
        manager_id      string     manager, null when none; circles are cut
        manager_is_active boolean  the manager is an active user
        time_zone       string     IANA zone
        past_time_zones json       zones before it, oldest first: [{"zone": ..., "until": moment}]; null when it never changed
        is_active       boolean!   active
        department      string     department
        """
    ),
)

QUEUES = Contract(
    name="queue_members",
    group="staging",
    owner=_OWNER,
    description="One row per member of a queue.",
    key=("queue_id", "user_id"),
    columns=columns(
        """
        queue_id   string! the queue (00G...)
        queue_name string  its name
        user_id    string! a member
        """
    ),
)

MARKETING_PERSONS = Contract(
    name="marketing_persons",
    group="staging",
    owner=_OWNER,
    description="One row per person that a marketing system knows and has not deleted.",
    key=("source_key",),
    columns=columns(
        """
        source_key      string!    system and id, as marketo:ID
        system          string!    the marketing system
        marketing_id    string!    the system's id of the person, as text
        email           string@    e-mail, trimmed, lower case; null when it is no address
        first_name      string@    first name
        last_name       string@    last name
        company         string     company as typed
        title           string     job title as typed
        phone           string@    phone
        website         string     website
        city            string     city
        state           string     state
        country         string     country as typed
        industry        string     industry
        employees       int64      number of employees
        lead_source     string     lead source
        is_unsubscribed boolean!   unsubscribed from e-mail
        is_email_invalid boolean!  e-mail bounced for good
        is_anonymous    boolean!   nobody knows who it is yet
        lead_id         string     Salesforce lead it is synced with
        contact_id      string     Salesforce contact it is synced with
        created_at      timestamp! created in the marketing system
        modified_at     timestamp! the system's stamp of this version
        known_at        timestamp! when we knew this version
        """
    ),
)

MARKETING_MERGES = Contract(
    name="marketing_merges",
    group="staging",
    owner=_OWNER,
    description="One row per person's record that a marketing system has merged into another.",
    key=("source_key",),
    columns=columns(
        """
        source_key   string! the record that is gone, as marketo:ID
        survivor_key string! the record at the end of its chain of merges
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (
    ACCOUNTS,
    CONTACTS,
    LEADS,
    OPPORTUNITIES,
    OPPORTUNITY_STAGE_CHANGES,
    OPPORTUNITY_CONTACT_ROLES,
    USERS,
    QUEUES,
    MARKETING_PERSONS,
    MARKETING_MERGES,
)
