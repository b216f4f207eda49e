"""Records that marketing systems have merged away: who is left, whatever the order, and what a merge does not do."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.staging import marketing_merges as rule
from alignment_pipeline_tests.staging.factories import NOW, days_ago, raw, raw_row, rows

Row = dict[str, Any]


def version(table: str, record_id: str, days: float, **given: Any) -> Row:
    return raw_row(table, record_id, known_at=days_ago(days), modified_at=days_ago(days), **given)


def lost(loser: int | str, winner: int | str, days: float = 2, table: str = "raw_marketo_leads") -> Row:
    """The tombstone of a merge."""
    return version(table, str(loser), days, is_deleted=True, mergedInto=str(winner))


def merged(*given: Row, hubspot: tuple[Row, ...] = ()) -> dict[str, str]:
    tables = {"raw_marketo_leads": raw("raw_marketo_leads", *given), "raw_hubspot_contacts": raw("raw_hubspot_contacts", *hubspot)}
    return {row["source_key"]: row["survivor_key"] for row in rows(rule.marketing_merges(tables, as_of=NOW))}


def test_a_merge_in_marketo_leads_to_the_winner() -> None:
    assert merged(version("raw_marketo_leads", "1", 9), version("raw_marketo_leads", "2", 9), lost(2, 1)) == {"marketo:2": "marketo:1"}


def test_a_deletion_that_is_logged_beside_the_merge_does_not_hide_the_winner() -> None:
    deletion = version("raw_marketo_leads", "2", 1, is_deleted=True)
    assert merged(lost(2, 1), deletion) == {"marketo:2": "marketo:1"}


def test_a_record_that_lives_was_not_merged_away() -> None:
    assert merged(lost(2, 1, days=5), version("raw_marketo_leads", "2", 1)) == {}


def test_a_merge_that_was_not_known_yet_does_not_count() -> None:
    assert merged(lost(2, 1, days=-1)) == {}


def test_ids_of_two_systems_do_not_meet() -> None:
    found = merged(lost(2, 1), hubspot=(lost(1, 7, table="raw_hubspot_contacts"),))
    assert found == {"marketo:2": "marketo:1", "hubspot:1": "hubspot:7"}


def test_a_circle_joins_nobody() -> None:
    assert merged(lost(2, 1), lost(1, 2)) == {}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True), st.data())
def test_whatever_the_order_of_merges_everybody_ends_at_the_record_that_is_left(ids: list[int], data: st.DataObject) -> None:
    """Each record is merged into one later in the list, so the last is left; the order of arrival changes nothing."""
    into = {one: data.draw(st.sampled_from(ids[place + 1 :])) for place, one in enumerate(ids[:-1])}
    arrived = data.draw(st.permutations([lost(loser, winner) for loser, winner in into.items()]))

    assert merged(*arrived) == {f"marketo:{one}": f"marketo:{ids[-1]}" for one in ids[:-1]}
