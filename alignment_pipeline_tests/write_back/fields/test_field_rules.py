"""Which changes of a number are worth a write: points that the CRM ages by a formula, and numbers that are written as they are."""

from __future__ import annotations

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.decay import Decay
from alignment_pipeline.write_back.fields.field_rules import FieldRules

DEFAULT = loader.load(loader.default_path())
POINTS, FIT = "Alignment_Engagement_Points__c", "Alignment_Fit_Score__c"


def rules(decay: Decay = DEFAULT.scoring.engagement.decay) -> FieldRules:
    engagement = DEFAULT.scoring.engagement.model_copy(update={"decay": decay})
    return FieldRules(DEFAULT.model_copy(update={"scoring": DEFAULT.scoring.model_copy(update={"engagement": engagement})}), {})


@pytest.mark.parametrize(
    ("before", "after", "is_within"),
    [(40.0, 40.005, True), (40.0, 40.1, False), (40.0, 39.2, True), (40.0, 35.9, False), (0.5, 0.2, True), (None, 3.0, False)],
)
def test_points_rise_with_every_activity_and_fall_by_steps(before: float | None, after: float, is_within: bool) -> None:
    assert is_within == rules().is_within_step("Lead", POINTS, before, after)


def test_what_the_crm_ages_has_no_refresh_and_other_numbers_have() -> None:
    assert rules().ages_in_crm("Lead", POINTS) and rules().ages_in_crm("Account", "Alignment_Engagement_Points_At__c")
    assert not rules().ages_in_crm("Lead", FIT)


def test_without_a_half_life_points_are_a_number_like_others() -> None:
    steps = rules(Decay(form="steps", step_days=30, step_pct=50, horizon_days=90))

    assert not steps.ages_in_crm("Lead", POINTS) and steps.is_within_step("Lead", POINTS, 40.0, 40.1)


def test_a_later_day_is_always_written() -> None:
    assert not rules().is_within_step("Lead", "Alignment_Engagement_Points_At__c", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")
