"""A failed run is told once, without secrets, and waits for a channel that is down."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.connectors import redaction
from alignment_pipeline.defs import alerts
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import outbox_and_streams
from alignment_pipeline_tests.journal.outbox import unsent

# Apprise imports a module that Python 3.13 has not any more, and has its own for then
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SECRET = "s3cr3t-of-a-session-000"


def home(path: Path, **settings: str) -> Home:
    return Home.from_env({"ALIGNMENT_HOME": str(path), **settings})


def told(path: Path) -> list[str]:
    return [file.read_text() for file in sorted((path / "notifications").glob("*.txt"))]


def test_a_failure_is_told_once_and_redacted(tmp_path: Path) -> None:
    redaction.PROCESS.add(SECRET)
    place = home(tmp_path)
    with place.journal() as journal:
        sent = [alerts.tell(place, journal, run_id="r1", job="daily", steps=[("salesforce", f"401 {SECRET} @channel")]) for _ in range(2)]

    (text,) = told(tmp_path)
    assert [1, 0] == sent
    assert "Run failed: daily" in text and "salesforce: 401" in text and "r1" in text
    assert SECRET not in text and "@channel" not in text


def test_a_channel_that_is_down_delays_and_loses_nothing(tmp_path: Path) -> None:
    down = home(tmp_path, ALIGNMENT_NOTIFY_URLS="json://127.0.0.1:9/")
    with down.journal() as journal:
        sent = alerts.tell(down, journal, run_id="r2", job="incremental", steps=[("", "no space left")])

        assert (0, 1) == (sent, unsent(journal))
        assert [] == outbox_and_streams.due_messages(journal)


def test_a_wrong_setting_does_not_hide_a_failure(tmp_path: Path) -> None:
    place = home(tmp_path, ALIGNMENT_NOTIFY_URLS="nonsense://")
    with place.journal() as journal:
        alerts.tell(place, journal, run_id="r3", job="daily", steps=[("", "failed")])

    assert 1 == len(told(tmp_path))
