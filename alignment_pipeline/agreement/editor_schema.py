"""The JSON schema for editors: what a file may say, which is more than what an agreement is.

Belongs here: `extends`, changes of inherited lists, several objects in one line. The schema of the agreement itself: `loader.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.inheritance import CHANGES, EXTENDS

_CHANGES = {
    "extend": "Items to add; one with the name of an inherited item changes that item",
    "prepend": "Items to put before the inherited ones",
    "reduce": "Names of inherited items to leave out",
}


def editor_schema() -> dict[str, Any]:
    """The agreement's schema, with lists that may be changed instead of written again, and nothing required, since it may be inherited."""
    schema: dict[str, Any] = _relaxed(loader.json_schema())
    schema["properties"][EXTENDS] = {
        "type": "string",
        "title": "Extends",
        "description": "`default`, or the path of another agreement: this file then says only what differs",
    }
    return schema


def _relaxed(node: Any) -> Any:
    if isinstance(node, list):
        return [_relaxed(child) for child in node]
    if not isinstance(node, Mapping):
        return node
    relaxed = {key: _relaxed(child) for key, child in node.items() if key != "required"}
    if node.get("type") == "array" and "items" in node:
        relaxed = _or_changes(relaxed)
    if node.get("title") in ("FieldMapping", "InputMapping") and "object" in relaxed.get("properties", {}):
        one = relaxed["properties"]["object"]
        relaxed["properties"]["object"] = {
            "anyOf": [one, {"type": "array", "items": one, "minItems": 1}],
            "description": one.get("description", ""),
        }
    return relaxed


def _or_changes(array: dict[str, Any]) -> dict[str, Any]:
    """A list, or the changes of an inherited one."""
    about = {key: array.pop(key) for key in ("title", "description", "default") if key in array}
    items = {"extend": array["items"], "prepend": array["items"], "reduce": {"type": ["string", "number"]}}
    changes = {key: {"type": "array", "items": items[key], "description": _CHANGES[key]} for key in CHANGES}
    return about | {"anyOf": [array, {"type": "object", "properties": changes, "additionalProperties": False, "minProperties": 1}]}
