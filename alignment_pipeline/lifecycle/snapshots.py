"""A day's rows: scores, MQA and stages of everybody side by side, ready to be kept.

Belongs here: `person_snapshots` and `account_snapshots` from the decided tables. Keeping and comparing days: `operations/history.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis

from alignment_pipeline.contracts.history import ACCOUNT_SNAPSHOTS, PERSON_SNAPSHOTS
from alignment_pipeline.contracts.shape import as_contract

_STAGE = {
    "stage": "stage",
    "sub_stage": "sub_stage",
    "stage_entered_at": "entered_at",
    "stage_reason": "stage_reason",
    "owner_id": "owner_id",
}
_MQA = {
    "mqa_status": "mqa_status", "mqa_path": "path", "mqa_reason": "mqa_reason", "mqa_first_at": "first_at", "mqa_latest_at": "latest_at",
    "mqa_times": "times",
}  # fmt: skip
Tables = Mapping[str, ibis.Table]


def person_snapshots(t: Tables, *, as_of: datetime, agreement_version: str) -> ibis.Table:
    """One row per person of `person_scores`, for the UTC day of `as_of`."""
    rows = _beside(t["person_scores"], t["person_stages"], "person_id", _STAGE)
    return as_contract(_dated(rows, as_of), PERSON_SNAPSHOTS, as_of=as_of, agreement_version=agreement_version)


def account_snapshots(t: Tables, *, as_of: datetime, agreement_version: str) -> ibis.Table:
    """One row per account of `account_scores`, for the UTC day of `as_of`."""
    rows = _beside(t["account_scores"], t["account_mqa_statuses"], "account_id", _MQA)
    rows = _beside(rows, t["account_stages"], "account_id", _STAGE)
    return as_contract(_dated(rows, as_of), ACCOUNT_SNAPSHOTS, as_of=as_of, agreement_version=agreement_version)


def _dated(rows: ibis.Table, as_of: datetime) -> ibis.Table:
    return rows.mutate(snapshot_on=ibis.literal(as_of.date(), type="date"))


def _beside(rows: ibis.Table, other: ibis.Table, key: str, columns: Mapping[str, str]) -> ibis.Table:
    """`rows` with columns of `other`, as new name -> its name there."""
    added = other.select(other_key=other[key], **{name: other[theirs] for name, theirs in columns.items()})
    return rows.left_join(added, rows[key] == added.other_key).drop("other_key")
