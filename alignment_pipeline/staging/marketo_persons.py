"""People as Marketo knows them now."""

from __future__ import annotations

import ibis
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.staging.sources import typed


def marketo_persons(current: ibis.Table) -> ibis.Table:
    """One row per living Marketo person, from the current versions of raw_marketo_leads."""
    base = typed(current, "raw_marketo_leads")
    return base.mutate(
        is_unsubscribed=_.is_unsubscribed.fill_null(False),
        is_email_invalid=_.is_email_invalid.fill_null(False),
        is_anonymous=_.is_anonymous.fill_null(False),
        created_at=ibis.coalesce(_.created_at, _.modified_at),
    ).select(*CONTRACTS["marketo_persons"].names)
