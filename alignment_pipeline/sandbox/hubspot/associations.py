"""Associations between records, and their labels.

Belongs here: `/crm/v4/associations`.
"""

from __future__ import annotations

from typing import Any

from alignment_pipeline.sandbox.hubspot.answers import Refusal, invalid
from alignment_pipeline.sandbox.hubspot.call import Call
from alignment_pipeline.sandbox.hubspot.links import CONTACT_TO_COMPANY
from alignment_pipeline.sandbox.hubspot.objects import Answer

MOST_ASSOCIATION_INPUTS, MOST_PAIRS = 1_000, 100
_FIRST_LABEL = 36
_USUAL = {("contacts", "companies"): 279, ("tasks", "contacts"): 204, ("tasks", "companies"): 192}


def associations(call: Call, kind: str, other: str) -> Answer:
    """Associated ids of up to 1,000 records; a record without any is an error of the 207."""
    call.store.definitions.of(kind), call.store.definitions.of(other)
    inputs = call.inputs(call.json_body(), most=MOST_ASSOCIATION_INPUTS)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for one in inputs:
        targets = call.store.linked(kind, str(one["id"]), other)
        if not targets:
            message = f"No {other.removesuffix('s')} is associated with {kind.removesuffix('s')} {one['id']}"
            context = {"fromObjectId": [str(one["id"])]}
            errors.append(
                {
                    "status": "error",
                    "category": "OBJECT_NOT_FOUND",
                    "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                    "message": message,
                    "context": context,
                }
            )
            continue
        listed = [
            {
                "toObjectId": target,
                "associationTypes": [
                    {"category": _category(call, kind, other, number), "typeId": number, "label": _label(call, kind, other, number)}
                    for number in types
                ],
            }
            for target, types in targets.items()
        ]
        results.append({"from": {"id": str(one["id"])}, "to": listed})
    body: dict[str, Any] = {"status": "COMPLETE", "results": results}
    return (207, body | {"numErrors": len(errors), "errors": errors}) if errors else (200, body)


def labels(call: Call, kind: str, other: str) -> Answer:
    """Types of associations between two kinds of records; only those with a label have a name."""
    usual = {"category": "HUBSPOT_DEFINED", "typeId": _USUAL.get((kind, other), 279), "label": None}
    primary = [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}] if (kind, other) == ("contacts", "companies") else []
    return 200, {"results": [usual, *primary, *call.store.labels[kind, other]]}


def make_label(call: Call, kind: str, other: str) -> Answer:
    """A label of one's own."""
    body = call.json_body()
    if not body.get("name") or not body.get("label"):
        raise invalid("some required fields were not set: name, label")
    known = call.store.labels[kind, other]
    if any(one["name"] == body["name"] for one in known):
        raise Refusal(409, "OBJECT_ALREADY_EXISTS", f"a label named {body['name']} exists")
    number = _FIRST_LABEL + 2 * sum(len(one) for one in call.store.labels.values())
    known.append({"category": "USER_DEFINED", "typeId": number, "label": str(body["label"]), "name": str(body["name"])})
    call.wrote("create", f"label of {kind}", str(body["name"]), {})
    return 200, {"results": [known[-1]]}


def batch_create(call: Call, kind: str, other: str) -> Answer:
    """Associate pairs under labels."""
    for one, target, types in _pairs(call, kind, other, has_types=True):
        call.store.add_types(kind, one, other, target, [_USUAL.get((kind, other), 279), *types])
        call.wrote("associate", kind, one, {other: (None, target)})
    return 201, {"status": "COMPLETE", "results": []}


def associate_default(call: Call, kind: str, other: str) -> Answer:
    """Associate pairs in the usual way."""
    for one, target, _ in _pairs(call, kind, other, has_types=False):
        call.store.add_types(kind, one, other, target, [_USUAL.get((kind, other), 279)])
        call.wrote("associate", kind, one, {other: (None, target)})
    return 200, {"status": "COMPLETE", "results": []}


def end_labels(call: Call, kind: str, other: str) -> Answer:
    """End labels between pairs; the unlabelled association, if there was one before, stays."""
    for one, target, types in _pairs(call, kind, other, has_types=True):
        call.store.drop_types(kind, one, other, target, types)
        call.wrote("end association", kind, one, {other: (target, None)})
    return 204, {}


def _pairs(call: Call, kind: str, other: str, *, has_types: bool) -> list[tuple[str, str, list[int]]]:
    inputs = call.json_body().get("inputs")
    if not isinstance(inputs, list) or not inputs or len(inputs) > MOST_PAIRS:
        raise invalid(f"inputs must be a list of 1 to {MOST_PAIRS} pairs")
    pairs = []
    for one in inputs:
        ids = str((one.get("from") or {}).get("id")), str((one.get("to") or {}).get("id"))
        records = call.store.get(kind, ids[0]), call.store.get(other, ids[1])
        if records[0] is None or records[1] is None:
            raise Refusal(404, "OBJECT_NOT_FOUND", f"{kind} {ids[0]} or {other} {ids[1]} does not exist")
        types = [int(type_["associationTypeId"]) for type_ in one.get("types") or ()]
        if has_types and not types:
            raise invalid("types must not be empty")
        pairs.append((records[0].id, records[1].id, types))
    return pairs


def _category(call: Call, kind: str, other: str, number: int) -> str:
    return "USER_DEFINED" if any(one["typeId"] == number for one in call.store.labels[kind, other]) else "HUBSPOT_DEFINED"


def _label(call: Call, kind: str, other: str, number: int) -> str | None:
    if number == CONTACT_TO_COMPANY["primary"]:
        return "Primary"
    return next((str(one["label"]) for one in call.store.labels[kind, other] if one["typeId"] == number), None)
