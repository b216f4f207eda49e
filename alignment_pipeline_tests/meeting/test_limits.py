"""Control limits: what is noise stays quiet."""

from __future__ import annotations

import random

import pytest

from alignment_pipeline.meeting import limits


def test_the_worked_p_chart() -> None:
    found = limits.p_chart([(45, 50)] * 12, 50)

    assert found is not None
    assert (77.3, 100.0) == (round(found.lower, 1), found.upper)
    assert ("", "below") == (found.signal(84.0), found.signal(74.0))


def test_the_worked_xmr_chart() -> None:
    found = limits.xmr_chart([10, 12, 11, 13])

    assert found is not None
    # mean 11.5, mean moving range (2 + 1 + 2) / 3
    assert found.centre == 11.5
    assert found.upper == pytest.approx(11.5 + 2.66 * 5 / 3)
    assert found.lower == pytest.approx(11.5 - 2.66 * 5 / 3)
    assert "above" == found.signal(17)


@pytest.mark.parametrize("before", [[], [(5, 10)] * 3, [(0, 0)] * 12])
def test_too_few_weeks_have_no_limits(before: list[tuple[float, float]]) -> None:
    assert limits.p_chart(before, 20) is None
    assert limits.xmr_chart([float(hits) for hits, _ in before[:3]]) is None


def test_a_week_without_cases_has_no_limits_and_no_signal() -> None:
    assert limits.p_chart([(5, 10)] * 12, 0) is None
    found = limits.p_chart([(5, 10)] * 12, 10)
    assert found is not None and "" == found.signal(None)


def test_what_never_changed_is_news_when_it_does() -> None:
    found = limits.p_chart([(20, 20)] * 12, 20)
    assert found is not None
    assert ("", "below") == (found.signal(100.0), found.signal(95.0))


def test_a_steady_process_seldom_signals() -> None:
    """Shares of 50 cases at 70 %: outside three standard deviations in less than two of a hundred weeks."""
    draw = random.Random(7)
    weeks = [sum(draw.random() < 0.7 for _ in range(50)) for _ in range(1200)]
    signals = 0
    for at in range(12, len(weeks)):
        found = limits.p_chart([(hits, 50) for hits in weeks[at - 12 : at]], 50)
        assert found is not None
        signals += bool(found.signal(100 * weeks[at] / 50))
    assert signals / (len(weeks) - 12) < 0.02
