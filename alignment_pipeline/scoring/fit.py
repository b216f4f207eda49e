"""How well a record fits: criteria, bands, gaps, and the sentence.

Belongs here: the arithmetic that people and accounts share. Who has which criteria: `person_fits.py`, `account_fits.py`.
A value that nobody knows is left out of both the points earned and the points possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ibis

from alignment_pipeline.agreement.engagement import micro
from alignment_pipeline.agreement.fit import BANT, NUMERIC_FIELDS, AccountCriterion, PersonCriterion
from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.contracts.shape import step
from alignment_pipeline.scoring import sentences

Criteria = Sequence[PersonCriterion | AccountCriterion]


def with_fit(table: ibis.Table, criteria: Criteria, *, known_pct_at_least: float) -> ibis.Table:
    """`table`, which has the criteria's fields as columns, with the fit columns of `person_fits` and `account_fits`."""
    levels = {}
    for number, criterion in enumerate(criteria):
        is_known = _is_known(table, criterion.field)
        levels[f"known_{number}"] = is_known
        levels[f"value_{number}"] = ibis.ifelse(is_known, _text(table[criterion.field], criterion.field), ibis.null("string"))
        levels[f"micro_{number}"] = ibis.ifelse(is_known, _points(table, criterion), 0)
        levels[f"most_{number}"] = ibis.ifelse(is_known, micro(criterion.most), 0)
    rows = step(table, **levels)
    every = range(len(criteria))
    all_points = sum(micro(criterion.most) for criterion in criteria)
    rows = step(rows, fit_micro=_sum(rows[f"micro_{n}"] for n in every), fit_possible_micro=_sum(rows[f"most_{n}"] for n in every))
    possible = rows.fit_possible_micro
    known_pct = possible.cast("float64") * 100.0 / float(all_points) if all_points else ibis.literal(0.0)
    rows = step(rows, known_pct=known_pct, share=rows.fit_micro.cast("float64") * 100.0 / possible.nullif(0).cast("float64"))
    is_scored = (rows.fit_possible_micro > 0) & (rows.known_pct >= known_pct_at_least)
    gaps = [ibis.ifelse(rows[f"known_{n}"], ibis.null("string"), sentences.json_literal(one.name)) for n, one in enumerate(criteria)]
    rows = step(
        rows,
        is_scored=is_scored,
        fit_score=ibis.ifelse(is_scored, rows.share.clip(lower=0.0, upper=100.0), ibis.null("float64")),
        fit_factors=_json_list([_factor(rows, number, criterion.name) for number, criterion in enumerate(criteria)]),
        fit_gaps=_json_list(gaps),
        bant_gaps=_json_list(_bant_gaps(rows, criteria)),
        spoken=sentences.joined(
            [_spoken(rows, number, criterion.name, criterion.field) for number, criterion in enumerate(criteria)], ", "
        ),
        unknown=sentences.joined(
            [ibis.ifelse(rows[f"known_{n}"], ibis.null("string"), ibis.literal(one.name.lower())) for n, one in enumerate(criteria)], ", "
        ),
    )
    rows = step(rows, full_reason=_reason(rows))
    return rows.mutate(fit_reason=sentences.sentence(rows.full_reason))


def _is_known(table: ibis.Table, field: str) -> ibis.Value:
    value = table[field]
    if field in NUMERIC_FIELDS or field.startswith("is_"):
        return value.notnull()
    return value.notnull() & (value != "")


def _points(table: ibis.Table, criterion: PersonCriterion | AccountCriterion) -> ibis.Value:
    value = table[criterion.field]
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


def _sum(values: Iterable[ibis.Value]) -> ibis.Value:
    total = ibis.literal(0, type="int64")
    for value in values:
        total = total + value
    return total


def _json_list(parts: list[ibis.Value]) -> ibis.Value:
    return ibis.literal("[") + sentences.joined(parts, ", ") + ibis.literal("]")


def _factor(rows: ibis.Table, number: int, name: str) -> ibis.Value:
    head = ibis.literal('{"criterion": ') + sentences.json_literal(name) + ibis.literal(', "value": ')
    middle = sentences.json_text(rows[f"value_{number}"]) + ibis.literal(', "micro": ')
    text = head + middle + rows[f"micro_{number}"].cast("string") + ibis.literal("}")
    return ibis.ifelse(rows[f"known_{number}"], text, ibis.null("string"))


def _spoken(rows: ibis.Table, number: int, name: str, field: str) -> ibis.Value:
    text = ibis.literal(f"{_lower(name)} ") + _shown(rows[f"value_{number}"], field)
    points = rows[f"micro_{number}"]
    gain = ibis.literal(" (") + ibis.ifelse(points > 0, ibis.literal("+"), ibis.literal("")) + sentences.points_text(points)
    return text + ibis.ifelse(points == 0, ibis.literal(""), gain + ibis.literal(")"))


def _lower(name: str) -> str:
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


_NAMED = {"c_level": "C-level", "vp": "VP", "it": "IT"}


def _shown(value: ibis.Value, field: str) -> ibis.Value:
    """A value for people: no keys, large numbers short."""
    if field in NUMERIC_FIELDS:
        number = value.cast("float64")
        millions = _thousands((number / 1e6 + 0.5).floor().cast("int64")) + ibis.literal(" million")
        billions = _thousands((number / 1e9 + 0.5).floor().cast("int64")) + ibis.literal(" billion")
        thousands = _thousands(number.floor().cast("int64"))
        return ibis.cases((number >= 2e9, billions), (number >= 1e6, millions), (number >= 1e3, thousands), else_=value)
    named = ibis.cases(*((value == key, ibis.literal(text)) for key, text in _NAMED.items()), else_=value.substr(0, 40))
    return named.replace("_", " ")


def _thousands(whole: ibis.Value) -> ibis.Value:
    """`950`, `1,292`."""
    rest = ibis.literal(",") + (whole % 1000).cast("string").lpad(3, "0")
    return ibis.ifelse(whole < 1000, whole.cast("string"), (whole / 1000).floor().cast("int64").cast("string") + rest)


def _bant_gaps(rows: ibis.Table, criteria: Criteria) -> list[ibis.Value]:
    parts = []
    for question in BANT:
        answered = ibis.literal(False)
        for number, criterion in enumerate(criteria):
            if criterion.bant == question:
                answered = answered | rows[f"known_{number}"]
        parts.append(ibis.ifelse(answered, ibis.null("string"), sentences.json_literal(question)))
    return parts


def _reason(rows: ibis.Table) -> ibis.Value:
    missing = sentences.said("fit.unknown", missing=rows.unknown)
    scored = sentences.said("fit.scored", share=rows.fit_score.fill_null(0.0).floor().cast("int64").cast("string"), parts=rows.spoken)
    scored = scored + ibis.ifelse(rows.unknown == "", ibis.literal(""), ibis.literal(" ") + missing)
    return ibis.ifelse(rows.is_scored, scored, sentences.said("fit.not_scored") + ibis.literal(" ") + missing)
