"""Row 24 and the teeth: killed at random moments under faults and people's edits, nothing is lost; broken variants are caught.

`make test` kills a few times; `make faults` 210 times over three seeds, sweeps the crash points, and breaks the protocol five times.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from alignment_pipeline_tests.faults import campaigns, kill, variants
from alignment_pipeline_tests.faults.selection import chosen, wants_all
from alignment_pipeline_tests.write_back.organisation import NURTURE

SEEDS, PARTS = ("1", "2", "3"), ("1", "2", "3")
#: An apply of the sweep passes 57 points when nothing has to be sent again.
LEAST_POINTS = 45


@pytest.mark.parametrize("seed", chosen(SEEDS, short=SEEDS[:1]))
def test_killed_at_random_nothing_is_lost_and_nobody_is_overwritten(seed: str, tmp_path: Path) -> None:
    kills = 70 if wants_all() else 4

    found = campaigns.run_random(tmp_path, int(seed), kills)

    assert found.kills >= kills and found.problems == []


@pytest.mark.parametrize("part", chosen(PARTS, short=PARTS[:1]))
@pytest.mark.parametrize("seed", chosen(SEEDS, short=SEEDS[:1]))
def test_every_crash_point_can_be_survived(seed: str, part: str, tmp_path: Path) -> None:
    """In parts (every third point each, so that several processes share a sweep); each goes on until an apply has no such point."""
    first, step = int(part), len(PARTS) if wants_all() else 15

    found = campaigns.run_sweep(tmp_path, int(seed), first, step)

    assert found.problems == [] and found.is_whole
    assert found.killed_at == list(range(first, found.killed_at[-1] + 1, step)) and found.killed_at[-1] > LEAST_POINTS


@pytest.mark.parametrize("point", chosen(kill.POINTS, short=("intent durable", "sent")))
def test_killed_while_marketo_is_told_each_person_is_told_once(point: str, tmp_path: Path) -> None:
    with kill.arena(tmp_path, 1, leads=1, accounts=1, people=12, faults=0.0) as found:
        for number in range(1, 13):
            found.office.want(str(number), **{NURTURE: f"Recycled: {number}"})
        plan_hash = found.plan()
        assert plan_hash is not None
        assert found.apply(plan_hash, crash_at=f"{point}:2") == -signal.SIGKILL

        assert found.apply(plan_hash, "--resume") == 0

        found.calm()
        assert found.broken() == []
        told = [(write.record_id, write.changes[NURTURE]) for write in found.office.told()]
        assert sorted(told) == sorted((str(number), (None, f"Recycled: {number}")) for number in range(1, 13))


def test_a_base_that_moves_before_the_send_is_caught_by_one_kill(tmp_path: Path) -> None:
    with kill.arena(tmp_path, 1, leads=10, accounts=1, faults=0.0, variant="ledger-first") as found:
        for number in range(10):
            found.office.want(kill.lead(number), Note__c="ours")
        plan_hash = found.plan()
        assert plan_hash is not None
        found.apply(plan_hash, crash_at="intent durable:1")
        found.calm()

        assert [problem for problem in found.broken() if problem.startswith("lost update")] != []


if wants_all():

    @pytest.mark.parametrize("variant", list(variants.VARIANTS))
    def test_a_broken_variant_is_caught(variant: str, tmp_path: Path) -> None:
        """Within 60 kills over six seeds: by an invariant, or by never coming to rest."""
        for seed in range(6):
            folder = tmp_path / str(seed)
            folder.mkdir()
            try:
                found = campaigns.run_random(folder, seed, 10, variant=variant, faults=0.5)
            except kill.Restless:
                return
            if found.problems:
                return
        raise AssertionError(f"the variant {variant} was not caught: the harness has no teeth")
