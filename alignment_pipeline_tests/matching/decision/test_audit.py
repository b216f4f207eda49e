"""The draw of an audit: every decision has a known chance, whatever the order of rows."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.matching.decision import audit

ROWS = st.lists(
    st.tuples(st.sampled_from(["typo", "exact_name", "none"]), st.sampled_from(["matched", "review"]), st.sampled_from([0.3, 0.7, 0.99])),
    min_size=1,
    max_size=60,
).map(
    lambda rows: [
        {"person_id": f"p{at}", "method": method, "decision": decision, "confidence": confidence}
        for at, (method, decision, confidence) in enumerate(rows)
    ]
)


@given(ROWS, st.integers(1, 40), st.randoms(use_true_random=False))
def test_every_stratum_is_drawn_from_with_its_share_and_order_changes_nothing(
    rows: list[dict[str, Any]], budget: int, chance: random.Random
) -> None:
    drawn = audit.draw(rows, budget, seed="2026-11-30")
    mixed = list(rows)
    chance.shuffle(mixed)

    assert drawn == audit.draw(mixed, budget, seed="2026-11-30")
    assert {audit.stratum(row) for row in rows} == {audit.stratum(one.row) for one in drawn}
    for one in drawn:
        alike = [row for row in rows if audit.stratum(row) == audit.stratum(one.row)]
        taken = [other for other in drawn if audit.stratum(other.row) == audit.stratum(one.row)]
        assert one.probability == len(taken) / len(alike)


def test_an_estimate_weighs_each_verdict_by_its_chance() -> None:
    labels = [(True, 0.005)] * 40 + [(False, 0.05)] * 10 + [(True, 0.05)] * 30

    assert 0.977 == round(audit.weighted(labels), 3)
