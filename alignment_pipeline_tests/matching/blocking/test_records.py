"""Tables as plain columns, whatever library holds them."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.blocking import records

ROWS = {"id": ["a", " b ", None], "flag": ["yes", 0, None], "n": [1.5, None, 2.0]}


def test_pandas_and_arrow_give_the_same_columns() -> None:
    frame, table = pd.DataFrame(ROWS, dtype=object), pa.table({"id": ROWS["id"], "n": ROWS["n"]})

    assert ["a", "b", ""] == records.text_column(frame, "id", 3) == records.text_column(table, "id", 3)
    assert [1.5, None, 2.0] == records.value_column(frame, "n", 3) == records.value_column(table, "n", 3)
    assert ["", "", ""] == records.text_column(table, "absent", 3)
    assert [True, False, False] == records.truth_column(frame, "flag", 3)


def test_a_missing_column_names_what_the_table_has() -> None:
    with pytest.raises(ConfigurationError, match="column name is missing; the table has id, n"):
        records.require(pa.table({"id": ["a"], "n": [1]}), "accounts", "id", "name")


@pytest.mark.parametrize(("ids", "words"), [(["a", ""], "row 2 has no id"), (["a", "b", "a"], "id a occurs twice")])
def test_an_id_names_one_row(ids: list[str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        records.unique_ids(ids, "leads")
