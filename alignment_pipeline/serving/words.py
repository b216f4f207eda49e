"""How values are written on the pages.

Belongs here: texts of numbers, moments and addresses. What the pages show: `application.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from alignment_pipeline.operations.report import DEMO_MARK
from alignment_pipeline.wording.report import NOTICE

__all__ = ["DEMO_MARK", "NOTICE", "address", "by_urgency", "moment", "plain", "points"]

_MICRO = 1_000_000
#: What needs attention comes first.
_URGENCY = ("breached", "at_risk", "pending", "paused", "unknown", "met_late", "met", "cancelled")


def address(name: str, kind: str) -> str:
    """Where a person, an account or a lead under review is shown."""
    return f"/{kind}/{quote(name, safe='')}"


def moment(value: datetime | None) -> str:
    """`2026-11-21 08:00`, in UTC as the tables have it."""
    return f"{value:%Y-%m-%d %H:%M}" if value else "–"


def plain(text: str | None) -> str:
    """A name of the tables in plain words."""
    return (text or "").replace("_", " ")


def points(micro: int | None) -> str:
    """Points of a factor."""
    return f"{(micro or 0) / _MICRO:+,.1f}"


def by_urgency(clocks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Clocks with the most urgent state first; within a state in the order given."""
    return sorted(clocks, key=lambda row: _URGENCY.index(row["state"]) if row["state"] in _URGENCY else len(_URGENCY))
