"""An agreement that says only what differs: `extends:` names another one, sections are merged, lists are extended or reduced by key.

Belongs here: merging trees of values. Reading them from files: `document.py`; what the result means: `loader.py`.

    extends: default                                   # or the path of another agreement, beside this file
    scoring:
      engagement:
        decay: {half_life_days: 45}                    # only this number differs
    crm:
      fields:
        extend: [{object: [Lead, Contact], field: Region_Score__c, value: person.fit_score, type: number, label: Region score}]
        reduce: [Account.Alignment_Tier__c]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from alignment_pipeline.agreement.document import AgreementError, Node

EXTENDS = "extends"
#: What may stand in place of a list: items put behind or before the inherited ones, and keys of inherited items to leave out.
CHANGES = ("extend", "prepend", "reduce")
#: What names an item of a list: the first of these that the item has.
KEYS = (("object", "field"), ("object", "meaning"), ("name",), ("label",), ("to",), ("tier",), ("zone",), ("type",))
#: Lists whose items may be for several objects at once.
PER_OBJECT = (("crm", "fields"), ("crm", "inputs"))

Bases = Callable[[str, Node], Node]


def resolved(own: Node, bases: Bases) -> Node:
    """The whole agreement of a file: what it says over what it extends. `bases` gives the tree of a name that `extends` may have."""
    spread = _spread_objects(own)
    extends = spread.value.get(EXTENDS)
    if extends is None:
        return spread
    mine = Node({key: child for key, child in spread.value.items() if key != EXTENDS}, spread.place)
    return _merged(_without_signatures(bases(str(extends.plain), extends)), mine, ())


def _without_signatures(tree: Node) -> Node:
    """The tree without the days on which its parties signed: who signed another agreement has not signed this one."""
    parties = tree.value.get("parties")
    if parties is None or not isinstance(parties.value, dict):
        return tree
    unsigned = {
        name: Node({key: child for key, child in party.value.items() if key != "signed_on"}, party.place)
        if isinstance(party.value, dict)
        else party
        for name, party in parties.value.items()
    }
    return Node(tree.value | {"parties": Node(unsigned, parties.place)}, tree.place)


def _merged(base: Node | None, own: Node, path: tuple[str, ...]) -> Node:
    if _changes_a_list(base, own):
        return _changed_list(base, own, path)
    if base is None or not isinstance(base.value, dict) or not isinstance(own.value, dict):
        return own
    names = chain(base.value, (name for name in own.value if name not in base.value))
    children = {
        name: _merged(base.value.get(name), own.value[name], (*path, name)) if name in own.value else base.value[name] for name in names
    }
    return Node(children, own.place)


def _changes_a_list(base: Node | None, own: Node) -> bool:
    if not isinstance(own.value, dict) or not own.value or not set(own.value) <= set(CHANGES):
        return False
    return base is None or base.value is None or isinstance(base.value, list)


def _changed_list(base: Node | None, own: Node, path: tuple[str, ...]) -> Node:
    inherited: list[Node] = list(base.value) if base is not None and base.value is not None else []
    changes = {name: _items(own.value[name], path, name) for name in own.value}
    for key in changes.get("reduce", ()):
        inherited = _without(inherited, key, path)
    for item in changes.get("extend", ()):
        inherited = _with(inherited, item, path)
    return Node([*changes.get("prepend", ()), *inherited], own.place)


def _items(node: Node, path: tuple[str, ...], name: str) -> list[Node]:
    if not isinstance(node.value, list):
        raise AgreementError(f"{node.place}: {'.'.join((*path, name))}: found {str(node.plain)[:80]!r}; allowed: a list")
    return node.value


def _with(inherited: list[Node], item: Node, path: tuple[str, ...]) -> list[Node]:
    """The list with one more item, merged into the inherited one of the same key."""
    key = key_of(item.plain)
    same = [at for at, one in enumerate(inherited) if key is not None and key_of(one.plain) == key]
    if len(same) == 1 and key != ("type",):
        at = same[0]
        return [*inherited[:at], _merged(inherited[at], item, (*path, str(at))), *inherited[at + 1 :]]
    return [*inherited, item]


def _without(inherited: list[Node], key: Node, path: tuple[str, ...]) -> list[Node]:
    left = [one for one in inherited if str(key.plain) not in names_of(one.plain)]
    if len(left) == len(inherited):
        known = ", ".join(dict.fromkeys(names[0] for one in inherited if (names := names_of(one.plain)))) or "nothing"
        raise AgreementError(f"{key.place}: {'.'.join(path)}.reduce: {key.plain!r} is not in the inherited list, which has: {known[:300]}")
    return left


def key_of(item: Any) -> tuple[Any, ...] | None:
    """What names an item of a list: its value, or the values of the first of KEYS that it has. `type` names no single item."""
    if not isinstance(item, dict):
        return (item,) if isinstance(item, str | int | float) else None
    for fields in KEYS:
        values = [item.get(field) for field in fields]
        if all(isinstance(value, str | int) for value in values):
            return (fields, *values) if fields != ("type",) else None
    return None


def names_of(item: Any) -> list[str]:
    """The names by which `reduce` may call an item: `Lead.Alignment_Stage__c` or the field alone; a name, a label, a type."""
    if not isinstance(item, dict):
        return [str(item)]
    for fields in KEYS:
        values = [item.get(field) for field in fields]
        if all(isinstance(value, str | int) for value in values):
            return list(dict.fromkeys([".".join(map(str, values)), str(values[-1])]))
    return []


def _spread_objects(tree: Node) -> Node:
    """One item per object where a line maps a field for several: `object: [Lead, Contact]`."""
    for path in PER_OBJECT:
        tree = _spread(tree, path)
    return tree


def _spread(node: Node, path: tuple[str, ...]) -> Node:
    if isinstance(node.value, list) and not path:
        return Node([each for item in node.value for each in _per_object(item)], node.place)
    if not isinstance(node.value, dict):
        return node
    names: Iterable[str] = path[:1] if path else CHANGES
    changed = {name: _spread(node.value[name], path[1:]) for name in names if name in node.value}
    return Node(node.value | changed, node.place)


def _per_object(item: Node) -> list[Node]:
    objects = item.value.get("object") if isinstance(item.value, dict) else None
    if objects is None or not isinstance(objects.value, list) or not objects.value:
        return [item]
    return [Node(item.value | {"object": one}, item.place) for one in objects.value]
