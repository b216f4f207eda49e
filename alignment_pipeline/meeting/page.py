"""The page of a pack: one HTML file without script or outside request, made of pack.json alone, so the same pack gives the same bytes.

Belongs here: how numbers are written, and what each place of the template is given. Numbers: `pack.py`; charts: `charts.py`; how it looks:
`page.html.j2` and `page.css`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup

from alignment_pipeline.meeting import charts
from alignment_pipeline.meeting.catalogue import NUMBERS
from alignment_pipeline.meeting.numbers import Number
from alignment_pipeline.wording import moments

_STATES = {"met": "kept", "at risk": "at risk", "broken": "broken", "none": "nothing due"}
_METRICS = {
    "bookings": "Booked",
    "target": "Target",
    "coverage": "Coverage",
    "coverage_needed": "Coverage needed today",
    "open_needed": "Open pipeline needed",
    "coverage_gap": "Gap to plan",
    "forecast": "Forecast",
    "overdue_pipeline": "Of the open: close date passed",
}
_LINES = {
    "bookings": "Bookings, from what is open",
    "deals": "Deals created, won in time",
    "marketing_deals": "Of them marketing's",
    "mqas": "MQAs that become deals",
    "sqas": "SQAs that become deals",
    "engaged_people": "People engaged",
    "contacts": "Contacts added",
    "capacity": "MQAs a week for each rep",
}
_METHODS = {"category": "forecast category", "probability": "weighted by probability", "coverage": "from what open pipeline converts to"}
_KINDS = {"breach": "Breach", "rejection": "Rejection", "match": "Match"}
_MAX_SHARE = 1.5


@dataclass(frozen=True)
class Shown:
    """A number as the page writes it: text, what it is a share of, and where its rows and definition are."""

    text: str
    remark: str
    href: str
    number: Number
    value: float | None


def render(content: Mapping[str, Any]) -> str:
    """The page of a pack, from what pack.json holds."""
    view = Writer(content)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals |= {
        "show": view.shown, "amount": view.amount, "spark": view.spark, "bar": bar, "day": _day, "state_word": _STATES.__getitem__,
        "heat_class": view.heat_class, "metric_name": _METRICS.__getitem__, "kind_name": _KINDS.__getitem__,
        "line_name": _LINES.__getitem__,
        "method_name": _METHODS.__getitem__,
        "number_of": NUMBERS.__getitem__,
        "metric_text": view.metric_text, "scope_text": view.scope_text, "moment": view.moment, "plain": view.plain,
    }  # fmt: skip
    folder = resources.files("alignment_pipeline.meeting")
    style = folder.joinpath("page.css").read_text(encoding="utf-8")
    source = folder.joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        pack=content,
        sections=content["sections"],
        style=Markup(style),  # noqa: S704  our own file
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        title=period_title(content),
        waterfall=view.waterfall(),
        answers=view.answers(),
        coverage=view.coverage(),
        numbers=sorted({value["name"] for value in content["values"]}),
    )


def period_title(content: Mapping[str, Any]) -> str:
    """`Week 47, 16 to 22 Nov 2026`."""
    period = content["period"]
    first, last = date.fromisoformat(period["first"]), date.fromisoformat(period["last"])
    name = f"Week {int(period['name'][-2:])}" if period["kind"] == "week" else period["name"]
    begin = moments.day(first).removesuffix(f" {last.year}")
    if first.month == last.month and first.year == last.year:
        begin = str(first.day)
    return f"{name}, {begin} to {moments.day(last)}"


def bar(share: float | None) -> Markup:
    """How much of a promise came, as a bar; the mark is what was promised."""
    if share is None:
        return Markup("")
    width = max(0.0, min(share, _MAX_SHARE)) * 100
    return Markup(  # noqa: S704  numbers only
        f'<svg class="bar" viewBox="0 0 150 12" aria-hidden="true"><rect class="track" width="150" height="12"/>'
        f'<rect class="fill" width="{width:.0f}" height="12"/><rect class="mark" x="99" width="2" height="12"/></svg>'
    )


class Writer:
    """Writes the numbers of one pack."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content
        self.values = {_key(value): value for value in content["values"]}

    def shown(self, key: str | None, *, remark: bool = True) -> Shown | None:
        """A number of the pack; None where it was not counted."""
        if key is None or key not in self.values:
            return None
        value = self.values[key]
        number = NUMBERS[value["name"]]
        text, aside = self.text(value, number)
        return Shown(text, aside if remark else "", value["rows"], number, value["value"])

    def said(self, key: str | None) -> str:
        """A number as a text: `57 % (43 of 76)`."""
        one = self.shown(key)
        if one is None:
            return "none"
        return f"{one.text} ({one.remark})" if one.remark else one.text

    def text(self, value: Mapping[str, Any], number: Number) -> tuple[str, str]:
        """A number and what it is a share of: few cases are said as such, not as a percentage."""
        amount, part, whole = value["value"], value["numerator"], value["denominator"]
        if number.unit == "%" and whole is not None:
            if not whole or amount is None:
                return "none", ""
            if number.count.startswith("share"):
                aside = f"{part:,.0f} of {whole:,.0f}"
                return (aside, "") if whole < self.content["min_n"] else (f"{amount:.0f} %", aside)
            return f"{amount:.0f} %", ""
        return self.amount(amount, number.unit), ""

    def amount(self, value: float | None, unit: str) -> str:
        """A number with its unit, rounded as one says it."""
        if value is None:
            return "none"
        if unit == "%":
            return f"{value:.0f} %"
        if unit == "rate":
            return f"{value:.1f} %"
        if unit == "money":
            return _money(value)
        if unit == "minutes":
            return _minutes(value)
        return f"{value:,.2f}" if unit == "ratio" else f"{value:,.0f}"

    def plain(self, key: str | None) -> float:
        """The number itself, 0 where it was not counted."""
        return float(self.values[key]["value"] or 0.0) if key in self.values else 0.0

    def metric_text(self, metric: Mapping[str, Any]) -> str:
        """A pipeline metric by its own unit."""
        value = self.values[metric["key"]]["value"]
        unit = metric["unit"]
        return self.amount(value, "money" if unit.startswith("cents") else "ratio" if unit == "ratio" else "")

    def spark(self, row: Mapping[str, Any]) -> Markup:
        """The line of a promise over the weeks, described in a sentence."""
        known = [value for value in row["line"] if value is not None]
        if len(known) < 2:
            return Markup("")
        unit = row["unit"]
        usual = "" if row["lower"] is None else f"; usual {self.amount(row['lower'], unit)} to {self.amount(row['upper'], unit)}"
        description = f"{len(known)} weeks between {self.amount(min(known), unit)} and {self.amount(max(known), unit)}{usual}"
        spec = charts.sparkline(row["line"], lower=row["lower"], upper=row["upper"], signal=row["signal"])
        return Markup(charts.svg(spec, description))  # noqa: S704  drawn from numbers, its description is escaped

    def heat_class(self, key: str | None) -> str:
        """Five steps of the share kept in time."""
        value = self.values[key]["value"] if key in self.values else None
        return "" if value is None else f"h{min(4, int(value // 20))}"

    def waterfall(self) -> Markup:
        """The bridge of the period."""
        section = self.content["sections"]["pipeline"]
        parts = [(self.values[key]["scope"]["part"], self.plain(key)) for key in section["parts"]]
        start, end = self.plain(section["start"]), self.plain(section["end"])
        said = ", ".join(f"{name.replace('_', ' ')} {_money(value)}" for name, value in parts) or "nothing moved"
        description = f"Open pipeline {_money(start)} at the start: {said}; {_money(end)} now"
        return Markup(charts.svg(charts.waterfall(start, parts, end), description))  # noqa: S704

    def coverage(self) -> Markup:
        """Coverage through the quarter, this one beside those before; nothing on the page of a week."""
        rows = self.content["sections"].get("review", {}).get("coverage", [])
        lines: dict[str, list[tuple[int, float]]] = {}
        for row in rows:
            value = self.values[row["key"]]["value"]
            if value is not None and value <= charts.MOST_COVERAGE:
                lines.setdefault(row["period"], []).append((row["business_day"], value))
        if not lines:
            return Markup("")
        ends = ", ".join(f"{name} from {points[0][1]:.1f} to {points[-1][1]:.1f}" for name, points in lines.items())
        return Markup(charts.svg(charts.coverage(lines, max(lines)), f"Coverage by business day: {ends}"))  # noqa: S704

    def answers(self) -> Markup:
        """How long first touches took."""
        bins = self.content["sections"]["reps"]["answers"]["bins"]
        whole = sum(self.plain(one["now"]) for one in bins)
        rows = [(one["answer"], 100 * self.plain(one["now"]) / whole if whole else 0.0, one["usual_pct"]) for one in bins]
        description = "First touches by time taken: " + ", ".join(f"{name} {now:.0f} % (usual {usual:.0f} %)" for name, now, usual in rows)
        return Markup(charts.svg(charts.answers(rows), description))  # noqa: S704

    def scope_text(self, scope: Mapping[str, str]) -> str:
        """A scope for people: `first touch mql, 2026-W46`."""
        return ", ".join(text.replace("_", " ") for name, text in sorted(scope.items()) if name not in ("in_period", "week")) or "all"

    def moment(self, text: str) -> str:
        """`Sat 21 Nov, 08:37 UTC`, in the agreement's zone."""
        zone = self.content["time_zone"]
        at = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
        return f"{at:%a} {at.day} {at:%b}, {at:%H:%M} {moments.place(zone)}"


def _key(value: Mapping[str, Any]) -> str:
    return "|".join((value["name"], *(f"{column}={value['scope'][column]}" for column in sorted(value["scope"]))))


def _money(value: float) -> str:
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:,.2f} M"
    return f"{value / 1e3:,.0f} k" if size >= 1e3 else f"{value:,.0f}"


def _minutes(value: float) -> str:
    return f"{value:.0f} min" if value < 90 else f"{value / 60:.1f} h"


def _day(value: str | None) -> str:
    if not value:
        return ""
    parsed = date.fromisoformat(value[:10])
    return f"{parsed:%a} {parsed.day} {parsed:%b}"
