"""Criteria and what is missing for them, in words that a rep reads.

Belongs here: text. Which criteria hold: `lifecycle/stages/machine.py`, `lifecycle/mqa/`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from alignment_pipeline.agreement.engagement import MICRO
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.wording import forms, moments


def number(micro: int) -> str:
    """Micro-points with at most one decimal, rounded half up: 12, 0.5."""
    tenths = (abs(micro) + 50_000) // 100_000
    sign = "-" if micro < 0 and tenths else ""
    return f"{sign}{tenths // 10}" + (f".{tenths % 10}" if tenths % 10 else "")


def short(micro: int) -> str:
    """Micro-points for people: whole from ten on, else with at most one decimal."""
    return number(micro) if abs(micro) < 10 * MICRO else f"{(micro + MICRO // 2) // MICRO:,}"


def one_or(text: str) -> str:
    """An amount of one with its article: `a hand raise`, `an activity`; others as they are."""
    first, _, rest = text.partition(" ")
    return f"{'an' if rest[:1] in 'aeiou' else 'a'} {rest}" if first == "1" and rest else text


def plural(count: int, one: str, many: str) -> str:
    """`1 person`, `2 people`."""
    return f"{count} {one if count == 1 else many}"


def date_text(moment: datetime) -> str:
    """A moment's UTC date, as 12 Nov 2026."""
    return moments.day(moment)


def amount(measure: Measure, unit: str, micro_or_count: int | None = None) -> str:
    """An amount of a criterion, what it asks for by default: '100 minutes', '20 minutes of web visits', '2 hand raises'."""
    has = measure.threshold if micro_or_count is None else micro_or_count
    kinds = [word.replace("_", " ").strip("*/ ") for word in (measure.categories or measure.types or measure.details)]
    if measure.points is not None:
        said = short(has)
        unit = unit.removesuffix("s") if said == "1" else unit
        unit = f"{unit} with fit" if measure.plus_fit else unit
        return f"{said} {unit}" + (f" of {_listed([f'{kind}s' for kind in kinds])}" if kinds else "")
    if kinds:
        return f"{has} {_listed([kind if has == 1 else f'{kind}s' for kind in kinds])}"
    return plural(has, "activity", "activities")


def people(measure: Measure, count: int) -> str:
    """People of a criterion: 'person', 'people', 'C-level or VP'."""
    who = [*measure.seniorities, *measure.functions]
    if not who:
        return "person" if count == 1 else "people"
    named = _listed([_ACRONYMS.get(word, word.replace("_", " ")) for word in who])
    return named if count == 1 else f"people ({named})"


_WINDOW = re.compile(r" in \d+ days?$")
_ACRONYMS = {"c_level": "C-level", "vp": "VP", "it": "IT"}


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " or " + parts[-1]


def criterion(measure: Measure, unit: str) -> str:
    """A criterion in words: '2 people with 20 minutes each in 90 days', '80 minutes of engagement in 90 days'."""
    window = f"in {plural(measure.days, 'day', 'days')}"
    if measure.people is None:
        return f"{amount(measure, unit)}{_of_engagement(measure)}{_by(measure)} {window}"
    return f"{_with(measure, unit, measure.people)} {window}"


def missing(measure: Measure, unit: str, has: int) -> str:
    """What is missing for a criterion of which `has` is there: '8 more minutes', '1 more person with 20 minutes'.

    It is true today only, since what is there decays: for pages of the day, not for a field of the CRM. Those say `criterion`.
    """
    if measure.people is not None:
        need = measure.people - has
        return _with(measure, unit, need, more=" more")
    need = measure.threshold - has
    if measure.points is not None:
        need = -(-need // MICRO) * MICRO  # rounded up to whole points, so that earning what is said is enough
    count, rest = amount(measure, unit, need).split(" ", 1)
    return f"{count} more {rest}{_by(measure)}"


def _with(measure: Measure, unit: str, count: int, more: str = "") -> str:
    return f"{count}{more} {people(measure, count)} with {_each(measure, unit)}" + (" each" if count != 1 else "")


def _each(measure: Measure, unit: str) -> str:
    """What everyone of several people has: an amount of points, or `a hand raise`."""
    text = amount(measure, unit)
    return text if measure.points is not None else one_or(text)


def together(parts: Sequence[str]) -> str:
    """Criteria one after the other; the window they share is said once: '134 minutes and 2 people with 15 minutes each in 90 days'."""
    windows = {match[0] if (match := _WINDOW.search(part)) else None for part in parts}
    if len(windows) == 1 and None not in windows:
        return " and ".join(_WINDOW.sub("", part) for part in parts) + str(windows.pop())
    return " and ".join(parts)


def _of_engagement(measure: Measure) -> str:
    """Minutes of what: said where the amount names no kind of activity."""
    is_plain = measure.points is not None and not measure.plus_fit
    return " of engagement" if is_plain and not (measure.categories or measure.types or measure.details) else ""


def _by(measure: Measure) -> str:
    return f" by {people(measure, 1)}" if measure.seniorities or measure.functions else ""


def sentence(text: str) -> str:
    """Cut to the CRM's 255 characters."""
    return forms.fit(text)


def points(micro: int) -> float:
    """Micro-points as points."""
    return micro / MICRO
