"""Vendor values as text, alike whatever transport they came by."""

from __future__ import annotations

from decimal import Decimal

import pytest

from alignment_pipeline.connectors import values


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("2022-03-17T16:21:26.000+0000", "datetime", "2022-03-17T16:21:26.000Z"),
        ("2022-03-17T16:21:26.000Z", "datetime", "2022-03-17T16:21:26.000Z"),
        ("2022-03-17T18:21:26+02:00", "datetime", "2022-03-17T16:21:26.000Z"),
        ("2022-03-17T16:21:26Z", "datetime", "2022-03-17T16:21:26.000Z"),
        ("0000-00-00", "datetime", "0000-00-00"),
        (Decimal("3.5E8"), "currency", "350000000"),
        ("350000000.0", "currency", "350000000"),
        (5, "int", "5"),
        ("5.0", "int", "5"),
        ("-0.0", "double", "0"),
        ("NaN", "double", "NaN"),
        ("1e400", "double", "1e400"),
        (True, "boolean", "true"),
        ("TRUE", "boolean", "true"),
        (None, "string", None),
        ("", "string", None),
        ("0", "string", "0"),
        ("09:00:00.000Z", "time", "09:00:00.000Z"),
    ],
)
def test_values_are_alike_whatever_transport_they_came_by(value: object, kind: str, text: str | None) -> None:
    assert values.canonical(value, kind) == text


def test_a_structure_is_no_value() -> None:
    with pytest.raises(ValueError, match="dict where a string"):
        values.canonical({"a": 1}, "string")
