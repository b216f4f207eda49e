"""A plan to look at before anything is sent: JSON lines for machines, one HTML page for people.

Belongs here: writing both files. Every value from a CRM is escaped, or shown as text by the page's one script; the page's policy allows
that script by its hash and nothing else, so nothing in a value can act and nothing is loaded. What the rows say: `preview_rows.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.write_back.plans import preview_rows
from alignment_pipeline.write_back.plans.judgement import Judgement
from alignment_pipeline.write_back.plans.planned import Plan
from alignment_pipeline.write_back.plans.preview_rows import Group, Names, Wording

_FIELDS_WITHOUT_SCRIPT = 150
_MOST_LISTED = 500
_VERDICTS = {"OK": "Fine", "NEEDS_APPROVAL": "Needs approval", "BLOCKED": "Blocked"}
_VERDICT_TEXTS = {
    "OK": "It is within the limits.",
    "NEEDS_APPROVAL": "A person has to approve it.",
    "BLOCKED": "It is blocked and cannot be sent.",
}


def write_preview(
    plan: Plan,
    judgement: Judgement,
    folder: Path,
    *,
    crm: Crm | None = None,
    names: Names | None = None,
    reactions: Sequence[str] = (),
) -> tuple[Path, Path]:
    """Write `plan.jsonl` and `plan.html` below `folder/<first 12 of the hash>`, 0600; returns both paths."""
    target = folder / plan.plan_hash[:12]
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines, page, groups = target / "plan.jsonl", target / "plan.html", target / "groups.json"
    wording = Wording.of(crm, names)
    titles = [group.title for group in preview_rows.groups(plan, wording)]
    _write(groups, [json.dumps({"groups": titles, "reactions": list(reactions)})])
    _write(lines, (json.dumps(row, ensure_ascii=True) + "\n" for row in changes(plan, wording)))
    _write(page, [render(plan, judgement, wording, reactions)])
    return lines, page


def changes(plan: Plan, wording: Wording) -> Iterator[dict[str, Any]]:
    """One row per field: what it is, what it will be, and why; the biggest consequences first."""
    for number in preview_rows.by_consequence(preview_rows.groups(plan, wording), len(plan.ops)):
        op = plan.ops[number]
        for row in preview_rows.fields_of(op, wording):
            yield preview_rows.line(op, row, wording)


def render(plan: Plan, judgement: Judgement, wording: Wording | None = None, reactions: Sequence[str] = ()) -> str:
    """The page. Its script shows every record; without it, the first few are there to read.

    `reactions`: sentences on what starts in the CRM when these records are saved.
    """
    wording = wording or Wording.of(None)
    groups = preview_rows.groups(plan, wording)
    order = preview_rows.by_consequence(groups, len(plan.ops))
    first = _first(plan, order)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = "{:,}".format
    files = resources.files("alignment_pipeline.write_back.plans")
    script = files.joinpath("preview.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    checks = sorted(judgement.checks, key=lambda check: (check.verdict.value == "OK", check.name, check.subject))
    return environment.from_string(files.joinpath("preview.html.j2").read_text(encoding="utf-8")).render(
        plan=plan,
        as_of=f"{plan.as_of:%d %B %Y, %H:%M} (UTC)",
        counts=plan.counts(),
        verdict=judgement.verdict.value,
        verdict_text=_VERDICT_TEXTS[judgement.verdict.value],
        verdicts=_VERDICTS,
        checks=[{"verdict": check.verdict, "text": wording.with_names(check.text)} for check in checks],
        groups=groups,
        reactions=reactions,
        left_out=_left_out(plan),
        records=[_record(plan, number, wording) for number in first],
        more=len(order) - len(first),
        holds=[
            {
                "record": f"{hold.object} {wording.said(hold.record_id)}",
                "field": wording.label(hold.object, hold.field) if hold.field != "*" else "all fields",
                "reason": hold.reason.value.replace("_", " ").lower(),
                "seen": "" if hold.value_seen is None else wording.said(hold.value_seen),
            }
            for hold in plan.holds[:_MOST_LISTED]
        ],
        more_holds=max(0, len(plan.holds) - _MOST_LISTED),
        quarantined=[
            {
                "record": f"{row.object} {wording.said(row.record_id)}",
                "field": wording.label(row.object, row.field),
                "reason": row.reason,
            }
            for row in plan.quarantined[:_MOST_LISTED]
        ],
        more_quarantined=max(0, len(plan.quarantined) - _MOST_LISTED),
        data=_data(plan, groups, wording),
        script=Markup(script),  # noqa: S704 - our own file; its hash is the page's policy
        script_hash=Markup(f"sha256-{digest}"),  # noqa: S704 - base64 of a digest
    )


def _first(plan: Plan, order: Sequence[int]) -> list[int]:
    """Operations shown without the script: as many as have a hundred and fifty fields together."""
    shown, fields = [], 0
    for number in order:
        fields += len(plan.ops[number].after)
        if fields > _FIELDS_WITHOUT_SCRIPT:
            break
        shown.append(number)
    return shown


def _left_out(plan: Plan) -> str:
    parts = [f"{number:,} with {reason}" for reason, number in sorted(plan.skipped.items())]
    parts += [f"{len(plan.holds):,} fields left to people"] if plan.holds else []
    parts += [f"{len(plan.quarantined):,} values that do not fit their field"] if plan.quarantined else []
    return "; ".join(parts)


def _record(plan: Plan, number: int, wording: Wording) -> dict[str, Any]:
    op = plan.ops[number]
    fields = [
        {
            "label": row.label,
            "before": wording.said(row.before),
            "after": wording.said(row.after),
            "reason": "the text itself" if row.reason == row.after else row.reason,
        }
        for row in preview_rows.fields_of(op, wording)
    ]
    return {"object": op.object, "id": op.subject, "name": wording.name_of(op), "verb": preview_rows.verb(op), "fields": fields}


def _data(plan: Plan, groups: Sequence[Group], wording: Wording) -> str:
    """All changes for the page's script, by column, since like beside like packs best; deflated and in base64.

    Most reasons are the new value of another field of the record: then the number of that field's column stands for the text. A reason
    that an earlier field of the record has too is that field's column, as -1 less its number.
    """
    objects = sorted({op.object for op in plan.ops})
    verbs = sorted({preview_rows.verb(op) for op in plan.ops})
    columns: dict[tuple[str, str], dict[str, Any]] = {}
    places: dict[tuple[str, str], int] = {}
    mentioned: set[str] = set()
    for op in plan.ops:
        for name in (*op.after, *op.carried):
            places.setdefault((op.object, name), len(places))
    for number, op in enumerate(plan.ops):
        texts: dict[str, int] = {value: places[op.object, name] for name, value in op.after.items() if isinstance(value, str)}
        for row in preview_rows.fields_of(op, wording):
            column = columns.setdefault((op.object, row.name), {"field": row.name, "label": row.label, "r": [], "b": [], "a": [], "w": []})
            column["r"].append(number)
            column["b"].append(row.before)
            column["a"].append(row.after)
            place = texts.get(row.reason, row.reason)
            column["w"].append(place)
            texts.setdefault(row.reason, -1 - places[op.object, row.name])
            mentioned.update(str(value) for value in (row.before, row.after) if str(value) in wording.names)
    for column in columns.values():
        column["r"] = _gaps(column["r"])
    content = {
        "objects": objects,
        "verbs": verbs,
        "of": [objects.index(op.object) for op in plan.ops],
        "did": [verbs.index(preview_rows.verb(op)) for op in plan.ops],
        "ids": [op.subject for op in plan.ops],
        "names": [wording.name_of(op) for op in plan.ops],
        "people": {one: wording.names[one] for one in sorted(mentioned)},
        "columns": [columns[key] for key in places],
        "groups": [{"t": group.title, "r": _gaps(group.records)} for group in groups],
    }
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")


def _gaps(numbers: Sequence[int]) -> list[int]:
    return [number - before for before, number in zip([0, *numbers], numbers, strict=False)]


def read_changes(folder: Path, plan_hash: str) -> Iterator[Mapping[str, Any]]:
    """The rows of a plan's JSON lines; none when the files are gone (an erasure removes them)."""
    path = folder / plan_hash[:12] / "plan.jsonl"
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for text in file:
            yield json.loads(text)


def read_groups(folder: Path, plan_hash: str, part: str = "groups") -> list[str]:
    """What changes, as sentences, the biggest consequences first; or what `reactions` there are. None when the files are gone."""
    path = folder / plan_hash[:12] / "groups.json"
    return list(json.loads(path.read_text(encoding="utf-8"))[part]) if path.exists() else []


def _write(path: Path, parts: Iterable[str]) -> None:
    aside = path.with_suffix(path.suffix + f".{os.getpid()}")
    handle = os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.writelines(parts)
    aside.replace(path)
