"""Tasks and events with several people: WhoId names the first, relations name them all.

Belongs here: who the further people are. What a touch or an activity is: `touches.py`, `activities.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import _

from alignment_pipeline.contracts.shape import loosened
from alignment_pipeline.staging.sources import typed

RELATIONS: Mapping[str, str] = {
    "raw_salesforce_tasks": "raw_salesforce_task_relations",
    "raw_salesforce_events": "raw_salesforce_event_relations",
}
_LEAD, _CONTACT = "00Q", "003"
_DECLINED = ("declined", "uninvited")


def source_key(who_id: ibis.Value) -> ibis.Value:
    """Key of the person that an id names: lead:00Q... or contact:003..., else null."""
    return ibis.cases(
        (who_id.startswith(_LEAD), ibis.literal("lead:") + who_id),
        (who_id.startswith(_CONTACT), ibis.literal("contact:") + who_id),
        else_=ibis.null("string"),
    )


def with_everybody(rows: ibis.Table, relations: ibis.Table, name: str) -> ibis.Table:
    """The rows, and one more for each further person, told by `is_further`.

    `rows` have the activity's id in `shared_id` and whom it names in `source_key`; `relations` are living rows of the raw table `name`.
    Who only was invited and declined is left out.
    """
    base = typed(relations, name)
    kept = ~base.is_what.fill_null(False)
    if "answer" in base.columns:
        kept &= base.is_parent.fill_null(False) | ~base.answer.lower().isin(_DECLINED).fill_null(False)
    people = base.filter(kept).select(related_activity_id=_.activity_id, further_key=source_key(base.related_id))
    people = people.filter(_.further_key.notnull()).distinct()
    named = rows.mutate(is_further=ibis.literal(False))
    further = named.inner_join(people, named.shared_id == people.related_activity_id)
    further = further.filter(~_.source_key.identical_to(_.further_key)).mutate(source_key=_.further_key, is_further=ibis.literal(True))
    return ibis.union(loosened(named), loosened(further.select(*named.columns)))
