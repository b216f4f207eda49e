"""Values are compared as the CRM keeps them, and nothing is cut to fit."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.write_back.fields.shape import FieldShape

NUMBER = FieldShape(name="N", type="double", precision=8, scale=2)
TEXT = FieldShape(name="T", type="string", length=5)
PICK = FieldShape(name="P", type="picklist", is_restricted=True, values=frozenset({"MQL", "New Name"}))
MOMENT = FieldShape(name="D", type="datetime")
IDENTITY = FieldShape(name="R", type="reference")
BOX = FieldShape(name="B", type="boolean", is_nillable=False)
MANY = FieldShape(name="M", type="multipicklist")


@pytest.mark.parametrize(
    ("shape", "one", "other", "same"),
    [
        (NUMBER, 12.345, 12.35, True),
        (NUMBER, 12.344, 12.35, False),
        (NUMBER, 5, 5.0, True),
        (NUMBER, 0, None, False),
        (NUMBER, -0.001, 0, True),
        (NUMBER, Decimal("3.50"), 3.5, True),
        (TEXT, " a ", "a", True),
        (TEXT, "", None, True),
        (TEXT, "a\r\nb", "a\nb", True),
        (TEXT, "a", "A", False),
        (PICK, "mql", "MQL", True),
        (MOMENT, "2026-11-20T12:00:00.000+0000", "2026-11-20T13:00:00+01:00", True),
        (MOMENT, "2026-11-20T12:00:00.500Z", "2026-11-20T12:00:00Z", True),
        (MOMENT, "2026-11-20T12:00:01Z", "2026-11-20T12:00:00Z", False),
        (IDENTITY, "001000000000001", "001000000000001AAA", True),
        (IDENTITY, "00100000000000a", "00100000000000A", False),
        (BOX, None, False, True),
        (BOX, "true", True, True),
        (MANY, "b;a", "a; b", True),
    ],
)
def test_values_are_the_same_when_the_crm_would_show_no_difference(shape: FieldShape, one: object, other: object, same: bool) -> None:
    assert shape.same(one, other) is same  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "value", "said"),
    [
        (TEXT, "sixsix", "has 6 characters, the field takes 5"),
        (TEXT, "fives", None),
        (TEXT, "a\x00b", "NUL"),
        (TEXT, "\ud83d", "surrogate"),
        (TEXT, 5, "takes text"),
        (NUMBER, 1_000_000, "more than 6 digits"),
        (NUMBER, 999_999.99, None),
        (NUMBER, math.nan, "finite"),
        (NUMBER, math.inf, "finite"),
        (NUMBER, True, "not a number"),
        (NUMBER, "12", "not a number"),
        (PICK, "Lost", "none of the picklist's active values"),
        (PICK, None, None),
        (MOMENT, "0000-00-00", "not an ISO 8601"),
        (MOMENT, "0001-01-01T00:00:00Z", "1700"),
        (IDENTITY, "=cmd", "not a Salesforce id"),
        (BOX, None, "cannot be empty"),
    ],
)
def test_what_does_not_fit_is_said_and_never_cut(shape: FieldShape, value: object, said: str | None) -> None:
    found = shape.misfit(value)  # type: ignore[arg-type]

    assert (found is None) if said is None else (found is not None and said in found)


@given(
    st.one_of(st.none(), st.booleans(), st.text(), st.floats(), st.integers()),
    st.sampled_from([NUMBER, TEXT, PICK, MOMENT, IDENTITY, BOX, MANY]),
)
def test_every_value_is_the_same_as_itself_and_is_judged_without_an_error(value: object, shape: FieldShape) -> None:
    shape.misfit(value)  # type: ignore[arg-type]

    assert shape.same(value, value)  # type: ignore[arg-type]
