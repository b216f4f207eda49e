"""People as the marketing systems know them now."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.datatypes as dt

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.contracts.systems.system import System
from alignment_pipeline.staging.sources import typed

_CONTRACT = CONTRACTS["marketing_persons"]
_FLAGS = ("is_unsubscribed", "is_email_invalid", "is_anonymous")
_DERIVED = frozenset({"source_key", "system", "created_at", *_FLAGS})
TABLES = tuple(system.people.table for system in MARKETING if system.people is not None)


def marketing_persons(living: Mapping[str, ibis.Table]) -> ibis.Table:
    """One row per living person of each marketing system, from the current versions of `TABLES`."""
    return stacked(
        [of_system(system, typed(living[system.people.table], system.people.table)) for system in MARKETING if system.people is not None],
        _CONTRACT,
    )


def of_system(system: System, people: ibis.Table) -> ibis.Table:
    """People of one system from its typed rows. What the system does not have is empty, and a flag that it does not have is not set."""
    columns = set(people.columns)
    if "crm_contact_id" in columns:
        # the system is the CRM too: its person is the contact, whatever another CRM once wrote there
        people = people.mutate(contact_id=ibis.coalesce(people.crm_contact_id, people.contact_id))
    born = [people[name] for name in ("created_at", "modified_at") if name in columns]
    return people.select(
        **{name: people[name] if name in columns else ibis.null(_type(name)) for name in _CONTRACT.names if name not in _DERIVED},
        source_key=ibis.literal(f"{system.name}:") + people.marketing_id,
        system=ibis.literal(system.name),
        created_at=ibis.coalesce(*born),
        **{name: people[name].fill_null(False) if name in columns else ibis.literal(False) for name in _FLAGS},
    )


def _type(column: str) -> dt.DataType:
    return ibis.Schema.from_pyarrow(_CONTRACT.schema)[column].copy(nullable=True)
