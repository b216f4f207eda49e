"""Chains of merges: which record is left in the end."""

from __future__ import annotations

from collections.abc import Mapping


def end_of_chain(record: str, into: Mapping[str, str]) -> str:
    """The last record of the chain; in a circle (two systems restored from different backups made one) the record itself."""
    seen = {record}
    here = record
    while here in into:
        here = into[here]
        if here in seen:
            return record
        seen.add(here)
    return here
