"""What an edit of the agreement can touch: the keys that differ, the rules that take them, and what nobody can evaluate beforehand.

Belongs here: from changed keys to steps of the line. Deciding under both agreements: `impact_and_backtest.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.line import run as line
from alignment_pipeline.line.step import Step, Version
from alignment_pipeline.line.steps import LINE

# aspect -> the table that shows it
ASPECTS: Mapping[str, str] = {
    "lead_match": "lead_account_matches",
    "account_tier": "account_tiers",
    "person_score": "person_scores",
    "account_score": "account_scores",
    "mqa": "account_mqa_statuses",
    "account_stage": "account_stages",
    "person_stage": "person_stages",
    "sla": "person_slas",
    "task": "record_creates",
    "crm_field": "field_updates",
}
_WRITING = "decides how plans are judged and sent, not what they say; the next plan shows it"
_PIPELINE = "pipeline metrics and goals are not evaluated here; `alignment pipeline` shows them after the next run"
# keys whose change is not evaluated, and what a reader should know of them
_OUTSIDE: Mapping[str, str] = {
    "name": "a name that decides nothing",
    "effective_on": "the day from which the agreement holds; nothing is decided by it",
    "parties": "who signed and who gets messages; nothing is decided by it",
    "write_back": _WRITING,
    "retention": "how long things are kept; no decision reads it",
    "currencies": _PIPELINE,
    "fiscal": _PIPELINE,
    "pipeline": _PIPELINE,
}
# what must be read from the CRM again before it can be evaluated
_READ_ANEW: Mapping[str, str] = {
    "crm.inputs": "a field that was never read counts as empty here until the next run has read it",
}


@dataclass(frozen=True)
class Reach:
    """What one key can touch: aspects, and what to know besides."""

    aspects: tuple[str, ...]
    remark: str | None = None


def changed_keys(present: Agreement, other: Agreement) -> list[str]:
    """Dotted keys whose values differ, lists and mappings with names of their own as a whole."""
    before, after = (dict(_leaves(one.model_dump(mode="json"))) for one in (present, other))
    return sorted(key for key in {*before, *after} if key != "version" and before.get(key) != after.get(key))


def keys(agreement: Agreement) -> list[str]:
    """Every dotted key of an agreement."""
    return sorted({key for key, _ in _leaves(agreement.model_dump(mode="json"))} - {"version"})


def reach(key: str) -> Reach:
    """What a change of one key can touch."""
    touched = affected([key])
    remark = next((text for place, text in {**_OUTSIDE, **_READ_ANEW}.items() if key == place or key.startswith(f"{place}.")), None)
    if key.split(".")[0] in _OUTSIDE:
        return Reach((), remark)
    return Reach(tuple(aspect for aspect, table in ASPECTS.items() if table in touched), remark)


def affected(changed: Collection[str]) -> set[str]:
    """Tables that may say something else when these keys change: those of the rules that take one, and all that follows from them."""
    inside = [key for key in changed if key.split(".")[0] not in _OUTSIDE]
    tables: set[str] = set()
    for step in LINE:
        if any(_takes(step, key) for key in inside) or any(one.version is Version.DECIDED and one.table in tables for one in step.inputs):
            tables.update(step.makes)
    return tables


def _takes(step: Step, key: str) -> bool:
    return any(place == "*" or key == place or key.startswith(f"{place}.") or place.startswith(f"{key}.") for place in step.takes.values())


def missing(wanted: Iterable[str], given: Collection[str], stored: Collection[str]) -> dict[str, list[str]]:
    """Wanted table -> tables that it cannot be made without and that are not stored."""
    by_table = {}
    for table in wanted:
        lacking = [name for name in line.outside(line.needed([table], given=given)) if name not in given and name not in stored]
        if lacking:
            by_table[table] = lacking
    return by_table


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value
