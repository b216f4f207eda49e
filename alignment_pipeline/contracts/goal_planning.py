"""Tables of the plan back from the target: lines, sensitivities, and what programs brought.

Belongs here: the nouns of `pipeline_metrics/goal_planning/`. Pipeline on a day: `contracts/pipeline.py`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

_OWNER = "team:revenue-operations"

PROGRAM_YIELDS = Contract(
    name="program_yields",
    group="pipeline",
    owner=_OWNER,
    description="One row per marketing program and fiscal period: opportunities of the accounts it touched first, beside untouched ones. "
    "A comparison, no proof of cause.",
    key=("program", "period"),
    columns=columns(
        """
        program           string!    program, or the group of them that the agreement names
        period            string!    fiscal period of the touch, or all
        within_days       int64!     days after the touch in which an opportunity counts; so long the account was untouched before
        touched           int64!     accounts it touched first, with nothing open then
        judged            int64!     of them touched long enough ago to tell
        with_opportunity  int64!     of these, with an opportunity in time
        rate              float64    their share
        lower             float64    lower end of its 95 % interval
        upper             float64    upper end
        shown             string!    '7 of 9' for few accounts, else a percentage
        base_accounts     int64!     untouched accounts of the same tiers and weeks, nothing open then; in the week with most of them
        base_rate         float64    share of untouched accounts with an opportunity, in the mix of tiers and weeks of the touched ones
        difference        float64    rate less base rate: the marginal yield; null with too few accounts
        difference_lower  float64    lower end of its 95 % interval
        difference_upper  float64    upper end
        spend_cents       int64      money spent, of the agreement; for all periods only where each of them has one
        cost_cents        int64      spend by touched account by difference: of one more opportunity; null when none is shown
        cost_lower_cents  int64      lower end of its 95 % interval
        cost_upper_cents  int64      upper end; null when the interval of the difference reaches 0
        note              string     why there is no yield or no cost
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

PLAN_LINES = Contract(
    name="plan_lines",
    group="pipeline",
    owner=_OWNER,
    description="One row per period, scope and line of the plan that works back from the target: needed, in hand, to create, by when.",
    key=("period", "scope", "line"),
    columns=columns(
        """
        period            string!    fiscal period that is planned
        scope             string!    all, or a part with a target of its own
        line              string!    bookings, deals, marketing_deals, mqas, engaged_people, contacts, capacity
        place             int64!     order of the line
        needed            float64    needed; null when it cannot be planned or reached
        in_hand           float64    there already
        to_create         float64    still to create, whole for people and deals
        start_by_on       date       latest day to begin: 80 % of the lags fit in what is left then
        rate              float64    rate by which the line above was divided
        n                 int64!     cases the rate rests on
        lower             float64    lower end of the rate's interval
        upper             float64    upper end
        rate_source       string     where the rate comes from
        p10               float64    needed, of the draws: 10 % are below
        p50               float64    half are below
        p90               float64    90 % are below
        chance            float64    chance to meet the target with what is planned here
        state             string!    planned, met, too late to start, cannot be planned, not reachable by this path, over capacity
        note              string     one sentence more
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

PLAN_SENSITIVITIES = Contract(
    name="plan_sensitivities",
    group="pipeline",
    owner=_OWNER,
    description="One row per period, scope, rate and way of varying it: the deals needed when the rate alone is lower or higher.",
    key=("period", "scope", "rate_name", "variation"),
    columns=columns(
        """
        period            string!    fiscal period that is planned
        scope             string!    all, or a part with a target of its own
        rate_name         string!    amount, win_rate or in_time
        variation         string!    ten_percent, or interval (the rate's own)
        low               float64    the lower value
        high              float64    the higher value
        deals_at_low      float64    deals needed with the lower value; null when no number would do
        deals_at_high     float64    deals needed with the higher value
        width             float64    distance of the two: the widest says what to measure next; null, wider than any, when no number would do
        as_of             timestamp! known as of
        agreement_version string!    under which agreement
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (PROGRAM_YIELDS, PLAN_LINES, PLAN_SENSITIVITIES)
