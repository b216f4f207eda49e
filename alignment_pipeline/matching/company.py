"""Accounts that are one company: the same name at the same site, however often the CRM holds it.

Belongs here: the grouping that lets confidence be about the company and the business's tie-breakers choose among its records. Two records of
one name whose sites differ stay apart (homonyms), unless the name itself or the sites say otherwise. The report of duplicates lives in
`duplicates.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment_pipeline.matching import domains, names, wordlists
from alignment_pipeline.matching.rarity import RarityTable
from alignment_pipeline.matching.vocabulary import Ints

RARE = 0.8


def same_company(name: Sequence[str], parsed: Sequence[tuple[names.Form, ...]], domain: Sequence[str], country: Sequence[str],
                 rarity: RarityTable) -> Ints:
    """A number per account, equal for records of one company."""
    parent = list(range(len(name)))
    by_name: dict[str, list[int]] = {}
    for position, forms in enumerate(parsed):
        if forms:
            by_name.setdefault(forms[0].compact, []).append(position)
    for members in by_name.values():
        if len(members) > 1:
            _group(members, parsed[members[0]][0], domain, country, rarity, parent)
    return np.array([_root(parent, position) for position in range(len(parent))], dtype=np.int64)


def _root(parent: list[int], position: int) -> int:
    while parent[position] != position:
        parent[position] = parent[parent[position]]
        position = parent[position]
    return position


def _join(parent: list[int], one: int, other: int) -> None:
    first, second = sorted((_root(parent, one), _root(parent, other)))
    parent[second] = first


def _group(members: list[int], form: names.Form, domain: Sequence[str], country: Sequence[str], rarity: RarityTable, parent: list[int]) -> None:
    roles = wordlists.roles()
    telling = [word for word in form.core if word not in roles["s"] and word not in roles["d"]]
    rare = sum(rarity.weight(word) for word in telling) >= 2 * RARE or (len(telling) == 1 and rarity.weight(telling[0]) >= RARE and len(form.compact) >= 5)
    with_site = [position for position in members if domain[position]]
    without = [position for position in members if not domain[position]]
    for at, one in enumerate(with_site):
        for other in with_site[at + 1:]:
            if _same_site(domain[one], domain[other], form, len(telling), country[one], country[other]):
                _join(parent, one, other)
    roots = {_root(parent, position) for position in with_site}
    if len(roots) > 1 or not rare:
        return
    for position in without:
        partners = [other for other in members if other != position and _compatible(country[position], country[other])]
        if partners:
            _join(parent, position, partners[0])


def _compatible(one: str, other: str) -> bool:
    return not one or not other or one == other


def _same_site(one: str, other: str, form: names.Form, telling: int, country: str, other_country: str) -> bool:
    if one == other:
        return True
    left, right = domains.label(one), domains.label(other)
    if left == right:
        return True
    kin = min(len(left), len(right)) >= 5 and (left.startswith(right) or right.startswith(left)) and form.compact.startswith(min(left, right, key=len))
    return kin or (telling >= 2 and _compatible(country, other_country))
