"""What changed: numbers restated since the last pack, and what a changed agreement did against what its preview said.

Belongs here: comparing this pack with earlier ones and with kept previews. Which differences between weeks are news: `limits.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.meeting.draft import Draft

# a share of a hundredth's noise is no restatement
_SAME = 1e-6
#: Aspect of an impact preview -> table, key and column that say what came.
ASPECTS = {
    "mqa": ("account_mqa_statuses", "account_id", "mqa_status"),
    "account_stage": ("account_stages", "account_id", "stage"),
    "account_tier": ("account_tiers", "account_id", "tier"),
    "person_stage": ("person_stages", "person_id", "stage"),
}
_ASPECT_NAMES = {"mqa": "MQA", "account_stage": "Stage of accounts", "account_tier": "Tier", "person_stage": "Stage of people"}
RESTATED_LISTED = 6


def restated(draft: Draft, earlier: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Numbers of weeks, or of this period, that an earlier pack gave otherwise. A week that was not over then is no restatement."""
    now = {value.key: value for value in draft.values}
    by_key: dict[str, dict[str, Any]] = {}
    for pack in earlier:
        is_same_period = pack["period"]["name"] == draft.period.name
        for old in pack["values"]:
            key = _key(old)
            week = old["scope"].get("week")
            if key not in now or key in by_key:
                continue
            if not (is_same_period if week is None else _was_over(week, pack)):
                continue
            value = now[key]
            if _differs(value.value, old["value"]):
                scope = {name: text for name, text in value.scope.items() if name not in ("counts", "is_judged", "party")}
                by_key[key] = {"key": key, "scope": scope, "before": old["value"], "after": value.value, "pack": pack["id"]}
    rows = sorted(by_key.values(), key=lambda row: row["key"])
    return {"number": len(rows), "rows": rows[:RESTATED_LISTED], "packs": sorted({row["pack"] for row in rows})}


def _key(value: Mapping[str, Any]) -> str:
    return "|".join((value["name"], *(f"{column}={value['scope'][column]}" for column in sorted(value["scope"]))))


def _was_over(week: str, pack: Mapping[str, Any]) -> bool:
    last = date.fromisocalendar(int(week[:4]), int(week[6:]), 7)
    return bool(last.isoformat() < pack["made_on"])


def _differs(now: float | None, then: float | None) -> bool:
    if now is None or then is None:
        return now is not then
    return abs(now - then) > _SAME * max(1.0, abs(now))


def keep_predictions(draft: Draft, previews: Sequence[Mapping[str, Any]]) -> None:
    """`predictions`: what each preview of the agreement in force foretold, and whether it is so now."""
    rows: list[dict[str, Any]] = []
    for preview in previews:
        for aspect, (table, key, column) in ASPECTS.items():
            wanted = {row["entity_id"]: row for row in preview["changes"] if row["aspect"] == aspect}
            if not wanted:
                continue
            source = draft.tables[table]
            chosen = source.filter(source[key].isin(sorted(wanted))).select(key=source[key], value=source[column].cast("string"))
            values = {row["key"]: row["value"] for row in chosen.to_pyarrow().to_pylist()}
            for entity, row in sorted(wanted.items()):
                is_so = values.get(entity) == row["after_value"]
                rows.append(
                    {"version": preview["after_version"], "aspect": aspect, "entity_id": entity, "before_value": row["before_value"],
                     "predicted_value": row["after_value"], "actual_value": values.get(entity), "came": "yes" if is_so else "no"}
                )  # fmt: skip
    names = ("version", "aspect", "entity_id", "before_value", "predicted_value", "actual_value", "came")
    schema = pa.schema([(name, pa.string()) for name in names])
    draft.keep("predictions", ibis.memtable(pa.Table.from_pylist(rows, schema=schema)), order=("version", "aspect", "entity_id"))


def agreement(draft: Draft, before: Mapping[str, Any] | None, changed_keys: Sequence[str]) -> dict[str, Any]:
    """The version in force, the one of the last pack, and predicted against actual."""
    predicted = {(v.scope["version"], v.scope["aspect"]): v for v in draft.count("predicted", by=("version", "aspect"))}
    came = {(v.scope["version"], v.scope["aspect"]): v for v in draft.count("predicted", by=("version", "aspect"), came="yes")}
    lines = [
        {"aspect": _ASPECT_NAMES[aspect], "version": version, "predicted": value.key,
         "came": came[version, aspect].key if (version, aspect) in came else None,
         "error": (value.value or 0) - (came[version, aspect].value or 0 if (version, aspect) in came else 0)}
        for (version, aspect), value in sorted(predicted.items())
    ]  # fmt: skip
    last = before["agreement"]["version"] if before else None
    return {
        "version": draft.agreement.version,
        "last_version": last,
        "is_changed": last is not None and last != draft.agreement.version,
        "changed_keys": list(changed_keys),
        "lines": lines,
    }
