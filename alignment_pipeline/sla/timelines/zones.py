"""Zones of people: read from their country and state by the agreement's list.

Belongs here: whose local time a person lives in, for policies with `zone: lead`. Reps' zones come with `sla/timelines/owners.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.sla.arrays import NOTHING, Ints, codes, fetch
from alignment_pipeline.sla.timelines.sources import Sources


@dataclass(frozen=True)
class LeadZones:
    """The agreement's zones of people, and each person's place among them (NOTHING where it knows none)."""

    names: list[str]
    people: pa.Array
    of_person: Ints

    def of(self, person_ids: pa.Array) -> Ints:
        """The zone of each of these people, given by their ids."""
        return np.append(self.of_person, NOTHING)[codes(pa.chunked_array([person_ids], pa.string()), self.people)]


def lead_zones(sources: Sources, ids: pa.Array, sla: Sla) -> LeadZones:
    """Zones of the people `ids` by their country and state; of nobody while no policy asks for them."""
    names = [item.time_zone for item in sla.lead_zones]
    of_person = np.full(len(ids), NOTHING, dtype=np.int64)
    if not any(policy.zone == "lead" and policy.is_enabled for policy in sla.policies):
        return LeadZones(names, ids, of_person)
    known = {(item.country.lower(), (item.state or "").lower()): number for number, item in enumerate(sla.lead_zones)}
    rows = fetch(sources.people, "person_id", "country", "state")
    places = codes(rows["person_id"], ids)
    for place, country, state in zip(places.tolist(), rows["country"].to_pylist(), rows["state"].to_pylist(), strict=True):
        if place >= 0 and country:
            key = country.strip().lower()
            of_person[place] = known.get((key, (state or "").strip().lower()), known.get((key, ""), NOTHING))
    return LeadZones(names, ids, of_person)
