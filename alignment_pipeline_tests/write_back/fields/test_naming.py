"""A text without names is the text again once names are put in, and holds no name in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.write_back.fields import naming

ADA, BEA = ("Lead", "00Q000000000001EAA"), ("Contact", "003000000000002EAA")
PEOPLE = {ADA: "Ada Byron", BEA: "Ada Byron King"}
ADA_PLACE, BEA_PLACE = "{{Lead:00Q000000000001EAA:name}}", "{{Contact:003000000000002EAA:name}}"


def without(text: str) -> str:
    return str(naming.without_names({"Subject": text, "Priority": 1}, PEOPLE)["Subject"])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Call Ada Byron (Engines Ltd)", f"Call {ADA_PLACE} (Engines Ltd)"),
        ("Ada Byron King, then Ada Byron", f"{BEA_PLACE}, then {ADA_PLACE}"),
        ("Call Ada By…", "Call …"),
        ("Write to {{Lead:00Q000000000009EAA:name}}", "Write to { {Lead:00Q000000000009EAA:name}}"),
        ("Nobody", "Nobody"),
    ],
)
def test_names_are_ids_and_a_beginning_of_one_is_left_out(text: str, kept: str) -> None:
    assert kept == without(text)


@given(st.lists(st.sampled_from(["Ada Byron", "Ada Byron King", " and ", "\n", "late", "(Acme)"]), max_size=8))
def test_putting_names_in_again_gives_the_text(parts: list[str]) -> None:
    text = "".join(parts)
    template = without(text)

    assert "Byron" not in template
    assert text == naming.with_names(template, PEOPLE)
    assert naming.may_be(template, text)


def test_a_record_that_is_gone_is_somebody() -> None:
    template = without("Ada Byron King and Ada Byron")

    assert "Ada Byron King and somebody" == naming.with_names(template, {BEA: "Ada Byron King"})
    assert f"{BEA_PLACE} and somebody" == naming.forget(template, [ADA[1]])
    assert {ADA, BEA} == naming.named_in([template, None, 3])


def test_a_text_that_a_person_has_changed_is_not_ours() -> None:
    template = without("Call Ada Byron by Friday")

    assert naming.may_be(template, "Call Ada King by Friday ")
    assert not naming.may_be(template, "Call Ada Byron by Monday")
