"""Questions about the agreement, answered from the published tables: what another one would change, how well MQAs and MQLs foretold.

Belongs here: reading the tables, asking, gathering the answer. The rules: `lifecycle/agreement_impacts.py`, `lifecycle/backtest/`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import ibis
from ibis import _

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.lifecycle import agreement_impacts
from alignment_pipeline.line import run as line
from alignment_pipeline.line.step import Read, Version, published
from alignment_pipeline.line.steps import LINE
from alignment_pipeline.operations import impact_reach
from alignment_pipeline.staging import versions
from alignment_pipeline.warehouse.warehouse import Warehouse

MOST = 200
#: Aspects of a preview that the meeting's page compares with what came (`meeting/sections/changes.py`).
FORETOLD = ("mqa", "account_stage", "account_tier", "person_stage")


@dataclass(frozen=True)
class Backtest:
    """Entries of the past with what followed, and the sweep over multiples of the thresholds."""

    terms: ibis.Table
    sweep: ibis.Table


def decided_as_of(warehouse: Warehouse) -> datetime:
    """The moment of the last run. Raises ConfigurationError when nothing has been decided yet."""
    if not warehouse.exists("account_scores"):
        raise ConfigurationError("nothing has been decided yet; start with `alignment run`")
    scores = warehouse.read("account_scores")
    newest = scores.as_of.max().to_pyarrow().as_py()
    if newest is None:
        raise ConfigurationError("the last run scored no account; there is nothing to compare")
    return warehouse.decided_as_of() or newest


def impact_of(
    warehouse: Warehouse,
    *,
    present: Agreement,
    other: Agreement,
    present_list: ibis.Table | None = None,
    other_list: ibis.Table | None = None,
    keep: Callable[[Mapping[str, Any]], object] | None = None,
) -> dict[str, Any]:
    """What `other` would decide differently from `present`, both from the last run's data as of its moment, each with its target list.

    `keep` takes the whole preview of the aspects that a later meeting compares with what came. Everything that a changed key can touch is
    decided twice; the rest is read as the last run left it. `not_evaluated` says what is left
    out.
    """
    as_of = decided_as_of(warehouse)
    changed = impact_reach.changed_keys(present, other)
    touched = impact_reach.affected(changed)
    known = {*published(LINE), *line.outside(LINE)} & {*CONTRACTS}
    stored = {name for name in known if warehouse.exists(name)}
    given = stored - touched
    wanted = [table for table in impact_reach.ASPECTS.values() if table in touched]
    lacking = impact_reach.missing(wanted, given, stored)
    wanted = [table for table in wanted if table not in lacking]
    source = _source(warehouse, as_of)
    before, after = (
        _decided(wanted, given, source, agreement=agreement, target=target, as_of=as_of)
        for agreement, target in ((present, present_list), (other, other_list))
    )
    for name in impact_reach.ASPECTS.values():
        if name not in before and name in stored:
            before[name] = after[name] = warehouse.read(name)
    changes = agreement_impacts.agreement_impacts(
        before, after, before_version=present.version, as_of=as_of, agreement_version=other.version
    )
    rows = ibis.memtable(changes.to_pyarrow())
    fields = impact_reach.ASPECTS["crm_field"]
    crm_fields = agreement_impacts.crm_field_changes(before[fields], after[fields]) if fields in wanted else {}
    summary = agreement_impacts.impact_summary(rows, handover=other.lifecycle.handover, crm_fields=crm_fields)
    if keep is not None:
        foretold = rows.filter(_.aspect.isin(list(FORETOLD))).order_by("aspect", "entity_id")
        chosen = foretold.select("aspect", "entity_id", "before_value", "after_value").to_pyarrow().to_pylist()
        keep({"before_version": present.version, "after_version": other.version, "as_of": as_of, "changes": chosen})
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
        "match_moves": summary.match_moves,
        "counts": summary.counts,
        "crm_fields": summary.crm_fields,
        "changed_keys": changed,
        "evaluated": [aspect for aspect, table in impact_reach.ASPECTS.items() if table in wanted],
        "not_touched": [aspect for aspect, table in impact_reach.ASPECTS.items() if table not in touched],
        "not_evaluated": _not_evaluated(changed, lacking),
        "names": _names(warehouse, [row["entity_id"] for row in shown]),
        "changes": shown,
        "changes_in_all": rows.count().to_pyarrow().as_py(),
    }


def _decided(
    wanted: list[str],
    given: Collection[str],
    source: Callable[[Read], Any],
    *,
    agreement: Agreement,
    target: ibis.Table | None,
    as_of: datetime,
) -> dict[str, Any]:
    """The wanted tables under one agreement; all that its keys do not touch is read as the last run left it."""

    def read(one: Read) -> Any:
        return target if one.table == line.TARGET_LIST else source(one)

    walk = line.Walk(agreement, as_of, read, line.in_memory)
    results = walk.along(line.needed(wanted, given=given))
    return {name: results[name] for name in wanted}


def _source(warehouse: Warehouse, as_of: datetime) -> Callable[[Read], Any]:
    def read(one: Read) -> Any:
        table = warehouse.read(one.table)
        return versions.living(table, as_of=as_of) if one.version in (Version.LIVING, Version.LAST_READ) else table

    return read


def _not_evaluated(changed: Collection[str], lacking: Mapping[str, Collection[str]]) -> list[str]:
    """Sentences on what the numbers leave out."""
    said = [f"{key}: {reach.remark}" for key in changed if (reach := impact_reach.reach(key)).remark]
    aspects = {table: aspect for aspect, table in impact_reach.ASPECTS.items()}
    said += [f"{aspects[table]}: {_some(names)} not stored yet; `alignment run` makes it" for table, names in lacking.items()]
    return said


def _some(names: Collection[str]) -> str:
    first = list(names)[:3]
    return ", ".join(first) + (f" and {len(names) - len(first)} more" if len(names) > len(first) else "")


def _names(warehouse: Warehouse, ids: Collection[str]) -> dict[str, str]:
    """Account or person -> what people call it, of those that are listed."""
    names: dict[str, str] = {}
    if warehouse.exists("accounts"):
        rows = warehouse.read("accounts").filter(_.account_id.isin(list(ids))).select("account_id", "name").to_pyarrow().to_pylist()
        names |= {row["account_id"]: row["name"] for row in rows if row["name"]}
    if warehouse.exists("people"):
        people = warehouse.read("people").filter(_.person_id.isin(list(ids))).select("person_id", "first_name", "last_name")
        for row in people.to_pyarrow().to_pylist():
            names[row["person_id"]] = " ".join(part for part in (row["first_name"], row["last_name"]) if part) or row["person_id"]
    return names


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
    walk.along(line.needed([one.table for one in step.inputs], given=published(LINE)))
    walk.evaluate(step, outcome_days=outcome_days, tested_days=tested_days, use_attributes=use_attributes)
    return Backtest(*(walk.tables[name] for name in step.makes))
