"""Accounts that are one company: the same name at the same site, however often the CRM holds it.

Belongs here: the grouping that lets confidence be about the company and the business's tie-breakers choose among its records. Records of
one name whose sites differ stay apart (homonyms), unless name, sites and countries say otherwise. The report of
duplicates is in `duplicates.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from alignment_pipeline.matching.array_types import Ints
from alignment_pipeline.matching.names import domains, names, wordlists
from alignment_pipeline.matching.names.alias_table import AliasTable
from alignment_pipeline.matching.names.rarity import RarityTable

RARE = 0.8
KIN_LABEL = 5


@dataclass(slots=True)
class Companies:
    """A union of accounts; the reason of each join is kept for the duplicates report."""

    parent: list[int]
    joined: list[tuple[int, int, str]] = field(default_factory=list)

    def root(self, position: int) -> int:
        while self.parent[position] != position:
            self.parent[position] = self.parent[self.parent[position]]
            position = self.parent[position]
        return position

    def join(self, one: int, other: int, reason: str) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        if first != second:
            self.parent[second] = first
            self.joined.append((one, other, reason))

    def numbers(self) -> Ints:
        return np.array([self.root(position) for position in range(len(self.parent))], dtype=np.int64)


def same_company(
    parsed: Sequence[tuple[names.Form, ...]],
    bare: Sequence[str],
    domain: Sequence[str],
    country: Sequence[str],
    rarity: RarityTable,
    aliases: AliasTable,
) -> Companies:
    """Group accounts: same site and same naming words (`bare`); or same name and sites, or missing sites, that do not contradict."""
    companies = Companies(list(range(len(parsed))))
    by_site: dict[tuple[str, str], list[int]] = {}
    by_name: dict[str, list[int]] = {}
    for position, forms in enumerate(parsed):
        if forms:
            groups = aliases.groups(forms[0].compact)
            by_name.setdefault(stem(forms, aliases), []).append(position)
            if domain[position]:
                by_site.setdefault((domain[position], f"={groups[0]}" if len(groups) == 1 else bare[position]), []).append(position)
    for members in by_site.values():
        for other in members[1:]:
            companies.join(members[0], other, "same site and name")
    for members in by_name.values():
        if len(members) > 1:
            _group(members, parsed[members[0]][0], domain, country, rarity, companies)
    return companies


def stem(forms: tuple[names.Form, ...], aliases: AliasTable) -> str:
    """Under what namesakes meet: the alias group, or the compact name."""
    groups = aliases.groups(forms[0].compact)
    return f"={groups[0]}" if len(groups) == 1 else forms[0].compact


def _group(
    members: list[int], form: names.Form, domain: Sequence[str], country: Sequence[str], rarity: RarityTable, companies: Companies
) -> None:
    roles = wordlists.roles()
    telling = [word for word in form.core if word not in roles["s"] and word not in roles["d"]]
    weight = [rarity.weight(word) for word in telling]
    rare = len(telling) >= 2 or (len(telling) == 1 and weight[0] >= RARE and len(form.compact) >= KIN_LABEL)
    with_site = [position for position in members if domain[position]]
    for at, one in enumerate(with_site):
        for other in with_site[at + 1 :]:
            reason = _same_site(domain[one], domain[other], form, rare, len(telling), _compatible(country[one], country[other]))
            if reason:
                companies.join(one, other, reason)
    if len({companies.root(position) for position in with_site}) > 1 or not rare:
        return
    for position in members:
        if domain[position]:
            continue
        partners = [other for other in members if other != position and _compatible(country[position], country[other])]
        if partners:
            companies.join(position, partners[0], "same rare name, a website on one of them only")


def _compatible(one: str, other: str) -> bool:
    return not one or not other or one == other


def _same_site(one: str, other: str, form: names.Form, rare: bool, telling: int, compatible: bool) -> str:
    """Why two sites of one name are one company's, "" when they may be two companies'."""
    if one == other:
        return "same site and name"
    left, right = domains.label(one), domains.label(other)
    if left == right and rare:
        return "same name, and the same domain with another ending"
    short, long = sorted((left, right), key=len)
    if rare and compatible and len(short) >= KIN_LABEL and long.startswith(short) and form.compact.startswith(short):
        return "same name, and one domain begins with the other"
    return "same name of several words, same country" if telling >= 2 and compatible else ""
