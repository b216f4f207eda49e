"""Leads as the CRM knows them now; converted ones stay, marked."""

from __future__ import annotations

import ibis
from ibis import _

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.staging import values
from alignment_pipeline.staging.inputs import add_inputs
from alignment_pipeline.staging.sources import typed

# Salesforce: Group ids, and with them queues, begin with 00G
QUEUE_PREFIX = "00G"
CONVERSION_EVENT = "leadConverted"


def leads(current: ibis.Table, *, changes: ibis.Table, crm: Crm) -> ibis.Table:
    """One row per living lead.

    Takes the current versions of raw_salesforce_leads and those of raw_salesforce_lead_changes. ConvertedDate is a day
    without a time, so the moment of conversion is the history's `leadConverted` row where there is one.
    """
    meanings = ("disposition", "reject_code", "is_on_hold", "hold_reason", "is_incorrect_account", "dispute_reason", "is_do_not_sync")
    base = add_inputs(typed(current, "raw_salesforce_leads"), object_="Lead", meanings=meanings, crm=crm)
    conversions = (
        changes.filter(_.Field == CONVERSION_EVENT).group_by(changed_lead_id=_.LeadId).agg(history_at=values.timestamp(_.CreatedDate).max())
    )
    joined = base.left_join(conversions, base.lead_id == conversions.changed_lead_id)
    converted = _.is_converted.fill_null(False)
    return joined.mutate(
        is_converted=converted,
        converted_at=ibis.ifelse(
            converted, ibis.coalesce(_.history_at, _.converted_on.cast("timestamp('UTC')")), ibis.null("timestamp('UTC')")
        ),
        is_owned_by_queue=_.owner_id.startswith(QUEUE_PREFIX).fill_null(False),
        is_opted_out=_.is_opted_out.fill_null(False),
    ).select(*CONTRACTS["leads"].names)
