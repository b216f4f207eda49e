"""Deleting a person in a connected system for good: what `alignment erase --also-in` needs of a connector.

Belongs here: the form. What is deleted, who agrees to it and what is kept of it: `operations/erase_elsewhere.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.calls import CallCounter


@dataclass(frozen=True)
class ShownRecord:
    """A person's record as the system shows it now. `asked` are the ids that it answers for: several after a merge."""

    record_id: str
    asked: tuple[str, ...]
    name: str
    addresses: tuple[str, ...]
    is_archived: bool = False


class Deletion(Protocol):
    """Looks people's records up and deletes them, by id and by nothing else."""

    @property
    def counter(self) -> CallCounter: ...

    def look_up(self, ids: Sequence[str]) -> list[ShownRecord]:
        """The records that answer for these ids, archived ones included; those that are gone are left out."""
        ...

    def delete(self, record_id: str) -> None:
        """Delete one record that `look_up` gave. What became of it is seen by looking again, never by the answer."""
        ...


class OpenDeletion(Protocol):
    """Opens a system for deleting people."""

    def __call__(self, environ: Mapping[str, str], clock: Clock) -> Deletion: ...
