"""Every form of the catalogue says something a rep would say, and has an example that shows it."""

from __future__ import annotations

import re

import pytest

from alignment_pipeline.agreement import sla_policies
from alignment_pipeline.matching.settings import RULES, TIE_BREAKERS
from alignment_pipeline.wording import catalogue, forms
from alignment_pipeline_tests.wording.forbidden import problems

EVENT_NAMES = sla_policies.EventName.__args__  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", sorted(catalogue.FORMS))
def test_a_form_has_an_example_of_its_own_text_without_anything_forbidden(key: str) -> None:
    form = catalogue.FORMS[key]
    pattern = "".join(re.escape(before) + ("" if name is None else ".*") for before, name in forms.pieces(key))

    assert re.search(pattern, form.example), "the example is no instance of the form"
    assert problems(form.example) == []
    assert forms.length(form.example) <= forms.LIMIT


def test_every_key_of_the_agreement_that_a_sentence_can_name_has_words() -> None:
    assert set(catalogue.EVENTS) == set(EVENT_NAMES)
    assert set(catalogue.TIES) == set(TIE_BREAKERS)
    assert set(catalogue.MATCH_RULES) >= set(RULES)
    words = [*catalogue.MATCH_RULES.values(), *catalogue.TIES.values(), *(word for pair in catalogue.EVENTS.values() for word in pair)]
    assert [word for word in words if problems(word)] == []


def test_a_value_that_is_missing_is_an_error_and_not_an_empty_place() -> None:
    with pytest.raises(KeyError):
        forms.say("stage.since", stage="MQL", since="12 Nov 2026")
