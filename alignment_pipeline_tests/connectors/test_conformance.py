"""One suite that every connector passes, by every way it reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alignment_pipeline.connectors.calls import CallBudget
from alignment_pipeline.connectors.transport import Timeouts
from alignment_pipeline.errors import AlignmentError, CredentialsRefused, QuotaExhausted, Retryable
from alignment_pipeline_tests.connectors.conformance import ADAPTERS, Adapter
from alignment_pipeline_tests.connectors.served import NOW, Served
from alignment_pipeline_tests.faults.selection import wants_all

COUNT = 2_300
#: Row 5 of the fault matrix asks for 50,000.
OF_ONE_SECOND = 50_000 if wants_all() else COUNT
RECENT = NOW - timedelta(hours=3)


@pytest.fixture(params=list(ADAPTERS))
def adapter(request: pytest.FixtureRequest, world: Served) -> Adapter:
    found: Adapter = ADAPTERS[request.param](world)
    return found


def ids(result: object) -> list[str]:
    return [row["record_id"] for row in result.rows]  # type: ignore[attr-defined]


def test_every_record_of_many_pages_is_read_once(adapter: Adapter) -> None:
    adapter.fill(COUNT, stamp=RECENT)
    result = adapter.read()

    assert (len(result.rows), len(set(ids(result)))) == (COUNT, COUNT)
    assert result.report.rows == COUNT
    assert result.report.quarantined == ()


def test_records_of_one_and_the_same_second_are_all_read(adapter: Adapter) -> None:
    adapter.fill(OF_ONE_SECOND, stamp=RECENT, step=0.0)

    assert len(set(ids(adapter.read()))) == OF_ONE_SECOND


def test_a_second_reading_brings_only_what_is_new(adapter: Adapter) -> None:
    adapter.fill(20, stamp=NOW - timedelta(days=3))
    first = adapter.read()
    adapter.world.world.advance(86_400)
    new = adapter.happen()
    adapter.world.world.advance(60)
    second = adapter.read(first.report.state)

    assert ids(second) == [new]
    assert second.rows[0]["is_reconstructed"] is False
    assert second.rows[0]["known_at"] >= NOW + timedelta(days=1)


def test_a_late_record_behind_the_watermark_is_found(adapter: Adapter) -> None:
    adapter.fill(3, stamp=NOW - timedelta(days=5))
    late = adapter.happen(late_seconds=600)
    first = adapter.read()
    adapter.world.world.advance(601)
    second = adapter.read(first.report.state)

    assert late in ids(second)


def test_a_token_that_expires_in_the_middle_is_renewed_and_nothing_is_lost(adapter: Adapter) -> None:
    adapter.fill(COUNT, stamp=RECENT)
    adapter.world.fault("expire_token", system=adapter.system, path="rest/v1|bulk/v1|services/data", every=3, count=3)

    assert len(set(ids(adapter.read()))) == COUNT


def test_a_token_that_is_always_refused_ends_the_reading_after_one_renewal(adapter: Adapter) -> None:
    adapter.fill(3, stamp=RECENT)
    adapter.world.fault("expire_token", system=adapter.system, path="rest/v1|bulk/v1|services/data", count=None)
    with pytest.raises(CredentialsRefused):
        adapter.read()

    calls = adapter.world.world.calls.by_endpoint(adapter.system)[adapter.system]
    assert sum(count for path, count in calls.items() if "oauth" in path) <= 2


def test_a_storm_of_503_is_outlived(adapter: Adapter) -> None:
    adapter.fill(COUNT, stamp=RECENT)
    adapter.world.fault("answer", system=adapter.system, path=adapter.page, status=503, body="", count=4)

    assert len(set(ids(adapter.read()))) == COUNT


def test_a_storm_without_end_fails_and_never_looks_like_no_rows(adapter: Adapter) -> None:
    adapter.fill(10, stamp=RECENT)
    adapter.world.fault("answer", system=adapter.system, path=adapter.page, status=503, body="", count=None)
    with pytest.raises(Retryable):
        adapter.read()


def test_a_maintenance_page_instead_of_records_is_asked_again(adapter: Adapter) -> None:
    adapter.fill(COUNT, stamp=RECENT)
    adapter.world.fault("html", system=adapter.system, path=adapter.page, status=503, count=2)

    assert len(set(ids(adapter.read()))) == COUNT


def test_a_maintenance_page_with_status_200_never_looks_like_no_rows(adapter: Adapter) -> None:
    adapter.fill(10, stamp=RECENT)
    adapter.world.fault("html", system=adapter.system, path=adapter.page, status=200, count=None)
    with pytest.raises(AlignmentError):
        adapter.read()


def test_a_page_cut_on_the_wire_is_fetched_again(adapter: Adapter) -> None:
    adapter.fill(COUNT, stamp=RECENT)
    adapter.world.fault("truncate", system=adapter.system, path=adapter.page, count=2)

    assert len(set(ids(adapter.read()))) == COUNT


def test_a_file_short_of_its_promise_is_rejected(adapter: Adapter) -> None:
    """Lines lost without a wire error: JSON breaks, CSV must be counted or checksummed."""
    adapter.fill(COUNT, stamp=RECENT)
    adapter.world.fault("shorten", system=adapter.system, path=adapter.page, lines=2, count=1)
    assert len(set(ids(adapter.read()))) == COUNT

    adapter.world.fault("shorten", system=adapter.system, path=adapter.page, lines=2, count=None)
    with pytest.raises(AlignmentError):
        adapter.read()


def test_a_server_that_hangs_is_left_by_the_time_out(adapter: Adapter) -> None:
    adapter.fill(10, stamp=RECENT)
    adapter.world.fault("hang", system=adapter.system, path=adapter.page, seconds=10_000, count=None)
    with pytest.raises(Retryable, match="gave up after 3 tries"):
        adapter.read(timeouts=Timeouts(30.0, 0.5))


def test_a_daily_quota_stops_the_reading_cleanly(adapter: Adapter) -> None:
    adapter.fill(COUNT, stamp=RECENT)
    adapter.world.fault("daily_limit", system=adapter.system, max=3)
    with pytest.raises(QuotaExhausted):
        adapter.read(budget=CallBudget(run_share=10.0, organisation_share=10.0))


def test_a_budget_of_our_own_stops_the_reading_cleanly(adapter: Adapter) -> None:
    adapter.fill(10, stamp=RECENT)
    with pytest.raises(QuotaExhausted, match="budget of 2 calls"):
        adapter.read(budget=CallBudget(most_calls=2))


def test_the_first_load_is_marked_reconstructed_with_the_vendors_time(adapter: Adapter) -> None:
    adapter.fill(2, stamp=RECENT, step=60.0)
    result = adapter.read()
    if adapter.object == "activities" and result.report.method == "rest":
        assert not any(row["is_reconstructed"] for row in result.rows)
        return
    assert all(row["is_reconstructed"] and row["known_at"] == row["modified_at"] for row in result.rows)
    assert sorted(row["modified_at"] for row in result.rows) == [RECENT + timedelta(minutes=1), RECENT + timedelta(minutes=2)]
