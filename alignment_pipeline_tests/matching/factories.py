"""Accounts and leads in a few words, for the matching tests."""

from __future__ import annotations

import pandas as pd

from alignment_pipeline.matching import match
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.matching.settings import MatchingSettings

# A base whose word counts are like a real CRM's: descriptors are common, names are rare.
BACKGROUND = [
    f"{first} {second}"
    for first in ("Aldora", "Brevik", "Cantora", "Dorvane", "Elmira", "Fentrix", "Gorvale", "Hestia", "Ilvane", "Jorvik")
    for second in (
        "Technologies Inc.",
        "Software GmbH",
        "Solutions Ltd",
        "Systems Corp",
        "Group AG",
        "Services LLC",
        "Bank",
        "Capital",
        "Labs",
        "Holdings",
    )
]


def accounts(*rows: dict[str, object]) -> pd.DataFrame:
    """Accounts with ids A1, A2, ... unless given."""
    return pd.DataFrame([{"account_id": f"A{number}", **row} for number, row in enumerate(rows, start=1)])


def leads(*rows: dict[str, object]) -> pd.DataFrame:
    """Leads with ids L1, L2, ... unless given."""
    return pd.DataFrame([{"lead_id": f"L{number}", **row} for number, row in enumerate(rows, start=1)])


def background(start: int = 9000) -> list[dict[str, object]]:
    return [{"account_id": f"B{start + number}", "name": name} for number, name in enumerate(BACKGROUND)]


def index(
    *rows: dict[str, object], settings: MatchingSettings | None = None, rarity: RarityTable | None = None, **more: object
) -> AccountIndex:
    """An index of the given accounts among the background."""
    frame = pd.concat([accounts(*rows), pd.DataFrame(background())], ignore_index=True)
    return AccountIndex.build(frame, settings=settings or MatchingSettings(), rarity=rarity, **more)  # type: ignore[arg-type]


def matched(base: AccountIndex, settings: MatchingSettings | None = None, **lead: object) -> dict[str, object]:
    """The row of one lead."""
    row: dict[str, object] = match.match_leads(leads(lead), base, settings=settings).to_pylist()[0]
    return row
