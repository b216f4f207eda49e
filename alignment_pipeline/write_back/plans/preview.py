"""A plan to look at before anything is sent: JSON lines for machines, one HTML page for people.

Belongs here: writing both files. Every value from a CRM is escaped; the page has no script and a policy that forbids any. Links are
made only from a checked host and id.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from alignment_pipeline.connectors.salesforce.identifiers import is_id
from alignment_pipeline.write_back.plans.guard import Judgement
from alignment_pipeline.write_back.plans.planned import Plan, PlannedOp

_MOST_SHOWN = 2000


def write_preview(plan: Plan, judgement: Judgement, folder: Path) -> tuple[Path, Path]:
    """Write `plan.jsonl` and `plan.html` below `folder/<first 12 of the hash>`, 0600; returns both paths."""
    target = folder / plan.plan_hash[:12]
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines, page = target / "plan.jsonl", target / "plan.html"
    _write(lines, (json.dumps(row, ensure_ascii=True) + "\n" for row in changes(plan)))
    _write(page, [render(plan, judgement)])
    return lines, page


def changes(plan: Plan) -> Iterator[dict[str, Any]]:
    """One row per field: what it is, what it will be, and why."""
    for op in plan.ops:
        for name, after in {**op.after, **op.carried}.items():
            yield {
                "object": op.object,
                "record_id": op.record_id,
                "external_key": op.ext_key,
                "action": op.action,
                "field": name,
                "before": op.before.get(name),
                "after": after,
                "reason": op.reason,
                "reason_code": op.reason_code,
            }


def render(plan: Plan, judgement: Judgement) -> str:
    """The page. At most 2,000 operations are listed; the JSON lines hold all of them."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = resources.files("alignment_pipeline.write_back.plans").joinpath("preview.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        plan=plan,
        counts=plan.counts(),
        verdict=judgement.verdict.value,
        checks=sorted(judgement.checks, key=lambda check: (check.verdict.value == "OK", check.name, check.subject)),
        groups=[_shown(op) for op in plan.ops[:_MOST_SHOWN]],
        left_out=max(0, len(plan.ops) - _MOST_SHOWN),
        holds=plan.holds[:_MOST_SHOWN],
        quarantined=plan.quarantined[:_MOST_SHOWN],
    )


def _shown(op: PlannedOp) -> dict[str, Any]:
    return {
        "object": op.object,
        "subject": op.subject if is_id(op.subject) or op.ext_key else "(no id)",
        "action": op.action,
        "reason": op.reason,
        "fields": [(name, _text(op.before.get(name)), _text(after)) for name, after in op.after.items()],
    }


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _write(path: Path, parts: Iterable[str]) -> None:
    aside = path.with_suffix(path.suffix + f".{os.getpid()}")
    handle = os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.writelines(parts)
    aside.replace(path)
