"""Accounts: how near one is, what to expect of it, and which MQAs wait."""

from __future__ import annotations

import pytest

from alignment_pipeline.meeting.sections import accounts
from alignment_pipeline_tests.meeting.factories import busy, clock, draft, made, values, weeks_ago
from alignment_pipeline_tests.staging.factories import account, opportunity


@pytest.mark.parametrize(
    ("criteria", "near"),
    [
        ([(40, 80), (2, 2)], 0.75),  # the mean of what each needs
        ([(160, 80), (0, 2)], 0.5),  # more than needed of one makes up for nothing
        ([(0, 80), (0, 2)], 0.0),
        ([], 0.0),
    ],
)
def test_how_near_an_account_is(criteria: list[tuple[int, int]], near: float) -> None:
    path = {"criteria": [{"has": has, "needs": needs} for has, needs in criteria]}
    other = {"criteria": [{"has": 0, "needs": 1}]}

    assert near == accounts.nearness([other, path])


def test_expected_pipeline_is_rate_times_amount_times_nearness() -> None:
    rows = busy() | {"opportunities": [{"opportunity_id": opportunity(n), "account_id": account(2), "amount_usd": 1000.0,
                                        "created_at": weeks_ago(3)} for n in range(20)]}  # fmt: skip
    (row,) = made(**rows).content["sections"]["near"]["rows"]

    # half of MQAs move on; 75 of 80 minutes and both people: (75 / 80 + 1) / 2 near
    assert row["expected_usd"] == pytest.approx(0.5 * 1000 * (75 / 80 + 1) / 2, abs=0.01)
    assert ("5 more minutes", 96.9) == (row["missing"], row["near_pct"])


def test_an_mqa_waits_only_for_a_clock_of_the_mqa_that_holds_now() -> None:
    statuses = [{"account_id": account(1), "is_mqa": True, "mqa_status": "mqa", "latest_at": weeks_ago(1)}]
    given = {"policy": "first_touch_mqa", "subject_id": account(1), "account_id": account(1)}
    earlier = clock(1, "breached", weeks=20, trigger_at=weeks_ago(20), **given)
    now = clock(2, "pending", weeks=-0.5, trigger_at=weeks_ago(1), **given)

    assert 0.0 == values(made(account_mqa_statuses=statuses, sla_clocks=[earlier]))["mqas_waiting"]["value"]
    assert 1.0 == values(made(account_mqa_statuses=statuses, sla_clocks=[earlier, now]))["mqas_waiting"]["value"]


def test_without_a_measured_step_nothing_is_expected() -> None:
    assert accounts.mqa_rate(draft()) is None
