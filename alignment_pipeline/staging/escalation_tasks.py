"""Tasks that we made, as the CRM has them now."""

from __future__ import annotations

import ibis
from ibis import _

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import shaped
from alignment_pipeline.staging import values
from alignment_pipeline.staging.sources import typed


def escalation_tasks(current: ibis.Table, *, crm: Crm) -> ibis.Table:
    """One row per living task with a key of ours, from the current versions of raw_salesforce_tasks."""
    base = typed(current, "raw_salesforce_tasks")
    keyed = base.mutate(external_key=values.custom(base, crm.tasks.external_key_field), is_closed=base.is_closed.fill_null(False))
    return shaped(keyed.filter(_.external_key.notnull()), CONTRACTS["escalation_tasks"])
