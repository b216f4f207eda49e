"""One form for Salesforce's ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.contracts import record_ids
from alignment_pipeline_tests.staging.factories import id18

BODIES = st.from_regex(r"[0-9][0-9A-Za-z]{14}", fullmatch=True)


@given(BODIES)
def test_the_long_form_is_salesforces(body: str) -> None:
    assert id18(body) == record_ids.long_form(body) == record_ids.long_form(id18(body))


@given(BODIES)
def test_either_form_means_the_record_whichever_it_bears(body: str) -> None:
    other = body.swapcase()
    assert id18(body) == record_ids.KnownIds([id18(body), id18(other)]).meant(body)
    assert body == record_ids.KnownIds([body]).meant(id18(body))


@pytest.mark.parametrize("text", ["", "7", "abc", "INV-2026-000123", "marketo00000001"])
def test_other_ids_stay_as_they_are(text: str) -> None:
    assert text == record_ids.long_form(text)
    assert record_ids.KnownIds(["x"]).meant(text) is None
