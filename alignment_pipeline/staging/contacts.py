"""Contacts as the CRM knows them now."""

from __future__ import annotations

import ibis
from ibis import _

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.staging.inputs import add_inputs
from alignment_pipeline.staging.sources import typed


def contacts(current: ibis.Table, *, crm: Crm) -> ibis.Table:
    """One row per living contact, from the current versions of raw_salesforce_contacts."""
    meanings = ("disposition", "reject_code", "is_on_hold", "hold_reason", "dispute_reason", "is_do_not_sync")
    base = add_inputs(typed(current, "raw_salesforce_contacts"), object_="Contact", meanings=meanings, crm=crm)
    return base.mutate(is_opted_out=_.is_opted_out.fill_null(False)).select(*CONTRACTS["contacts"].names)
