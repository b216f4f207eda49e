"""The field map against describe: every field there, ours to write, of the right type, with the agreed values.

Belongs here: checks that block a plan before its first write. They run when the plan is judged and, with a fresh describe, once more
just before it is applied. The fit of single values is `write_back/fields/shape.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from alignment_pipeline.agreement.field_map import MARKETO_LEAD, FieldMapping
from alignment_pipeline.write_back.fields.field_rules import CREATABLE, FieldRules
from alignment_pipeline.write_back.fields.shape import FieldShape, shape_of
from alignment_pipeline.write_back.plans.judgement import Check, Verdict
from alignment_pipeline.write_back.plans.planned import Values


class Written(Protocol):
    """An operation, planned or journalled, as far as its fields go."""

    @property
    def object(self) -> str: ...

    @property
    def action(self) -> str: ...

    @property
    def ext_field(self) -> str | None: ...

    @property
    def after(self) -> Values: ...

    @property
    def carried(self) -> Values: ...


_FITTING: dict[str, frozenset[str]] = {
    "text": frozenset({"string", "textarea", "picklist", "combobox", "reference", "id", "email", "phone", "url"}),
    "long_text": frozenset({"textarea", "string"}),
    "number": frozenset({"double", "int", "currency", "percent", "long"}),
    "percent": frozenset({"percent", "double", "int"}),
    "picklist": frozenset({"picklist", "string", "combobox", "textarea"}),
    "datetime": frozenset({"datetime"}),
    "date": frozenset({"date"}),
    "checkbox": frozenset({"boolean"}),
    "lookup": frozenset({"reference"}),
    "list": frozenset({"boolean"}),
}


def schema_checks(ops: Sequence[Written], rules: FieldRules, managed: Iterable[str] = ()) -> list[Check]:
    """Everything that does not fit; one OK line when all does.

    `managed` are further objects whose map must fit, though nothing of them would be written; those of a system that this run did not
    ask (Marketo, for the fast lane) are left to a run that does.
    """
    checks = list(_written(ops, rules))
    objects = {op.object for op in ops if op.action != "create"} | {name for name in managed if name in rules.shapes}
    if rules.shapes:
        for mapping in rules.agreement.crm.fields:
            if mapping.object in objects:
                checks += _mapped(mapping, rules)
        checks += _keys(ops, rules)
    return checks or [Check("schema", "all", Verdict.OK, "Every field exists, is ours to write and has the agreed type.")]


def _written(ops: Iterable[Written], rules: FieldRules) -> Iterable[Check]:
    """Only fields of the map are ever written, and none that people own."""
    inputs = {(mapping.object, mapping.field.lower()) for mapping in rules.agreement.crm.inputs}
    seen: set[tuple[str, str]] = set()
    for op in ops:
        for name in (*op.after, *op.carried):
            if (op.object, name) in seen:
                continue
            seen.add((op.object, name))
            if op.action == "create" or op.object in CREATABLE:
                yield from _created(op.object, name, rules)
            elif (op.object, name.lower()) in inputs:
                yield Check(
                    "field_not_ours",
                    f"{op.object}.{name}",
                    Verdict.BLOCKED,
                    f"{op.object}.{name} is filled in by people; it is never written.",
                )
            elif rules.mapping(op.object, name) is None:
                text = f"{op.object}.{name} is not in the agreement's field map; only mapped fields are written."
                yield Check("field_not_mapped", f"{op.object}.{name}", Verdict.BLOCKED, text)


def _created(object_: str, name: str, rules: FieldRules) -> Iterable[Check]:
    if object_ not in CREATABLE:
        yield Check(
            "object_not_creatable", object_, Verdict.BLOCKED, f"{object_}: only {', '.join(sorted(CREATABLE))} records are created."
        )
        return
    shape = shape_of(rules.shapes, object_, name)
    if rules.shapes.get(object_) and (shape is None or not shape.is_createable):
        text = f"{object_}.{name} is absent, hidden or read-only for the integration user; grant it in the permission set."
        yield Check("field_not_writable", f"{object_}.{name}", Verdict.BLOCKED, text)


def _mapped(mapping: FieldMapping, rules: FieldRules) -> Iterable[Check]:
    subject = f"{mapping.object}.{mapping.field}"
    shape = shape_of(rules.shapes, mapping.object, mapping.field)
    if shape is None:
        text = f"{subject} does not exist or is hidden from the integration user: deploy the package, or grant the permission set."
        if mapping.object == MARKETO_LEAD:
            text = f"{subject} does not exist, is hidden, or no Marketo is configured here: make it, or take its line out of crm.fields."
        yield Check("field_absent", subject, Verdict.BLOCKED, text)
        return
    if shape.is_calculated or not shape.is_updateable:
        yield Check(
            "field_not_writable",
            subject,
            Verdict.BLOCKED,
            f"{subject} is read-only for the integration user; grant Edit in the permission set.",
        )
    if shape.type not in _FITTING[mapping.type]:
        text = f"{subject} is of type {shape.type} in the CRM; the agreement says {mapping.type}."
        yield Check("field_type", subject, Verdict.BLOCKED, text)
        return
    yield from _narrowed(subject, mapping, shape)


def _narrowed(subject: str, mapping: FieldMapping, shape: FieldShape) -> Iterable[Check]:
    if mapping.type == "picklist" and shape.is_restricted:
        known = {value.casefold() for value in shape.values}
        missing = [value for value in mapping.values if value.casefold() not in known]
        if missing:
            text = f"{subject}: the picklist has no active value {', '.join(missing)}; activate it or change the agreement."
            yield Check("picklist_value", subject, Verdict.BLOCKED, text)
    if mapping.type in ("text", "long_text") and shape.length and shape.length < mapping.length:
        text = f"{subject} takes {shape.length} characters, the agreement says {mapping.length}: longer values would be quarantined."
        yield Check("field_length", subject, Verdict.NEEDS_APPROVAL, text)


def _keys(ops: Iterable[Written], rules: FieldRules) -> Iterable[Check]:
    for object_, name in sorted({(op.object, op.ext_field) for op in ops if op.ext_field}):
        subject = f"{object_}.{name}"
        shape = shape_of(rules.shapes, object_, name)
        if shape is None:
            yield Check(
                "key_absent",
                subject,
                Verdict.BLOCKED,
                f"{subject} does not exist or is hidden: without it a record could be created twice.",
            )
        elif not (shape.is_external_id and shape.is_unique):
            text = f"{subject} is no unique external id: records are created by query, create, query under the lease instead of by upsert."
            yield Check("key_not_unique", subject, Verdict.NEEDS_APPROVAL, text)
