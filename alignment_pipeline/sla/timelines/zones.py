"""Zones of people: read from their country and state by the agreement's list.

Belongs here: whose local time a person lives in, for policies with `zone: lead`. Reps' zones come with `sla/owners.py`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.sla.timelines.sources import Sources, codes, fetch


def lead_zones(sources: Sources, ids: pa.Array, sla: Sla) -> tuple[list[str | None], np.ndarray]:
    """Zones, and each person's place among them (-1 when the agreement knows none for the country and state)."""
    zones: list[str | None] = [item.time_zone for item in sla.lead_zones]
    out = np.full(len(ids), -1, dtype=np.int64)
    if not any(policy.zone == "lead" and policy.is_enabled for policy in sla.policies):
        return zones, out
    known = {(item.country.lower(), (item.state or "").lower()): number for number, item in enumerate(sla.lead_zones)}
    rows = fetch(sources.people, "person_id", "country", "state")
    places = codes(rows["person_id"], ids)
    for place, country, state in zip(places.tolist(), rows["country"].to_pylist(), rows["state"].to_pylist(), strict=True):
        if place >= 0 and country:
            key = country.strip().lower()
            out[place] = known.get((key, (state or "").strip().lower()), known.get((key, ""), -1))
    return zones, out
