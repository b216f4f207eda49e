"""SLA tables: the clocks of both teams, whose time each wait was, who gets a message, and the tables made from them.

Belongs here: what was promised and what came of it. The rules are `sla/`; creating the tasks is `contracts/field_updates.py`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

_OWNER = "team:revenue-operations"
_DECIDED = """\
        as_of               timestamp! decided as of
        agreement_version   string!    decided under
"""

SLA_CLOCKS = Contract(
    name="sla_clocks",
    group="sla",
    owner=_OWNER,
    description="One row per clock: a person, account or opportunity under one policy from one start on, with its state now and why.",
    key=("clock_id",),
    columns=columns(
        """
        clock_id            string!    sla:RECORD:POLICY:START, RECORD being the record that stood for the subject when the clock started
        policy              string!    policy of the agreement
        party               string!    who owes it: sales, marketing or system
        subject             string!    person, lead, account or opportunity
        subject_id          string!    person, lead, account or opportunity
        person_id           string     person, or the person whose lead it is; null for the other subjects
        object              string!    CRM object of the record that stands for the subject now: Lead, Contact, Account, Opportunity; Marketo when the CRM knows none
        record_id           string!    that record
        account_id          string     account of the subject, null when it has none
        trigger_event       string!    what made the promise due
        trigger_id          string!    id of that event
        trigger_at          timestamp! when it happened
        started_at          timestamp! the clock started
        due_at              timestamp  the promise is due; null while a pause without end keeps it from coming due
        at_risk_at          timestamp  it became or becomes at risk
        stopped_at          timestamp  it stopped, never before the start
        stop_event          string     what stopped it
        stop_id             string     id of that event
        state               string!    pending, at_risk, met, met_late, breached, paused, cancelled or unknown
        target_minutes      float64!   minutes promised, in the clock's own time
        elapsed_minutes     float64!   minutes used, in the clock's own time (business time without pauses)
        raw_minutes         float64!   minutes by the wall clock, from the start to the stop or to as_of
        paused_minutes      float64!   minutes by the wall clock that a hold or a wait on the customer took
        minutes_left        float64!   target less elapsed; negative is late
        system_minutes      float64!   part of elapsed while nobody or a queue owned the record
        marketing_minutes   float64!   part of elapsed while marketing owned it
        sales_minutes       float64!   part of elapsed while a rep owned it
        owner_id            string     who owes it now or owed it when it stopped, null while no human does
        first_owner_id      string     who owned the record when the clock started
        owners              int64!     owners it passed through
        is_pre_touched      boolean!   a stop before the start had kept the promise already
        calendar            string     calendar of the agreement, null round the clock
        time_zone           string     zone the calendar was read in for the owner of the duty
        lead_source         string     lead source of the person or opportunity
        watermark_at        timestamp  the feed that stops this clock is complete up to here, null when unknown
        reason              string!    why it stands so, at most 255 characters
        breach_reason       string     why it was breached, null when it was not
        """
        + _DECIDED
    ),
)

SLA_SLICES = Contract(
    name="sla_slices",
    group="sla",
    owner=_OWNER,
    description="One row per owner in turn of a clock; the slices of a clock add up to it.",
    key=("clock_id", "slice"),
    columns=columns(
        """
        clock_id         string!    clock
        slice            int64!     1, 2, ... in time order
        policy           string!    policy
        owner_id         string     owner, null when nobody owned the record
        party            string!    whose time it was: sales, marketing or system
        from_at          timestamp! begin
        to_at            timestamp! end (the stop, or as_of)
        elapsed_minutes  float64!   minutes used in the clock's own time
        raw_minutes      float64!   minutes by the wall clock
        paused_minutes   float64!   minutes by the wall clock paused
        """
        + _DECIDED
    ),
)

SLA_ESCALATIONS = Contract(
    name="sla_escalations",
    group="sla",
    owner=_OWNER,
    description="One row per rung of a clock that can still matter: future, due, waiting for the feed, cancelled or expired.",
    key=("escalation_id",),
    columns=columns(
        """
        escalation_id  string!    sla:RECORD:POLICY:START:RUNG, the unique key of its task and messages
        clock_id       string!    clock
        policy         string!    policy
        ladder         string!    ladder
        rung           string!    rung
        position       int64!     1 = lowest rung
        due_at         timestamp! when the clock reaches the rung
        state          string!    due (to be sent, or sent), future, waiting (later activities are not read yet), cancelled (stopped before), expired (too old to send)
        object         string!    object of the record the task is about
        record_id      string!    record the task is about
        account_id     string     account
        task_owner_id  string     user who gets the task, null when the rung makes none or nobody can be found
        task_priority  string     priority of the task
        notify_user_ids json!     users who get the message
        is_urgent      boolean!   ignores quiet hours and digest
        title          string!    text without data about the person: policy and rung
        task_subject   string@    subject of task and message
        task_body      string@    text of task and message
        reason         string!    why it is in this state, at most 255 characters
        """
        + _DECIDED
    ),
)

SLA_EXCLUSIONS = Contract(
    name="sla_exclusions",
    group="sla",
    owner=_OWNER,
    description="One row per trigger that started no clock of a policy, with the reason; nothing is left out silently.",
    key=("policy", "subject_id", "trigger_id", "trigger_at"),
    columns=columns(
        """
        policy         string!    policy
        subject_id     string!    person
        trigger_id     string!    event
        trigger_at     timestamp! when
        account_id     string     account
        goes_to_owner_id string   who answers instead
        reason_code    string!    existing_account or internal
        reason         string!    why, for a person
        """
        + _DECIDED
    ),
)

PERSON_SLAS = Contract(
    name="person_slas",
    group="sla",
    owner=_OWNER,
    description="One row per person with a clock: the one that counts most now, as the CRM's SLA fields show it.",
    key=("person_id",),
    columns=columns(
        """
        person_id      string!    person
        object         string!    Lead or Contact
        record_id      string!    record to write to
        clock_id       string!    clock
        sla_status     string!    the state in words, as the CRM's picklist spells it
        sla_policy     string!    the policy's title
        sla_due_at     timestamp  due
        sla_reason     string!    why, at most 255 characters, without numbers that change by the minute
        """
        + _DECIDED
    ),
)

CALENDAR_DAYS = Contract(
    name="calendar_days",
    group="sla",
    owner=_OWNER,
    description="One row per calendar, zone and UTC day: how many minutes were open, and in all since the table's first day.",
    key=("calendar", "time_zone", "day_on"),
    columns=columns(
        """
        calendar           string!  calendar of the agreement
        time_zone          string!  zone it was read in
        day_on             date!    UTC day
        open_minutes       float64! open minutes of the day
        cumulative_minutes float64! open minutes before the day
        """
    ),
)

SLA_FOLLOW_UPS = Contract(
    name="sla_follow_ups",
    group="sla",
    owner=_OWNER,
    description="One row per policy, period, team, rep and lead source: how many clocks fell due, were kept, late, missed, never touched, and how long it took.",
    key=("policy", "period", "period_start_on", "team", "owner_id", "lead_source"),
    columns=columns(
        """
        policy              string!    policy
        period              string!    week, month or all
        period_start_on     date!      first day (UTC) of the period in which the clocks started
        team                string!    department of the owner, '(none)' without one, '(all)' for the sum
        owner_id            string!    owner of the duty, '(none)', or '(all)' for the sum
        lead_source         string!    lead source, '(none)', or '(all)' for the sum
        clocks              int64!     clocks started and not cancelled
        decided             int64!     of them met, met late or breached
        met                 int64!     kept in time
        met_late            int64!     kept late
        breached            int64!     not kept yet
        never_touched       int64!     breached without any stop: ignored
        running             int64!     pending, at risk, paused or unknown
        follow_up_rate_pct  float64    met / decided, null when nothing is decided
        acted_on_rate_pct   float64    (met + met late) / decided, null when nothing is decided
        raw_p50_minutes     float64    median wall-clock minutes from start to stop
        raw_p95_minutes     float64    95th percentile of them
        elapsed_p50_minutes float64    median minutes in the clock's own time
        elapsed_p95_minutes float64    95th percentile of them
        system_p50_minutes  float64    median of the system's part
        system_p95_minutes  float64    95th percentile of it
        sales_p50_minutes   float64    median of the reps' part
        sales_p95_minutes   float64    95th percentile of it
        """
        + _DECIDED
    ),
)

PERSON_OUTCOMES = Contract(
    name="person_outcomes",
    group="sla",
    owner=_OWNER,
    description="One row per person, outcome and moment: what sales said of somebody it was handed.",
    key=("person_id", "outcome", "said_at"),
    columns=columns(
        """
        person_id   string!    person
        outcome     string!    accepted, rejected or deferred
        said_at     timestamp! when
        code        string     reject code, null without one and for the other outcomes
        owner_id    string     owner then, null without one
        lead_source string     lead source, null without one
        """
        + _DECIDED
    ),
)

SLA_DISPOSITIONS = Contract(
    name="sla_dispositions",
    group="sla",
    owner=_OWNER,
    description="One row per period, rep, lead source and outcome: how many people sales gave this disposition and reject code.",
    key=("period_start_on", "owner_id", "lead_source", "outcome", "code"),
    columns=columns(
        """
        period_start_on date!    first day of the month (UTC) in which it was said
        owner_id        string!  owner then, '(none)' without one
        lead_source     string!  lead source, '(none)' without one
        outcome         string!  accepted, rejected or deferred
        code            string!  reject code, '(none)' without one
        people          int64!   people
        share_pct       float64! share of the outcomes of the period, owner and source
        """
        + _DECIDED
    ),
)

WIN_LOSS_CAPTURES = Contract(
    name="win_loss_captures",
    group="sla",
    owner=_OWNER,
    description="One row per month, owner and result of closed opportunities: how many have a win or loss reason.",
    key=("period_start_on", "owner_id", "is_won"),
    columns=columns(
        """
        period_start_on date!    month (UTC) of closing
        owner_id        string!  owner, '(none)' without one
        is_won          boolean! won
        closed          int64!   closed opportunities
        with_reason     int64!   with a reason
        capture_pct     float64! share with a reason
        """
        + _DECIDED
    ),
)

MARKETING_COMMITMENTS = Contract(
    name="marketing_commitments",
    group="sla",
    owner=_OWNER,
    description="One row per commitment of marketing and period: goal, pace, actual, and whether it is kept.",
    key=("commitment", "period_start_on"),
    columns=columns(
        """
        commitment        string!    commitment of the agreement
        title             string!    its name for people
        measure           string!    what is counted
        period            string!    month, quarter or year
        period_start_on   date!      first day
        period_end_on     date!      last day
        goal              float64!   promised by the period's end, or the level of a ratio
        expected          float64!   what the pace asks for as of now
        actual            float64    what there is, null when a ratio has nothing to divide by
        elapsed_days      int64!     business days gone
        total_days        int64!     business days of the period
        projected         float64    actual / elapsed share, null for ratios and before the first business day
        state             string!    pending, at_risk, met, breached, or unknown
        reason            string!    why, at most 255 characters
        """
        + _DECIDED
    ),
)

CONTACT_YIELDS = Contract(
    name="contact_yields",
    group="sla",
    owner=_OWNER,
    description="One row per class of accounts by how many contacts we knew: how many got an opportunity since, and what one more contact is worth.",
    key=("contacts_from",),
    columns=columns(
        """
        contacts_from        int64!   smallest number of contacts in the class, known when the window began
        contacts_to          int64    largest, null for the last class
        accounts             int64!   accounts without an open opportunity then
        with_opportunity     int64!   of them with an opportunity created in the window
        opportunity_rate_pct float64  share, null when the class has fewer accounts than the agreement asks for
        marginal_rate_pct    float64  points of that share per further contact, against the class before; null without one
        contacts_to_add      int64!   contacts that would lift every account of the class into the next one, 0 where that is not worth it
        """
        + _DECIDED
    ),
)

CONTRACTS: tuple[Contract, ...] = (
    SLA_CLOCKS,
    SLA_SLICES,
    SLA_ESCALATIONS,
    SLA_EXCLUSIONS,
    PERSON_SLAS,
    CALENDAR_DAYS,
    SLA_FOLLOW_UPS,
    PERSON_OUTCOMES,
    SLA_DISPOSITIONS,
    WIN_LOSS_CAPTURES,
    MARKETING_COMMITMENTS,
    CONTACT_YIELDS,
)
