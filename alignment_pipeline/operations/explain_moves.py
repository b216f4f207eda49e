"""People whose contact was on several accounts, in an explanation: which account their activities count for, and what they add to each.

Belongs here: rows and sentences about moves. Everything else that is explained: `explain.py`. The rule:
`matching/person_account_periods.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import ibis

from alignment_pipeline.warehouse.warehouse import Warehouse

Row = Mapping[str, Any]
_MICRO = 1_000_000
_UNKNOWN = "no move from another account is known, so all activities count here"


def sentences(periods: Sequence[Row], account: Row | None, names: Mapping[str, str]) -> list[str]:
    """One sentence per earlier account of a person, the latest first; one where none is known of a contact."""
    if not periods:
        return [_UNKNOWN] if account is not None and account["basis"] == "contact" else []
    said = []
    for period, following in pairwise(periods):
        name = names.get(period["account_id"], period["account_id"]) if period["account_id"] else "no account"
        begin, end = period["from_at"], _moment(period["until_at"])
        span = f"from {_moment(begin)} until {end}" if begin.year > 1970 else f"until {end}"
        said.append(f"activities {span} count for {name}{_doubt(following)}")
    return said[::-1]


def _doubt(period: Row) -> str:
    """Where only two readings of the CRM say when somebody was moved: between which moments it was."""
    if period["earliest_at"] is None or period["earliest_at"] >= period["from_at"]:
        return ""
    return f" (moved after {_moment(period['earliest_at'])}; the CRM keeps no history of it)"


def with_those_who_left(
    people: list[dict[str, Any]], left: list[dict[str, Any]], moved: Sequence[Row], parts: Sequence[Row]
) -> list[dict[str, Any]]:
    """The people of an account with what they add to it, those who left it (`left`) among them with `until_at`. Rows of `moved` are the
    account's rows of `person_account_periods`, rows of `parts` those of `person_account_factors`."""
    micro: dict[str, int] = {}
    for row in parts:
        micro[row["person_id"]] = micro.get(row["person_id"], 0) + row["contribution_micro"]
    here = {row["person_id"] for row in people}
    until = {row["person_id"]: row["until_at"] for row in sorted(moved, key=lambda row: row["from_at"])}
    shown = [
        row | ({"engagement_points": micro.get(row["person_id"], 0) / _MICRO} if row["person_id"] in until else {}) | {"until_at": None}
        for row in people
    ]
    shown += [
        row | {"engagement_points": micro.get(row["person_id"], 0) / _MICRO, "until_at": until[row["person_id"]]}
        for row in left
        if row["person_id"] not in here
    ]
    return sorted(shown, key=lambda row: (-row["engagement_points"], row["person_id"]))


def people_of(warehouse: Warehouse, account_id: str) -> list[str]:
    """Everybody who is or was on an account."""
    tables = [warehouse.read(name) for name in ("person_accounts", "person_account_periods")]
    mine = ibis.union(*(rows.filter(rows.account_id == account_id).select("person_id") for rows in tables), distinct=True)
    return sorted(mine.to_pyarrow()["person_id"].to_pylist())


def while_on(warehouse: Warehouse, rows: ibis.Table, account_id: str) -> ibis.Table:
    """Activities (person_id, occurred_at) of an account's people, while they were on it."""
    periods = warehouse.read("person_account_periods")
    stays = periods.filter(periods.account_id == account_id).select(of_person_id="person_id", from_at="from_at", until_at="until_at")
    never_moved = rows.anti_join(periods, "person_id")
    during = [
        rows.person_id == stays.of_person_id,
        rows.occurred_at >= stays.from_at,
        (rows.occurred_at < stays.until_at).fill_null(True),
    ]
    return ibis.union(never_moved, rows.semi_join(stays, during))


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}"
