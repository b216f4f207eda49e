"""What a plan says, for people: each change with its own reason, names beside ids, and groups of like changes.

Belongs here: rows and groups of a plan as values. The files made of them: `preview.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alignment_pipeline.agreement.field_map import Crm, FieldMapping
from alignment_pipeline.wording import forms
from alignment_pipeline.write_back.fields import naming
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.plans.planned import Plan, PlannedOp

Names = Mapping[str, str]
"""Record id -> what people call the record."""

_VERBS = {"create": "is created", "clear": "is emptied", "set": "is changed"}
_PLURALS = {"Lead": "leads", "Contact": "contacts", "Account": "accounts", "Task": "tasks", "MarketoLead": "people of Marketo"}
# what a reader must see first; everything else follows by the number of records
_WEIGHTS = {
    "account.mqa_status": 0,
    "person.sla_status": 2,
    "person.stage": 3,
    "account.stage": 3,
    "account.tier": 4,
    "person.matched_account_id": 4,
    "person.nurture": 4,
}
_OWNER, _CREATED, _OTHER, _TEXT = 1, 1, 6, 7
_URGENT = ("breached", "at risk")
_MQA = {"not yet": "are not MQAs yet", "cooling down": "cool down after having been MQAs", "excluded": "cannot become MQAs"}
_MOST_VALUES = 30
_SINGULAR = {"become": "becomes", "stop": "stops", "change": "changes", "get": "gets", "lose": "loses", "are": "is", "cool": "cools"}


@dataclass(frozen=True)
class FieldRow:
    """One field of one record."""

    name: str
    label: str
    before: Scalar
    after: Scalar
    reason: str


@dataclass
class Group:
    """Records that change alike, as one sentence."""

    title: str
    weight: int
    records: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Wording:
    """How fields and records are called."""

    labels: Mapping[tuple[str, str], FieldMapping]
    names: Names

    @classmethod
    def of(cls, crm: Crm | None, names: Names | None = None) -> Wording:
        """From the agreement's field map."""
        fields = crm.fields if crm else []
        return cls({(mapping.object, mapping.field): mapping for mapping in fields}, names or {})

    def label(self, object_: str, name: str) -> str:
        """The label that CRM users see, or the API name."""
        mapping = self.labels.get((object_, name))
        return mapping.label if mapping else name

    def said(self, value: Scalar) -> str:
        """A value for people: empty is said, yes and no, names beside ids."""
        if value is None or value == "":
            return "empty"
        if isinstance(value, bool):
            return "yes" if value else "no"
        text = str(value)
        return f"{self.names[text]} ({text})" if text in self.names else text

    def name_of(self, op: PlannedOp) -> str:
        """What people call the record; of a task to be created, its subject."""
        if op.action == "create":
            return str(naming.with_names(op.after.get("Subject"), op.people) or "")
        return self.names.get(op.record_id or "", "")

    def with_names(self, text: str) -> str:
        """A sentence with names beside the ids in it, and fields by their labels."""
        labels = {name: mapping.label for (_, name), mapping in self.labels.items()}
        return " ".join(self._named(word, labels) for word in text.split(" "))

    def _named(self, word: str, labels: Mapping[str, str]) -> str:
        bare = word.strip("().,;:")
        if bare in labels:
            return word.replace(bare, labels[bare])
        return word.replace(bare, f"{self.names[bare]}, {bare}") if bare and bare in self.names else word


def verb(op: PlannedOp) -> str:
    """What happens to the record."""
    return _VERBS[op.action]


def fields_of(op: PlannedOp, wording: Wording) -> Iterator[FieldRow]:
    """Every field that is sent, with its own reason."""
    for name, after in {**op.after, **op.carried}.items():
        shown = naming.with_names(after, op.people)
        reason = forms.say("plan.carried") if name in op.carried else op.reasons.get(name, op.reason)
        yield FieldRow(name, wording.label(op.object, name), op.before.get(name), shown, reason)


def groups(plan: Plan, wording: Wording) -> list[Group]:
    """Groups of like changes, the biggest consequences first. A record stands in every group that it belongs to."""
    by_kind: dict[tuple[str, str, str], Group] = {}
    values: dict[tuple[str, str], set[Scalar]] = {}
    for op in plan.ops:
        for name, after in op.after.items():
            seen = values.setdefault((op.object, name), set())
            if len(seen) <= _MOST_VALUES:
                seen.add(after)
    for number, op in enumerate(plan.ops):
        for key, title, weight in _belongs(op, wording, values):
            group = by_kind.setdefault((op.object, *key), Group(title, weight))
            group.records.append(number)
    for (object_, *_), group in by_kind.items():
        group.title = _sentence(len(group.records), object_, group.title)
    return sorted(by_kind.values(), key=lambda group: (group.weight, -len(group.records), group.title))


def _belongs(op: PlannedOp, wording: Wording, values: Mapping[tuple[str, str], set[Scalar]]) -> Iterator[tuple[tuple[str, str], str, int]]:
    if op.action == "create":
        yield ("", "created"), "to be created", _CREATED
        return
    for name, after in op.after.items():
        mapping = wording.labels.get((op.object, name))
        label = wording.label(op.object, name)
        weight = _OWNER if name == "OwnerId" else _WEIGHTS.get(mapping.value if mapping else "", _OTHER)
        if mapping is not None and mapping.value == "account.mqa_status" and after == "mqa":
            yield (name, "mqa"), "become MQAs", weight
        elif mapping is not None and mapping.value == "account.mqa_status" and op.before.get(name) == "mqa":
            yield (name, "no longer"), "stop being MQAs", weight
        elif mapping is not None and mapping.value == "account.mqa_status" and after in _MQA:
            yield (name, str(after)), _MQA[str(after)], _OTHER
        elif mapping is not None and mapping.value == "person.sla_status" and after in _URGENT:
            yield (name, str(after)), f"change to {label} {after}", _OWNER
        elif after is None or after == "":
            yield (name, "emptied"), f"lose their {label}", weight
        elif mapping is not None and mapping.type in ("picklist", "checkbox") and len(values[op.object, name]) <= _MOST_VALUES:
            yield (name, str(after)), f"change to {label} {wording.said(after)}", weight
        else:
            is_first = op.before.get(name) in (None, "")
            text = _TEXT if mapping is not None and mapping.type in ("text", "long_text") and weight == _OTHER else weight
            yield (name, str(is_first)), f"get their first value of {label}" if is_first else f"get another {label}", text


def _sentence(number: int, object_: str, what: str) -> str:
    plural = _PLURALS.get(object_, f"records of {object_}")
    if number != 1 or not plural.endswith("s"):
        return f"{number:,} {plural} {what}"
    first, _, rest = what.partition(" ")
    return f"1 {plural[:-1]} {_SINGULAR.get(first, first)} {rest}".replace(" their ", " its ").replace(" MQAs", " an MQA").rstrip()


def by_consequence(groups: Sequence[Group], size: int) -> list[int]:
    """Numbers of all operations, those of the heaviest groups first."""
    order: dict[int, None] = {}
    for group in groups:
        order.update(dict.fromkeys(group.records))
    order.update(dict.fromkeys(range(size)))
    return list(order)


def line(op: PlannedOp, row: FieldRow, wording: Wording) -> dict[str, Any]:
    """One line of the JSON lines."""
    return {
        "object": op.object,
        "record_id": op.record_id,
        "external_key": op.ext_key,
        "name": wording.name_of(op) or None,
        "action": op.action,
        "field": row.name,
        "label": row.label,
        "before": row.before,
        "after": row.after,
        "before_name": wording.names.get(str(row.before)),
        "after_name": wording.names.get(str(row.after)),
        "reason": row.reason,
        "reason_code": op.reason_code,
    }
