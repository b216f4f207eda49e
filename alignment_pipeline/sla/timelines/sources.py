"""What the SLA rules read: one bundle of tables, and how columns become arrays.

Belongs here: the inputs of the ledger. Which of them make events: `sla/timelines/events.py`; which make owners and pauses:
`sla/timelines/histories.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import ibis

from alignment_pipeline.contracts import CONTRACTS


def _nothing(columns: Mapping[str, str]) -> ibis.Table:
    return ibis.memtable(ibis.schema(dict(columns)).to_pyarrow().empty_table())


def no_stage_changes(key: str) -> ibis.Table:
    """An empty table of stage changes, for runs in which the lifecycle is not there yet."""
    return _nothing({key: "string", "stage": "string", "entered_at": "timestamp('UTC')"})


@dataclass(frozen=True)
class Sources:
    """The tables that clocks are made of. Stage changes need `person_id` or `account_id`, `stage` and `entered_at`;
    MQA changes `account_id` and `entered_at`, one row per entry into MQA."""

    people: ibis.Table
    person_records: ibis.Table
    person_accounts: ibis.Table
    leads: ibis.Table
    contacts: ibis.Table
    accounts: ibis.Table
    opportunities: ibis.Table
    touches: ibis.Table
    activities: ibis.Table
    record_changes: ibis.Table
    record_states: ibis.Table
    users: ibis.Table
    queue_members: ibis.Table
    business_hours: ibis.Table
    crm_holidays: ibis.Table
    person_stage_changes: ibis.Table
    account_stage_changes: ibis.Table
    account_mqa_changes: ibis.Table
    opportunity_stage_changes: ibis.Table
    opportunity_contact_roles: ibis.Table
    condition_values: ibis.Table
    record_periods: ibis.Table

    @classmethod
    @cache
    def empty(cls) -> Sources:
        """Every table without rows: what tests and partial runs start from."""
        tables = {name: ibis.memtable(contract.empty()) for name, contract in CONTRACTS.items()}
        return cls(
            people=tables["people"],
            person_records=tables["person_records"],
            person_accounts=_nothing({"person_id": "string", "account_id": "string"}),
            leads=tables["leads"],
            contacts=tables["contacts"],
            accounts=tables["accounts"],
            opportunities=tables["opportunities"],
            touches=tables["touches"],
            activities=tables["activities"],
            record_changes=tables["record_changes"],
            record_states=tables["crm_record_states"],
            users=tables["users"],
            queue_members=tables["queue_members"],
            business_hours=tables["business_hours"],
            crm_holidays=tables["crm_holidays"],
            person_stage_changes=no_stage_changes("person_id"),
            account_stage_changes=no_stage_changes("account_id"),
            account_mqa_changes=no_stage_changes("account_id"),
            opportunity_stage_changes=tables["opportunity_stage_changes"],
            opportunity_contact_roles=tables["opportunity_contact_roles"],
            condition_values=tables["condition_values"],
            record_periods=tables["record_periods"],
        )

    def with_tables(self, **tables: ibis.Table) -> Sources:
        """The same bundle with some tables replaced."""
        return replace(self, **tables)
