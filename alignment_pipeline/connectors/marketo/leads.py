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
_GRIDS = 3


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

    300 ids are looked at evenly over the whole range, and as many again at other places when none of them exists: where one
    lead in a hundred is still there, all of them are missed once in 8,000 times. Then the stretch before the lowest found.
    """
    step = max(1, -(-(lead_id - 1) // MOST_IDS))
    earliest: datetime | None = None
    lowest = lead_id
    for offset in sorted({1 + step * part // _GRIDS for part in range(_GRIDS)}):
        there = list(by_ids(session, range(offset, lead_id, step), ("id", "createdAt")))
        if there:
            lowest, earliest = _oldest(there)
            break
    if earliest is not None and lowest > 1:
        fine = max(1, step // MOST_IDS)
        there = list(by_ids(session, range(max(1, lowest - step), lowest, fine)[:MOST_IDS], ("id", "createdAt")))
        if there:
            earliest = min(earliest, _oldest(there)[1])
    return earliest


def _oldest(there: Sequence[Mapping[str, Any]]) -> tuple[int, datetime]:
    return min(int(lead["id"]) for lead in there), min(parse_stamp(str(lead["createdAt"])) for lead in there)
