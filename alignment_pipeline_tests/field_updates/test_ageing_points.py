"""Points and their day: the formula of the package gives the score of the rule on every later day, and nothing changes meanwhile."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import ibis
import numpy as np
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.decay import Decay, portion, share_left
from alignment_pipeline.connectors.salesforce import metadata_fields
from alignment_pipeline.field_updates.ageing_points import ageing_points
from alignment_pipeline.sandbox.salesforce.formulas import compile_formula

DEFAULT = loader.load(loader.default_path())
DECAY = DEFAULT.scoring.engagement.decay
BEGIN = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)
FULL = 100.0
NAMES = {
    "points": "Alignment_Engagement_Points__c",
    "points_at": "Alignment_Engagement_Points_At__c",
    "half_life_days": "Alignment_Engagement_Half_Life__c",
}
CENT = 0.01


def formula() -> Any:
    text = metadata_fields.fields(DEFAULT.crm)["objects/Lead/fields/Alignment_Engagement_Score__c.field-meta.xml"]
    found = ET.fromstring(text).findtext("{*}formula")
    assert found is not None
    return compile_formula(found, "Lead.Alignment_Engagement_Score__c")


FORMULA = formula()


def rule(days: list[int], points: list[int], today: int, decay: Decay) -> tuple[int, float | None]:
    """Micro-points and score of activities (day, points) on a day, by the shares that the scoring rules take."""
    ages = [today - day for day in days]
    parts = [int(portion(np.array([one * 1_000_000]), share_left(decay, age))[0]) for one, age in zip(points, ages, strict=True)]
    counted = sum(0 <= age <= decay.horizon_days for age in ages)
    return sum(parts), min(100.0, max(0.0, sum(parts) * 100.0 / (FULL * 1_000_000))) if counted else None


def values(micro: int, score: float | None, last: int, today: int, decay: Decay) -> dict[str, Any]:
    """What would be written: rounded and in text, as it lies in the CRM."""
    row = {"engagement_micro": [micro], "engagement_score": [score], "last_activity_at": [BEGIN + timedelta(days=last, hours=7)]}
    table = ibis.memtable(row, schema={"engagement_micro": "int64", "engagement_score": "float64", "last_activity_at": "timestamp('UTC')"})
    columns = ageing_points(table, decay, full_points=FULL, as_of=BEGIN + timedelta(days=today))
    (found,) = table.select(**columns).to_pyarrow().to_pylist()
    return {
        NAMES["points"]: None if found["points"] is None else round(found["points"], 4),
        NAMES["points_at"]: found["points_at"],
        NAMES["half_life_days"]: found["half_life_days"],
    }


def seen(record: dict[str, Any], today: int, hour: int = 0) -> float | None:
    """What a rep sees on a day."""
    found = FORMULA(record, BEGIN.replace(hour=0, minute=0) + timedelta(days=today, hours=hour))
    return None if found is None else float(found)


@pytest.mark.parametrize("seed", range(5))
def test_formula_and_rule_are_equal_to_a_cent_over_400_days(seed: int) -> None:
    rng = random.Random(seed)
    days = sorted(rng.randrange(40) for _ in range(30))
    points = [rng.choice([1, 2, 4, 8, 30, 40]) for _ in days]
    record = values(*rule(days, points, days[-1], DECAY), days[-1], days[-1], DECAY)
    last_of_first = days[0] + DECAY.horizon_days
    for today in range(days[-1], days[-1] + 401):
        _, score = rule(days, points, today, DECAY)
        for hour in (0, 23):
            shown = seen(record, today, hour)
            assert shown is not None
            # past the horizon the rule counts nothing: after twelve half-lives that is less than a cent of 40 points
            assert abs(shown - (score or 0.0)) < CENT * (1 if today <= last_of_first else max(1.0, sum(points) / 40)), (today, hour)


def test_what_differs_at_the_horizon_is_the_activity_that_passes_it() -> None:
    short = Decay(form="half_life", half_life_days=30, horizon_days=60)
    days, points = [0, 20], [40, 8]
    record = values(*rule(days, points, 20, short), 20, 20, short)
    micro, before = rule(days, points, 60, short)
    assert before is not None and abs((seen(record, 60) or 0) - before) < CENT

    micro, after = rule(days, points, 61, short)
    lost = 40 * 0.5 ** (61 / 30)
    assert after is not None and abs((seen(record, 61) or 0) - after - lost) < CENT
    # written anew, it is right again, and of the same day
    anew = values(micro, after, 20, 61, short)
    assert abs((seen(anew, 61) or 0) - after) < CENT and anew[NAMES["points_at"]] == record[NAMES["points_at"]]


def test_nothing_is_to_be_written_while_nothing_happens() -> None:
    days, points = [0, 3, 12], [8, 1, 40]
    first = values(*rule(days, points, 12, DECAY), 12, 12, DECAY)
    for today in range(12, 12 + 180):
        now = values(*rule(days, points, today, DECAY), 12, today, DECAY)
        assert now[NAMES["points_at"]] == first[NAMES["points_at"]]
        assert abs(now[NAMES["points"]] - first[NAMES["points"]]) < CENT


def test_after_six_half_lives_a_later_day_is_taken() -> None:
    micro, score = rule([0], [40], 200, DECAY)
    found = values(micro, score, 0, 200, DECAY)

    assert found[NAMES["points_at"]] == BEGIN.replace(hour=0, minute=0) + timedelta(days=180)
    assert score is not None and abs((seen(found, 200) or 0) - score) < CENT


def test_no_activity_is_no_score_and_an_opted_out_person_has_none() -> None:
    unknown = values(0, None, 0, 5, DECAY)
    opted_out = values(7_000_000, 0.0, 0, 5, DECAY)

    assert (None, 0.0) == (seen(unknown, 5), seen(opted_out, 5))
    assert json.dumps([unknown, opted_out], default=str).count("null") == 5


@pytest.mark.parametrize(
    "decay", [Decay(form="none", horizon_days=90), Decay(form="half_life", half_life_days=3, age_in="hours", horizon_days=9)]
)
def test_other_decays_write_the_score_of_today(decay: Decay) -> None:
    found = values(7_000_000, 7.0, 0, 5, decay)

    assert found == {NAMES["points"]: 7.0, NAMES["points_at"]: None, NAMES["half_life_days"]: None}
    assert seen(found, 80) == 7.0


def test_a_score_above_the_full_one_stays_full_until_it_has_faded() -> None:
    micro, score = rule([0] * 5, [40] * 5, 0, DECAY)
    found = values(micro, score, 0, 0, DECAY)

    assert [100.0, 100.0, pytest.approx(50.0)] == [seen(found, today) for today in (0, 30, 60)]
