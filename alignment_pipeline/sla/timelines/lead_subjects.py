"""Leads as subjects of their own: each lead record has its own owner, its own history and its own clocks.

Belongs here: whose lead an event is. People, accounts and opportunities: `subjects.py`. What only the person has (marketing's activities,
stages, touches of another of their records) counts for the lead that was their latest one at that moment.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.sla.arrays import NOTHING, Ints, codes, fetch, micros, text
from alignment_pipeline.sla.timelines import events, histories, subjects, timelines
from alignment_pipeline.sla.timelines.groups import Groups
from alignment_pipeline.sla.timelines.histories import Histories
from alignment_pipeline.sla.timelines.periods import Periods
from alignment_pipeline.sla.timelines.sources import Sources
from alignment_pipeline.sla.timelines.subjects import Subjects


def leads(sources: Sources, people: Subjects, *, sla: Sla, crm: Crm, as_of: int) -> Subjects:
    """Leads, of the people given."""
    past = histories.histories(sources, crm=crm, objects=("Lead",))
    ids = pc.utf8_replace_slice(past.keys, 0, len("lead:"), "") if len(past.keys) else pa.array([], pa.string())
    subject_of = np.arange(len(ids))
    person = _person_places(past.keys, people)
    whose = _Whose.of(past, person, people, Periods.of(sources))
    stages = fetch(sources.person_stage_changes, "person_id", "stage", "entered_at")
    staged_at = micros(stages["entered_at"])
    stage_ids = pc.binary_join_element_wise("stage", stages["person_id"], stages["stage"], subjects.moment_text(stages["entered_at"]), ":")
    rows = fetch(sources.leads, "lead_id", "is_converted", "converted_at", "modified_at", "converted_opportunity_id")
    rows = rows.filter(rows["is_converted"])
    lead, converted_at = codes(rows["lead_id"], ids), micros(pc.coalesce(rows["converted_at"], rows["modified_at"]))
    has_deal = pc.is_valid(rows["converted_opportunity_id"]).to_numpy()
    deals = rows["converted_opportunity_id"].filter(pa.array(has_deal))
    parts = [
        events.part("converted", lead, converted_at, rows["lead_id"]),
        events.part("opportunity_created", lead[has_deal], converted_at[has_deal], deals),
        events.part(
            "stage_entered", whose.at(codes(stages["person_id"], people.ids), staged_at), staged_at, stage_ids, value=stages["stage"]
        ),
        *subjects.person_events(sources, sla, whose.of_source, "lead"),
        *events.from_histories(past, subject_of, sla=sla),
    ]
    # a lead ends with its conversion, whatever became of its person
    lines = replace(timelines.timelines(past, subject_of, len(ids), sla=sla), gone=past.ended)
    account_of = np.append(people.account_of, NOTHING)[person]
    internal = np.append(people.is_internal, False)[person]
    lead_source = subjects.taken(people.lead_source, person)
    of = events.Events.of(parts, len(ids), as_of)
    return Subjects(
        "lead", ids, past, lines, of, account_of, lead_source, internal, subjects.taken(people.ids, person), past.keys, subject_of
    )


def _person_places(keys: pa.Array, people: Subjects) -> Ints:
    record = codes(pa.chunked_array([keys], pa.string()), people.record_keys)
    return np.append(people.subject_of_record, NOTHING)[record]


class _Whose:
    """Leads by person and creation, to find the latest one at a moment."""

    def __init__(self, past: Histories, people: Subjects, periods: Periods, order: Ints, groups: Groups) -> None:
        self._past, self._people, self._periods, self._order, self._groups = past, people, periods, order, groups

    @classmethod
    def of(cls, past: Histories, person: Ints, people: Subjects, periods: Periods) -> _Whose:
        known = np.flatnonzero(person != NOTHING)
        order = known[np.lexsort((known, past.created[known], person[known]))]
        return cls(past, people, periods, order, Groups.of(person[order], past.created[order], len(people.ids)))

    def of_source(self, keys: pa.ChunkedArray, at: Ints) -> Ints:
        """The lead that a record is, or the latest one of its person at the moment."""
        itself = codes(keys, self._past.keys)
        record = codes(text(keys), self._people.record_keys)
        person = np.append(self._people.subject_of_record, NOTHING)[record]
        person = self._periods.places(keys, at, person, self._people.ids)
        return np.where(itself != NOTHING, itself, self.at(person, at))

    def at(self, person: Ints, moment: Ints) -> Ints:
        """Each person's latest lead at the moment, their first where none was there yet; NOTHING without a lead."""
        out = np.full(len(person), NOTHING, dtype=np.int64)
        rows = np.flatnonzero(person != NOTHING)
        if not len(self._order) or not len(rows):
            return out
        first, end = self._groups.starts[person[rows]], self._groups.end(person[rows])
        place = np.maximum(self._groups.place(person[rows], moment[rows], after=True) - 1, first)
        has_lead = end > first
        out[rows[has_lead]] = self._order[place[has_lead]]
        return out
