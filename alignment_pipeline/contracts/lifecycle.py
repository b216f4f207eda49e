"""Lifecycle tables: stages of people and accounts, and MQA, now and over time, with the rule behind each step.

Belongs here: where each person and account stands, stood, and why. Scores: `contracts/scoring.py`. The rules: `lifecycle/`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

_CHANGE = """
        sequence          int64!     1 for the first
        stage             string!    stage of the agreement
        sub_stage         string     finer step inside the stage (Accepted, Qualified), null where there is none
        previous_stage    string     stage before, null for the first; the same stage when only the step changed
        entered_at        timestamp! event time of entering
        left_at           timestamp  event time of leaving, null while it lasts
        reason            string!    which rule put it there, at most 255 characters
        as_of             timestamp! decided as of
        agreement_version string!    decided under
"""
_NOW = """
        stage             string!    stage now
        sub_stage         string     finer step inside the stage (Accepted, Qualified), null where there is none
        entered_at        timestamp! when it entered this stage, the latest time
        first_entered_at  timestamp! when it first entered this stage
        times_entered     int64!     how often it entered this stage
        previous_stage    string     stage before
        stage_reason      string!    which rule put it there and what is missing for the next, at most 255 characters
        next_stage        string     the next stage forward that it is nearest to; null when there is none
        missing           json!      for each move forward: the stage and what is missing, in words
        owner_team        string     team whose duty this stage is
        owner_id          string     CRM user whose duty it is; null when nobody has it yet
        owner_reason      string     why that one
        as_of             timestamp! decided as of
        agreement_version string!    decided under
"""

PERSON_STAGE_CHANGES = Contract(
    name="person_stage_changes",
    group="lifecycle",
    description="One row per stay of a person in a stage, in the order of events.",
    key=("person_id", "sequence"),
    columns=columns("person_id string! person\n" + _CHANGE.strip()),
)

PERSON_STAGES = Contract(
    name="person_stages",
    group="lifecycle",
    description="One row per person: the stage now, since when, why, and whose duty it is.",
    key=("person_id",),
    columns=columns("person_id string! person\n" + _NOW.strip()),
)

ACCOUNT_STAGE_CHANGES = Contract(
    name="account_stage_changes",
    group="lifecycle",
    description="One row per stay of an account in a stage, in the order of events.",
    key=("account_id", "sequence"),
    columns=columns("account_id string! account\n" + _CHANGE.strip()),
)

ACCOUNT_STAGES = Contract(
    name="account_stages",
    group="lifecycle",
    description="One row per account: the stage now, since when, why, and what is missing for the next.",
    key=("account_id",),
    columns=columns("account_id string! account\n" + _NOW.strip()),
)

ACCOUNT_MQA_CHANGES = Contract(
    name="account_mqa_changes",
    group="lifecycle",
    description="One row per time an account was an MQA: entered, left, by which path and why.",
    key=("account_id", "sequence"),
    columns=columns(
        """
        account_id        string!    account
        sequence          int64!     1 for the first
        entered_at        timestamp! when the path was first met, event time
        left_at           timestamp  when it was no longer met, event time; null while it lasts
        path              string!    path of the agreement that was met
        reason            string!    what met it, at most 255 characters
        left_reason       string     why it ended; null while it lasts
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

ACCOUNT_MQA_STATUSES = Contract(
    name="account_mqa_statuses",
    group="lifecycle",
    description="One row per account in scope: whether it is an MQA now, by which path, or what is missing.",
    key=("account_id",),
    columns=columns(
        """
        account_id        string!    account
        mqa_status        string!    mqa, not yet, cooling down or excluded
        is_mqa            boolean!   mqa_status is mqa
        path              string     path met; null when it is no MQA
        mqa_reason        string!    what was met, or what is missing, at most 255 characters
        nearest_path      string     for an account that is none: the path that is nearest; null when no path applies
        paths             json!      for every path that applies: each criterion with what is there, what is needed, and whether it is met
        first_at          timestamp  first time it became an MQA; null when never
        latest_at         timestamp  latest time it became one
        times             int64!     how often
        left_at           timestamp  when the latest time ended; null while it lasts or when there was none
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

AGREEMENT_IMPACTS = Contract(
    name="agreement_impacts",
    group="lifecycle",
    description="One row per account, person or task and aspect (mqa, stage, tier, match, score, SLA, task) that another agreement would decide differently.",
    key=("aspect", "entity_id"),
    columns=columns(
        """
        aspect            string!    mqa, account_stage, account_tier, person_stage, lead_match, person_score, account_score, sla or task
        entity_id         string!    account or person; of a task its key
        before_value      string     what holds under the agreement in force; null when it decides nothing about it
        after_value       string     what would hold
        before_reason     string     why it holds
        after_reason      string     why it would
        owner_id          string     whose duty it would be; null when nobody's
        before_version    string!    agreement in force
        as_of             timestamp! both decided as of
        agreement_version string!    the other agreement
        """
    ),
)

MQA_BACKTEST_TERMS = Contract(
    name="mqa_backtest_terms",
    group="lifecycle",
    description="One row per time that an account would have been an MQA, with what came of it.",
    key=("entity_id", "entered_at"),
    columns=columns(
        """
        entity_id         string!    account
        entered_at        timestamp! when it would have become an MQA, knowing only what was known then
        is_judged         boolean!   the days in which an opportunity counts have passed
        created_at        timestamp  first opportunity created in those days
        lead_days         float64    days from MQA to that opportunity
        won_at            timestamp  first such opportunity that was won, when
        as_of             timestamp! tested as of
        agreement_version string!    tested agreement
        """
    ),
)

MQA_BACKTESTS = Contract(
    name="mqa_backtests",
    group="lifecycle",
    description="One row per factor by which the thresholds of the MQA paths were multiplied: how well MQAs foretold opportunities.",
    key=("threshold_factor",),
    columns=columns(
        """
        threshold_factor  float64!   1 is the agreement as it stands
        mqas              int64!     times that an account would have become an MQA
        judged            int64!     of them old enough to be judged
        followed          int64!     of these followed by an opportunity in time
        won               int64!     of these with one that was won
        opportunities     int64!     opportunities created in the time tested
        foretold          int64!     of them preceded by an MQA in time
        precision_pct     float64    followed of judged; null when none was judged
        won_pct           float64    won of judged; null when none was judged
        recall_pct        float64    foretold of opportunities; null when there were none
        base_rate_pct     float64    share of all accounts that got an opportunity in as many days: what a blind pick would reach
        median_lead_days  float64    median days from MQA to opportunity
        mqas_per_week     float64    on average over the time tested
        weeks_over        int64!     rep-weeks above the agreed capacity; 0 when none is agreed
        outcome_days      int64!     days in which an opportunity counts
        tested_from       timestamp! start of the time tested
        attributes_used   boolean!   tier, size, title and type as known today were used; false: left out, since they have no history
        reconstructed_pct float64    share of activities whose known-at is the vendor's own stamp; null when no source says
        as_of             timestamp! tested as of
        agreement_version string!    tested agreement
        """
    ),
)

MQL_BACKTEST_TERMS = Contract(
    name="mql_backtest_terms",
    group="lifecycle",
    description="One row per time that a person would have become an MQL, with what came of it.",
    key=("entity_id", "entered_at"),
    columns=columns(
        """
        entity_id         string!    person
        account_id        string     their account, as known today; null when they have none
        entered_at        timestamp! when they would have become an MQL, knowing only what was known then
        is_judged         boolean!   the days in which an opportunity counts have passed
        created_at        timestamp  first opportunity of the account created in those days
        lead_days         float64    days from MQL to that opportunity
        won_at            timestamp  first such opportunity that was won, when
        as_of             timestamp! tested as of
        agreement_version string!    tested agreement
        """
    ),
)

MQL_BACKTESTS = Contract(
    name="mql_backtests",
    group="lifecycle",
    description="One row per factor by which the points of the moves to MQL were multiplied: how well MQLs foretold opportunities.",
    key=("threshold_factor",),
    columns=columns(
        """
        threshold_factor  float64!   1 is the agreement as it stands
        stage             string!    stage of the agreement that hands people to sales for what they did
        mqls              int64!     times that a person would have become an MQL
        judged            int64!     of them old enough to be judged
        followed          int64!     of these followed by an opportunity of their account in time
        won               int64!     of these with one that was won
        opportunities     int64!     opportunities created in the time tested
        foretold          int64!     of them preceded by an MQL of the account in time
        precision_pct     float64    followed of judged; null when none was judged
        won_pct           float64    won of judged; null when none was judged
        recall_pct        float64    foretold of opportunities; null when there were none
        base_rate_pct     float64    share of all people whose account got an opportunity in as many days: what a blind pick would reach
        median_lead_days  float64    median days from MQL to opportunity
        mqls_per_week     float64    on average over the time tested
        outcome_days      int64!     days in which an opportunity counts
        tested_from       timestamp! start of the time tested
        attributes_used   boolean!   fit, tier, title and opt-out as known today were used; false: left out, since they have no history
        reconstructed_pct float64    share of activities whose known-at is the vendor's own stamp; null when no source says
        as_of             timestamp! tested as of
        agreement_version string!    tested agreement
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (
    PERSON_STAGE_CHANGES,
    PERSON_STAGES,
    ACCOUNT_STAGE_CHANGES,
    ACCOUNT_STAGES,
    ACCOUNT_MQA_CHANGES,
    ACCOUNT_MQA_STATUSES,
    AGREEMENT_IMPACTS,
    MQA_BACKTEST_TERMS,
    MQA_BACKTESTS,
    MQL_BACKTEST_TERMS,
    MQL_BACKTESTS,
)
