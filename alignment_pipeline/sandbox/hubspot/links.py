"""Which records of the embedded portal are associated, and under which types.

Belongs here: keeping and moving associations. What an endpoint answers: `associations.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

CONTACT_TO_COMPANY = {"primary": 1, "unlabelled": 279}


class PortalLinks:
    """The associations of one portal. `labels` are those that people made, by the pair of kinds."""

    def __init__(self) -> None:
        self.links: dict[tuple[str, str], dict[str, dict[str, tuple[int, ...]]]] = defaultdict(dict)
        self.labels: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)

    def link(self, kind: str, record_id: str, other: str, other_id: str, *, type_ids: Iterable[int] = (279,)) -> None:
        """Associate two records, both ways."""
        self.links[kind, other].setdefault(record_id, {})[other_id] = tuple(type_ids)
        self.links[other, kind].setdefault(other_id, {})[record_id] = tuple(type_ids)

    def add_types(self, kind: str, record_id: str, other: str, other_id: str, type_ids: Iterable[int]) -> None:
        """Further association types between two records, both ways."""
        for one, here, two, there in ((kind, record_id, other, other_id), (other, other_id, kind, record_id)):
            targets = self.links[one, two].setdefault(here, {})
            targets[there] = tuple(dict.fromkeys((*targets.get(there, ()), *type_ids)))

    def drop_types(self, kind: str, record_id: str, other: str, other_id: str, type_ids: Iterable[int]) -> None:
        """End association types between two records; without any left they are not associated."""
        gone = set(type_ids)
        for one, here, two, there in ((kind, record_id, other, other_id), (other, other_id, kind, record_id)):
            targets = self.links[one, two].get(here, {})
            left = tuple(number for number in targets.get(there, ()) if number not in gone)
            if left:
                targets[there] = left
            else:
                targets.pop(there, None)

    def linked(self, kind: str, record_id: str, other: str) -> dict[str, tuple[int, ...]]:
        """Ids of associated records with their association types."""
        return self.links[kind, other].get(record_id, {})

    def unlink(self, kind: str, record_id: str) -> None:
        """End all associations of a record."""
        for (one, _), by_id in self.links.items():
            if one == kind:
                by_id.pop(record_id, None)
        for (_, other), by_id in self.links.items():
            if other == kind:
                for targets in by_id.values():
                    targets.pop(record_id, None)

    def move_links(self, kind: str, olds: Iterable[str], new_id: str) -> None:
        """Give the associations of some records to the one that they were merged into."""
        for (one, other), by_id in list(self.links.items()):
            if one != kind:
                continue
            moved: dict[str, tuple[int, ...]] = {}
            for old in olds:
                for target, types in by_id.pop(old, {}).items():
                    # only one association may be the primary one: the first record's stays
                    has_primary = any(CONTACT_TO_COMPANY["primary"] in kept for kept in moved.values())
                    kept = tuple(number for number in types if not (has_primary and number == CONTACT_TO_COMPANY["primary"]))
                    moved.setdefault(target, kept or (CONTACT_TO_COMPANY["unlabelled"],))
                    self.links[other, one].get(target, {}).pop(old, None)
            if moved:
                by_id[new_id] = moved
            for target, types in moved.items():
                self.links[other, one].setdefault(target, {})[new_id] = types
