"""Questions about the agreement, answered from the published tables: what another one would change, how well MQAs and MQLs foretold.

Belongs here: reading the tables, asking, gathering the answer. The rules: `lifecycle/agreement_impacts.py`, `lifecycle/backtest/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.lifecycle import agreement_impacts
from alignment_pipeline.line import run as line
from alignment_pipeline.warehouse.warehouse import Warehouse

# what an agreement decides anew from the tables of staging, identity and matching
_COMPARED = ("account_tiers", "person_scores", "account_scores", "account_mqa_statuses", "person_stages", "account_stages")
_GIVEN = (
    "activities", "people", "person_records", "person_accounts", "accounts", "opportunities", "opportunity_contact_roles", "leads",
    "record_changes", "users",
)  # fmt: skip
MOST = 200


@dataclass(frozen=True)
class Backtest:
    """Entries of the past with what followed, and the sweep over multiples of the thresholds."""

    terms: ibis.Table
    sweep: ibis.Table


def decided_as_of(warehouse: Warehouse) -> datetime:
    """The moment of the last run. Raises ConfigurationError when nothing has been decided yet."""
    if not warehouse.exists("account_scores"):
        raise ConfigurationError("nothing has been decided yet; start with `alignment run`")
    found = warehouse.read("account_scores").as_of.max().to_pyarrow().as_py()
    if found is None:
        raise ConfigurationError("the last run scored no account; there is nothing to compare")
    return found  # type: ignore[no-any-return]


def impact_of(
    warehouse: Warehouse,
    *,
    present: Agreement,
    other: Agreement,
    present_list: ibis.Table | None = None,
    other_list: ibis.Table | None = None,
) -> dict[str, Any]:
    """What `other` would decide differently from `present`, both from the last run's data as of its moment, each with its target list."""
    as_of = decided_as_of(warehouse)
    given = {name: warehouse.read(name) for name in _GIVEN}
    before = line.decide(_COMPARED, given | {line.TARGET_LIST: present_list}, agreement=present, as_of=as_of)
    after = line.decide(_COMPARED, given | {line.TARGET_LIST: other_list}, agreement=other, as_of=as_of)
    changes = agreement_impacts.agreement_impacts(
        before, after, before_version=present.version, as_of=as_of, agreement_version=other.version
    )
    rows = ibis.memtable(changes.to_pyarrow())
    summary = agreement_impacts.impact_summary(rows, handover=other.lifecycle.handover)
    shown = rows.order_by("aspect", "entity_id").limit(MOST).to_pyarrow().to_pylist()
    return {
        "sentence": summary.sentence,
        "become_mqa": summary.become_mqa,
        "stop_being_mqa": summary.stop_being_mqa,
        "stage_moves": summary.stage_moves,
        "tier_moves": summary.tier_moves,
        "new_mqas_by_owner": summary.new_mqas_by_owner,
        "reps_over_capacity": list(summary.over_capacity),
        "before_version": present.version,
        "after_version": other.version,
        "as_of": as_of,
        "changes": shown,
        "changes_in_all": rows.count().to_pyarrow().as_py(),
    }


def backtest_of(
    warehouse: Warehouse,
    *,
    agreement: Agreement,
    of: Literal["mqa", "mql"] = "mqa",
    as_of: datetime | None = None,
    outcome_days: int = 90,
    tested_days: int = 365,
    use_attributes: bool = False,
) -> Backtest:
    """The backtest of an agreement's MQA rules, or of the moves by which it makes MQLs, over the published tables."""
    step = line.maker(f"{of}_backtests")
    walk = line.Walk(agreement, as_of or decided_as_of(warehouse), lambda one: warehouse.read(one.table))
    walk.evaluate(step, outcome_days=outcome_days, tested_days=tested_days, use_attributes=use_attributes)
    return Backtest(*(walk.tables[name] for name in step.makes))
