"""Movement in the histories of deals: pushes, skipped stages, reopenings, deletions. What a living deal is today stays as it was drawn.

Belongs here: changes to history rows, drawn from a generator of their own, and new deals that were deleted since. Deals themselves:
`opportunities.py`.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from alignment_pipeline.sandbox.organisation.records import Record, World

_VALUES = ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory")
_LOST = {"StageName": "Closed Lost", "Probability": 0.0, "ForecastCategory": "Omitted"}
SKIPPED, PUSHED, REOPENED, DELETED = "skipped", "pushed", "reopened", "deleted"


class DealMovements:
    """Moves deals of a world. `kinds` says what was done to which; `log` holds every deal's values after each of its moments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng: random.Random = world.rng("deal movements")
        self.kinds: dict[str, list[str]] = defaultdict(list)

    def write(self) -> None:
        """Move the living deals, and add the deleted ones."""
        rows: dict[str, list[Record]] = defaultdict(list)
        for row in self.world.salesforce.get("OpportunityHistory", []):
            rows[str(row["OpportunityId"])].append(row)
        living = [deal for deal in self.world.salesforce["Opportunity"] if not deal.get("IsDeleted")]
        self.rng.shuffle(living)
        # one of 25 reopened, then of the others 2 skipped and 4 pushed; a small organisation has each kind too
        moves = (self._reopen, self._skip, self._push, self._push, self._skip, self._push, self._push)
        for place, deal in enumerate(living):
            if place % 25 < len(moves):
                moves[place % 25](deal, sorted(rows[str(deal["Id"])], key=lambda row: row["CreatedDate"]))
            if place % 50 == 7:
                self._deleted(deal)
        for name in ("OpportunityHistory", "OpportunityFieldHistory"):
            self.world.salesforce[name].sort(key=lambda row: (row["CreatedDate"], row["Id"]))

    def log(self) -> dict[str, list[dict[str, Any]]]:
        """Deal -> its values after each moment of its history; a deleted one ends with a row that says so."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in sorted(self.world.salesforce.get("OpportunityHistory", []), key=lambda one: (one["CreatedDate"], one["Id"])):
            rows[str(row["OpportunityId"])].append(
                {
                    "at": row["CreatedDate"].isoformat(),
                    "stage": row["StageName"],
                    "amount": row["Amount"],
                    "close": row["CloseDate"].isoformat(),
                }
                | ({"currency": row["CurrencyIsoCode"]} if "CurrencyIsoCode" in row else {})
            )
        for deal in self.world.salesforce["Opportunity"]:
            if deal.get("IsDeleted"):
                rows[str(deal["Id"])].append({"at": deal["SystemModstamp"].isoformat(), "is_deleted": True})
        return dict(rows)

    def _skip(self, deal: Record, rows: list[Record]) -> None:
        """A stage that nobody set: its rows are gone, and the next change begins at the stage before."""
        if len(rows) < 4:
            return
        place = self.rng.randrange(1, len(rows) - 2)
        before, gone = rows[place - 1], rows[place]
        if gone["CloseDate"] != before["CloseDate"] or gone["Amount"] != before["Amount"]:
            return
        self.world.salesforce["OpportunityHistory"].remove(gone)
        changes = self.world.salesforce["OpportunityFieldHistory"]
        mine = [row for row in changes if row["OpportunityId"] == deal["Id"] and row["Field"] == "StageName"]
        for row in mine:
            if row["CreatedDate"] == gone["CreatedDate"]:
                changes.remove(row)
            elif row["OldValue"] == gone["StageName"]:
                row["OldValue"] = before["StageName"]
        self.kinds[str(deal["Id"])].append(SKIPPED)

    def _push(self, deal: Record, rows: list[Record]) -> None:
        """A close date that was earlier at first, and moved out once between two changes."""
        if len(rows) < 2:
            return
        place = self.rng.randrange(1, len(rows))
        moment = self._between(rows[place - 1]["CreatedDate"], rows[place]["CreatedDate"])
        by = timedelta(days=self.rng.randrange(20, 75))
        close: date = rows[place - 1]["CloseDate"]
        if moment is None or close - by <= rows[0]["CreatedDate"].date():
            return
        for row in rows[:place]:
            row["CloseDate"] -= by
        for change in self.world.salesforce["OpportunityFieldHistory"]:
            if change["OpportunityId"] == deal["Id"] and change["Field"] == "CloseDate" and change["CreatedDate"] < moment:
                change["OldValue"], change["NewValue"] = change["OldValue"] - by, change["NewValue"] - by
        self._row(rows[place - 1], moment, {"CloseDate": close})
        self._change(deal, moment, "CloseDate", close - by, close)
        self.kinds[str(deal["Id"])].append(PUSHED)

    def _reopen(self, deal: Record, rows: list[Record]) -> None:
        """Given up, and taken up again before the next change."""
        if len(rows) < 2:
            return
        place = self.rng.randrange(1, len(rows))
        lost = self._between(rows[place - 1]["CreatedDate"], rows[place]["CreatedDate"])
        again = self._between(lost, rows[place]["CreatedDate"]) if lost else None
        if lost is None or again is None:
            return
        before = {name: rows[place - 1][name] for name in _VALUES}
        self._row(rows[place - 1], lost, _LOST)
        self._row(rows[place - 1], again, before)
        self._change(deal, lost, "StageName", before["StageName"], _LOST["StageName"])
        self._change(deal, again, "StageName", _LOST["StageName"], before["StageName"])
        self.kinds[str(deal["Id"])].append(REOPENED)

    def _deleted(self, like: Record) -> None:
        """A deal entered twice and deleted later."""
        world, rng = self.world, self.rng
        created = world.anchor - timedelta(days=rng.uniform(20, 480))
        gone = created + timedelta(days=rng.uniform(1, 15))
        created, gone = created.replace(microsecond=0), gone.replace(microsecond=0)
        record = like | {
            "Id": world.mint.id("Opportunity"), "StageName": "Prospecting", "Probability": 10.0, "IsClosed": False,
            "IsWon": False, "ForecastCategoryName": "Pipeline", "ForecastCategory": "Pipeline", "LastStageChangeDate": None,
            "CloseDate": created.date() + timedelta(days=rng.randrange(40, 170)),
        }  # fmt: skip
        record |= world.stamps(created, [gone], str(like["OwnerId"])) | {"IsDeleted": True}
        world.add("Opportunity", record)
        # its histories go with it
        row = {name: record[name] for name in _VALUES} | {
            "OpportunityId": record["Id"],
            "CreatedById": record["OwnerId"],
            "IsDeleted": True,
        }
        world.add("OpportunityHistory", {"Id": world.mint.id("OpportunityHistory"), "CreatedDate": created, "SystemModstamp": gone} | row)
        self._change(record, created, "created", None, None, is_deleted=True)
        self.kinds[str(record["Id"])].append(DELETED)

    def _between(self, first: datetime, last: datetime) -> datetime | None:
        """A moment well between two others; None when they are close."""
        if last - first < timedelta(days=2):
            return None
        return (first + (last - first) * self.rng.uniform(0.2, 0.8)).replace(microsecond=0)

    def _row(self, like: Record, moment: datetime, values: dict[str, Any]) -> None:
        row = like | {"Id": self.world.mint.id("OpportunityHistory"), "CreatedDate": moment, "SystemModstamp": moment} | values
        self.world.add("OpportunityHistory", row)

    def _change(self, deal: Record, moment: datetime, field: str, old: object, new: object, *, is_deleted: bool = False) -> None:
        self.world.add(
            "OpportunityFieldHistory",
            {
                "Id": self.world.mint.id("OpportunityFieldHistory"), "OpportunityId": deal["Id"], "Field": field,
                "DataType": "DateOnly" if isinstance(new, date) else "Text", "OldValue": old, "NewValue": new,
                "CreatedById": deal["OwnerId"], "CreatedDate": moment, "IsDeleted": is_deleted,
            },
        )  # fmt: skip
