"""The rows behind a number stand in columns that fit the terminal, so that no id is cut into two lines."""

from __future__ import annotations

import pyarrow as pa
import pytest

from alignment_pipeline.cli import number

ROWS = pa.table(
    {
        "opportunity_id": [f"006Qy0001000{place:06}" for place in range(20)],
        "stage": ["Prospecting", "Proposal/Price Quote"] * 10,
        "amount_cents": list(range(20)),
        "same": ["x"] * 20,
        "as_of": [str(place) for place in range(20)],
        "owner_id": [f"005Qy0001000{place:06}" for place in range(20)],
        "account_id": [f"001Qy0001000{place:06}" for place in range(20)],
    }
)


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (80, ["opportunity_id", "stage", "amount_cents", "owner_id"]),
        (200, ["opportunity_id", "stage", "amount_cents", "owner_id", "account_id"]),
        (10, ["opportunity_id"]),
    ],
)
def test_columns_that_do_not_fit_are_left_out(width: int, columns: list[str]) -> None:
    shown = number.fitting(ROWS, width)

    assert columns == list(shown)
    assert {number.SHOWN} == {len(cells) for cells in shown.values()}


def test_columns_without_a_difference_and_stamps_tell_nothing() -> None:
    assert not {"same", "as_of"} & number.fitting(ROWS, 200).keys()
    assert ["006Qy0001000000000"] == number.fitting(ROWS.slice(0, 1), 200)["opportunity_id"]
