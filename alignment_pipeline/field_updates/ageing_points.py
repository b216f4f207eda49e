"""Points and their day, from which a formula field of the CRM computes the score of every later day.

Belongs here: three values beside the score. The formula: `connectors/salesforce/metadata_fields.py`; the decay: `agreement/decay.py`.
"""

from __future__ import annotations

import math

import ibis

from alignment_pipeline.agreement.decay import Decay
from alignment_pipeline.contracts.moments import DAY, Moment, micros, moment

#: A score that has halved so often is written again with a later day: rounded micro-points are not blown up further.
_MOST_HALVINGS = 6


def ageing_points(scores: ibis.Table, decay: Decay, *, full_points: float, as_of: Moment) -> dict[str, ibis.Value]:
    """Columns `points` (in the unit of the score, not capped at 100), `points_at` (midnight UTC) and `half_life_days` for rows of scores.

    With a half-life, points are those of the day of the latest activity: they and the day stay as they are while nothing happens. With
    any other decay they are today's, and have no day.
    """
    micro = scores.engagement_micro.cast("float64")
    # nothing is known, or the score is 0 whatever the points are (people who opted out)
    points = ibis.ifelse(scores.engagement_score == 0.0, 0.0, micro * 100.0 / (full_points * 1_000_000.0))
    points = ibis.ifelse(scores.engagement_score.isnull(), ibis.null("float64"), points)
    half_life = decay.ages_by_formula
    if half_life is None:
        return {"points": points, "points_at": ibis.null("timestamp('UTC')"), "half_life_days": ibis.null("float64")}
    last = micros(scores.last_activity_at) // DAY
    age = micros(moment(as_of)) // DAY - last
    block = math.ceil(_MOST_HALVINGS * half_life)
    later = (age // block) * block
    growth = ibis.literal(2.0) ** ((age - later).cast("float64") / half_life)
    is_ageing = scores.engagement_score > 0.0
    day = ((last + later) * 86_400).cast("int64").as_timestamp("s").cast("timestamp('UTC')")
    return {
        "points": ibis.ifelse(is_ageing, points * growth, points),
        "points_at": ibis.ifelse(is_ageing, day, ibis.null("timestamp('UTC')")),
        "half_life_days": ibis.ifelse(is_ageing, ibis.literal(half_life), ibis.null("float64")),
    }
