"""What assets of the contracts' tables say of themselves: description, columns, owner, freshness, automation, and the contract check.

Belongs here: arguments for Dagster's decorators. What a run does: `line.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import dagster as dg

from alignment_pipeline.contracts import CONTRACTS, Contract

# a day's margin over the daily schedule before a table counts as stale
STALE_AFTER, WARN_AFTER = timedelta(hours=30), timedelta(hours=25)
CONTRACT_CHECK = "contract"
# a wrong value in these tables would reach the CRM: their contract check stops what depends on them
BLOCKING_GROUPS = frozenset({"staging", "identity", "matching", "scoring", "lifecycle", "sla", "write_back"})

AUTOMATED_GROUPS = frozenset({"staging", "identity", "matching", "scoring", "lifecycle", "sla", "pipeline", "history"})


def table(name: str, *, deps: Iterable[str], pool: str = "warehouse") -> dict[str, Any]:
    """Arguments of `@dg.asset` for a table of the contracts."""
    return {
        **_described(CONTRACTS[name]),
        "key": name,
        "deps": list(deps),
        "check_specs": [contract_check_spec(CONTRACTS[name])],
        "freshness_policy": _freshness(),
        "automation_condition": _automation(CONTRACTS[name]),
        "pool": pool,
    }


def table_spec(name: str, *, deps: Iterable[str] = (), kinds: frozenset[str] = frozenset()) -> dg.AssetSpec:
    """The same, for a table that one step makes together with others. `kinds` says how, beside the store's."""
    described = _described(CONTRACTS[name])
    return dg.AssetSpec(
        key=name,
        deps=list(deps),
        freshness_policy=_freshness(),
        automation_condition=_automation(CONTRACTS[name]),
        **{**described, "kinds": described["kinds"] | kinds},
    )


def plain(name: str, *, deps: Iterable[str]) -> dict[str, Any]:
    """What an asset of a table of the contracts says of itself, without a promise of freshness: for days that are past."""
    return {**_described(CONTRACTS[name]), "deps": list(deps)}


def tables(*names: str, deps: Iterable[str], engine: frozenset[str], pool: str = "warehouse") -> dict[str, Any]:
    """Arguments of `@dg.multi_asset` for tables of the contracts that one rule makes together; `engine` are the kinds of what runs it."""
    wanted = list(deps)
    return {
        "specs": [table_spec(name, deps=wanted).replace_attributes(kinds=set(engine)) for name in names],
        "check_specs": [contract_check_spec(CONTRACTS[name]) for name in names],
        "pool": pool,
    }


def _described(contract: Contract) -> dict[str, Any]:
    return {
        "group_name": contract.group,
        "owners": [contract.owner],
        "kinds": {"duckdb", "parquet"},
        "description": description(contract),
        "metadata": {"dagster/column_schema": column_schema(contract)},
    }


def _freshness() -> dg.FreshnessPolicy:
    return dg.FreshnessPolicy.time_window(fail_window=STALE_AFTER, warn_window=WARN_AFTER)


def _automation(contract: Contract) -> dg.AutomationCondition | None:  # type: ignore[type-arg]
    """Where a table is only decided, it may follow what it reads, if no blocking check of that failed. Off until somebody turns on the
    sensor of automation conditions; reading systems, planning and writing stay with the schedules."""
    if contract.group not in AUTOMATED_GROUPS:
        return None
    return dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()


def contract_check_spec(contract: Contract) -> dg.AssetCheckSpec:
    """Every table has this check; it blocks where a wrong value would reach the CRM."""
    return dg.AssetCheckSpec(
        name=CONTRACT_CHECK,
        asset=contract.name,
        blocking=contract.group in BLOCKING_GROUPS,
        description=f"The key ({', '.join(contract.key)}) is unique; columns have their types and nothing required is empty.",
    )


def description(contract: Contract) -> str:
    """The contract's grain, then its key and its personal data."""
    parts = [contract.description, f"Key: {', '.join(contract.key)}."]
    if contract.personal_columns:
        parts.append(f"Personal data: {', '.join(contract.personal_columns)}.")
    return " ".join(parts)


def column_schema(contract: Contract) -> dg.TableSchema:
    """The contract's columns as the Dagster UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in contract.columns
        ]
    )
