"""What the lane remembers survives it, and what it looks at again is never taken for new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.fast_lane.memory import OVERLAP, STREAM, SYSTEM, HandRaise, Memory
from alignment_pipeline.journal import outbox_and_streams
from alignment_pipeline.journal.journal import Journal

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def hand(guid: str = "g1", at: datetime = NOW) -> HandRaise:
    return HandRaise(guid, "marketo", "7", at, at, {"marketoGUID": guid, "leadId": "7", "primaryAttributeValue": None})


def test_memory_survives_its_process(tmp_path: Path) -> None:
    memory = Memory(
        trails={"marketo": [(NOW, "token")], "hubspot": [(NOW, "later")]}, seen={"g1": NOW}, open={"g1": hand().waiting(NOW, "because")}
    )
    memory.spend(NOW, marketo=3)

    with Journal.open(tmp_path / "journal.sqlite", home=tmp_path) as journal:
        memory.save(journal)
        found = Memory.load(journal)

    assert memory == found


def test_what_was_remembered_before_systems_were_told_apart_goes_on(tmp_path: Path) -> None:
    one = hand().to_json()
    one["marketo_id"] = one.pop("person")
    del one["system"]
    body = {"trail": [[NOW.isoformat(), "token"]], "seen": {}, "open": [one], "day": "", "calls": {}}
    with Journal.open(tmp_path / "journal.sqlite", home=tmp_path) as journal:
        outbox_and_streams.put_stream_state(journal, SYSTEM, STREAM, body)
        memory = Memory.load(journal)

    assert (memory.trails, memory.open) == ({"marketo": [(NOW, "token")]}, {"g1": hand()})


def test_a_new_day_counts_calls_anew() -> None:
    memory = Memory()
    memory.spend(NOW, marketo=3)
    memory.spend(NOW + timedelta(days=1), marketo=1)

    assert {"marketo": 1} == memory.calls


def test_pauses_grow_to_five_minutes() -> None:
    one = hand()
    pauses = []
    for _ in range(10):
        one = one.waiting(NOW, "no record")
        assert one.not_before is not None
        pauses.append((one.not_before - NOW).total_seconds())

    assert [5, 10, 20, 40, 80, 160, 300, 300, 300, 300] == pauses


@given(st.lists(st.floats(min_value=0.5, max_value=900), min_size=1, max_size=80))
def test_a_poll_always_goes_back_by_the_overlap_and_knows_what_it_has_seen_there(gaps: list[float]) -> None:
    memory = Memory(trails={"marketo": [(NOW, "first")]})
    at, seen = NOW, {}
    for number, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        memory.seen[f"g{number}"] = at
        seen[f"g{number}"] = at
        memory.polled("marketo", at, f"t{number}")
        oldest = memory.trail("marketo")[0][0]

        assert oldest == NOW or oldest <= at - OVERLAP
        assert {guid for guid, moment in seen.items() if moment >= oldest} <= set(memory.seen)
