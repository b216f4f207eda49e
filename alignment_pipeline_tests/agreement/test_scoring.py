"""Mistakes in the scoring and lifecycle sections are named with line, key and what is allowed."""

from __future__ import annotations

import pytest

from alignment_pipeline.agreement import loader

TEXT = (loader.default_path().parent / "examples" / "engagement_minutes.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("found", "instead", "says"),
    [
        ("decay: {form: none, horizon_days: 90}", "decay: {form: half_life, horizon_days: 90}", "takes half_life_days; found none"),
        (
            "{label: Meeting, type: meeting,",
            "{label: Meeting, type: meting,",
            "activity type 'meting', which activity_types does not define",
        ),
        ("{label: Meeting, type: meeting,", "{label: Page, type: meeting,", "two rules have the label 'Page'"),
        ("- {points: 100, days: 90}", "- {points: 100, activities: 2, days: 90}", "takes either points or activities"),
        ("- {points: 100, days: 90}", "- {points: 100, days: 90, types: [meting]}", "names types 'meting'; scoring defines"),
        ("- {points: 100, days: 90}", "- {points: 100, days: 90, seniorities: [boss]}", "names seniorities 'boss'; scoring defines"),
        ("to: Known, from: [Engaged]", "to: Knwon, from: [Engaged]", "'Knwon' is named but not defined"),
        ("is_all: [on_open_opportunity]", "is_all: [on_opn_opportunity]", "allowed: "),
        ("{people: 2, points: 20, days: 90}", "{poeple: 2, points: 20, days: 90}", "unknown key; did you mean 'people'?"),
        ("trend: {recent_days: 28,", "trend: {recent_days: 60,", "twice trend.recent_days is 120 days, but decay.horizon_days stops"),
        ("{name: Technical buyer, functions: [it]}", "{name: Technical buyer, functions: [ti]}", "names functions 'ti'; known are"),
        ("fit_at_least: 60}]", "fit_at_least: 100.5}]", "less than or equal to 100"),
    ],
)
def test_a_mistake_is_named(found: str, instead: str, says: str) -> None:
    assert found in TEXT

    with pytest.raises(loader.AgreementError) as caught:
        loader.loads(TEXT.replace(found, instead, 1), name="agreement.yaml")

    assert says in str(caught.value)
    assert str(caught.value).startswith("agreement.yaml:")
