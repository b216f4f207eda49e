"""Accounts that are one company: the same name at the same site, however often the CRM holds it.

Belongs here: the grouping that lets confidence be about the company and the business's tie-breakers choose among its records. The report of
duplicates lives in `duplicates.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment_pipeline.matching import domains, names
from alignment_pipeline.matching.rarity import RarityTable
from alignment_pipeline.matching.vocabulary import Ints


def same_company(name: Sequence[str], parsed: Sequence[tuple[names.Form, ...]], domain: Sequence[str], domain_class: Sequence[str],
                 country: Sequence[str], rarity: RarityTable) -> Ints:
    """A number per account, equal for accounts that are the same company: same compact name, and same site or at most one site known."""
    groups = np.arange(len(name), dtype=np.int64)
    by_name: dict[str, list[int]] = {}
    for position, forms in enumerate(parsed):
        if forms:
            by_name.setdefault(forms[0].compact, []).append(position)
    for members in by_name.values():
        if len(members) > 1:
            _group(members, domain, domain_class, groups)
    return groups


def _group(members: list[int], domain: Sequence[str], domain_class: Sequence[str], groups: Ints) -> None:
    sites: dict[str, list[int]] = {}
    for position in members:
        kind = domain_class[position]
        sites.setdefault(domains.label(domain[position]) if kind == domains.CORPORATE or kind == domains.ACADEMIC else "", []).append(position)
    for positions in sites.values():
        if len(positions) > 1 and domain[positions[0]]:
            groups[positions] = positions[0]
