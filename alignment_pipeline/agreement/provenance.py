"""Where each value of an agreement comes from, and what differs from the one it extends.

Belongs here: rows for people to read. Merging: `inheritance.py`; what keys mean: `keys.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.inheritance import names_of
from alignment_pipeline.agreement.loader import Loaded

BUILT_IN = "built in"
Path = tuple[int | str, ...]
_NOTHING = object()


@dataclass(frozen=True)
class Value:
    """One value: its path as people write it, the value, and the file and line it comes from (or that it is built in)."""

    path: str
    value: Any
    source: str


@dataclass(frozen=True)
class Difference:
    """A value that differs from the agreement that is extended; None stands for no such value."""

    path: str
    before: Any
    after: Any
    source: str


def effective(loaded: Loaded) -> str:
    """The whole agreement as YAML, with the source of each value behind it."""
    content = _content(loaded.agreement)
    return "\n".join(_yaml(content, (), loaded, "")) + "\n"


def values(loaded: Loaded) -> list[Value]:
    """Every value of the agreement; items of lists are called by their names."""
    return [Value(name, value, _source(loaded, path)) for name, path, value in _leaves(_content(loaded.agreement), (), "")]


def differences(loaded: Loaded) -> list[Difference]:
    """What differs from the agreement that is extended, or from nothing when it stands alone.

    An item that is new in a list, or left out of it, is one difference.
    """
    before = {name: value for name, _, value in _leaves(_content(loaded.base), (), "")} if loaded.base is not None else {}
    after = {value.path: value for value in values(loaded)}
    items_before, items_after = ({item for path in paths for item in _items(path)} for paths in (before, after))
    by_path: dict[str, Difference] = {}
    for path, one in after.items():
        new = next((item for item in _items(path) if item not in items_before), None)
        if new is None and before.get(path, _NOTHING) != one.value:
            by_path[path] = Difference(path, before.get(path), one.value, one.source)
        elif new is not None and one.source != BUILT_IN:
            said = (by_path[new].after if new in by_path else {}) | {path.removeprefix(new).lstrip("."): one.value}
            by_path[new] = Difference(new, None, said, by_path[new].source if new in by_path else one.source)
    for path, value in before.items():
        gone = next((item for item in _items(path) if item not in items_after), None)
        if gone is not None:
            by_path[gone] = Difference(gone, "inherited", None, "left out")
        elif path not in after:
            by_path[path] = Difference(path, value, None, "left out")
    return list(by_path.values())


def _items(path: str) -> list[str]:
    """The items of lists that a path goes through: `crm.fields[Lead.Score__c]`, outermost first."""
    return [path[: at + 1] for at, character in enumerate(path) if character == "]"]


def _content(agreement: Agreement) -> dict[str, Any]:
    return agreement.model_dump(mode="json", by_alias=True, exclude={"version"})


def _source(loaded: Loaded, path: Path) -> str:
    place = loaded.place(list(path))
    return str(place) if place is not None else BUILT_IN


def _is_plain(value: Any) -> bool:
    """Whether a value is shown on one line: a scalar, or a list of scalars."""
    if isinstance(value, list):
        return not any(isinstance(item, dict | list) for item in value)
    return not isinstance(value, dict) or not value


def _leaves(value: Any, path: Path, name: str) -> Iterator[tuple[str, Path, Any]]:
    if _is_plain(value):
        yield name, path, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, (*path, key), f"{name}.{key}" if name else key)
    else:
        labels = [(names_of(item) or [str(at)])[0] for at, item in enumerate(value)]
        for at, (item, label) in enumerate(zip(value, labels, strict=True)):
            shown = label if labels.count(label) == 1 else f"{label} {labels[:at].count(label) + 1}"
            yield from _leaves(item, (*path, at), f"{name}[{shown}]")


def _yaml(value: Any, path: Path, loaded: Loaded, indent: str) -> Iterator[str]:
    for key, child in value.items():
        if _is_plain(child):
            yield f"{indent}{_json(key)}: {_json(child)}  # {_source(loaded, (*path, key))}"
        elif isinstance(child, dict):
            yield f"{indent}{_json(key)}:"
            yield from _yaml(child, (*path, key), loaded, indent + "  ")
        else:
            yield f"{indent}{_json(key)}:"
            for at, item in enumerate(child):
                yield f"{indent}  - {_json(_without_nothing(item))}  # {_source(loaded, (*path, key, at))}"


def _without_nothing(item: Any) -> Any:
    """An item without the keys that say nothing, so that it fits a line."""
    return {key: value for key, value in item.items() if value is not None} if isinstance(item, dict) else item


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    is_word = (
        isinstance(value, str)
        and value.isidentifier()
        and value.lower() not in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
    )
    return value if is_word else text
