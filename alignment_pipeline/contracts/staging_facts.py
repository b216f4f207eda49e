"""Staging tables of facts about records: activities, touches, changes, calendars, and what the CRM holds now.

Belongs here: what happened, when work is done, and what could not be read. The records themselves: `contracts/staging.py`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

_OWNER = "team:data-engineering"

ACTIVITIES = Contract(
    name="activities",
    group="staging",
    owner="team:marketing-operations",
    description="One row per activity of a person, of one kind for all systems: activities of marketing systems, campaign responses, inbound tasks and events.",
    key=("activity_id",),
    columns=columns(
        """
        activity_id   string!    system and source id, as marketo:GUID, task:00T..., event:00U..., campaign_member:00v...
        source_key    string!    who did it, as the system names the person: marketo:ID, lead:00Q..., contact:003...
        system        string!    name of the system that logged it, as marketo or salesforce
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
    description="One row per sales touch and person, or per touch of an account or opportunity when no person is named: a call, e-mail or meeting logged by a rep.",
    key=("touch_id", "source_key"),
    columns=columns(
        """
        touch_id     string!    Salesforce id of the task or event; with several people there is a row for each
        source_key   string!    whom: lead:00Q..., contact:003..., else what: opportunity:006..., account:001...
        user_id      string!    who touched
        created_by_id string    who logged it: the rep, or software in the rep's name
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

CONDITION_VALUES = Contract(
    name="condition_values",
    group="staging",
    owner=_OWNER,
    description="One row per living record and field that a condition of an SLA policy names, where the field is not empty.",
    key=("source_key", "field"),
    columns=columns(
        """
        source_key string!  lead:00Q..., contact:003..., account:001..., opportunity:006...
        field      string!  object and API name, as Lead.Region__c
        value      string!@ the value now, as text
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

CURRENCY_RATES = Contract(
    name="currency_rates",
    group="staging",
    owner="team:revenue-operations",
    description="One row per currency of the CRM and day from which a rate of it holds; the company's own currency stands there with 1.",
    key=("currency", "starts_on"),
    columns=columns(
        """
        currency  string!  ISO code
        starts_on date!    first day on which it holds
        ends_on   date     day from which the next one holds; null for the last
        units     float64! units of this currency for one of the company's
        basis     string!  dated: the CRM's dated exchange rates; current: its one present rate, where dated ones are off
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
        account_id       string     account that a contact is on, or was on last; null for others
        created_at       timestamp  when it was created
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
    ACTIVITIES,
    TOUCHES,
    CONDITION_VALUES,
    RECORD_CHANGES,
    BUSINESS_HOURS,
    HOLIDAYS,
    CURRENCY_RATES,
    ESCALATION_TASKS,
    CRM_FIELD_VALUES,
    CRM_RECORD_STATES,
    QUARANTINED_ROWS,
)
