"""When criteria on activities were met and lost: the few moments that a fold needs out of millions of events.

Belongs here: zones of a criterion over time. 2 = met, 1 = lost its threshold but not what keeps it, 0 = neither.
The events and windows: `events.py`. The folds: `machine.py`, `mqa.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.engagement import Decay
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.lifecycle.events import of_measure, window_deltas, window_sums

MET, KEPT, UNMET = 2, 1, 0
Entity = Literal["person_id", "account_id"]
CHANGES = pa.schema([("entity_id", pa.string()), ("at_us", pa.int64()), ("signal", pa.int64()), ("value", pa.int64())])


def crossings(
    events: ibis.Table, measure: Measure, decay: Decay, *, entity: Entity, keep_pct: float = 100.0, as_of: datetime
) -> ibis.Table:
    """One row per change of a criterion's zone: entity_id, at_us, value (the zone)."""
    counted = of_measure(events, measure).filter(events[entity].notnull())
    if measure.people is None or entity == "person_id":
        deltas = window_deltas(counted, measure, decay, keys=(entity,), as_of=as_of)
        zones = _zones(deltas, (entity,), measure.threshold, measure.keep_threshold(keep_pct))
        return zones.select(entity_id=zones[entity], at_us=zones.at_us, value=zones.zone)
    deltas = window_deltas(counted, measure, decay, keys=("account_id", "person_id"), as_of=as_of)
    people = _zones(deltas, ("account_id", "person_id"), measure.threshold, measure.keep_threshold(keep_pct))
    return _counted_people(people, measure.people)


def now(events: ibis.Table, measure: Measure, decay: Decay, *, entity: Entity, as_of: datetime) -> ibis.Table:
    """What a criterion has now: entity_id, amount (points in micro or activities; with people: how many people have enough)."""
    counted = of_measure(events, measure).filter(events[entity].notnull())
    if measure.people is None or entity == "person_id":
        sums = window_sums(counted, measure, decay, keys=(entity,), as_of=as_of)
        return sums.select(entity_id=sums[entity], amount=sums.amount)
    sums = window_sums(counted, measure, decay, keys=(entity, "person_id"), as_of=as_of)
    enough = (sums.amount >= measure.threshold).cast("int64")
    return sums.group_by(entity_id=sums[entity]).aggregate(amount=enough.sum().cast("int64"))


def _zones(deltas: ibis.Table, keys: tuple[str, ...], threshold: int, keep: int) -> ibis.Table:
    """Rows where the running sum enters another zone: keys, at_us, zone, before."""
    line = {"group_by": [deltas[key] for key in keys], "order_by": deltas.at_us}
    sums = deltas.mutate(total=deltas.delta.sum().over(ibis.window(preceding=None, following=0, **line)))
    zone = ibis.cases((sums.total >= threshold, MET), (sums.total >= keep, KEPT), else_=UNMET).cast("int64")
    zoned = sums.mutate(zone=zone)
    order = ibis.window(group_by=[zoned[key] for key in keys], order_by=zoned.at_us)
    zoned = zoned.mutate(before=zoned.zone.lag(1).over(order).fill_null(UNMET))
    return zoned.filter(zoned.zone != zoned.before)


def _counted_people(people: ibis.Table, needed: int) -> ibis.Table:
    met = (people.zone == MET).cast("int64") - (people.before == MET).cast("int64")
    kept = (people.zone >= KEPT).cast("int64") - (people.before >= KEPT).cast("int64")
    steps = people.mutate(met=met, kept=kept)
    steps = steps.group_by("account_id", "at_us").aggregate(met=steps.met.sum().cast("int64"), kept=steps.kept.sum().cast("int64"))
    line = ibis.window(group_by=steps.account_id, order_by=steps.at_us, preceding=None, following=0)
    counts = steps.mutate(met_people=steps.met.sum().over(line), kept_people=steps.kept.sum().over(line))
    zone = ibis.cases((counts.met_people >= needed, MET), (counts.kept_people >= needed, KEPT), else_=UNMET).cast("int64")
    zoned = counts.mutate(zone=zone)
    zoned = zoned.mutate(before=zoned.zone.lag(1).over(group_by=zoned.account_id, order_by=zoned.at_us).fill_null(UNMET))
    changed = zoned.filter(zoned.zone != zoned.before)
    return changed.select(entity_id=changed.account_id, at_us=changed.at_us, value=changed.zone)


def numbered(changes: ibis.Table, signal: int) -> pa.Table:
    """Changes of one signal as Arrow rows of `CHANGES`."""
    rows = changes.mutate(signal=ibis.literal(signal, type="int64")).select("entity_id", "at_us", "signal", "value")
    return rows.to_pyarrow().cast(CHANGES)


def merged(parts: list[pa.Table]) -> pa.Table:
    """All changes in the order in which a fold reads them: entity, moment, signal, value."""
    together = pa.concat_tables([CHANGES.empty_table(), *parts])
    return together.sort_by([("entity_id", "ascending"), ("at_us", "ascending"), ("signal", "ascending"), ("value", "ascending")])
