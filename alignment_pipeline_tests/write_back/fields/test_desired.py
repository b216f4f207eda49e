"""Reading desired and present values: JSON scalars, and moments of which there are few."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.errors import Permanent
from alignment_pipeline.write_back.fields import desired

TEXTS = st.text() | st.text(alphabet='"\\ab\u00a0\n', max_size=6)


@given(st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS)
def test_a_value_is_what_json_says(value: str | int | bool | None) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        read = desired.scalar(text, "Lead 1 Name")
        assert (value, type(value)) == (read, type(read))


@pytest.mark.parametrize("text", ['"a"b"', '"a\\"', '"', '"a\nb"', "a", '"a', '{"a": 1}', "[1]", ""])
def test_what_is_no_json_scalar_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Permanent, match="Lead 1 Name"):
        desired.scalar(text, "Lead 1 Name")


def test_present_values_have_the_moments_of_their_rows() -> None:
    begin = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    moments = [begin, None, begin + timedelta(microseconds=1), begin]
    rows = pa.table({"known_at": pa.array(moments, pa.timestamp("us", tz="UTC")), "field": ["a", "b", None, "d"]})

    assert [{"field": name, "known_at": moment} for name, moment in zip(["a", "b", None, "d"], moments, strict=True)] == list(
        desired._rows(rows, ("field", "known_at"))
    )
