"""Decides again from the raw tables as they were known at a moment.

Belongs here: what the line is given when nothing is published. Days that are kept: `history.py`. What the raw tables do not hold is taken
as of the moment too: labels by when they were given, word counts again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.moments import moment
from alignment_pipeline.line import run as line
from alignment_pipeline.line.steps import LINE
from alignment_pipeline.warehouse.warehouse import Warehouse

# tables that no rule makes, and the judgements of people, which no rule can make again
_KEPT = ("match_labels", "extractions")
#: Every table that a rule makes of the others. Measures are of a run, not of a moment.
DECIDED = tuple(name for step in LINE for name in step.makes if name in CONTRACTS and name not in ("run_measures", *_KEPT))


def decide(
    wanted: Collection[str],
    warehouse: Warehouse,
    scratch: Warehouse,
    *,
    agreement: Agreement,
    as_of: datetime,
    target_list: ibis.Table | None = None,
) -> dict[str, ibis.Table]:
    """The wanted tables as known at the moment under the agreement. Tables on the way are written to `scratch`."""

    def keep(name: str, result: Any) -> Any:
        return result if name in wanted else _written(name, result, scratch)

    results = _decide(wanted, warehouse, agreement, as_of, target_list, keep)
    return {name: results[name] for name in wanted}


def everything(
    warehouse: Warehouse, scratch: Warehouse, *, agreement: Agreement, as_of: datetime, target_list: ibis.Table | None = None
) -> dict[str, ibis.Table]:
    """Every table that a rule makes, as known at the moment under the agreement, written to `scratch`."""
    results = _decide(DECIDED, warehouse, agreement, as_of, target_list, lambda name, result: _written(name, result, scratch))
    return {name: results[name] for name in DECIDED}


def _written(name: str, result: Any, scratch: Warehouse) -> Any:
    if name not in CONTRACTS:
        return result
    scratch.replace(name, result)
    return scratch.read(name)


def _decide(
    wanted: Collection[str],
    warehouse: Warehouse,
    agreement: Agreement,
    as_of: datetime,
    target_list: ibis.Table | None,
    keep: Callable[[str, Any], Any],
) -> dict[str, Any]:
    labels = warehouse.read("match_labels")
    tables = {name: warehouse.read(name) for name in (*line.outside(line.needed(wanted)), *_KEPT)}
    tables |= {"match_labels": labels.filter(labels.said_at <= moment(as_of)), line.TARGET_LIST: target_list}
    return line.decide(wanted, tables, agreement=agreement, as_of=as_of, keep=keep)
