"""Which version of a raw record counts: the latest one known on the day asked for.

Belongs here: the bitemporal cut. What the columns mean: the tables beside this file.
"""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis import _


def current(raw: ibis.Table, *, as_of: datetime) -> ibis.Table:
    """Latest version per record among those known at `as_of`, ordered by (modified_at, known_at, row_hash).

    Takes a raw table; returns its columns, one row per `record_id`. A version without a stamp counts as the oldest.
    """
    known = raw.filter(_.known_at <= ibis.literal(as_of).cast("timestamp('UTC')"))
    order = ibis.window(
        group_by="record_id",
        order_by=[ibis.desc("modified_at", nulls_first=False), ibis.desc("known_at"), ibis.desc("is_deleted"), ibis.desc("row_hash")],
    )
    return known.mutate(version_rank=ibis.row_number().over(order)).filter(_.version_rank == 0).drop("version_rank")


def living(raw: ibis.Table, *, as_of: datetime) -> ibis.Table:
    """Current versions of records that are not deleted."""
    return current(raw, as_of=as_of).filter(~_.is_deleted)
