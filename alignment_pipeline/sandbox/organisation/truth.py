"""What is true of the demo organisation, in a file of its own that the pipeline never reads.

Belongs here: the right account of each lead, who is the same person, who is a bot or internal, which accounts are in a hot phase, and
the stories behind hand-raises. Tests compare the pipeline's decisions with it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LeadTruth:
    """Where a lead belongs. `kind`: account (it has a right one), none (it has none), ambiguous (a person must decide).

    `account_id` is the right account, `acceptable_ids` all that are as right (duplicates); for ambiguous leads the candidates.
    `habit` says how the company was typed; `is_live` is false for deleted and merged leads, `is_converted` for converted ones.
    """

    lead_id: str
    person: str
    kind: str
    account_id: str | None
    acceptable_ids: tuple[str, ...]
    why: str
    habit: str
    is_live: bool
    is_converted: bool


@dataclass(frozen=True)
class HandRaiseTruth:
    """A staged form and what was meant to come of it, in weekday hours 9 to 17 of the rep's zone and without holidays."""

    lead_id: str
    marketo_id: int
    form: str
    story: str
    is_recent: bool
    submitted_at: str
    assigned_at: str | None
    first_touch_at: str | None


@dataclass(frozen=True)
class Truth:
    """All of it.

    `persons` maps a person, known to marketing alone or not, to their ids (`leads`, `contacts`, `marketo`), their `kind` (one of account,
    outside, none, ambiguous, internal) and the `accounts` that are right for them. `hot_accounts` maps an account to the first days of
    its phases.
    """

    leads: tuple[LeadTruth, ...]
    persons: dict[str, dict[str, list[str]]]
    bots: tuple[int, ...]
    internal: tuple[int, ...]
    accounts: dict[str, str]  # duplicate, merged and deleted accounts -> the account that is meant
    hot_accounts: dict[str, list[str]]
    hand_raises: tuple[HandRaiseTruth, ...]
    customers_who_asked: tuple[int, ...]
    deals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # deal -> its values after each moment of its history
    moved_deals: dict[str, list[str]] = field(default_factory=dict)  # deal -> skipped, pushed, reopened, deleted

    def write(self, path: Path) -> None:
        """Write it as JSON with sorted keys."""
        path.write_text(json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> Truth:
    """Read a file that `Truth.write` wrote."""
    body = json.loads(path.read_text(encoding="utf-8"))
    return Truth(
        leads=tuple(LeadTruth(**lead | {"acceptable_ids": tuple(lead["acceptable_ids"])}) for lead in body["leads"]),
        persons=body["persons"],
        bots=tuple(body["bots"]),
        internal=tuple(body["internal"]),
        accounts=body["accounts"],
        hot_accounts=body["hot_accounts"],
        hand_raises=tuple(HandRaiseTruth(**raised) for raised in body["hand_raises"]),
        customers_who_asked=tuple(body["customers_who_asked"]),
        deals=body.get("deals", {}),
        moved_deals=body.get("moved_deals", {}),
    )
