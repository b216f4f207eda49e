"""Staging tables: what the systems say now (as known on the day asked for), typed and named in the field's words.

Belongs here: the nouns of the two systems. One person across systems: `contracts/identity.py`.
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
        amount_usd       float64    amount
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
        amount_usd      float64    amount after the change
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

MARKETO_PERSONS = Contract(
    name="marketo_persons",
    group="staging",
    owner=_OWNER,
    description="One row per person that Marketo knows and has not deleted.",
    key=("marketo_id",),
    columns=columns(
        """
        marketo_id      string!    Marketo's lead id, as text
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
        created_at      timestamp! created in Marketo
        modified_at     timestamp! Marketo's stamp of this version
        known_at        timestamp! when we knew this version
        """
    ),
)

ACTIVITIES = Contract(
    name="activities",
    group="staging",
    owner="team:marketing-operations",
    description="One row per activity of a person, of one kind for all systems: Marketo activities, campaign responses, inbound tasks and events.",
    key=("activity_id",),
    columns=columns(
        """
        activity_id   string!    system and source id, as marketo:GUID, task:00T..., event:00U..., campaign_member:00v...
        source_key    string!    who did it, as the system names the person: marketo:ID, lead:00Q..., contact:003...
        system        string!    marketo or salesforce
        activity_type string!    kind, one of the agreement's activity types (web_visit, form_fill, email_open, email_click, webinar_attended, ...)
        category      string     category inside the type (a channel, a form's purpose, a call's direction)
        detail        string     what was touched: page path, form, e-mail, asset or subject
        program       string     marketing program or campaign
        is_bot        boolean!   the system marked it as done by a machine
        is_automatic  boolean!   auto-reply, bounce or sequence step: nobody did it
        minutes       float64    length of a meeting or call, null elsewhere
        occurred_at   timestamp! event time
        known_at      timestamp! when we knew
        """
    ),
)

TOUCHES = Contract(
    name="touches",
    group="staging",
    owner="team:sales-operations",
    description="One row per sales touch of a person: a call, e-mail or meeting logged by a rep, with whether it counts for a clock.",
    key=("touch_id",),
    columns=columns(
        """
        touch_id     string!    Salesforce id of the task or event
        source_key   string!    whom: lead:00Q..., contact:003...
        user_id      string!    who touched
        touch_type   string!    call, email, meeting, linkedin or other
        direction    string!    outbound or inbound
        is_automatic boolean!   auto-reply, bounce or sequence enrolment: never counts
        is_completed boolean!   done, not only planned
        subject      string@    subject
        occurred_at  timestamp! completed or started, event time
        known_at     timestamp! when we knew
        """
    ),
)

RECORD_CHANGES = Contract(
    name="record_changes",
    group="staging",
    owner=_OWNER,
    description="One row per change of a field of a lead, contact, account or opportunity, from history tracking or as we observed it.",
    key=("change_id",),
    columns=columns(
        """
        change_id     string!    id of the history row, or observed:... with record, field and moment
        object        string!    Lead, Contact, Account or Opportunity
        record_id     string!    record
        field         string!    field's API name ('created' and 'leadConverted' are events)
        old_value     string@    before, as text (ids for owners)
        new_value     string@    after, as text
        changed_at    timestamp! when it changed; for observed changes the end of the interval in which it did
        earliest_at   timestamp! for observed changes the start of that interval, else changed_at
        is_observed   boolean!   not tracked by the CRM, seen between two of our readings
        known_at      timestamp! when we knew
        """
    ),
)

BUSINESS_HOURS = Contract(
    name="business_hours",
    group="staging",
    owner="team:sales-operations",
    description="One row per open interval of a weekday of a Salesforce BusinessHours record, in its own time zone.",
    key=("calendar", "weekday", "opens_minute"),
    columns=columns(
        """
        calendar      string!  name of the business hours
        time_zone     string!  IANA zone
        weekday       int64!   0 = Monday ... 6 = Sunday
        opens_minute  int64!   minutes after local midnight
        closes_minute int64!   minutes after local midnight, 1440 = the day's end
        is_default    boolean! the org's default
        """
    ),
)

HOLIDAYS = Contract(
    name="crm_holidays",
    group="staging",
    owner="team:sales-operations",
    description="One row per day on which a Salesforce holiday closes the business, recurrences unrolled over three years back and two ahead.",
    key=("holiday_id", "closed_on"),
    columns=columns(
        """
        holiday_id    string! Salesforce id
        name          string! name
        closed_on     date!   day
        opens_minute  int64!  start of the closed span, minutes after local midnight (0 for the whole day)
        closes_minute int64!  end of the closed span (1440 for the whole day)
        """
    ),
)

ESCALATION_TASKS = Contract(
    name="escalation_tasks",
    group="staging",
    owner="team:sales-operations",
    description="One row per living task of the CRM that we made, known by its key.",
    key=("task_id",),
    columns=columns(
        """
        task_id      string!    Salesforce id
        external_key string!    key of the event it was made for
        status       string     status now
        is_closed    boolean!   closed
        owner_id     string     who has it
        modified_at  timestamp! the CRM's stamp
        known_at     timestamp! when we knew
        """
    ),
)

CRM_FIELD_VALUES = Contract(
    name="crm_field_values",
    group="staging",
    owner=_OWNER,
    description="One row per record and mapped field: the value that the CRM had when it was last read.",
    key=("object", "record_id", "field"),
    columns=columns(
        """
        object      string!    Lead, Contact, Account, ...
        record_id   string!    record
        field       string!    API name
        value       json       the value as a JSON scalar, null when empty
        modified_at timestamp! the record's stamp
        known_at    timestamp! when we knew
        """
    ),
)

CRM_RECORD_STATES = Contract(
    name="crm_record_states",
    group="staging",
    owner=_OWNER,
    description="One row per lead, contact, account and opportunity ever seen: alive, deleted, merged into another, or converted.",
    key=("object", "record_id"),
    columns=columns(
        """
        object           string!    Lead, Contact, Account or Opportunity
        record_id        string!    record
        is_deleted       boolean!   deleted (merged ones too)
        survivor_id      string!    itself, or the record at the end of its chain of merges
        converted_to_id  string     the contact a lead became
        modified_at      timestamp! the CRM's stamp
        """
    ),
)

QUARANTINED_ROWS = Contract(
    name="quarantined_rows",
    group="staging",
    owner=_OWNER,
    description="One row per raw row that could not be read as what its table promises, with the reason; nothing is dropped silently.",
    key=("table_name", "record_id", "column_name", "reason"),
    columns=columns(
        """
        table_name  string!    raw table
        record_id   string!    the vendor's id
        column_name string!    column
        reason      string!    what was wrong
        is_row_dropped boolean! true: the whole row is left out; false: only the value became null
        value_hash  string     hash of the value
        known_at    timestamp! when we knew
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
    MARKETO_PERSONS,
    ACTIVITIES,
    TOUCHES,
    RECORD_CHANGES,
    BUSINESS_HOURS,
    HOLIDAYS,
    ESCALATION_TASKS,
    CRM_FIELD_VALUES,
    CRM_RECORD_STATES,
    QUARANTINED_ROWS,
)
