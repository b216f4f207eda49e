"""Which changes of a number are worth a write: points that the CRM ages by a formula, and numbers that are written as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.decay import Decay
from alignment_pipeline.write_back.fields.field_rules import FieldRules

DEFAULT = loader.load(loader.default_path())
POINTS, FIT, TREND = "Alignment_Engagement_Points__c", "Alignment_Fit_Score__c", "Alignment_Engagement_Trend__c"
DAY, NOW = timedelta(days=1), datetime(2026, 11, 20, tzinfo=UTC)


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


@pytest.mark.parametrize(
    ("before", "after", "is_within"),
    [
        (34.0, 14.0, True), (25.0, 79.0, False), (301.0, 208.0, True), (0.0, -100.0, False),
        (None, -100.0, True), (-100.0, None, True), (None, 400.0, True),
    ],
)  # fmt: skip
def test_a_trend_is_written_when_it_has_turned(before: float | None, after: float | None, is_within: bool) -> None:
    assert is_within == rules().is_within_step("Account", TREND, before, after)
    assert not rules().is_within_step("Account", "Alignment_Committee_Coverage__c", 40.0, 60.0)


def trend(past: dict[int, int], day: int) -> float | None:
    """Per cent between the last 28 days and the 28 before, of points by day; None without any before."""
    recent, before = (sum(points for at, points in past.items() if first <= day - at < first + 28) for first in (0, 28))
    return 100.0 * (recent - before) / before if before else None


@settings(max_examples=200, deadline=None)
@given(past=st.dictionaries(st.integers(0, 60), st.integers(1, 40), max_size=12), number=st.integers(1, 999))
def test_an_account_that_falls_silent_is_written_for_its_trend_a_few_times_and_then_never(past: dict[int, int], number: int) -> None:
    """Nothing happens after day 60. A rep sees a trend that is right or within its step; one that has begun at most 14 days late."""
    one, record = rules(), f"001{number:015d}"
    shown, at, late, writes = trend(past, 60), NOW, 0, []
    for day in range(61, 200):
        now, wanted = NOW + (day - 60) * DAY, trend(past, day)
        is_within = wanted == shown or one.is_within_step("Account", TREND, shown, wanted)
        is_due = wanted != shown and one.has_refresh("Account", TREND, shown, wanted) and one.is_refresh_due(record, at, now)
        if is_due or not is_within:
            shown, at, late = wanted, now, 0
            writes.append(day)
        late = late + 1 if shown is None and wanted not in (None, -100.0) else 0
        assert late <= 14, (day, wanted)
        assert shown is None or wanted is None or abs(wanted - shown) < max(25.0, 0.5 * max(abs(wanted), abs(shown)))
    # 28 days after the last activity nothing has happened lately, and the trend is -100 % until it ends
    assert not [day for day in writes if day > 60 + 28]


@pytest.mark.parametrize(
    ("before", "after", "has_refresh"), [(None, 229.0, True), (None, -100.0, False), (-100.0, None, False), (34.0, 14.0, False)]
)
def test_only_a_trend_that_has_begun_while_something_happens_is_refreshed(
    before: float | None, after: float | None, has_refresh: bool
) -> None:
    assert has_refresh == rules().has_refresh("Account", TREND, before, after)
    assert rules().has_refresh("Account", "Alignment_Committee_Coverage__c", 40.0, 40.5)
