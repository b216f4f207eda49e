"""Ids and API names."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alignment_pipeline.connectors.salesforce.identifiers import api_name, id18, is_id
from alignment_pipeline.errors import Permanent


def test_fifteen_characters_become_eighteen_and_case_matters() -> None:
    assert id18("001D000000IqhSL") == "001D000000IqhSLIAZ"
    assert id18("001D000000IqhSLIAZ") == "001D000000IqhSLIAZ"
    assert id18("001D000000iqhsl") != id18("001D000000IqhSL")
    with pytest.raises(ValueError, match="not a Salesforce id"):
        id18("001D000000IqhS'")
    assert not is_id("001D000000IqhSLIAZ\n")


@given(st.text())
@example("Name\n")
def test_nothing_but_letters_digits_and_underscores_is_a_name(text: str) -> None:
    # (a pattern's `$` would let a line feed at the end pass)
    plain = text.isascii() and text.replace("_", "a").isalnum() and text[0].isalpha() and len(text) <= 80 if text else False
    if plain:
        assert api_name(text) == text
    else:
        with pytest.raises(Permanent):
            api_name(text)
