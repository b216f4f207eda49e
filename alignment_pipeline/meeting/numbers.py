"""Numbers: what one is, and how it is counted over the rows of its file.

Belongs here: the form of a definition, and counting by it. The definitions: `catalogue.py`; which of them stand in a pack: `sections/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import ibis

Unit = Literal["", "%", "rate", "money", "ratio", "minutes"]


@dataclass(frozen=True)
class Number:
    """One number: what it means, where it comes from, how it is counted over the rows of its file, and the CRM field that holds it.

    `count` is one of: `count`; `distinct:COLUMN`; `sum:COLUMN`; `median:COLUMN`; `only:COLUMN` (the file has one such row);
    `share:COLUMN` (percent of rows where it is yes); `sum_share:COLUMN:FLAG` (percent of the sum where the flag is yes);
    `ratio:A/B` (sum of A / sum of B).
    """

    name: str
    title: str
    definition: str
    table: str
    filter: str
    count: str
    file: str
    unit: Unit = ""
    field: str | None = None


_SQL = {
    "count": "count(*)",
    "distinct": "count(DISTINCT {first})",
    "sum": "coalesce(sum({first}), 0)",
    "median": "median({first})",
    "only": "max({first})",
    "share": "100.0 * count(*) FILTER ({first} = 'yes') / nullif(count(*), 0)",
    "sum_share": "100.0 * coalesce(sum({first}) FILTER ({second} = 'yes'), 0) / nullif(sum({first}), 0)",
    "ratio": "sum({first}) / nullif(sum({second}), 0)",
}


def sql(number: Number) -> str:
    """The count as an SQL expression over the rows of the number's file."""
    form, _, rest = number.count.partition(":")
    first, _, second = rest.replace("/", ":").partition(":")
    return _SQL[form].format(first=first, second=second)


def counted(number: Number, rows: ibis.Table) -> dict[str, ibis.Value]:
    """`value`, and `numerator` and `denominator` of a share or ratio, as aggregates over rows."""
    form, _, rest = number.count.partition(":")
    first, _, second = rest.replace("/", ":").partition(":")
    nothing = {"numerator": ibis.null("float64"), "denominator": ibis.null("float64")}
    if form == "count":
        return {"value": rows.count().cast("float64")} | nothing
    if form == "distinct":
        return {"value": rows[first].nunique().cast("float64")} | nothing
    if form == "sum":
        return {"value": rows[first].cast("float64").sum().fill_null(0.0)} | nothing
    if form == "median":
        return {"value": rows[first].cast("float64").median()} | nothing
    if form == "only":
        return {"value": rows[first].cast("float64").max()} | nothing
    if form == "share":
        return _share((rows[first] == "yes").cast("float64").sum(), rows.count().cast("float64"), 100.0)
    if form == "sum_share":
        amounts = rows[first].cast("float64")
        return _share(amounts.sum(where=rows[second] == "yes").fill_null(0.0), amounts.sum().fill_null(0.0), 100.0)
    return _share(rows[first].cast("float64").sum(), rows[second].cast("float64").sum(), 1.0)


def _share(part: ibis.Value, whole: ibis.Value, scale: float) -> dict[str, ibis.Value]:
    return {"value": part * scale / whole.nullif(0.0), "numerator": part, "denominator": whole}


@dataclass(frozen=True)
class Value:
    """A number in a scope: `scope` names the rows of its file that it is counted over, column by column."""

    number: Number
    scope: Mapping[str, str]
    value: float | None
    numerator: float | None = None
    denominator: float | None = None

    @property
    def key(self) -> str:
        """Name and scope as one text."""
        return "|".join((self.number.name, *(f"{column}={self.scope[column]}" for column in sorted(self.scope))))

    def to_json(self) -> dict[str, Any]:
        """As pack.json holds it."""
        return {
            "name": self.number.name,
            "scope": dict(self.scope),
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "unit": self.number.unit,
            "rows": f"rows/{self.number.file}.csv",
        }
