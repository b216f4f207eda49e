"""Numbers and lists as text inside a query: points with one decimal, JSON strings, short sentences.

Belongs here: text that people and the CRM read, built the same way on every engine (no round(), no engine's JSON functions).
"""

from __future__ import annotations

import json

import ibis

from alignment_pipeline.wording import forms

MAX_SENTENCE = 255


def points_text(micro: ibis.Value) -> ibis.Value:
    """Micro-points as text with at most one decimal, as 12, 0.5 or -3.2."""
    tenths = ((micro.abs().cast("float64") + ibis.literal(50_000.0)) / ibis.literal(100_000.0)).floor().cast("int64")
    whole = (tenths.cast("float64") / ibis.literal(10.0)).floor().cast("int64")
    rest = tenths - whole * 10
    sign = ibis.ifelse((micro < 0) & (tenths > 0), ibis.literal("-"), ibis.literal(""))
    return sign + whole.cast("string") + ibis.ifelse(rest == 0, ibis.literal(""), ibis.literal(".") + rest.cast("string"))


def said(key: str, **values: ibis.Value) -> ibis.Value:
    """A form of the catalogue with columns as its values."""
    text = ibis.literal("")
    for before, name in forms.pieces(key):
        text = text + ibis.literal(before) if before else text
        if name is not None:
            text = text + values[name]
    return text


def is_faded(micro: ibis.Value) -> ibis.Value:
    """Whether so little is left that a number would say nothing: less than half a point."""
    return micro.abs() < 500_000


def plural(count: ibis.Value, one: str, many: str) -> ibis.Value:
    """`1 activity`, `2 activities`."""
    return count.cast("string") + ibis.ifelse(count == 1, ibis.literal(f" {one}"), ibis.literal(f" {many}"))


def times(count: ibis.Value) -> ibis.Value:
    """`once`, `twice`, `12 times`."""
    more = count.cast("string") + ibis.literal(" times")
    return ibis.cases((count == 1, ibis.literal("once")), (count == 2, ibis.literal("twice")), else_=more)


def json_text(text: ibis.Value) -> ibis.Value:
    """A string column as a JSON string, `null` when it is null; control characters become spaces."""
    escaped = text.re_replace(r"[\x00-\x1f]", " ").replace("\\", "\\\\").replace('"', '\\"')
    return (ibis.literal('"') + escaped + ibis.literal('"')).fill_null("null")


def json_literal(value: object) -> ibis.Value:
    """A Python value as JSON text."""
    return ibis.literal(json.dumps(value, ensure_ascii=False))


def joined(parts: list[ibis.Value], separator: str) -> ibis.Value:
    """String columns joined by a separator; null parts are left out."""
    text = ibis.literal("")
    for part in parts:
        text = text + (ibis.literal(separator) + part).fill_null("")
    return text.substr(len(separator))


def sentence(text: ibis.Value) -> ibis.Value:
    """Cut to the CRM's 255 characters, in which a letter outside the basic plane counts twice."""
    length = text.re_replace(r"[^\x{0000}-\x{FFFF}]", "xx").length()
    cut = text.substr(0, MAX_SENTENCE - 1 - (length - text.length())).re_replace(r"[\s,;:(]*[^\s]*$", "")
    return ibis.ifelse(length > MAX_SENTENCE, cut + "\u2026", text)
