"""What reacts in Salesforce when a record that we write is saved: flows, triggers, validation and workflow rules, assignment, roll-ups.

Belongs here: asking the Tooling API and reading its answers. Nothing is written. What could not be asked is said, never taken for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.connectors.salesforce import soql
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.errors import Permanent

OBJECTS = ("Account", "Contact", "Lead", "Task")
_MOST_NAMED = 5
_RIGHT = "give the integration user View Setup and Configuration, or ask an administrator"


@dataclass(frozen=True)
class Reaction:
    """Something that runs when a record of an object is saved."""

    object: str
    kind: str
    name: str


@dataclass(frozen=True)
class Scan:
    """What was found, and the kinds that could not be asked, with the reason."""

    reactions: tuple[Reaction, ...]
    unknown: Mapping[str, str]


@dataclass(frozen=True)
class _Question:
    kind: str
    plural: str
    path: str
    query: Callable[[str], str]
    read: Callable[[Mapping[str, Any]], tuple[str, str]]


def _entity(row: Mapping[str, Any]) -> str:
    definition = row.get("EntityDefinition")
    return str(definition.get("QualifiedApiName") or "") if isinstance(definition, Mapping) else ""


_QUESTIONS = (
    _Question(
        "flow",
        "flows",
        "/query",
        lambda names: (
            "SELECT ApiName, Label, TriggerObjectOrEvent.QualifiedApiName FROM FlowDefinitionView WHERE IsActive = true "
            f"AND TriggerObjectOrEvent.QualifiedApiName IN ({names})"
        ),
        lambda row: (
            str((row.get("TriggerObjectOrEvent") or {}).get("QualifiedApiName") or ""),
            str(row.get("Label") or row.get("ApiName")),
        ),
    ),
    _Question(
        "trigger",
        "triggers",
        "/tooling/query",
        lambda names: f"SELECT Name, TableEnumOrId FROM ApexTrigger WHERE Status = 'Active' AND TableEnumOrId IN ({names})",
        lambda row: (str(row.get("TableEnumOrId")), str(row.get("Name"))),
    ),
    _Question(
        "validation rule",
        "validation rules",
        "/tooling/query",
        lambda names: (
            "SELECT ValidationName, EntityDefinition.QualifiedApiName FROM ValidationRule WHERE Active = true "
            f"AND EntityDefinition.QualifiedApiName IN ({names})"
        ),
        lambda row: (_entity(row), str(row.get("ValidationName"))),
    ),
    _Question(
        "workflow rule",
        "workflow rules",
        "/tooling/query",
        lambda names: f"SELECT Name, TableEnumOrId FROM WorkflowRule WHERE TableEnumOrId IN ({names})",
        lambda row: (str(row.get("TableEnumOrId")), str(row.get("Name"))),
    ),
    _Question(
        "assignment rule",
        "assignment rules",
        "/query",
        lambda names: f"SELECT Name, SobjectType FROM AssignmentRule WHERE Active = true AND SobjectType IN ({names})",
        lambda row: (str(row.get("SobjectType")), str(row.get("Name"))),
    ),
    _Question(
        "roll-up summary",
        "roll-up summaries",
        "/tooling/query",
        lambda names: (
            "SELECT QualifiedApiName, EntityDefinition.QualifiedApiName FROM FieldDefinition WHERE DataType LIKE 'Roll-Up Summary%' "
            f"AND EntityDefinition.QualifiedApiName IN ({names})"
        ),
        lambda row: (_entity(row), str(row.get("QualifiedApiName"))),
    ),
)


def scan(session: SalesforceSession, objects: Collection[str] = OBJECTS) -> Scan:
    """Ask for every kind of reaction on these objects: six calls."""
    names = ", ".join(f"'{soql.api_name(name)}'" for name in sorted(objects))
    reactions: list[Reaction] = []
    unknown: dict[str, str] = {}
    for question in _QUESTIONS:
        try:
            rows = session.get(question.path, question.plural, params={"q": question.query(names)}).json().get("records", [])
        except Permanent as refused:
            unknown[question.plural] = str(refused).splitlines()[0][:200]
            continue
        reactions += [Reaction(object_, question.kind, name) for object_, name in map(question.read, rows) if object_ in objects]
    return Scan(tuple(sorted(set(reactions), key=lambda one: (one.object, one.kind, one.name))), unknown)


def findings(scan: Scan, objects: Collection[str] = OBJECTS) -> Iterator[Finding]:
    """For `alignment doctor`: one line per object, and one per kind that is unknown."""
    for object_ in sorted(objects):
        yield Finding(f"save {object_}", "warn" if _of(scan, object_) else "ok", sentence(scan, object_), _advice(scan, object_))
    for kind, why in scan.unknown.items():
        yield Finding(f"save: {kind}", "warn", f"unknown whether {kind} react to our writes: {why}", _RIGHT)


def sentence(scan: Scan, object_: str) -> str:
    """`Saving a Lead starts 2 flows (A, B) and 1 trigger (C).`"""
    plurals = {question.kind: question.plural for question in _QUESTIONS}
    parts = []
    for kind in dict.fromkeys(one.kind for one in _of(scan, object_)):
        names = [one.name for one in _of(scan, object_) if one.kind == kind]
        shown = ", ".join(names[:_MOST_NAMED]) + (f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else "")
        parts.append(f"{len(names)} {kind if len(names) == 1 else plurals[kind]} ({shown})")
    article = "an" if object_[:1] in "AEIO" else "a"
    if not parts:
        return f"no flow, trigger or rule that we can see reacts when {article} {object_} is saved"
    return f"saving {article} {object_} starts " + (parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1])


def _advice(scan: Scan, object_: str) -> str:
    return "make sure that they leave our fields alone, and try the first plan in a sandbox organisation" if _of(scan, object_) else ""


def _of(scan: Scan, object_: str) -> list[Reaction]:
    return [one for one in scan.reactions if one.object == object_]
