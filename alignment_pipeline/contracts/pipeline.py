"""Tables of pipeline over time: what each deal was in every span of its life, and the metrics made of that.

Belongs here: the nouns of `pipeline_metrics/`. Deals as they are now: `contracts/staging.py`; the plan: `contracts/goal_planning.py`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

_OWNER = "team:revenue-operations"

OPPORTUNITY_STATES = Contract(
    name="opportunity_states",
    group="staging",
    owner=_OWNER,
    description="One row per opportunity, deleted ones included, and span of time in which nothing about it changed.",
    key=("opportunity_id", "valid_from_at"),
    columns=columns(
        """
        opportunity_id    string!    Salesforce id
        valid_from_at     timestamp! since when
        valid_to_at       timestamp  until when, this moment excluded; null for the present
        stage             string     stage
        stage_order       int64      place of the stage in the CRM's list; null for a retired stage
        stage_entered_at  timestamp  when it entered this stage, the latest time
        is_closed         boolean!   closed; a retired stage is judged by its forecast category
        is_won            boolean!   won
        is_deleted        boolean!   deleted
        is_reconstructed  boolean!   before the first history row, whose values stand here
        amount            float64    amount in the deal's currency
        currency          string     its currency
        amount_cents      int64      amount in hundredths of the company's currency at the constant rate; null: without amount or rate
        probability_pct   float64    probability
        close_on          date       close date
        closed_at         timestamp  when it was closed; null while open
        forecast_category string     forecast category
        owner_id          string     owning user
        account_id        string     its account; of merged ones the survivor
        opportunity_type  string     type
        lead_source       string     lead source
        campaign_id       string     primary campaign
        created_at        timestamp! created
        """
    ),
)

PIPELINE_MOVEMENTS = Contract(
    name="pipeline_movements",
    group="pipeline",
    owner=_OWNER,
    description="One row per bridge, scope, deal and part of the bridge: what moved a period's open pipeline between two days.",
    key=("since_on", "period", "scope", "opportunity_id", "part"),
    columns=columns(
        """
        since_on          date!      day at whose end the bridge begins
        until_on          date!      day at whose end it ends
        period            string!    fiscal period whose open pipeline it is
        scope             string!    all, or a part: team:West, tier:1, ...
        opportunity_id    string!    deal
        part              string!    start, new, pulled_in, reopened, transferred_in, increased, decreased, won, lost, pushed_out, transferred_out, deleted or end
        amount_cents      int64!     signed, hundredths of the company's currency; 0 without amount
        has_amount        boolean!   the deal has an amount
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

PIPELINE_METRICS = Contract(
    name="pipeline_metrics",
    group="pipeline",
    owner=_OWNER,
    description="One row per metric, scope, fiscal period and day it is given for, with what it is made of.",
    key=("day_on", "period", "scope", "metric"),
    columns=columns(
        """
        day_on            date!      day at whose end it stood so
        period            string!    fiscal period
        scope             string!    all, or a part: team:West, tier:1, ...
        metric            string!    open_pipeline, bookings, coverage, coverage_needed, velocity, bridge_won, ...
        value             float64    the number; null when it cannot be said
        unit              string!    cents, deals, ratio, days, or cents_a_day
        numerator         float64    above the line
        denominator       float64    below it
        n                 int64!     cases it is made of
        without_amount    int64!     of them deals without amount
        lower             float64    lower end of the 95 % interval
        upper             float64    upper end
        shown             string!    how to show it: '7 of 9' for a share of few cases
        basis             string     what it rests on, or why there is none: measured, no history, met, no target, too few, dated rates
        definition        string!    one sentence
        is_restated       boolean!   differs from what was known at the end of the day
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

STEP_CONVERSIONS = Contract(
    name="step_conversions",
    group="pipeline",
    owner=_OWNER,
    description="One row per step, scope and reading of its conversion: flow ratio, cohort, incidence.",
    key=("step", "scope", "reading"),
    columns=columns(
        """
        step              string!    step's name in the agreement
        scope             string!    all, or a part
        reading           string!    flow (exits by entries of the same period, no conversion), cohort (old enough) or incidence (young ones too)
        within_days       int64!     days T within which it counts
        value             float64    the share; null when there is nothing to divide
        numerator         float64!   converted, or exits
        denominator       float64!   looked at, or entries
        n                 int64!     subjects
        lower             float64    lower end of the 95 % interval
        upper             float64    upper end
        shown             string!    '7 of 9' for few cases, else a percentage
        median_days       float64    median days of those that converted
        p80_days          float64    days within which 80 % of them had converted
        left_truncated    int64!     left out, since they were in the stage when history begins
        skipped           int64!     entered and left at one moment, since the stage was skipped
        curve             json!      for incidence: days, share, lower and upper at up to 60 moments
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

OPPORTUNITY_SOURCES = Contract(
    name="opportunity_sources",
    group="pipeline",
    owner=_OWNER,
    description="One row per deal: who sourced it, and whether marketing influenced it; the three classes add up to the whole.",
    key=("opportunity_id",),
    columns=columns(
        """
        opportunity_id    string!    deal
        source_team       string     team that sourced it, fixed at its creation; null when nothing tells
        source_basis      string!    rule, touch or none
        source_reason     string!    one sentence
        source_class      string!    marketing_sourced, marketing_influenced or untouched
        first_touch_at    timestamp  the touch that decided
        touches           int64!     eligible marketing touches between creation less the agreement's days and its close
        created_source    string     lead source when it was created
        present_source    string     lead source now
        is_source_edited  boolean!   the two differ: reported, not followed
        amount_cents      int64      amount now
        created_at        timestamp! created
        is_won            boolean!   won
        is_closed         boolean!   closed
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

TOUCH_EFFECTS = Contract(
    name="touch_effects",
    group="pipeline",
    owner=_OWNER,
    description="One row per landmark and group of deals still open at that age: win rate of touched and untouched ones.",
    key=("landmark_days", "grouping"),
    columns=columns(
        """
        landmark_days     int64!     age of the deals compared
        grouping          string!    all, tier:1, stage:Proposal, ...
        touched           int64!     deals that marketing had touched by then
        touched_won       int64!     of them won since
        untouched         int64!     the others
        untouched_won     int64!     of them won since
        difference        float64    win rate of touched less of untouched; null with too few
        lower             float64    lower end of the 95 % interval
        upper             float64    upper end
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

FORECAST_ACCURACY = Contract(
    name="forecast_accuracy",
    group="pipeline",
    owner=_OWNER,
    description="One row per forecast method and business day of the period: how far it was from what came.",
    key=("method", "business_day"),
    columns=columns(
        """
        method            string!    category, probability or coverage
        business_day      int64!     business day of the period on which it was made
        periods           int64!     complete periods compared
        bias_pct          float64    sum(F - A) / sum A
        wape_pct          float64    sum|F - A| / sum A
        mase              float64    mean|F - A| / mean|A - A of the period before|
        mape_pct          float64    mean of |F - A| / A where A > 0; never to be read alone
        terms             json!      period, forecast and actual of each
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

STAGE_RELIABILITY = Contract(
    name="stage_reliability",
    group="pipeline",
    owner=_OWNER,
    description="One row per open stage: its stated probability against the share of deals won after being in it.",
    key=("stage",),
    columns=columns(
        """
        stage             string!    stage
        stated_pct        float64    mean probability the CRM gave
        won               int64!     of the deals that were in it and are closed: won
        n                 int64!     deals that were in it and are closed
        measured_pct      float64    share won
        lower_pct         float64    lower end of the 95 % interval
        upper_pct         float64    upper end
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (
    OPPORTUNITY_STATES,
    PIPELINE_MOVEMENTS,
    PIPELINE_METRICS,
    STEP_CONVERSIONS,
    OPPORTUNITY_SOURCES,
    TOUCH_EFFECTS,
    FORECAST_ACCURACY,
    STAGE_RELIABILITY,
)
