"""Reading the logs: form submissions, and marketing e-mail events.

Belongs here: pages that come latest first, read back to where the last run ended. Which of them become activities is the agreement's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors.hubspot.objects import next_page, results
from alignment_pipeline.connectors.hubspot.runs import DAY, Run
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import canonical, stamp_text
from alignment_pipeline.errors import Retryable

_SUBMISSIONS, _EVENTS, _FORMS = 50, 1_000, 500
# mail events are stamped when they happened and may arrive later
_LATE = timedelta(hours=6)
Row = Mapping[str, Any]


def _moment(millis: Any) -> datetime:
    """A moment from milliseconds of Unix time."""
    return datetime.fromtimestamp(int(millis) / 1000, tz=UTC)


def forms(session: HubSpotSession) -> Iterator[Row]:
    """The portal's forms."""
    after: str | None = None
    while True:
        params = {"limit": str(_FORMS)} | ({"after": after} if after else {})
        page = session.get("/marketing/v3/forms", "forms", params)
        yield from results(page, "forms")
        after = next_page(page)
        if after is None:
            return


def submissions(session: HubSpotSession, guid: str, since: datetime) -> Iterator[Row]:
    """Submissions of a form since a moment, the latest first."""
    path, after = f"/form-integrations/v1/submissions/forms/{guid}", None
    while True:
        params = {"limit": str(_SUBMISSIONS)} | ({"after": after} if after else {})
        page = session.get(path, "form submissions", params)
        for row in results(page, "form submissions"):
            if _moment(row["submittedAt"]) < since:
                return
            yield row
        following = next_page(page)
        if following is None:
            return
        if following == after:
            raise Retryable("form submissions: the cursor does not move on")
        after = following


def submission(form: Row, row: Row) -> tuple[str, datetime, dict[str, str | None]]:
    """Id, moment and raw values of a submission."""
    fields = {str(one.get("name")): one.get("value") for one in row.get("values") or () if isinstance(one, Mapping)}
    moment = _moment(row["submittedAt"])
    identity = str(row.get("conversionId") or f"{form['id']}:{row['submittedAt']}:{fields.get('email', '')}")
    return (
        identity,
        moment,
        {
            "conversionId": identity,
            "formId": str(form["id"]),
            "formName": canonical(form.get("name"), "string"),
            "submittedAt": stamp_text(moment),
            "email": canonical(fields.get("email"), "string"),
            "pageUrl": canonical(row.get("pageUrl"), "string"),
            "values": json.dumps(fields, ensure_ascii=False, sort_keys=True, default=str),
        },
    )


@dataclass
class SubmissionRun(Run):
    """Submissions of all forms."""

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """Each form back to the watermark less the overlap."""
        mark = self.state.watermark
        since = self.now - self.source.activity_days * DAY if mark is None else mark - self.source.overlap
        for form in list(forms(self.session)):
            for row in submissions(self.session, str(form["id"]), since):
                yield from self._add(batches, form, row)

    def _add(self, batches: RowBatches, form: Row, row: Row) -> Iterator[pa.RecordBatch]:
        identity, moment, values = submission(form, row)
        yield from batches.add(identity, moment, values)


@dataclass
class EmailEventRun(Run):
    """Marketing e-mail events."""

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """Everything since the watermark less some hours, each event once: an id alone is not unique, it is with its moment."""
        mark = self.state.watermark
        since = self.now - self.source.activity_days * DAY if mark is None else mark - _LATE
        given: set[str] = set()
        for row in self._events(since):
            moment = _moment(row["created"])
            identity = f"{row['id']}:{row['created']}"
            if identity in given:
                continue
            given.add(identity)
            texts = {name: canonical(row.get(name), "string") for name in self.stream.fields if name != "created"}
            yield from batches.add(identity, moment, texts | {"created": stamp_text(moment)})

    def _events(self, since: datetime) -> Iterator[Row]:
        params = {"startTimestamp": str(round(since.timestamp() * 1000)), "limit": str(_EVENTS)}
        params |= {"endTimestamp": str(round(self.now.timestamp() * 1000) + 1_000)}
        offset: str | None = None
        while True:
            page = self.session.get("/email/public/v1/events", "email events", params | ({"offset": offset} if offset else {}))
            rows = page.get("events")
            if not isinstance(rows, list):
                raise Retryable("email events: the answer has no events")
            yield from rows
            if not page.get("hasMore"):
                return
            following = str(page.get("offset") or "")
            if not following or following == offset:
                raise Retryable("email events: the cursor does not move on")
            offset = following
