"""Several records of one person in one marketing system: their points add up, or only the record with the most points counts.

Belongs here: leaving the others out, where the agreement says so. Which records are one person: `identity/person_records.py`.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.systems.registry import MARKETING

EXCLUSION = "duplicate_record"


def highest_only(rows: ibis.Table, activities: ibis.Table, scoring: Scoring) -> ibis.Table:
    """The scored rows; with `duplicates: highest` those of a person's other records of the same system do not count.

    The record with the most points now counts; of equal ones that with the smallest key.
    """
    if scoring.engagement.duplicates != "highest":
        return rows
    system = activities.source_key.split(":")[0]
    of_marketing = activities.filter(system.isin([one.name for one in MARKETING]))
    sources = of_marketing.select(of_activity_id="activity_id", record="source_key", record_system=of_marketing.source_key.split(":")[0])
    counted = rows.filter(rows.exclusion.isnull())
    counted = counted.inner_join(sources, counted.activity_id == sources.of_activity_id)
    totals = counted.group_by("person_no", "record_system", "record").aggregate(total=counted.contribution_micro.sum())
    order = ibis.window(group_by=["person_no", "record_system"], order_by=[ibis.desc(totals.total), totals.record])
    others = totals.mutate(place=ibis.row_number().over(order))
    others = others.filter(others.place > 0).select(left_no="person_no", left_record="record")
    left = counted.inner_join(others, [counted.person_no == others.left_no, counted.record == others.left_record])
    left = left.select(left_activity_id="activity_id")
    joined = rows.left_join(left, rows.activity_id == left.left_activity_id)
    is_left = joined.left_activity_id.notnull()
    nothing = ibis.literal(0, type="int64")
    values = {name: ibis.ifelse(is_left, nothing, joined[name]) for name in ("base_micro", "weighted_micro", "contribution_micro")}
    return joined.mutate(exclusion=ibis.ifelse(is_left, EXCLUSION, joined.exclusion), **values).drop("left_activity_id")
