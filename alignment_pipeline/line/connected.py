"""Keys that rows connect: which of them have to lie in one part.

Belongs here: groups of keys that share a link, however long the chain. Which rows connect keys: `keys.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pyarrow as pa


def groups(members: ibis.Table) -> ibis.Table:
    """One row per `own_key` that is connected with others, with its `group_key`: the smallest key of all that are connected with it.

    `members` are rows of `link` and `own_key`: keys of one link are connected. Only links of several keys are read into memory.
    """
    first = members.group_by("link").aggregate(first_key=members.own_key.min())
    pairs = members.inner_join(first, "link")
    connections = pairs.filter(pairs.own_key != pairs.first_key).select("own_key", "first_key").distinct().to_pyarrow()
    group_of = _joined(zip(connections["own_key"].to_pylist(), connections["first_key"].to_pylist(), strict=True))
    return ibis.memtable(pa.table({"own_key": pa.array(group_of, pa.string()), "group_key": pa.array(group_of.values(), pa.string())}))


def _joined(pairs: zip[tuple[str, str]]) -> Mapping[str, str]:
    """Union-find: each key with the smallest one of its group."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        passed = []
        while (above := parent.setdefault(key, key)) != key:
            passed.append(key)
            key = above
        for one in passed:
            parent[one] = key
        return key

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {key: root(key) for key in sorted(parent)}
