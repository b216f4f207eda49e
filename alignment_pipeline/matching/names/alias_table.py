"""Other names and domains of well-known companies: the bundled list and the agreement's own.

Belongs here: which group of names a name or a domain belongs to. As evidence they are weighed in `evidence/aliases.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace

from alignment_pipeline.matching.names import domains, names, wordlists


class AliasTable:
    """Which alias groups a name or a domain belongs to: the bundled list and the agreement's own."""

    def __init__(self, additions: Iterable[tuple[str, ...]] = ()) -> None:
        self._of: dict[str, list[int]] = {}
        self._members: dict[int, list[names.Form]] = {}
        for number, group in enumerate((*wordlists.alias_groups(), *additions)):
            for member in group:
                if not self._domain(member):
                    self._members.setdefault(number, []).extend(replace(form, kind=names.ALIAS) for form in names.forms(member)[:1])
                for key in self._member_keys(member):
                    filed = self._of.setdefault(key, [])
                    if number not in filed:
                        filed.append(number)

    @staticmethod
    def _domain(member: str) -> str:
        return domains.registrable(member) if " " not in member and "." in member else ""

    def _member_keys(self, member: str) -> list[str]:
        domain = self._domain(member)
        return ["@" + domain] if domain else [form.compact for form in names.forms(member)[:1]]

    def members(self, group: int) -> list[names.Form]:
        """The names of a group, as forms."""
        return self._members.get(group, [])

    def groups(self, compact: str) -> list[int]:
        return self._of.get(compact, [])

    def groups_of_domain(self, domain: str) -> list[int]:
        return self._of.get("@" + domain, [])


@functools.cache
def default_aliases() -> AliasTable:
    return AliasTable()
