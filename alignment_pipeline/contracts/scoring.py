"""Scoring tables: fit, tiers, engagement of people and accounts, with the factors that make each number.

Belongs here: numbers and their factors, in integer micro-points (`_micro`), so that factors add up exactly. What follows
from them (stages, MQA): `contracts/lifecycle.py`. The rules: `scoring/`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

_MARKETING = "team:marketing-operations"

PERSON_FITS = Contract(
    name="person_fits",
    group="scoring",
    description="One row per person: who they are by their title, and how well they fit the ideal buyer.",
    key=("person_id",),
    columns=columns(
        """
        person_id         string!    person
        seniority         string     level read from the title, a name of the agreement; null when the title says none
        function          string     line of work read from the title; null when the title says none
        persona           string     both in words, as 'VP, Marketing'; null when the title says nothing
        committee_role    string     seat in the buying committee; null when none fits
        person_weight     float64!   weight of the person's activities by seniority
        fit_score         float64    0-100, share of the points that known values could give; null is not scored, never 0
        fit_micro         int64!     points earned: the sum of the factors
        fit_possible_micro int64!    points that the known values could have earned
        known_pct         float64!   share of all criteria's points whose values are known
        fit_factors       json!      list of criterion, value and micro-points that add up to fit_micro
        fit_gaps          json!      criteria whose values nobody knows
        bant_gaps         json!      questions of budget, authority, need, timeline that no known value answers
        fit_reason        string!    one sentence, at most 255 characters
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

ACCOUNT_FITS = Contract(
    name="account_fits",
    group="scoring",
    description="One row per account: how well it fits the ideal customer.",
    key=("account_id",),
    columns=columns(
        """
        account_id        string!    account
        fit_score         float64    0-100, share of the points that known values could give; null is not scored, never 0
        fit_micro         int64!     points earned: the sum of the factors
        fit_possible_micro int64!    points that the known values could have earned
        known_pct         float64!   share of all criteria's points whose values are known
        fit_factors       json!      list of criterion, value and micro-points that add up to fit_micro
        fit_gaps          json!      criteria whose values nobody knows
        bant_gaps         json!      questions of budget, authority, need, timeline that no known value answers
        fit_reason        string!    one sentence, at most 255 characters
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

ACCOUNT_TIERS = Contract(
    name="account_tiers",
    group="scoring",
    description="One row per account: the tier proposed from fit, the tier that holds, and who decided.",
    key=("account_id",),
    columns=columns(
        """
        account_id        string!    account
        proposed_tier     int64      tier by fit; null when fit is too low or not scored
        tier              int64      tier that holds; null when the account is no target
        is_target         boolean!   has a tier
        basis             string!    override (CSV), crm_flag, fit, no_fit or not_scored
        tier_reason       string!    one sentence, at most 255 characters
        account_weight    float64!   weight of the account's activities by its tier
        is_in_scope       boolean!   inside the pilot: only such accounts are scored, judged and written
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

SCORED_ACTIVITIES = Contract(
    name="scored_activities",
    group="scoring",
    owner=_MARKETING,
    description="One row per activity known as of the day, with its person, its account and what it is worth, or why it does not count. "
    "No run stores it: `alignment explain ID --activities` shows it for a person or account.",
    key=("activity_id",),
    columns=columns(
        """
        activity_id        string!    activity
        person_id          string     who did it; null when no person is known for it
        account_id         string     account it counts for: the person's at that moment; null when there was none
        activity_type      string!    kind
        category           string     category inside the kind
        detail             string     page, form, e-mail, asset or subject
        factor             string     label of the last rule that fits; null when it does not count
        exclusion          string     why it does not count: bot, bot_burst, automatic, internal, opted_out, ignored_detail, repeat, duplicate_record, unknown_person, out_of_scope, not_yet, no_rule
        base_micro         int64!     points by the rules, after caps, before weights; 0 when excluded
        weighted_micro     int64!     base x person weight x account weight, rounded once, not decayed
        contribution_micro int64!     base x person weight x account weight x decay as of the day, rounded once
        age_days           int64!     whole UTC days from the activity to the day
        occurred_at        timestamp! event time
        known_at           timestamp! when we knew
        as_of              timestamp! scored as of
        agreement_version  string!    scored under
        """
    ),
)

ACTIVITY_EXCLUSIONS = Contract(
    name="activity_exclusions",
    group="scoring",
    owner=_MARKETING,
    description="One row per activity type and reason for which activities do not count, and one per type with reason 'counted'.",
    key=("activity_type", "exclusion"),
    columns=columns(
        """
        activity_type     string!    kind
        exclusion         string!    reason, or counted
        activities        int64!     how many
        first_at          timestamp! earliest
        last_at           timestamp! latest
        as_of             timestamp! counted as of
        agreement_version string!    counted under
        """
    ),
)

_FACTOR_COLUMNS = """
        activities         int64!     activities that count, inside the horizon
        contribution_micro int64!     decayed micro-points: the factor's part of the score
        engaged_micro      int64!     undecayed micro-points in the days that count for being engaged
        recent_micro       int64!     undecayed micro-points in the recent days of the trend
        previous_micro     int64!     undecayed micro-points in as many days before
        surge_micro        int64!     undecayed micro-points in the surge days
        baseline_micro     int64!     undecayed micro-points in the baseline before the surge days
        first_at           timestamp! earliest counted activity
        last_at            timestamp! latest counted activity
        as_of              timestamp! scored as of
        agreement_version  string!    scored under
"""

PERSON_ENGAGEMENT_FACTORS = Contract(
    name="person_engagement_factors",
    group="scoring",
    owner=_MARKETING,
    description="One row per person and factor: what one kind of activity adds to the person's engagement.",
    key=("person_id", "factor"),
    columns=columns(
        """
        person_id          string!    person
        account_id         string     account that counts for them now; what they did at others stands in person_account_factors
        factor             string!    label of the agreement's rule
        """
        + _FACTOR_COLUMNS.lstrip("\n")
    ),
)

PERSON_ACCOUNT_FACTORS = Contract(
    name="person_account_factors",
    group="scoring",
    owner=_MARKETING,
    description="One row per account and factor of a person whose contact was on several accounts: the person's factors, by the account "
    "that the activities count for. People who were never moved have none.",
    key=("person_id", "account_id", "factor"),
    columns=columns(
        """
        person_id          string!    person
        account_id         string!    account that the activities count for
        factor             string!    label of the agreement's rule
        """
        + _FACTOR_COLUMNS.lstrip("\n")
    ),
)

PERSON_SCORES = Contract(
    name="person_scores",
    group="scoring",
    owner=_MARKETING,
    description="One row per person in scope who is not one of our own: engagement and fit, with reasons.",
    key=("person_id",),
    columns=columns(
        """
        person_id          string!    person
        account_id         string     account that counts for them
        engagement_score   float64    0-100, in proportion to the agreement's full score; null when no activity is known, which is not 0
        engagement_points  float64!   points as a number: engagement_micro / 1,000,000
        engagement_micro   int64!     sum of the person's factors
        activities         int64!     activities that count
        is_engaged         boolean!   earned the agreement's points in its days
        last_activity_at   timestamp  latest counted activity
        fit_score          float64    0-100; null is not scored
        persona            string     seniority and function in words
        committee_role     string     seat in the buying committee
        top_factors        json!      up to five largest factors with micro-points and number of activities
        score_reason       string!    one sentence, at most 255 characters
        as_of              timestamp! scored as of
        agreement_version  string!    scored under
        """
    ),
)

ACCOUNT_ENGAGEMENT_FACTORS = Contract(
    name="account_engagement_factors",
    group="scoring",
    owner=_MARKETING,
    description="One row per account and factor: what one kind of activity adds to the account's engagement.",
    key=("account_id", "factor"),
    columns=columns(
        """
        account_id         string!    account
        factor             string!    label of the agreement's rule
        people             int64!     people behind it
        """
        + _FACTOR_COLUMNS.lstrip("\n")
    ),
)

ACCOUNT_SCORES = Contract(
    name="account_scores",
    group="scoring",
    owner=_MARKETING,
    description="One row per account in scope: engagement of all its people, breadth, coverage, trend and surge, with reasons.",
    key=("account_id",),
    columns=columns(
        """
        account_id             string!    account
        engagement_score       float64    0-100, in proportion to the agreement's full account score; null when no activity is known
        engagement_points      float64!   points as a number: engagement_micro / 1,000,000
        engagement_micro       int64!     sum of the account's factors
        activities             int64!     activities that count
        people_known           int64!     people whose account it is now, our own left out
        people_engaged         int64!     of them engaged in the agreement's days, by what they did at this account
        committee_coverage_pct float64    share of the committee's seats with an engaged person; null when the agreement names no seat
        missing_roles          json!      seats without an engaged person
        engagement_trend_pct   float64    recent days against as many before; null when there was nothing before
        is_surging             boolean!   surge days far above the account's own baseline
        fit_score              float64    0-100; null is not scored
        tier                   int64      tier that holds
        last_activity_at       timestamp  latest counted activity
        top_factors            json!      up to five largest factors with micro-points and number of activities
        score_reason           string!    one sentence, at most 255 characters
        as_of                  timestamp! scored as of
        agreement_version      string!    scored under
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (
    PERSON_FITS,
    ACCOUNT_FITS,
    ACCOUNT_TIERS,
    SCORED_ACTIVITIES,
    ACTIVITY_EXCLUSIONS,
    PERSON_ENGAGEMENT_FACTORS,
    PERSON_ACCOUNT_FACTORS,
    PERSON_SCORES,
    ACCOUNT_ENGAGEMENT_FACTORS,
    ACCOUNT_SCORES,
)
