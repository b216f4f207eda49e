"""The CSV of bulk jobs, both ways."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.connectors.salesforce import bulk_csv
from alignment_pipeline.errors import DataLoss


@given(st.lists(st.lists(st.text().filter(lambda text: text not in ("", "#N/A")), min_size=2, max_size=2), min_size=1))
def test_csv_comes_back_as_it_went_but_for_line_ends(records: list[list[str]]) -> None:
    rows = [{"Id": str(number), "A": first, "B": second} for number, (first, second) in enumerate(records)]
    try:
        data = bulk_csv.encode(rows, ("Id", "A", "B"))
    except UnicodeEncodeError:
        return
    _, *found = bulk_csv.rows(io.BytesIO(data), where="x")

    assert [[one.replace("\r\n", "\n").replace("\r", "\n") for one in record] for record in records] == [row[1:] for row in found]
    assert b"\r" not in data


def test_null_clears_and_a_missing_key_leaves_the_field() -> None:
    data = bulk_csv.encode([{"Id": "1", "A": None, "B": True}, {"Id": "2", "B": 1.5}], ("Id", "A", "B"))

    assert data == b"Id,A,B\n1,#N/A,true\n2,,1.5\n"
    with pytest.raises(ValueError, match="NaN"):
        bulk_csv.cell(float("nan"))


@pytest.mark.parametrize("data", [b'"Id","Name"\n"1","cut', b'"Id","Name"\n"1"\n', b'"Id"\n"\xff\xfe"\n', b'"Id"\n"a"b"\n'])
def test_a_broken_page_is_data_loss(data: bytes) -> None:
    with pytest.raises(DataLoss):
        list(bulk_csv.rows(io.BytesIO(data), where="page"))
