"""The capability card of a connector: what the system can do and how it behaves, as its vendor documents it.

Belongs here: the card's form. The cards themselves stand in `registry.py`'s entries; docs/connectors.md shows them as a table.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal


@dataclass(frozen=True)
class Capabilities:
    """One system. None means that it has no such thing."""

    bulk_read: str | None
    changes_by: str
    overlap: str
    deletions: Literal["feed", "list", "none"]
    merges: Literal["survivor id", "new id"]
    history: str
    writes: tuple[str, ...]
    rows_per_write: int
    creates_once: str | None
    conditional_write: str | None
    read_after_write_seconds: int
    quota: str
    burst: str

    @classmethod
    def titles(cls) -> dict[str, str]:
        """Attribute -> how the docs name it."""
        return {one.name: one.name.replace("_", " ") for one in fields(cls)}

    def shown(self, name: str) -> str:
        """One line of the card as text."""
        value = getattr(self, name)
        return "-" if value is None or value == () else ", ".join(value) if isinstance(value, tuple) else str(value)
