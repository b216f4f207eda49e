"""A pack while it is being made: the tables it reads, the files of rows kept so far, the values counted over them.

Belongs here: keeping rows and counting numbers over the kept rows, so that no number is anything else than its file says. What is kept
and counted: `sections/`; the finished pack: `pack.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.meeting import numbers, periods
from alignment_pipeline.meeting.catalogue import NUMBERS
from alignment_pipeline.meeting.numbers import Value
from alignment_pipeline.meeting.periods import Period

NOBODY = "(no owner)"
IN_PERIOD = {"in_period": "yes"}


@dataclass
class Draft:
    """What the sections work on. `tables` are published ones by name; `today` lies in the fiscal calendar's zone."""

    tables: Mapping[str, ibis.Table]
    agreement: Agreement
    period: Period
    as_of: datetime
    rows: dict[str, pa.Table] = field(default_factory=dict)
    values: list[Value] = field(default_factory=list)

    @cached_property
    def days(self) -> ibis.Table:
        """The days of the window."""
        return periods.days(self.period, self.agreement.fiscal, weeks=self.agreement.meeting.weeks)

    @property
    def now(self) -> ibis.Value:
        """The moment the tables were decided as of."""
        return ibis.literal(self.as_of).cast("timestamp('UTC')")

    def until_now(self, table: ibis.Table, column: str) -> ibis.Table:
        """The rows of the window that have happened, with `week`, `weekday` and `in_period`."""
        return periods.dated(table.filter(table[column] <= self.now), column, self.days)

    @cached_property
    def user_names(self) -> ibis.Table:
        """`owner_id`, `owner`, `team`."""
        return self.tables["users"].select(owner_id=_.user_id, owner=_.name, team=_.department)

    def with_owner(self, table: ibis.Table) -> ibis.Table:
        """The rows with `owner` and `team`; a row without one is nobody's."""
        joined = table.left_join(self.user_names, "owner_id")
        named = {
            "owner_id": table.owner_id.fill_null(NOBODY),
            "owner": joined.owner.fill_null(NOBODY),
            "team": joined.team.fill_null("(none)"),
        }
        return joined.select(*(name for name in table.columns if name not in named), **named)

    def with_account(self, table: ibis.Table) -> ibis.Table:
        """The rows with `account`, the account's name."""
        names = self.tables["accounts"].select("account_id", account=_.name)
        joined = table.left_join(names, "account_id")
        return joined.select(*table.columns, account=joined.account.fill_null(""))

    def keep(self, file: str, table: ibis.Table, *, order: Sequence[str]) -> ibis.Table:
        """Keep rows as a file of the pack, in a total order; numbers are counted over what this returns."""
        ordered = table.order_by(*order, *(name for name in table.columns if name not in order)).to_pyarrow()
        self.rows[file] = ordered.cast(pa.schema([one.with_nullable(True) for one in ordered.schema]))
        return self.read(file)

    def read(self, file: str) -> ibis.Table:
        """Rows kept before."""
        return ibis.memtable(self.rows[file])

    def listed(self, file: str, **where: str) -> list[dict[str, Any]]:
        """Rows kept before, as dictionaries, in their order."""
        rows = self.rows[file].to_pylist()
        return [row for row in rows if all(str(row[name]) == value for name, value in where.items())]

    def count(self, name: str, *, by: Sequence[str] = (), **where: str) -> list[Value]:
        """Count a number over its file, once for each group of rows; remembered in the pack."""
        number = NUMBERS[name]
        rows = self.read(number.file)
        chosen = rows.filter([rows[column].cast("string") == value for column, value in where.items()]) if where else rows
        measures = numbers.counted(number, chosen)
        grouped = chosen.group_by(list(by)).agg(**measures).order_by(*by) if by else chosen.aggregate(**measures)
        counted = [
            Value(
                number,
                {**where, **{column: str(row[column]) for column in by}},
                *(_number(row[part]) for part in ("value", "numerator", "denominator")),
            )
            for row in grouped.to_pyarrow().to_pylist()
        ]
        self.values += counted
        return counted

    def one(self, name: str, **where: str) -> Value:
        """Count a number once; over no rows it is 0, or None for a share."""
        return self.count(name, **where)[0]


def _number(value: Any) -> float | None:
    """Whole numbers stay whole in the pack's text; the tenth digit of a float is noise."""
    if value is None or value != value:
        return None
    return round(float(value), 6)
