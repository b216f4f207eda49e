"""Criteria are met and lost exactly when their sums say so, however points fade."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.agreement.decay import Decay
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.contracts.moments import DAY, HOUR
from alignment_pipeline.lifecycle.signals import crossings
from alignment_pipeline.lifecycle.signals.events import Events, _selection

POINT = 1_000_000
Row = tuple[int, int, int, int]  # person, account, moment, micro-points
FORMS = st.sampled_from(
    [
        {"form": "none", "horizon_days": 3},
        {"form": "steps", "step_days": 1, "step_pct": 40, "horizon_days": 4},
        {"form": "half_life", "half_life_days": 0.5, "horizon_days": 3},
        {"form": "half_life", "half_life_days": 1, "horizon_days": 2},
    ]
)
ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.just(0), st.integers(0, 4 * DAY), st.integers(-5 * POINT, 9 * POINT)), min_size=1, max_size=6
)


def events(rows: list[Row], measure: Measure, as_of_us: int) -> Events:
    person, account, at_us, weighted = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return Events(
        person_ids=pa.array([f"p{number}" for number in range(3)]),
        account_ids=pa.array(["a0"]),
        person=person,
        account=account,
        at_us=at_us,
        day=at_us // DAY,
        weighted=weighted,
        taken={_selection(measure): np.ones(len(rows), dtype=np.bool_)},
        fit=np.zeros(3, dtype=np.int64),
        as_of_us=as_of_us,
    )


def share(decay: Decay, measure: Measure, occurred: int, at: int) -> float:
    """By its definition, without a table of steps."""
    unit, a_day = (HOUR, 24) if decay.age_in == "hours" and measure.decayed else (DAY, 1)
    age = at // unit - occurred // unit
    if occurred > at or age > measure.days * a_day:
        return 0.0
    if not measure.decayed:
        return 1.0
    if age > decay.horizon_days * a_day:
        return 0.0
    if decay.half_life_days is not None:
        return math.exp(-math.log(2.0) * age / (decay.half_life_days * a_day))
    return max(0.0, 1.0 - decay.step_pct / 100.0 * (age // (decay.step_days * a_day))) if decay.step_pct and decay.step_days else 1.0


def zone(rows: list[Row], measure: Measure, decay: Decay, at: int) -> int:
    """2 met, 1 kept, 0 neither; a person's points count at least 0."""
    sums: dict[int, int] = {}
    for person, _, occurred, micro in rows:
        sums[person] = sums.get(person, 0) + math.floor(micro * share(decay, measure, occurred, at) + 0.5)
    total = sum(max(0, one) for one in sums.values())
    return 2 if total >= measure.threshold else 1 if total >= measure.keep_threshold(50) else 0


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, form=FORMS, age_in=st.sampled_from(["days", "hours"]), is_decayed=st.booleans())
def test_an_account_s_zone_changes_when_the_sum_of_its_people_crosses_the_threshold(
    rows: list[Row], form: dict[str, object], age_in: str, is_decayed: bool
) -> None:
    decay = Decay.model_validate({**form, "age_in": age_in})
    measure = Measure(points=8, days=2, decayed=is_decayed)
    as_of = 8 * DAY
    series = crossings.crossings(events(rows, measure, as_of), measure, decay, entity="account", keep_pct=50)
    changes = sorted(zip(series.at_us.tolist(), series.value.tolist(), strict=True))
    unit = HOUR if age_in == "hours" else DAY

    moments = {at for _, _, at, _ in rows} | {at // unit * unit + step * unit for _, _, at, _ in rows for step in range(4 * DAY // unit)}
    for at in sorted({moment + shift for moment in moments for shift in (-1, 0)} | {as_of}):
        if 0 <= at <= as_of:
            expected = zone(rows, measure, decay, at)
            assert expected == next((value for when, value in reversed(changes) if when <= at), 0), at
    assert crossings.now(events(rows, measure, as_of), measure, decay, entity="account").get("a0", 0) == sum(
        max(0, sum(math.floor(m * share(decay, measure, o, as_of) + 0.5) for p, _, o, m in rows if p == person)) for person in range(3)
    )


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_entities_are_taken_in_shares_that_fit_and_each_once(steps: int) -> None:
    keys = np.array([0, 0, 1, 2, 2, 2, 3, -1, 4, 4] * 400_000, dtype=np.int64)
    made = events([(0, 0, 0, POINT)], Measure(points=1, days=1), DAY)
    shares = list(crossings._shares(made, keys, steps))

    assert all(len({bool(only[place]) for place in np.flatnonzero(keys == key)[:50]}) == 1 for only in shares for key in range(5))
    assert (sum(only.astype(np.int64) for only in shares)[keys >= 0] == 1).all()
