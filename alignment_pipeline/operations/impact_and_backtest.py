"""Questions about the agreement, answered from the published tables: what another one would change, how well MQAs and MQLs foretold.

Belongs here: reading the tables, asking, gathering the answer. The rules: `lifecycle/impact.py`, `lifecycle/backtest.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.lifecycle import agreement_impacts
from alignment_pipeline.lifecycle.backtest import backtest, judging, mql_backtest
from alignment_pipeline.lifecycle.stages import person_stages
from alignment_pipeline.operations import decisions
from alignment_pipeline.warehouse.warehouse import Warehouse

_BACKTESTED = ("scored_activities", "person_fits", "accounts", "account_tiers", "opportunities", "users")
_WALKED = tuple(name for name in person_stages.INPUTS if name != "account_mqa_changes")
MOST = 200


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
    given = {name: warehouse.read(name) for name in decisions.GIVEN}
    before = decisions.decide(given, agreement=present, as_of=as_of, overrides=present_list)
    after = decisions.decide(given, agreement=other, as_of=as_of, overrides=other_list)
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
) -> judging.Backtest:
    """The backtest of an agreement's MQA rules, or of the moves by which it makes MQLs, over the published tables."""
    names, replay = (_WALKED, mql_backtest.mql_backtest) if of == "mql" else (_BACKTESTED, backtest.mqa_backtest)
    return replay(
        {name: warehouse.read(name) for name in names},
        agreement=agreement,
        as_of=as_of or decided_as_of(warehouse),
        agreement_version=agreement.version,
        outcome_days=outcome_days,
        tested_days=tested_days,
        use_attributes=use_attributes,
        reconstructed_pct=_reconstructed_pct(warehouse),
    )


def _reconstructed_pct(warehouse: Warehouse) -> float | None:
    share = warehouse.read("raw_marketo_activities").is_reconstructed.cast("float64").mean().to_pyarrow().as_py()
    return None if share is None else 100.0 * share
