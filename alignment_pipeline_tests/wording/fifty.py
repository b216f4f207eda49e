"""Fifty random values of each kind of sentence that a home holds, for reading aloud: `make sentences`.

Belongs here: gathering and sampling. What no sentence may hold: `forbidden.py`; the sentences themselves: `alignment_pipeline/wording/`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alignment_pipeline.cli import explain_screen
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import tables
from alignment_pipeline.operations import doctor, explain
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.wording import forms
from alignment_pipeline_tests.wording.forbidden import problems

EACH = 50
SCREENS = 6
_COLUMNS = {
    "account_duplicates": ("reason",),
    "account_fits": ("fit_reason",),
    "account_mqa_changes": ("reason", "left_reason"),
    "account_stage_changes": ("reason",),
    "account_stages": ("missing", "owner_reason"),
    "extractions": ("note",),
    "field_updates": ("reason",),
    "lead_account_matches": ("reason",),
    "lead_duplicates": ("reason",),
    "marketing_commitments": ("title", "reason"),
    "match_moves": ("to_reason",),
    "match_rule_precisions": ("reason",),
    "opportunity_sources": ("source_reason",),
    "person_fits": ("fit_reason",),
    "person_records": ("reason",),
    "person_stage_changes": ("reason",),
    "person_stages": ("missing", "owner_reason"),
    "plan_lines": ("note",),
    "quarantined_rows": ("reason",),
    "record_creates": ("reason",),
    "refused_rows": ("reason",),
    "sla_clocks": ("reason", "breach_reason"),
    "sla_escalations": ("title", "reason"),
    "sla_exclusions": ("reason",),
    "write_plans": ("reasons",),
    "write_results": ("reason",),
}


def kinds(home: Home) -> Iterator[tuple[str, list[str]]]:
    """Each kind of sentence with all its different values, in the order of the page."""
    warehouse = home.warehouse()
    yield from _of_the_crm(warehouse)
    yield from _of_creates(warehouse)
    for table, columns in _COLUMNS.items():
        rows = warehouse.read(table).select(*columns).distinct().to_pyarrow()
        for column in columns:
            yield f"{table}.{column}", _different(map(_text, rows[column].to_pylist()))
    yield from _of_plans(home)
    yield "notifications", _different(path.read_text() for path in (home.path / "notifications").glob("*.txt"))
    yield "doctor", [" ".join((f"{one.status}: {one.subject}:", one.text, one.fix)).strip() for one in doctor.examine(home)]
    with home.journal() as journal, journal.engine.connect() as connection:
        for column in (tables.PLAN.c.guard, tables.OP.c.reason, tables.QUARANTINE.c.reason):
            yield f"journal: {column}", _different(map(_text, connection.execute(sa.select(column).distinct()).scalars()))


def _of_the_crm(warehouse: Warehouse) -> Iterator[tuple[str, list[str]]]:
    updates = warehouse.read("field_updates")
    fields = updates.select("object", "field").distinct().order_by("object", "field").to_pyarrow().to_pylist()
    for row in fields:
        mine = updates.filter(updates.object == row["object"], updates.field == row["field"])
        values = _different(json.loads(one) for one in mine.select("value").distinct().to_pyarrow()["value"].to_pylist() if one)
        if any(" " in one for one in values):
            yield f"{row['object']}.{row['field']}", values


def _of_creates(warehouse: Warehouse) -> Iterator[tuple[str, list[str]]]:
    values = [json.loads(one) for one in warehouse.read("record_creates").select("values").to_pyarrow()["values"].to_pylist()]
    for name in ("Subject", "Description"):
        yield f"Task.{name}", _different(one.get(name) for one in values)


def _of_plans(home: Home) -> Iterator[tuple[str, list[str]]]:
    for path in sorted((home.path / "plans").glob("*/plan.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for label in sorted({str(row.get("label")) for row in rows if row.get("reason")}):
            yield (
                f"plan {path.parent.name}, reasons of {label}",
                _different(row["reason"] for row in rows if str(row.get("label")) == label),
            )
        yield f"plan {path.parent.name}, groups", json.loads((path.parent / "groups.json").read_text())["groups"]


def screens(home: Home, chosen: random.Random) -> Iterator[str]:
    """What `alignment explain` says of a few people and accounts."""
    warehouse = home.warehouse()
    titles = {policy.name: policy.title for policy in home.agreement.sla.policies}
    for table, column in (("people", "person_id"), ("accounts", "account_id")):
        for one in chosen.sample(sorted(warehouse.read(table).select(column).to_pyarrow()[column].to_pylist()), SCREENS):
            yield "\n".join(explain_screen.lines(explain.explain(warehouse, one), width=80, titles=titles))


def _different(values: Iterable[Any]) -> list[str]:
    return sorted({value for value in values if isinstance(value, str) and value.strip()})


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False, default=str)


def page(home: Home, seed: int) -> str:
    """The file for reading: a section per kind, and what a pattern or the length finds wrong."""
    chosen, parts = random.Random(seed), []
    wrong: Mapping[str, list[str]] = {}
    for kind, values in kinds(home):
        wrong = {**wrong, kind: [f"{', '.join(what)}: {one}" for one in values if (what := problems(one, has_names=True))]}
        long = sum(forms.length(one) > forms.LIMIT for one in values)
        said = sorted(chosen.sample(values, min(EACH, len(values))))
        parts += [f"## {kind} ({len(values):,} different, {long} longer than {forms.LIMIT})", *(f"- {one}" for one in said), ""]
    parts += ["## explain", *screens(home, chosen), "", "## Forbidden patterns"]
    return "\n".join([*parts, *(f"- {kind}: {one}" for kind, found in wrong.items() for one in found[:5])])


def main() -> None:
    """Print the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("home", type=Path)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    sys.stdout.write(page(Home.from_env(over={"ALIGNMENT_HOME": str(chosen.home)}), chosen.seed) + "\n")


if __name__ == "__main__":
    main()
