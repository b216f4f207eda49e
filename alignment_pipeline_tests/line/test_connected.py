"""Keys that share a link lie in one group, however long the chain."""

from __future__ import annotations

import random

import ibis
import pytest

from alignment_pipeline.line import connected


def groups(*members: tuple[str, str]) -> dict[str, str]:
    rows = connected.groups(ibis.memtable([{"link": link, "own_key": key} for link, key in members])).to_pyarrow().to_pylist()
    return {row["own_key"]: row["group_key"] for row in rows}


def test_a_key_alone_is_in_no_group() -> None:
    assert {} == groups(("record", "a"), ("another", "b"))


def test_a_chain_of_links_is_one_group() -> None:
    assert {"a": "a", "b": "a", "c": "a"} == groups(("one", "c"), ("one", "b"), ("two", "b"), ("two", "a"), ("three", "d"))


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_what_flooding_reaches(seed: int) -> None:
    chance = random.Random(seed)
    members = sorted({(f"link{chance.randrange(40)}", f"key{chance.randrange(60):02}") for _ in range(70)})
    expected = {}
    for key in {key for _, key in members}:
        reached, before = {key}, set()
        while reached != before:
            before = reached
            links = {link for link, one in members if one in reached}
            reached = {one for link, one in members if link in links}
        if len(reached) > 1:
            expected[key] = min(reached)

    assert expected == groups(*members)
