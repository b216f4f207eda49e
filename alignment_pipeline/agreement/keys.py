"""Every key that an agreement may have: what it does, its type, range and default, read from the schema.

Belongs here: walking the JSON schema. The schema comes from the sections beside this file; where a key stands in a file: `loader.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from alignment_pipeline.agreement import loader

_RANGES = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "pattern": "matches {}",
}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "nothing",
    "object": "section",
    "array": "list",
}


@dataclass(frozen=True)
class Key:
    """One key. `path` has dots between the levels, `[]` for an item of a list, and `NAME` where the reader chooses the name."""

    path: str
    description: str
    type: str
    range: str
    default: str
    is_section: bool

    @property
    def is_required(self) -> bool:
        """Whether an agreement without it is refused."""
        return self.default == "required"


@cache
def all_keys() -> tuple[Key, ...]:
    """All keys, in the order of the schema, each section before its own keys."""
    schema = loader.json_schema()
    return tuple(_walk(schema, "", schema.get("$defs", {}), frozenset()))


def _walk(node: Mapping[str, Any], prefix: str, definitions: Mapping[str, Any], seen: frozenset[str]) -> Iterator[Key]:
    required = set(node.get("required", ()))
    for name, child in node.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        leaves = _leaves(child, definitions)
        yield _key(path, child, leaves, is_required=name in required)
        for leaf in leaves:
            yield from _below(leaf, path, definitions, seen)


def _below(leaf: Mapping[str, Any], path: str, definitions: Mapping[str, Any], seen: frozenset[str]) -> Iterator[Key]:
    title = str(leaf.get("title", ""))
    if leaf.get("properties"):
        if title in seen:
            return
        yield from _walk(leaf, path, definitions, seen | {title})
    for inner, mark in ((leaf.get("items"), "[]"), (leaf.get("additionalProperties"), ".NAME")):
        if isinstance(inner, Mapping):
            for one in _leaves(inner, definitions):
                yield from _below(one, path + mark, definitions, seen)


def _leaves(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A node without references and alternatives: the schemas that a value may fit."""
    if "$ref" in node:
        return _leaves(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    options = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
    return [leaf for option in options for leaf in _leaves(option, definitions)] if options else [node]


def _key(path: str, node: Mapping[str, Any], leaves: list[Mapping[str, Any]], *, is_required: bool) -> Key:
    description = str(node.get("description") or next((leaf["description"] for leaf in leaves if leaf.get("description")), ""))
    types = [_type(leaf) for leaf in leaves if leaf.get("type") != "null"]
    ranges = [text for leaf in leaves for text in _range(leaf)]
    default = "required" if is_required else json.dumps(node.get("default"), ensure_ascii=False) if "default" in node else ""
    is_section = any(leaf.get("properties") for leaf in leaves)
    return Key(
        path=path,
        description=" ".join(description.split()),
        type=" or ".join(dict.fromkeys(types)),
        range=", ".join(dict.fromkeys(ranges)),
        default="" if default in ("null", "{}") or (is_section and not is_required) else default,
        is_section=is_section,
    )


def _type(leaf: Mapping[str, Any]) -> str:
    if "enum" in leaf:
        return "one of " + ", ".join(map(str, leaf["enum"]))
    if "const" in leaf:
        return str(leaf["const"])
    kind = {"date": "date", "date-time": "moment"}.get(leaf.get("format", ""), _TYPES.get(leaf.get("type", ""), "anything"))
    if kind == "list":
        items = leaf.get("items", {})
        return f"list of {_plural(items)}"
    if kind == "section" and isinstance(leaf.get("additionalProperties"), Mapping):
        return "section with names of your choice" if "propertyNames" not in leaf else "section"
    return kind


def _plural(items: Mapping[str, Any]) -> str:
    if "enum" in items:
        return "any of " + ", ".join(map(str, items["enum"]))
    simple = {"string": "texts", "integer": "whole numbers", "number": "numbers", "boolean": "true or false"}
    return simple.get(items.get("type", ""), "sections")


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and value < 1e6 else str(value)


def _range(leaf: Mapping[str, Any]) -> list[str]:
    return [text.format(_number(leaf[name])) for name, text in _RANGES.items() if name in leaf]
