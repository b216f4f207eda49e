"""Leads by id.

Belongs here: reading up to 300 leads a call. Everything at once goes by `bulk_extract.py`; changing them is `writes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.values import parse_stamp
from alignment_pipeline.errors import DataLoss

MOST_IDS = 300


def by_ids(session: MarketoSession, ids: Sequence[int], fields: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The leads of these ids that exist, each with the asked fields (absent ones are null)."""
    wanted = sorted(set(ids))
    for first in range(0, len(wanted), MOST_IDS):
        values = ",".join(str(one) for one in wanted[first : first + MOST_IDS])
        params = {"filterType": "id", "filterValues": values, "fields": ",".join(fields), "batchSize": str(MOST_IDS)}
        token = ""
        while True:
            body = session.get("/rest/v1/leads.json", "leads by id", params | ({"nextPageToken": token} if token else {}))
            yield from body.get("result") or ()
            following = str(body.get("nextPageToken") or "")
            if not following or not body.get("moreResult", bool(body.get("result"))):
                break
            if following == token:
                raise DataLoss("leads by id: the paging token does not move on")
            token = following


def earliest_below(session: MarketoSession, lead_id: int) -> datetime | None:
    """The creation of the oldest lead found below an id, None when none is found. Ids count upwards, so older leads have smaller ones.

    Two calls look at 300 ids each: evenly over the whole range, then over the stretch before the lowest that exists.
    """
    low, high = 1, lead_id - 1
    found: datetime | None = None
    for _ in range(2):
        if high < low:
            break
        step = max(1, -(-(high - low + 1) // MOST_IDS))
        there = list(by_ids(session, range(low, high + 1, step), ("id", "createdAt")))
        if not there:
            break
        lowest = min(int(lead["id"]) for lead in there)
        oldest = min(parse_stamp(str(lead["createdAt"])) for lead in there)
        found = oldest if found is None else min(found, oldest)
        low, high = max(low, lowest - step), lowest - 1
    return found
