"""The same form sent again within seconds is one conversion."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.agreement import loader
from alignment_pipeline.scoring import repeats
from alignment_pipeline_tests.scoring import oracle
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import activity, days_ago, rows, table

START = days_ago(2)
EXAMPLES = sorted((loader.default_path().parent / "examples").glob("*.yaml"))


def forms(*sent: tuple[float, str, str]) -> list[dict[str, Any]]:
    """Forms (seconds, category, form) of one person."""
    return [
        activity(f"f{i}", "p1", "form_fill", START + timedelta(seconds=at), category=category, detail=form)
        for i, (at, category, form) in enumerate(sent)
    ]


def repeated(acts: list[dict[str, Any]]) -> set[str]:
    found = repeats.repeats(table("activities", acts), shipped().scoring.exclusions)
    assert found is not None
    return {row["repeat_id"] for row in rows(found)}


@pytest.mark.parametrize(
    ("sent", "again"),
    [
        ([(0, "hand_raise", "Demo"), (1, "hand_raise", "Demo"), (2, "hand_raise", "Demo")], {"f1", "f2"}),
        ([(0, "content", "Guide"), (60, "content", "Guide"), (120.5, "content", "Guide")], {"f1"}),
        ([(0, "content", "Guide"), (1, "content", "Other guide")], set()),
        ([(0, "content", "Guide"), (1, "hand_raise", "Guide")], set()),
        ([(0, "content", "Guide"), (3_600, "content", "Guide")], set()),
    ],
)
def test_only_the_first_of_equal_forms_counts(sent: list[tuple[float, str, str]], again: set[str]) -> None:
    assert repeated(forms(*sent)) == again


def test_two_people_who_send_the_same_form_are_two_conversions() -> None:
    assert repeated([activity(f"f{n}", f"p{n}", "form_fill", START, category="content", detail="Guide") for n in (1, 2)]) == set()


@pytest.mark.parametrize("path", [loader.default_path(), *EXAMPLES], ids=lambda path: path.stem)
def test_every_shipped_agreement_counts_a_double_click_once(path: Path) -> None:
    exclusions = loader.load(path).scoring.exclusions
    assert exclusions.repeat_seconds > 0 and "form_fill" in exclusions.repeat_types


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(["content", "trial"]), st.sampled_from(["A", "B"])), min_size=1, max_size=12)
)
def test_repeats_follow_an_equal_form_within_the_agreed_seconds(sent: list[tuple[int, str, str]]) -> None:
    acts = forms(*((float(at), category, form) for at, category, form in sent))
    assert repeated(acts) == oracle.repeats(acts, shipped().scoring)
