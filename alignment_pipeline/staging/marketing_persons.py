"""People as the marketing systems know them now."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.contracts.systems.system import PersonRecords, System
from alignment_pipeline.staging.sources import typed

_CONTRACT = CONTRACTS["marketing_persons"]
_FLAGS = ("is_unsubscribed", "is_email_invalid", "is_anonymous")
TABLES = tuple(system.people.table for system in MARKETING if system.people is not None)


def marketing_persons(living: Mapping[str, ibis.Table]) -> ibis.Table:
    """One row per living person of each marketing system, from the current versions of `TABLES`."""
    return stacked(
        [_of_system(system, system.people, living[system.people.table]) for system in MARKETING if system.people is not None], _CONTRACT
    )


def _of_system(system: System, people: PersonRecords, current: ibis.Table) -> ibis.Table:
    base = typed(current, people.table)
    # a system need not know every flag
    flags = {name: base[name].fill_null(False) if name in base.columns else ibis.literal(False) for name in _FLAGS}
    if "crm_contact_id" in base.columns:
        # the system is the CRM too: its person is the contact, whatever another CRM once wrote there
        base = base.mutate(contact_id=ibis.coalesce(base.crm_contact_id, base.contact_id))
    return base.mutate(
        source_key=ibis.literal(f"{system.name}:") + base.marketing_id,
        system=ibis.literal(system.name),
        created_at=ibis.coalesce(_.created_at, _.modified_at),
        **flags,
    ).select(*_CONTRACT.names)
