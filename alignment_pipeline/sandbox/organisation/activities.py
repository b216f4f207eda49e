"""The Marketo activity log of the demo organisation: columns and an iterator in the shape of `activities.json`.

Belongs here: holding and reading hundreds of thousands of rows cheaply. How they come about: `marketing.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment_pipeline.sandbox.organisation.catalogue import Asset

_BLOCK = 20_000


class Activities:
    """Rows in order of their date, read as often as one likes; 24 bytes a row.

    Each row read is a fresh dict with id, marketoGUID, leadId, activityDate, activityTypeId, campaignId and primary attribute where
    there is one, and attributes. The attributes lists are shared between rows: do not change them.
    """

    def __init__(
        self, ids: NDArray[np.int64], seconds: NDArray[np.int64], leads: NDArray[np.int64], places: NDArray[np.int64], assets: list[Asset]
    ) -> None:
        self.ids, self.seconds, self.leads, self.places, self.assets = ids, seconds, leads, places, assets

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for begin in range(0, len(self.ids), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            dates = np.datetime_as_string(self.seconds[block].astype("datetime64[s]"))
            rows = zip(self.ids[block].tolist(), dates.tolist(), self.leads[block].tolist(), self.places[block].tolist(), strict=True)
            for number, date, lead, place in rows:
                asset = self.assets[place]
                row: dict[str, Any] = {
                    "id": number,
                    "marketoGUID": str(number),
                    "leadId": lead,
                    "activityDate": f"{date}Z",
                    "activityTypeId": asset.type_id,
                }
                if asset.campaign_id is not None:
                    row["campaignId"] = asset.campaign_id
                if asset.primary_value is not None:
                    row["primaryAttributeValueId"] = asset.primary_id
                    row["primaryAttributeValue"] = asset.primary_value
                row["attributes"] = asset.attributes
                yield row
