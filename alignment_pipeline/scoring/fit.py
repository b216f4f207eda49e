"""How well a record fits: criteria, bands, gaps, and the sentence.

Belongs here: the arithmetic that people and accounts share. Who has which criteria: `person_fits.py`, `account_fits.py`.
A value that nobody knows is left out of both the points earned and the points possible.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis

from alignment_pipeline.agreement.engagement import micro
from alignment_pipeline.agreement.fit import BANT, NUMERIC_FIELDS, AccountCriterion, PersonCriterion
from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.scoring import sentences

Criteria = Sequence[PersonCriterion | AccountCriterion]


def fit_columns(table: ibis.Table, criteria: Criteria, *, known_pct_at_least: float) -> dict[str, ibis.Value]:
    """The fit columns of `person_fits` and `account_fits` for a table that has the criteria's fields as columns."""
    known = [_is_known(table, criterion.field) for criterion in criteria]
    earned = [ibis.ifelse(is_known, _points(table, criterion), 0) for criterion, is_known in zip(criteria, known, strict=True)]
    possible = [ibis.ifelse(is_known, micro(criterion.most), 0) for criterion, is_known in zip(criteria, known, strict=True)]
    all_points = sum(micro(criterion.most) for criterion in criteria)
    fit_micro = _sum(earned)
    possible_micro = _sum(possible)
    known_pct = possible_micro.cast("float64") * 100.0 / float(all_points) if all_points else ibis.literal(0.0)
    is_scored = (possible_micro > 0) & (known_pct >= known_pct_at_least)
    share = fit_micro.cast("float64") * 100.0 / possible_micro.nullif(0).cast("float64")
    score = ibis.ifelse(is_scored, share.clip(lower=0.0, upper=100.0), ibis.null("float64"))
    return {
        "fit_score": score,
        "fit_micro": fit_micro,
        "fit_possible_micro": possible_micro,
        "known_pct": known_pct,
        "fit_factors": _json_list(
            [_factor(table, criterion, points, is_known) for criterion, points, is_known in zip(criteria, earned, known, strict=True)]
        ),
        "fit_gaps": _json_list(_names_of_gaps(criteria, known)),
        "bant_gaps": _json_list(_bant_gaps(criteria, known)),
        "fit_reason": sentences.sentence(_reason(table, criteria, known, earned, fit_micro, possible_micro, is_scored)),
    }


def _value(table: ibis.Table, field: str) -> ibis.Value:
    return table[field]


def _is_known(table: ibis.Table, field: str) -> ibis.Value:
    value = _value(table, field)
    if field in NUMERIC_FIELDS or field.startswith("is_"):
        return value.notnull()
    return value.notnull() & (value != "")


def _points(table: ibis.Table, criterion: PersonCriterion | AccountCriterion) -> ibis.Value:
    value = _value(table, criterion.field)
    branches = []
    for band in criterion.bands:
        if criterion.field in NUMERIC_FIELDS:
            number = value.cast("float64")
            holds = ibis.literal(True)
            if band.at_least is not None:
                holds = holds & (number >= band.at_least)
            if band.below is not None:
                holds = holds & (number < band.below)
        else:
            holds = matches(_text(value, criterion.field), band.values)
        branches.append((holds.fill_null(False), ibis.literal(micro(band.points), type="int64")))
    return ibis.cases(*branches, else_=ibis.literal(micro(criterion.otherwise), type="int64"))


def _text(value: ibis.Value, field: str) -> ibis.Value:
    if field.startswith("is_"):
        return ibis.ifelse(value, ibis.literal("true"), ibis.literal("false"))
    if field in NUMERIC_FIELDS:
        return value.cast("float64").floor().cast("int64").cast("string")
    return value


def _sum(values: Sequence[ibis.Value]) -> ibis.Value:
    total = ibis.literal(0, type="int64")
    for value in values:
        total = total + value
    return total


def _json_list(parts: list[ibis.Value]) -> ibis.Value:
    return ibis.literal("[") + sentences.joined(parts, ", ") + ibis.literal("]")


def _factor(table: ibis.Table, criterion: PersonCriterion | AccountCriterion, points: ibis.Value, is_known: ibis.Value) -> ibis.Value:
    head = ibis.literal('{"criterion": ') + sentences.json_literal(criterion.name) + ibis.literal(', "value": ')
    value = sentences.json_text(_text(_value(table, criterion.field), criterion.field))
    text = head + value + ibis.literal(', "micro": ') + points.cast("string") + ibis.literal("}")
    return ibis.ifelse(is_known, text, ibis.null("string"))


def _names_of_gaps(criteria: Criteria, known: list[ibis.Value]) -> list[ibis.Value]:
    return [
        ibis.ifelse(is_known, ibis.null("string"), sentences.json_literal(criterion.name))
        for criterion, is_known in zip(criteria, known, strict=True)
    ]


def _bant_gaps(criteria: Criteria, known: list[ibis.Value]) -> list[ibis.Value]:
    parts = []
    for question in BANT:
        answered = ibis.literal(False)
        for criterion, is_known in zip(criteria, known, strict=True):
            if criterion.bant == question:
                answered = answered | is_known
        parts.append(ibis.ifelse(answered, ibis.null("string"), sentences.json_literal(question)))
    return parts


def _reason(
    table: ibis.Table,
    criteria: Criteria,
    known: list[ibis.Value],
    earned: list[ibis.Value],
    fit_micro: ibis.Value,
    possible_micro: ibis.Value,
    is_scored: ibis.Value,
) -> ibis.Value:
    parts, gaps = [], []
    for criterion, is_known, points in zip(criteria, known, earned, strict=True):
        value = _text(_value(table, criterion.field), criterion.field).substr(0, 30)
        text = ibis.literal(f"{criterion.name} ") + value + ibis.literal(" ") + sentences.points_text(points)
        parts.append(ibis.ifelse(is_known, text, ibis.null("string")))
        gaps.append(ibis.ifelse(is_known, ibis.null("string"), ibis.literal(criterion.name.lower())))
    scored = sentences.points_text(fit_micro) + ibis.literal(" of ") + sentences.points_text(possible_micro) + ibis.literal(" points: ")
    scored = scored + sentences.joined(parts, "; ")
    missing = ibis.literal("Unknown: ") + sentences.joined(gaps, ", ")
    has_gap = sentences.joined(gaps, ", ") != ""
    full = scored + ibis.ifelse(has_gap, ibis.literal(". ") + missing, ibis.literal("")) + ibis.literal(".")
    return ibis.ifelse(is_scored, full, ibis.literal("Not scored, too little is known. ") + missing + ibis.literal("."))
