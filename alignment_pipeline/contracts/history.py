"""Tables of days that are past: what was decided of everybody, as known at the end of a day.

Belongs here: the tables that are kept for every day, and what came of deciding the day again. The present: `lifecycle.py` and
`scoring.py`. Keeping and comparing days: `operations/history.py`; where they lie: `snapshots/<day>/` below the warehouse.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

_STAGE = """
        stage             string     stage at the end of the day; null outside the machine
        sub_stage         string     finer step inside the stage
        stage_entered_at  timestamp  when it entered this stage, the latest time
        stage_reason      string     which rule put it there
        owner_id          string     CRM user whose duty it was
        score_reason      string!    why this score, one sentence
        as_of             timestamp! the end of the day, UTC
        agreement_version string!    agreement under which the day was taken
"""

PERSON_SNAPSHOTS = Contract(
    name="person_snapshots",
    group="history",
    description="One row per day and person in scope: score and stage as known at the end of that day (UTC).",
    key=("snapshot_on", "person_id"),
    columns=columns(
        """
        snapshot_on       date!      the day
        person_id         string!    person
        account_id        string     account that counted for them
        engagement_score  float64    0-100; null when no activity was known
        engagement_micro  int64!     micro-points
        activities        int64!     activities that counted
        is_engaged        boolean!   earned the agreement's points in its days
        last_activity_at  timestamp  latest counted activity
        fit_score         float64    0-100; null is not scored
        persona           string     seniority and function in words
        top_factors       json!      up to five largest factors
        """
        + _STAGE.lstrip("\n")
    ),
)

ACCOUNT_SNAPSHOTS = Contract(
    name="account_snapshots",
    group="history",
    description="One row per day and account in scope: score, MQA and stage as known at the end of that day (UTC).",
    key=("snapshot_on", "account_id"),
    columns=columns(
        """
        snapshot_on            date!      the day
        account_id             string!    account
        tier                   int64      tier that held
        engagement_score       float64    0-100; null when no activity was known
        engagement_micro       int64!     micro-points
        activities             int64!     activities that counted
        people_known           int64!     people whose account it was
        people_engaged         int64!     of them engaged
        committee_coverage_pct float64    share of the committee's seats with an engaged person
        engagement_trend_pct   float64    recent days against as many before
        is_surging             boolean!   surge days far above the account's own baseline
        fit_score              float64    0-100; null is not scored
        last_activity_at       timestamp  latest counted activity
        top_factors            json!      up to five largest factors
        mqa_status             string     mqa, not yet, cooling down or excluded
        mqa_path               string     path met; null when it was no MQA
        mqa_reason             string     what was met, or what was missing
        mqa_first_at           timestamp  first time it became an MQA; null when never
        mqa_latest_at          timestamp  latest time it became one
        mqa_times              int64      how often
        """
        + _STAGE.lstrip("\n")
    ),
)

SNAPSHOT_REPLAYS = Contract(
    name="snapshot_replays",
    group="history",
    description="One row per day and kept table that was compared with a replay from the raw tables: whether every row is the same.",
    key=("snapshot_on", "table_name"),
    columns=columns(
        """
        snapshot_on       date!      the day
        table_name        string!    person_snapshots or account_snapshots
        is_equal          boolean!   every row that can be compared is the same
        rows              int64!     kept rows that were compared
        left_out          int64!     kept rows that were not: an erased person had a part in them
        erased_people     int64!     people erased from the day since it was taken
        differing         int64!     rows missing, added or changed
        examples          json!      keys of up to ten of them, by kind
        stored_hash       string!    SHA-256 of the sorted hashes of the kept rows
        replayed_hash     string!    the same of the replayed rows
        replayed_at       timestamp! when the day was replayed
        agreement_version string!    agreement under which the day was taken
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (PERSON_SNAPSHOTS, ACCOUNT_SNAPSHOTS, SNAPSHOT_REPLAYS)
