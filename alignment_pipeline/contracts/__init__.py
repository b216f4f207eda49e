"""The nouns: every table of the line, by name.

A module per stage holds its contracts as a tuple `CONTRACTS`; this index gathers them. `CONTRACTS[name]` is a Contract.
"""

from __future__ import annotations

from alignment_pipeline.contracts import (
    field_updates,
    goal_planning,
    history,
    identity,
    lifecycle,
    matching,
    pipeline,
    raw,
    scoring,
    sla,
    staging,
    staging_facts,
)
from alignment_pipeline.contracts.contract import Column, Contract, columns

_MODULES = (raw, staging, staging_facts, identity, matching, scoring, lifecycle, history, sla, pipeline, goal_planning, field_updates)
CONTRACTS: dict[str, Contract] = {contract.name: contract for module in _MODULES for contract in module.CONTRACTS}

__all__ = ["CONTRACTS", "Column", "Contract", "columns"]
