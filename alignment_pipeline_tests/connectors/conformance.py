"""The conformance suite of connectors: what every way of reading a stream must do, whatever the system.

Belongs here: the suite, and what it needs of a connector. A new connector writes an `Adapter` for each way it reads and a test class
for each adapter (`class TestPages(Conformance)` with a fixture `adapter`); `marketo/test_conformance.py` is an example. Nothing here
knows a vendor: an adapter may read from an embedded system (`served.py`) or from a scripted server (`stub.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from alignment_pipeline.connectors.calls import CallBudget, CallCounter
from alignment_pipeline.connectors.streams import Reading, StreamReport, StreamState
from alignment_pipeline.connectors.transport import Timeouts
from alignment_pipeline.errors import AlignmentError, CredentialsRefused, QuotaExhausted, Retryable
from alignment_pipeline_tests.connectors.served import NOW, Served, rows_of
from alignment_pipeline_tests.faults.selection import wants_all

COUNT = 2_300
#: Row 5 of the fault matrix asks for 50,000.
OF_ONE_SECOND = 50_000 if wants_all() else COUNT
RECENT = NOW - timedelta(hours=3)
SHORT = Timeouts(30.0, 60.0)


@dataclass
class Result:
    """One reading: its rows, its report, and what it cost."""

    rows: list[dict[str, Any]]
    report: StreamReport
    counter: CallCounter

    @classmethod
    def of(cls, reading: Reading, counter: CallCounter) -> Result:
        """The whole reading."""
        rows = rows_of(reading)
        return cls(rows, reading.report, counter)


class Adapter(ABC):
    """One way of reading one stream.

    `signed` matches the paths of signed calls, `page` those that deliver records. `begins_at_a_watermark`: this way never loads a
    stream for the first time, so none of its rows is reconstructed.
    """

    object: str
    page: str
    signed: str
    begins_at_a_watermark: bool = False

    @abstractmethod
    def read(
        self, state: StreamState | None = None, *, timeouts: Timeouts = SHORT, budget: CallBudget | None = None, **options: Any
    ) -> Result:
        """Read the stream with a session of its own."""

    @abstractmethod
    def fill(self, count: int, *, stamp: datetime, step: float = 1.0) -> None:
        """Records of the past, `step` seconds apart."""

    @abstractmethod
    def happen(self, *, late_seconds: int = 0) -> str:
        """One new record or version now (visible later); its record id."""

    @abstractmethod
    def advance(self, seconds: float) -> None:
        """Let time pass."""

    @abstractmethod
    def fault(self, kind: str, **options: Any) -> None:
        """Switch on a fault of `sandbox/faults.py` for the system."""

    @abstractmethod
    def logins(self) -> int:
        """How often the system was asked for a token."""

    def states(self, state: StreamState | None) -> Mapping[str, StreamState]:
        """The state as a source takes it."""
        return {} if state is None else {self.object: state}


class SandboxAdapter(Adapter):
    """An adapter over an embedded system."""

    system: str

    def __init__(self, world: Served) -> None:
        self.world = world

    def advance(self, seconds: float) -> None:
        """See `Adapter`."""
        self.world.world.advance(seconds)

    def fault(self, kind: str, **options: Any) -> None:
        """See `Adapter`."""
        self.world.fault(kind, system=self.system, **options)

    def logins(self) -> int:
        """See `Adapter`."""
        calls = self.world.world.calls.by_endpoint(self.system)[self.system]
        return sum(count for path, count in calls.items() if "oauth" in path)


def ids(result: Result) -> list[str]:
    """Record ids in the order read."""
    return [row["record_id"] for row in result.rows]


class Conformance:
    """The suite."""

    def test_every_record_of_many_pages_is_read_once(self, adapter: Adapter) -> None:
        adapter.fill(COUNT, stamp=RECENT)
        result = adapter.read()

        assert (len(result.rows), len(set(ids(result)))) == (COUNT, COUNT)
        assert result.report.rows == COUNT
        assert result.report.quarantined == ()

    def test_records_of_one_and_the_same_second_are_all_read(self, adapter: Adapter) -> None:
        adapter.fill(OF_ONE_SECOND, stamp=RECENT, step=0.0)

        assert len(set(ids(adapter.read()))) == OF_ONE_SECOND

    def test_a_second_reading_brings_only_what_is_new(self, adapter: Adapter) -> None:
        adapter.fill(20, stamp=NOW - timedelta(days=3))
        first = adapter.read()
        adapter.advance(86_400)
        new = adapter.happen()
        adapter.advance(60)
        second = adapter.read(first.report.state)

        assert ids(second) == [new]
        assert second.rows[0]["is_reconstructed"] is False
        assert second.rows[0]["known_at"] >= NOW + timedelta(days=1)

    def test_a_late_record_behind_the_watermark_is_found(self, adapter: Adapter) -> None:
        adapter.fill(3, stamp=NOW - timedelta(days=5))
        late = adapter.happen(late_seconds=600)
        first = adapter.read()
        adapter.advance(601)
        second = adapter.read(first.report.state)

        assert late in ids(second)

    def test_a_token_that_expires_in_the_middle_is_renewed_and_nothing_is_lost(self, adapter: Adapter) -> None:
        adapter.fill(COUNT, stamp=RECENT)
        adapter.fault("expire_token", path=adapter.signed, every=3, count=3)

        assert len(set(ids(adapter.read()))) == COUNT

    def test_a_token_that_is_always_refused_ends_the_reading_after_one_renewal(self, adapter: Adapter) -> None:
        adapter.fill(3, stamp=RECENT)
        adapter.fault("expire_token", path=adapter.signed, count=None)
        with pytest.raises(CredentialsRefused):
            adapter.read()

        assert adapter.logins() <= 2

    def test_a_storm_of_503_is_outlived(self, adapter: Adapter) -> None:
        adapter.fill(COUNT, stamp=RECENT)
        adapter.fault("answer", path=adapter.page, status=503, body="", count=4)

        assert len(set(ids(adapter.read()))) == COUNT

    def test_a_storm_without_end_fails_and_never_looks_like_no_rows(self, adapter: Adapter) -> None:
        adapter.fill(10, stamp=RECENT)
        adapter.fault("answer", path=adapter.page, status=503, body="", count=None)
        with pytest.raises(Retryable):
            adapter.read()

    def test_a_maintenance_page_instead_of_records_is_asked_again(self, adapter: Adapter) -> None:
        adapter.fill(COUNT, stamp=RECENT)
        adapter.fault("html", path=adapter.page, status=503, count=2)

        assert len(set(ids(adapter.read()))) == COUNT

    def test_a_maintenance_page_with_status_200_never_looks_like_no_rows(self, adapter: Adapter) -> None:
        adapter.fill(10, stamp=RECENT)
        adapter.fault("html", path=adapter.page, status=200, count=None)
        with pytest.raises(AlignmentError):
            adapter.read()

    def test_a_page_cut_on_the_wire_is_fetched_again(self, adapter: Adapter) -> None:
        adapter.fill(COUNT, stamp=RECENT)
        adapter.fault("truncate", path=adapter.page, count=2)

        assert len(set(ids(adapter.read()))) == COUNT

    def test_a_file_short_of_its_promise_is_rejected(self, adapter: Adapter) -> None:
        """Lines lost without a wire error: JSON breaks, CSV must be counted or checksummed."""
        adapter.fill(COUNT, stamp=RECENT)
        adapter.fault("shorten", path=adapter.page, lines=2, count=1)
        assert len(set(ids(adapter.read()))) == COUNT

        adapter.fault("shorten", path=adapter.page, lines=2, count=None)
        with pytest.raises(AlignmentError):
            adapter.read()

    def test_a_server_that_hangs_is_left_by_the_time_out(self, adapter: Adapter) -> None:
        adapter.fill(10, stamp=RECENT)
        adapter.fault("hang", path=adapter.page, seconds=10_000, count=None)
        with pytest.raises(Retryable, match="gave up after 3 tries"):
            adapter.read(timeouts=Timeouts(30.0, 0.5))

    def test_a_daily_quota_stops_the_reading_cleanly(self, adapter: Adapter) -> None:
        adapter.fill(COUNT, stamp=RECENT)
        adapter.fault("daily_limit", max=3)
        with pytest.raises(QuotaExhausted):
            adapter.read(budget=CallBudget(run_share=10.0, organisation_share=10.0))

    def test_a_budget_of_our_own_stops_the_reading_cleanly(self, adapter: Adapter) -> None:
        adapter.fill(COUNT, stamp=RECENT)
        with pytest.raises(QuotaExhausted, match="budget of 2 calls"):
            adapter.read(budget=CallBudget(most_calls=2))

    def test_the_first_load_is_marked_reconstructed_with_the_vendors_time(self, adapter: Adapter) -> None:
        adapter.fill(2, stamp=RECENT, step=60.0)
        result = adapter.read()
        if adapter.begins_at_a_watermark:
            assert not any(row["is_reconstructed"] for row in result.rows)
            return
        assert all(row["is_reconstructed"] and row["known_at"] == row["modified_at"] for row in result.rows)
        assert sorted(row["modified_at"] for row in result.rows) == [RECENT + timedelta(minutes=1), RECENT + timedelta(minutes=2)]
