"""Planning tables: what each CRM record should say, and what came of saying it.

Belongs here: desired values and creates, and the journal's results as tables. The protocol that sends them is `write_back/`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

FIELD_UPDATES = Contract(
    name="field_updates",
    group="write_back",
    owner="team:revenue-operations",
    description="One row per record and mapped field of the CRM: the value it should have, and why. Not yet compared with what it has.",
    key=("object", "record_id", "field"),
    columns=columns(
        """
        object            string!    Lead, Contact, Account, or MarketoLead for a person of Marketo
        record_id         string!    the living record to write (merges and conversions followed)
        field             string!    API name
        value             json       desired value as a JSON scalar; null clears the field
        reason            string!    why, at most 255 characters
        priority          int64!     0 is written first (SLA, MQA), larger numbers wait when the API budget is short
        parent_id         string     account whose row lock the write takes
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

RECORD_CREATES = Contract(
    name="record_creates",
    group="write_back",
    owner="team:revenue-operations",
    description="One row per record to be created in the CRM exactly once, by a unique key made of the business event.",
    key=("object", "external_key"),
    columns=columns(
        """
        object            string!    Task, ...
        external_key      string!    unique key of the event, as sla:LEAD:POLICY:CLOCK_START:RUNG
        values            json!@     API name to value of the record's other fields
        people            json@      whose names the texts hold: object, record id and name of each; plan and journal hold the ids alone
        reason            string!    why, at most 255 characters
        priority          int64!     0 first
        parent_id         string     record that must have been written before
        owner_id          string     who gets it
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

WRITE_RESULTS = Contract(
    name="write_results",
    group="write_back",
    owner="team:revenue-operations",
    description="One row per operation of the journal: what was intended, what came of it, and the reason.",
    key=("op_key",),
    columns=columns(
        """
        op_key     string!   key of the intended change
        run_id     string!   run that planned it
        plan_hash  string!   plan it belongs to
        object     string!   object
        record_id  string    record, null for a create that has not happened
        state      string!   VERIFIED, DEAD, CONFLICT, GONE, NOOP, SUPERSEDED, HELD, PLANNED, RETRY, UNKNOWN, ROLLED_BACK
        fields     json!     fields written
        error_code string    the CRM's code
        reason     string    what happened, for a person
        changed_at timestamp! last change of state
        """
    ),
)

WRITE_PLANS = Contract(
    name="write_plans",
    group="write_back",
    owner="team:revenue-operations",
    description="One row per plan of the write-back: what it would change, what the guard said of it, and what came of it.",
    key=("plan_hash",),
    columns=columns(
        """
        plan_hash         string!    what an approval is bound to
        run_id            string!    run that made it
        kind              string!    full, fast or rollback
        state             string!    DRAFT, NEEDS_APPROVAL, APPROVED, BLOCKED, APPLYING, DONE, ABORTED or EXPIRED
        verdict           string!    OK, NEEDS_APPROVAL or BLOCKED, by the guard
        reasons           json!      what the guard asks a person about, or why it blocks
        operations        int64!     records to change and to create
        counts            json!      records, fields, clears and creates per object; holds; values already right
        approved_by       string     who approved it
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        created_at        timestamp! made
        """
    ),
)

RUN_MEASURES = Contract(
    name="run_measures",
    group="write_back",
    owner="team:data-engineering",
    description="One row per run and measure: rows of the sources, match rate, MQAs, breaches. The guard compares a run with the runs before it.",
    key=("run_id", "measure"),
    columns=columns(
        """
        run_id            string!    run
        measure           string!    rows:TABLE, match_rate, mqas, sla_breaches, ...
        value             float64!   its value
        measured_at       timestamp! when
        agreement_version string!    under which agreement
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (FIELD_UPDATES, RECORD_CREATES, RUN_MEASURES, WRITE_PLANS, WRITE_RESULTS)
