"""Quoting: no value leaves its quotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.connectors.salesforce import soql
from alignment_pipeline.errors import Permanent
from alignment_pipeline_tests.connectors.served import NOW


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_quoted_values_never_leave_their_quotes(texts: list[str]) -> None:
    query = soql.among("Name", texts)
    inside, escaped, outside = False, False, []
    for letter in query:
        if inside and escaped:
            escaped = False
        elif inside and letter == "\\":
            escaped = True
        elif letter == "'":
            inside = not inside
        elif not inside:
            outside.append(letter)

    assert not inside
    assert "".join(outside) == "Name IN (" + "," * (len(texts) - 1) + ")"


def test_queries_hold_bare_whole_seconds_and_checked_names() -> None:
    window = soql.Window(NOW, None)
    assert soql.select("Lead", ("Id", "Name"), where=window.where("SystemModstamp"), order_by=("SystemModstamp", "Id"), limit=5) == (
        "SELECT Id,Name FROM Lead WHERE SystemModstamp >= 2026-11-20T12:00:00Z ORDER BY SystemModstamp,Id LIMIT 5"
    )
    with pytest.raises(Permanent):
        soql.select("Lead WHERE Id != null", ("Id",))
    with pytest.raises(ValueError, match="between 1 and 200"):
        soql.ids_among("Id", [])
